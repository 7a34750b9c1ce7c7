//! `init_witness`, `write_witness`, `close_witness`, and what a challenge asks of a witness.

use asset_rollup_interface::{
    constants::INCINERATOR,
    error::RollupError,
    instruction::{InitWitness, TraceFault, WriteWitness},
    state::Witness,
};
use curvevm::types::Address;
use solana_signer::Signer;
use solana_transaction::InstructionError;

use super::support::{
    Build, CHALLENGER, Exhibit, SOL, Sealed, Upload, World, account_of, address, anchor,
    assert_failed, assert_refused, exhibits, key_of, keypair, pubkey, trace, withdraw,
};

/// The deposit of a challenger.
const DEPOSIT: u64 = SOL / 10;
/// The seed of a witness's account.
const WITNESS: u8 = 30;

fn small() -> Upload {
    Upload { state: vec![1, 2, 3], chunk: vec![4, 5], next: vec![6] }
}

/// A world with a batch in which users withdraw, and an exhibit for each of its segments.
fn committed(build: Build) -> (World, Sealed, Vec<Exhibit>) {
    let mut world = World::new(build);
    for user in 0..2 {
        world.deposit(address(user), 10 * SOL).unwrap();
    }
    let id = world.chain.id;
    let pay = |at| super::support::signed(0, at, vec![withdraw(address(50), SOL / 100)], &id);
    let sealed = world.settle((0..12).map(pay).collect());
    let exhibits = exhibits(world.chain.state(0), &sealed, 850);
    assert!(exhibits.len() >= 3 && exhibits.iter().all(|exhibit| !exhibit.wrong));
    (world, sealed, exhibits)
}

impl World {
    /// What the challenger has less after an upload that is closed again, and what is burnt.
    fn spent(&mut self, then: impl FnOnce(&mut Self, Address)) -> (u64, u64) {
        let challenger = key_of(&self.challenger());
        let (before, burnt) = (self.lamports(&challenger), self.lamports(&INCINERATOR));
        let at = self.upload(1, WITNESS, &small());
        then(self, at);
        assert_eq!(self.lamports(&at), 0);
        (before - self.lamports(&challenger), self.lamports(&INCINERATOR) - burnt)
    }
}

on_each_build! {
    fn is_made_written_and_closed(build: Build) {
        let (mut world, sealed, _) = committed(build);
        let at = world.upload(1, WITNESS, &small());
        let batch = world.batch_account(1).unwrap();
        let witness = world.witness_account(&at).unwrap();
        assert_eq!(witness.parts(), Ok(small().parts()));
        assert_eq!((witness.number, witness.deposit), (1, DEPOSIT));
        assert_eq!((witness.rollup, witness.owner), (world.rollup, key_of(&keypair(CHALLENGER))));
        assert_eq!(witness.batch_hash, batch.batch_hash);
        assert_eq!(witness.post_root, sealed.header.post_root);
        let rent = world.svm.minimum_balance_for_rent_exemption(small().bytes());
        assert_eq!(world.lamports(&at), rent + DEPOSIT);
        world.close_witness(at).unwrap();
        assert_eq!(world.lamports(&at), 0);
    }

    fn the_deposit_is_burnt_unless_the_batch_was_rolled_back(build: Build) {
        let (mut world, _, _) = committed(build);
        let close = |world: &mut World, at| world.close_witness(at).map(|_| ()).unwrap();
        let live = world.spent(close);
        assert_eq!(live, (DEPOSIT, DEPOSIT));
        let mut again = world.clone();
        let finalized = again.spent(|world, at| {
            world.pass(20, 20);
            world.finalize(1).unwrap();
            close(world, at);
        });
        assert_eq!(finalized, (DEPOSIT, DEPOSIT));
        let mut again = world.clone();
        let rolled_back = again.spent(|world, at| {
            world.roll_back(1);
            close(world, at);
        });
        assert_eq!(rolled_back, (0, 0));
    }

    fn the_deposit_returns_when_another_batch_has_taken_the_number(build: Build) {
        let (world, _, _) = committed(build);
        for finalize in [false, true] {
            let mut world = world.clone();
            let spent = world.spent(|world, at| {
                world.roll_back(1);
                let close = world.close_batch_instruction(1);
                world.send(&close).unwrap();
                let poster = key_of(&world.payer());
                let close = world.close_instruction(1, poster);
                world.send(&close).unwrap();
                world.chain = super::support::Chain::new(&world.genesis.clone());
                world.settle(vec![]);
                if finalize {
                    world.pass(20, 20);
                    world.finalize(1).unwrap();
                }
                world.close_witness(at).unwrap();
            });
            assert_eq!(spent, (0, 0), "{finalize}");
        }
    }

    fn is_only_against_a_live_batch(build: Build) {
        let (mut world, _, _) = committed(build);
        let absent = world.init_witness(2, WITNESS, &small());
        assert_failed(absent, InstructionError::AccountDataTooSmall);
        let mut rolled = world.clone();
        rolled.roll_back(1);
        assert_refused(rolled.init_witness(1, WITNESS, &small()), RollupError::BatchNotLive);
        world.pass(20, 20);
        world.finalize(1).unwrap();
        let finalized = world.init_witness(1, WITNESS, &small());
        assert_failed(finalized, InstructionError::AccountDataTooSmall);
    }

    fn needs_an_account_that_is_zero_and_as_long(build: Build) {
        let (mut world, _, _) = committed(build);
        let (challenger, account) = (world.challenger(), keypair(WITNESS));
        let (owner, at) = (key_of(&challenger), key_of(&account));
        let init = |lengths| InitWitness { number: 1, lengths };
        let rent = world.svm.minimum_balance_for_rent_exemption(200);
        for (bytes, lengths, expected) in [
            (Witness::bytes(6), [3, 2, 2], RollupError::WitnessSize),
            (Witness::bytes(6), [3, 2, 0], RollupError::WitnessSize),
            (Witness::bytes(6), [u32::MAX, 7, 0], RollupError::WitnessSize),
            (Witness::bytes(0) - 1, [0, 0, 0], RollupError::WitnessSize),
        ] {
            let create = world.create_instruction(&owner, &at, (rent, bytes));
            let init = world.init_witness_instruction(owner, at, &init(lengths));
            let outcome = world.send_all(&[create, init], &[&challenger, &account]);
            assert_refused(outcome, expected);
        }
        let again = world.upload(1, WITNESS, &small());
        let init = world.init_witness_instruction(owner, again, &init([3, 2, 1]));
        let outcome = world.send_all(&[init], &[&challenger]);
        assert_refused(outcome, RollupError::WitnessNotZero);
    }

    fn refuses_an_account_of_another_program(build: Build) {
        let (mut world, _, _) = committed(build);
        let challenger = world.challenger();
        for other in [key_of(&world.payer()), world.vault] {
            let init = InitWitness { number: 1, lengths: [0; 3] };
            let init = world.init_witness_instruction(key_of(&challenger), other, &init);
            let outcome = world.send_all(&[init], &[&challenger]);
            assert_refused(outcome, RollupError::WitnessNotZero);
        }
        // The program's own accounts are not zero, or of another length.
        for other in [world.inbox, world.batch_address(1), world.rollup] {
            let init = InitWitness { number: 1, lengths: [0; 3] };
            let init = world.init_witness_instruction(key_of(&challenger), other, &init);
            assert!(world.send_all(&[init], &[&challenger]).is_err());
        }
    }

    fn the_deposit_is_the_owners(build: Build) {
        let (mut world, _, _) = committed(build);
        let (challenger, account) = (world.challenger(), keypair(WITNESS));
        let (owner, at) = (key_of(&challenger), key_of(&account));
        let bytes = small().bytes();
        let rent = world.svm.minimum_balance_for_rent_exemption(bytes);
        let create = world.create_instruction(&owner, &at, (rent, bytes));
        let init = InitWitness { number: 1, lengths: small().parts().lengths().unwrap() };
        let init = world.init_witness_instruction(owner, at, &init);
        // An account that was funded with more is not asked for more rent.
        let before = world.lamports(&owner);
        world.send_all(&[create, init], &[&challenger, &account]).unwrap();
        assert_eq!(before - world.lamports(&owner), rent + DEPOSIT);
    }

    fn only_the_owner_writes_closes_and_challenges(build: Build) {
        let (mut world, _, exhibits) = committed(build);
        let at = world.upload(1, WITNESS, &exhibits[0].upload);
        let stranger = keypair(8);
        world.airdrop(&key_of(&stranger), SOL);
        let write = WriteWitness { offset: 0, bytes: vec![9] };
        let write = world.write_witness_instruction(key_of(&stranger), at, &write);
        assert_refused(world.send_all(&[write], &[&stranger]), RollupError::WrongWitness);
        let close = world.close_witness_instruction(key_of(&stranger), at);
        assert_refused(world.send_all(&[close], &[&stranger]), RollupError::WrongWitness);
        let mut challenge = world.challenge_instruction(&exhibits[0].challenge, at);
        challenge.accounts[0].pubkey = stranger.pubkey();
        let outcome = world.send_all(&[challenge], &[&stranger]);
        assert_refused(outcome, RollupError::WrongWitness);

        let owner = key_of(&keypair(CHALLENGER));
        let mut unsigned = world.close_witness_instruction(owner, at);
        unsigned.accounts[0].is_signer = false;
        assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
        let write = WriteWitness { offset: 0, bytes: vec![9] };
        let mut unsigned = world.write_witness_instruction(owner, at, &write);
        unsigned.accounts[0].is_signer = false;
        assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
        assert_eq!(world.witness_account(&at).unwrap().parts(), Ok(exhibits[0].upload.parts()));
    }

    fn writes_stay_inside(build: Build) {
        let (mut world, _, _) = committed(build);
        let at = world.upload(1, WITNESS, &small());
        let (challenger, owner) = (world.challenger(), key_of(&keypair(CHALLENGER)));
        for (offset, bytes) in [(6, vec![1]), (5, vec![1, 2]), (u32::MAX, vec![1]), (0, vec![])] {
            let write = world.write_witness_instruction(owner, at, &WriteWitness { offset, bytes });
            let outcome = world.send_all(&[write], &[&challenger]);
            assert_refused(outcome, RollupError::WitnessRange);
        }
        assert_eq!(world.witness_account(&at).unwrap().parts(), Ok(small().parts()));
        let write = WriteWitness { offset: 5, bytes: vec![60] };
        let write = world.write_witness_instruction(owner, at, &write);
        world.send_all(&[write], &[&challenger]).unwrap();
        assert_eq!(world.witness_account(&at).unwrap().parts().unwrap().next, [60]);
    }

    fn a_late_witness_extends_the_window_by_a_quarter(build: Build) {
        // The window is 10 slots and 5 seconds; a quarter is 3 slots and 2 seconds.
        let (world, _, _) = committed(build);
        for ((slots, secs), extended) in [
            ((0, 0), false), ((6, 3), false), ((7, 2), false), ((6, 5), false), ((7, 3), true),
            ((9, 4), true), ((10, 5), true), ((30, 30), true),
        ] {
            let mut world = world.clone();
            world.pass(slots, secs);
            world.init_witness(1, WITNESS, &small()).unwrap();
            let batch = world.batch_account(1).unwrap();
            let expected = if extended { (3, 2) } else { (0, 0) };
            let found = (batch.extension_slots, batch.extension_secs);
            assert_eq!(found, expected, "after {slots} slots and {secs} seconds");
        }
        let mut world = world;
        world.pass(9, 4);
        world.init_witness(1, WITNESS, &small()).unwrap();
        world.pass(3, 2);
        assert_refused(world.finalize(1), RollupError::WindowOpen);
        world.pass(1, 1);
        world.finalize(1).unwrap();
    }

    fn extensions_end_at_a_whole_window(build: Build) {
        let (mut world, _, _) = committed(build);
        world.pass(10, 5);
        for (seed, expected) in
            (40..).zip([(3, 2), (6, 4), (9, 5), (10, 5), (10, 5)])
        {
            world.init_witness(1, seed, &small()).unwrap();
            let batch = world.batch_account(1).unwrap();
            assert_eq!((batch.extension_slots, batch.extension_secs), expected);
            world.pass(3, 2);
        }
        world.pass(10, 5);
        world.finalize(1).unwrap();
    }

    fn an_honest_segment_burns_the_deposit(build: Build) {
        let (mut world, _, exhibits) = committed(build);
        let challenger = key_of(&world.challenger());
        for (seed, exhibit) in (40..).zip(&exhibits) {
            let (before, burnt) = (world.lamports(&challenger), world.lamports(&INCINERATOR));
            world.challenge(exhibit, seed).unwrap();
            assert_eq!(before - world.lamports(&challenger), DEPOSIT);
            assert_eq!(world.lamports(&INCINERATOR) - burnt, DEPOSIT);
            assert_eq!(world.lamports(&account_of(seed)), 0);
            let rollup = world.rollup_account();
            assert_eq!((rollup.committed_number, rollup.rollbacks, rollup.verdicts), (1, 0, 0));
            assert_eq!(rollup.active, 0b111_1111);
            assert_eq!(world.verdict_account(0), None);
        }
    }

    fn honest_chunks_burn_the_deposit(build: Build) {
        let (mut world, sealed, _) = committed(build);
        let last = u16::try_from(sealed.chunks.len() - 1).unwrap();
        assert!(last > 0);
        let challenger = key_of(&world.challenger());
        for (seed, (chunk, fault)) in (40..).zip([
            (0, TraceFault::Malformed),
            (last, TraceFault::Malformed),
            (0, TraceFault::First),
            (0, TraceFault::Join),
            (last, TraceFault::Last),
            (0, TraceFault::Chain),
        ]) {
            let before = world.lamports(&challenger);
            let key = curvevm::cell::Chain::key();
            let state = world.chain.state(1).witness(&[key]).unwrap();
            let (trace, upload) = trace(&sealed, (chunk, fault), state);
            world.challenge_trace(&trace, seed, &upload).unwrap();
            assert_eq!(before - world.lamports(&challenger), DEPOSIT, "{fault:?}");
            assert_eq!(world.rollup_account().verdicts, 0);
        }
    }

    fn what_does_not_fit_the_batch_proves_nothing(build: Build) {
        let (mut world, sealed, exhibits) = committed(build);
        let good = &exhibits[1];
        let mut seed = 40;
        let mut refused = |world: &mut World, exhibit: &Exhibit, expected| {
            seed += 1;
            assert_refused(world.challenge(exhibit, seed), expected);
        };
        let edit = |edit: &dyn Fn(&mut Exhibit)| {
            let mut exhibit = good.clone();
            edit(&mut exhibit);
            exhibit
        };
        let state = edit(&|it| it.upload.state = exhibits[0].upload.state.clone());
        refused(&mut world, &state, RollupError::WrongPreRoot);
        refused(&mut world, &edit(&|it| it.upload.state = vec![9]), RollupError::BadWitness);
        let pruned = world.chain.state(1).witness(&[]).unwrap();
        let pruned = edit(&|it| it.upload.state = pruned.clone());
        refused(&mut world, &pruned, RollupError::WrongPreRoot);
        refused(&mut world, &edit(&|it| it.challenge.offset += 1), RollupError::NoSegment);
        refused(&mut world, &edit(&|it| it.upload.chunk[80] ^= 1), RollupError::WrongChunk);
        refused(&mut world, &edit(&|it| it.challenge.chunk += 1), RollupError::WrongChunk);
        refused(&mut world, &edit(&|it| it.challenge.chunk = 999), RollupError::WrongChunk);
        let last = u16::try_from(sealed.chunks.len() - 1).unwrap();
        for (chunk, fault) in [
            (1, TraceFault::First), (last, TraceFault::Join), (last - 1, TraceFault::Last),
            (u16::MAX, TraceFault::Join),
        ] {
            seed += 1;
            let (trace, upload) = trace(&sealed, (chunk, fault), vec![]);
            let outcome = world.challenge_trace(&trace, seed, &upload);
            assert_refused(outcome, RollupError::WrongChunk);
        }
        for (state, expected) in [
            (world.chain.state(0).witness(&[]).unwrap(), RollupError::WrongPreRoot),
            (world.chain.state(1).witness(&[]).unwrap(), RollupError::CellNotInWitness),
            (vec![9], RollupError::BadWitness),
        ] {
            seed += 1;
            let (trace, upload) = trace(&sealed, (0, TraceFault::Chain), state);
            assert_refused(world.challenge_trace(&trace, seed, &upload), expected);
        }
        assert_eq!(world.rollup_account().rollbacks, 0);
        // What was uploaded is not lost, but for the deposit.
        world.close_witness(account_of(41)).unwrap();
    }

    fn a_cell_that_is_not_opened_proves_nothing(build: Build) {
        let (mut world, _, exhibits) = committed(build);
        let mut exhibit = exhibits[0].clone();
        exhibit.upload.state = world.chain.state(0).witness(&[curvevm::cell::Chain::key()]).unwrap();
        assert_refused(world.challenge(&exhibit, WITNESS), RollupError::CellNotInWitness);
    }

    fn an_unknown_fault_is_refused(build: Build) {
        let (mut world, sealed, _) = committed(build);
        let (challenge, upload) = trace(&sealed, (0, TraceFault::First), vec![]);
        let at = world.upload(1, WITNESS, &upload);
        let mut instruction = world.trace_instruction(&challenge, at);
        *instruction.data.last_mut().unwrap() = 5;
        assert_refused(world.send_challenge(instruction), RollupError::UnknownFault);
    }

    fn a_challenge_takes_the_accounts_of_the_batch(build: Build) {
        let (mut world, _, exhibits) = committed(build);
        let second = world.settle(vec![]);
        let at = world.upload(1, WITNESS, &exhibits[0].upload);
        let good = world.challenge_instruction(&exhibits[0].challenge, at);
        let poster = key_of(&world.payer());
        let other_data = pubkey(&world.data_address(second.header.number, &poster));
        let mut fork = world.fork(|genesis| genesis.name = "other".into());
        fork.start();
        for (place, account, expected) in [
            (1, pubkey(&fork.rollup), InstructionError::AccountDataTooSmall),
            (2, pubkey(&world.batch_address(2)), InstructionError::InvalidSeeds),
            (3, other_data, InstructionError::Custom(RollupError::WrongData.code())),
            (4, pubkey(&world.inbox), InstructionError::AccountDataTooSmall),
            (5, pubkey(&world.verdict_address(1)), InstructionError::InvalidSeeds),
            (6, pubkey(&address(1)), InstructionError::Custom(RollupError::WrongIncinerator.code())),
            (7, pubkey(&address(1)), anchor::NOT_EXECUTABLE),
        ] {
            let mut instruction = good.clone();
            instruction.accounts[place].pubkey = account;
            let outcome = world.send_challenge(instruction);
            match outcome {
                Err(solana_transaction::TransactionError::InstructionError(_, found)) => {
                    assert_eq!(found, expected, "account {place}");
                }
                other => panic!("account {place}: {other:?}"),
            }
        }
        // A witness against another batch.
        let other = world.upload(2, 31, &exhibits[0].upload);
        let instruction = world.challenge_instruction(&exhibits[0].challenge, other);
        assert_refused(world.send_challenge(instruction), RollupError::WrongWitness);
        assert_eq!(world.rollup_account().rollbacks, 0);
    }
}
