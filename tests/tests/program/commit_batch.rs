//! `commit_batch`.

use asset_rollup_interface::{
    constants::MESSAGES_CONSUMED_MIN, error::RollupError, state::ACCOUNT_VERSION,
};
use curvevm::{
    batch::{BatchHeader, HEADER_BYTES},
    types::{Address, Hash, Signature},
};
use solana_transaction::InstructionError;

use super::support::{
    BOND, MEMBERS_FROM, SOL, World, address, anchor, assert_failed, assert_refused, key_of,
    keypair, pubkey, signed, signing_key, withdraw,
};

/// A change to a header, and the error that it must give when the committee signs it all the same.
type Case = (fn(&mut BatchHeader), RollupError);

/// A world after a batch with a deposit and a withdrawal, and the next batch ready.
fn second(build: super::support::Build) -> (World, BatchHeader) {
    let mut world = World::new(build);
    world.deposit(address(0), 10 * SOL).unwrap();
    let id = world.chain.id;
    world.settle(vec![signed(0, 0, vec![withdraw(address(1), SOL)], &id)]);
    world.deposit(address(0), SOL).unwrap();
    world.deposit(address(1), SOL).unwrap();
    let header = world.ready(vec![signed(0, 1, vec![withdraw(address(1), SOL)], &id)]).header;
    (world, header)
}

/// The places of the messages among the accounts.
const LAST: usize = 5;
const NEXT: usize = 6;

/// Another rollup on the same Solana, with three messages.
fn rival(world: &World) -> World {
    let mut other = world.fork(|it| it.name = "other".to_owned());
    other.initialize().unwrap();
    for user in 0..3 {
        other.deposit(address(user), SOL).unwrap();
    }
    other
}

/// A copy of an account that another program owns.
fn copy(world: &mut World, of: &Address) -> Address {
    let mut account = world.svm.get_account(&pubkey(of)).unwrap();
    account.owner = pubkey(&address(8));
    world.svm.set_account(pubkey(&address(9)), account).unwrap();
    address(9)
}

on_each_build! {
    fn records_the_batch_and_moves_the_rollup(build: Build) {
        let (mut world, header) = second(build);
        let vault = world.lamports(&world.vault);
        let signatures = world.sign(&header, &[0, 2, 3, 5, 6]);
        let instruction = world.commit_instruction(&header, signatures);
        world.pass(3, 1);
        world.send(&instruction).unwrap();
        let batch = world.batch_account(2).unwrap();
        assert_eq!(batch.header(world.chain.id), header);
        assert_eq!((batch.version, batch.rollup), (ACCOUNT_VERSION, world.rollup));
        assert_eq!(batch.batch_hash, header.hash());
        assert_eq!(batch.signers, 0b110_1101);
        assert_eq!(batch.slot, world.slot());
        let poster = key_of(&world.payer());
        assert_eq!((batch.poster, batch.data), (poster, world.data_address(2, &poster)));
        let rollup = world.rollup_account();
        assert_eq!((rollup.committed_number, rollup.finalized_number), (2, 0));
        assert_eq!(rollup.committed_height, header.last_height);
        assert_eq!(rollup.committed_root, header.post_root);
        assert_eq!(rollup.committed_time_ms, header.time_ms);
        assert_eq!((rollup.committed_inbox_cursor, rollup.committed_withdrawals), (3, 2));
        assert_eq!(rollup.committed_inbox_hash, world.inbox_account().head);
        assert_eq!(world.lamports(&world.vault), vault);
    }

    fn takes_the_signatures_of_all_members_and_data_of_another_poster(build: Build) {
        let (mut world, header) = second(build);
        let committer = keypair(7);
        world.airdrop(&key_of(&committer), SOL);
        let signatures = world.sign(&header, &[0, 1, 2, 3, 4, 5, 6]);
        let mut instruction = world.commit_instruction(&header, signatures);
        instruction.accounts[0].pubkey = pubkey(&key_of(&committer));
        world.send_all(&[instruction], &[&committer]).unwrap();
        let batch = world.batch_account(2).unwrap();
        assert_eq!(batch.poster, key_of(&committer));
        assert_eq!(batch.data, world.data_address(2, &key_of(&world.payer())));
        assert_eq!(batch.signers, 0b111_1111);
    }

    fn refuses_a_header_that_does_not_follow(build: Build) {
        let (world, header) = second(build);
        let cases: [Case; 14] = [
            (|it| it.version = 2, RollupError::UnknownVersion),
            (|it| it.vm_version = 2, RollupError::UnknownVersion),
            (|it| it.chain_id = Hash::ZERO, RollupError::WrongChain),
            (|it| it.prev_root = it.post_root, RollupError::WrongPreviousRoot),
            (|it| it.first_height += 1, RollupError::WrongHeights),
            (|it| it.first_height -= 1, RollupError::WrongHeights),
            (|it| it.last_height = it.first_height - 1, RollupError::WrongHeights),
            (|it| it.time_ms = 1_799, RollupError::WrongTime),
            (|it| it.withdrawals = 0, RollupError::WrongWithdrawals),
            (|it| it.data_root = Hash::ZERO, RollupError::WrongDataRoot),
            (|it| it.chunk_count += 1, RollupError::WrongDataRoot),
            (|it| it.inbox_cursor = 0, RollupError::WrongInboxCursor),
            (|it| it.inbox_cursor = 4, RollupError::WrongInboxCursor),
            (|it| it.inbox_hash = Hash::ZERO, RollupError::WrongInboxHash),
        ];
        for (edit, error) in cases {
            let (mut world, mut header) = (world.clone(), header.clone());
            edit(&mut header);
            assert_refused(world.commit(&header), error);
            assert_eq!(world.rollup_account().committed_number, 1);
            assert_eq!(world.batch_account(2), None);
        }
    }

    fn refuses_bytes_that_are_no_header(build: Build) {
        let (mut world, header) = second(build);
        let bytes = header.encode();
        let mut longer = bytes.clone();
        longer.push(0);
        for wrong in [vec![], bytes[..40].to_vec(), bytes[..HEADER_BYTES - 1].to_vec(), longer] {
            let mut instruction = world.commit_instruction(&header, vec![]);
            instruction.data = asset_rollup_interface::instruction::CommitBatch {
                header: wrong,
                signatures: world.sign(&header, &world.quorum()),
            }
            .data();
            assert_refused(world.send(&instruction), RollupError::InvalidHeader);
        }
    }

    fn refuses_another_order_and_a_replay(build: Build) {
        let mut world = World::new(build);
        let first = world.ready(vec![]);
        let second = world.ready(vec![]);
        assert_refused(world.commit(&second.header), RollupError::WrongNumber);
        world.commit(&first.header).unwrap();
        assert_refused(world.commit(&first.header), RollupError::WrongNumber);
        world.commit(&second.header).unwrap();
        assert_refused(world.commit(&first.header), RollupError::WrongNumber);
        assert_eq!(world.rollup_account().committed_number, 2);
    }

    fn refuses_missing_data(build: Build) {
        let mut world = World::new(build);
        // Enough deposits for two chunks.
        for user in 0..20 {
            world.deposit(address(user), SOL).unwrap();
        }
        let sealed = world.seal(vec![]);
        assert!(sealed.chunks.len() > 1, "{}", sealed.chunks.len());
        let outcome = world.commit(&sealed.header);
        assert_failed(outcome, InstructionError::UninitializedAccount);
        let last = u16::try_from(sealed.chunks.len()).unwrap() - 1;
        for index in 0..last {
            let instruction = world.post_instruction(1, &sealed.chunks, index);
            world.send(&instruction).unwrap();
        }
        assert_refused(world.commit(&sealed.header), RollupError::DataIncomplete);
        let instruction = world.post_instruction(1, &sealed.chunks, last);
        world.send(&instruction).unwrap();
        world.commit(&sealed.header).unwrap();
    }

    fn refuses_other_data(build: Build) {
        let mut world = World::new(build);
        let mut sealed = world.seal(vec![]);
        sealed.chunks[0].push(0);
        world.post(&sealed);
        assert_refused(world.commit(&sealed.header), RollupError::WrongDataRoot);
        // Data of another number.
        let next = world.ready(vec![]);
        let signatures = world.sign(&sealed.header, &world.quorum());
        let mut instruction = world.commit_instruction(&sealed.header, signatures);
        let poster = key_of(&world.payer());
        instruction.accounts[3].pubkey =
            pubkey(&world.data_address(next.header.number, &poster));
        assert_refused(world.send(&instruction), RollupError::WrongData);
    }

    fn refuses_what_is_no_quorum(build: Build) {
        let (world, header) = second(build);
        let twice = |world: &World| {
            let mut signatures = world.sign(&header, &[0, 1, 2, 3]);
            signatures.push(signatures[3]);
            signatures
        };
        let unordered = |world: &World| world.sign(&header, &[0, 2, 1, 3, 4]);
        let late_twice = |world: &World| world.sign(&header, &[0, 1, 2, 3, 4, 0]);
        let beyond = |world: &World| world.sign(&header, &[0, 1, 2, 3, 7]);
        type Make<'a> = &'a dyn Fn(&World) -> Vec<(u8, Signature)>;
        let cases: [(Make<'_>, RollupError); 6] = [
            (&|_| vec![], RollupError::NoQuorum),
            (&|world| world.sign(&header, &[0, 1, 2, 3]), RollupError::NoQuorum),
            (&twice, RollupError::MemberOrder),
            (&unordered, RollupError::MemberOrder),
            (&late_twice, RollupError::MemberOrder),
            (&beyond, RollupError::UnknownMember),
        ];
        for (make, error) in cases {
            let mut world = world.clone();
            let instruction = world.commit_instruction(&header, make(&world));
            assert_refused(world.send(&instruction), error);
        }
    }

    fn refuses_a_signature_that_is_not_the_members(build: Build) {
        let (world, header) = second(build);
        let digest = header.settlement_digest(&world.program, &world.genesis.committee_hash());
        let by = |seed: u8, digest: &Hash| {
            Signature::new(signing_key(seed).sign(digest.as_bytes()).to_bytes())
        };
        let mut other = header.clone();
        other.post_root = Hash::ZERO;
        let committee = world.genesis.committee_hash();
        let forgeries = [
            // A stranger's, and another member's.
            by(50, &digest),
            by(MEMBERS_FROM, &digest),
            // Over the batch hash alone, another header, another program, another committee.
            by(MEMBERS_FROM + 4, &header.hash()),
            by(MEMBERS_FROM + 4, &other.settlement_digest(&world.program, &committee)),
            by(MEMBERS_FROM + 4, &header.settlement_digest(&address(9), &committee)),
            by(MEMBERS_FROM + 4, &header.settlement_digest(&world.program, &Hash::ZERO)),
            Signature::new([0; 64]),
            Signature::new([0xff; 64]),
        ];
        for forgery in forgeries {
            for place in [0, 4] {
                let mut world = world.clone();
                let mut signatures = world.sign(&header, &[0, 1, 2, 3, 4]);
                let member = MEMBERS_FROM + u8::try_from(place).unwrap();
                if forgery == by(member, &digest) {
                    continue;
                }
                signatures[place].1 = forgery;
                let instruction = world.commit_instruction(&header, signatures);
                assert_refused(world.send(&instruction), RollupError::BadSignature);
            }
        }
        // A bad one beyond the quorum is refused too.
        let mut world = world;
        let mut signatures = world.sign(&header, &[0, 1, 2, 3, 4, 5]);
        signatures[5].1 = Signature::new([0; 64]);
        let instruction = world.commit_instruction(&header, signatures);
        assert_refused(world.send(&instruction), RollupError::BadSignature);
    }

    fn refuses_the_batch_of_another_chain_with_the_same_committee(build: Build) {
        let (mut world, header) = second(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        let signatures = other.sign(&header, &other.quorum());
        let mut first = header;
        first.number = 1;
        other.ready(vec![]);
        let instruction = other.commit_instruction(&first, signatures);
        assert_refused(other.send(&instruction), RollupError::WrongChain);
        world.svm = other.svm;
    }

    fn a_message_may_wait_for_its_delay_and_no_longer(build: Build) {
        let mut world = World::new(build);
        world.deposit(address(0), SOL).unwrap();
        world.pass(50, 20);
        world.deposit(address(1), SOL).unwrap();
        // Leaves both out, and is late by nothing, then by one slot.
        let sealed = world.chain.seal(vec![], vec![]);
        world.post(&sealed);
        let mut late = world.clone();
        world.pass(50, 20);
        late.pass(51, 20);
        assert_refused(late.commit(&sealed.header), RollupError::MessageLeftOut);
        world.commit(&sealed.header).unwrap();
        // The next takes the first; the second is 51 slots old, then past its delay.
        world.pass(1, 1);
        let messages = world.messages_from(0);
        let next = world.chain.seal(messages[..1].to_vec(), vec![]);
        world.post(&next);
        let mut late = world.clone();
        late.pass(50, 1);
        assert_refused(late.commit(&next.header), RollupError::MessageLeftOut);
        world.commit(&next.header).unwrap();
        let rollup = world.rollup_account();
        assert_eq!(rollup.committed_inbox_cursor, 1);
        assert_eq!(rollup.committed_inbox_hash, world.message_account(0).unwrap().hash);
    }

    fn more_old_messages_than_fit_are_taken_by_several_batches(build: Build) {
        let mut world = World::new(build);
        let most = usize::try_from(MESSAGES_CONSUMED_MIN).unwrap();
        for user in 0..2 * MESSAGES_CONSUMED_MIN + 2 {
            world.deposit(address(u8::try_from(user).unwrap()), SOL / 100).unwrap();
        }
        world.pass(1_000, 1_000);
        let messages = world.messages_from(0);
        let mut fewer = world.clone();
        let sealed = fewer.chain.seal(messages[..most - 1].to_vec(), vec![]);
        fewer.post(&sealed);
        assert_refused(fewer.commit(&sealed.header), RollupError::MessageLeftOut);
        for from in [0, most] {
            let sealed = world.chain.seal(messages[from..from + most].to_vec(), vec![]);
            world.post(&sealed);
            world.commit(&sealed.header).unwrap();
        }
        let sealed = world.chain.seal(messages[2 * most..2 * most + 1].to_vec(), vec![]);
        world.post(&sealed);
        assert_refused(world.commit(&sealed.header), RollupError::MessageLeftOut);
    }

    fn refuses_the_hash_of_another_place_in_the_inbox(build: Build) {
        let mut world = World::new(build);
        world.deposit(address(0), SOL).unwrap();
        world.deposit(address(1), SOL).unwrap();
        let sealed = world.ready(vec![]);
        let mut header = sealed.header.clone();
        header.inbox_hash = world.message_account(0).unwrap().hash;
        assert_refused(world.commit(&header), RollupError::WrongInboxHash);
        header.inbox_cursor = 0;
        assert_refused(world.commit(&header), RollupError::WrongInboxHash);
        world.commit(&sealed.header).unwrap();
    }

    fn refuses_a_batch_without_the_last_message_that_it_consumed(build: Build) {
        let (mut world, header) = second(build);
        let mut other = rival(&world);
        other.deposit(address(0), SOL).unwrap();
        world.svm = other.svm.clone();
        let instruction = world.commit_instruction(&header, world.sign(&header, &world.quorum()));
        let (last, never) = (world.message_address(2), world.message_address(3));
        assert_eq!(instruction.accounts[LAST].pubkey, pubkey(&last));
        assert_eq!(instruction.accounts[NEXT].pubkey, pubkey(&never));
        let wrong = [
            (world.program, RollupError::MessageMissing),
            // Another index: the one before, and one that does not exist.
            (world.message_address(1), RollupError::WrongMessageAccount),
            (never, RollupError::WrongMessageAccount),
            // Another rollup's, another kind, another owner.
            (other.message_address(2), RollupError::WrongMessageAccount),
            (world.inbox, RollupError::WrongMessageAccount),
            (world.data_address(2, &key_of(&world.payer())), RollupError::WrongMessageAccount),
            (copy(&mut world, &last), RollupError::WrongMessageAccount),
        ];
        for (wrong, error) in wrong {
            let mut instruction = instruction.clone();
            instruction.accounts[LAST].pubkey = pubkey(&wrong);
            assert_refused(world.send(&instruction), error);
        }
        assert_eq!(world.rollup_account().committed_number, 1);
        world.send(&instruction).unwrap();
    }

    fn refuses_a_batch_without_the_message_that_it_leaves_out(build: Build) {
        let (mut world, header) = second(build);
        let mut other = rival(&world);
        other.deposit(address(0), SOL).unwrap();
        world.svm = other.svm.clone();
        // The transaction is made before the message is appended, and still good after it.
        let instruction = world.commit_instruction(&header, world.sign(&header, &world.quorum()));
        world.deposit(address(3), SOL).unwrap();
        let next = world.message_address(3);
        assert_eq!(instruction.accounts[NEXT].pubkey, pubkey(&next));
        let wrong = [
            (world.program, RollupError::MessageMissing),
            (world.message_address(2), RollupError::WrongMessageAccount),
            (world.message_address(4), RollupError::WrongMessageAccount),
            (other.message_address(3), RollupError::WrongMessageAccount),
            (world.inbox, RollupError::WrongMessageAccount),
            (copy(&mut world, &next), RollupError::WrongMessageAccount),
        ];
        for (wrong, error) in wrong {
            let mut instruction = instruction.clone();
            instruction.accounts[NEXT].pubkey = pubkey(&wrong);
            assert_refused(world.send(&instruction), error);
        }
        assert_eq!(world.rollup_account().committed_number, 1);
        world.send(&instruction).unwrap();
    }

    fn does_not_look_at_messages_that_it_does_not_need(build: Build) {
        let mut world = World::new(build);
        world.deposit(address(0), SOL).unwrap();
        world.settle(vec![]);
        // No message since: neither is needed, whatever is passed.
        let sealed = world.ready(vec![]);
        let signatures = world.sign(&sealed.header, &world.quorum());
        let instruction = world.commit_instruction(&sealed.header, signatures);
        assert_eq!(instruction.accounts[LAST].pubkey, pubkey(&world.program));
        for passed in [world.program, address(9), world.inbox, world.message_address(0)] {
            let (mut world, mut instruction) = (world.clone(), instruction.clone());
            for place in [LAST, NEXT] {
                instruction.accounts[place].pubkey = pubkey(&passed);
            }
            world.send(&instruction).unwrap();
        }
    }

    fn refuses_accounts_of_another_rollup_or_address(build: Build) {
        let (mut world, header) = second(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        other.ready(vec![]);
        world.svm = other.svm.clone();
        let poster = key_of(&world.payer());
        for (place, wrong) in [
            (2, other.inbox),
            (3, other.data_address(1, &poster)),
            (4, world.batch_address(3)),
            (4, other.batch_address(2)),
        ] {
            let signatures = world.sign(&header, &world.quorum());
            let mut instruction = world.commit_instruction(&header, signatures);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        let signatures = world.sign(&header, &world.quorum());
        let mut instruction = world.commit_instruction(&header, signatures);
        instruction.accounts[1].pubkey = pubkey(&other.rollup);
        assert!(world.send(&instruction).is_err());
        world.commit(&header).unwrap();
    }

    fn refuses_a_poster_that_does_not_sign_and_a_rollup_that_is_not_written(build: Build) {
        let (mut world, header) = second(build);
        let other = key_of(&keypair(7));
        world.airdrop(&other, SOL);
        let signatures = world.sign(&header, &world.quorum());
        let instruction = world.commit_instruction(&header, signatures);
        let mut unsigned = instruction.clone();
        unsigned.accounts[0].pubkey = pubkey(&other);
        unsigned.accounts[0].is_signer = false;
        assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
        let mut readonly = instruction.clone();
        readonly.accounts[1].is_writable = false;
        assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
        world.send(&instruction).unwrap();
    }

    fn keeps_what_the_batch_replaced(build: Build) {
        let (mut world, header) = second(build);
        let before = world.rollup_account();
        world.pass(3, 1);
        world.commit(&header).unwrap();
        let batch = world.batch_account(2).unwrap();
        assert_eq!((batch.epoch, batch.poster_member), (0, Address::default()));
        assert_eq!(batch.previous_time_ms, before.committed_time_ms);
        assert_eq!(batch.previous_inbox_cursor, before.committed_inbox_cursor);
        assert_eq!(batch.previous_inbox_hash, before.committed_inbox_hash);
        assert_eq!(batch.previous_withdrawals, before.committed_withdrawals);
        assert_eq!((batch.previous_inbox_cursor, batch.previous_withdrawals), (1, 1));
        assert_eq!((batch.extension_slots, batch.extension_secs), (0, 0));
        assert_eq!(world.rollup_account().committee_slot, world.slot());
    }

    fn refuses_signers_without_a_bond(build: Build) {
        let mut world = World::empty(build);
        world.initialize().unwrap();
        for member in 0..4 {
            world.register(MEMBERS_FROM + member, BOND).unwrap();
        }
        let sealed = world.ready(vec![]);
        assert_refused(world.commit(&sealed.header), RollupError::NotBonded);
        world.register(MEMBERS_FROM + 4, BOND).unwrap();
        let signatures = world.sign(&sealed.header, &[0, 1, 2, 3, 4, 5]);
        let instruction = world.commit_instruction(&sealed.header, signatures);
        assert_refused(world.send(&instruction), RollupError::NotBonded);
        world.commit(&sealed.header).unwrap();
    }

    fn needs_no_bond_where_genesis_asks_for_none(build: Build) {
        let mut world = World::empty(build).fork(|it| it.params.bond_lamports = 0);
        world.initialize().unwrap();
        world.settle_finally(vec![]);
        assert_eq!(world.rollup_account().bonded, 0);
    }

    fn counts_a_quorum_of_those_who_are_active(build: Build) {
        let mut world = World::new(build);
        let challenger = key_of(&world.payer());
        let sealed = world.ready(vec![]);
        // One convicted after the other: 5 of 7, 5 of 6, 4 of 5, 3 of 4, 3 of 3, 2 of 2, 1 of 1.
        for (convicted, needed) in [(0, 5), (1, 5), (2, 4), (3, 3), (4, 3), (5, 2), (6, 1)] {
            if convicted > 0 {
                world.convict(&[MEMBERS_FROM + convicted - 1], challenger);
            }
            let active: Vec<u8> = (convicted..7).collect();
            let commit = |count: usize| {
                let mut world = world.clone();
                let signatures = world.sign(&sealed.header, &active[..count]);
                let instruction = world.commit_instruction(&sealed.header, signatures);
                world.send(&instruction)
            };
            assert_refused(commit(needed - 1), RollupError::NoQuorum);
            commit(needed).unwrap();
        }
    }

    fn commits_under_the_largest_committee(build: Build) {
        let mut world = World::empty(build).fork(|genesis| {
            genesis.committee = (MEMBERS_FROM..MEMBERS_FROM + 32).map(address).collect();
        });
        world.start();
        let sealed = world.ready(vec![]);
        let quorum = world.quorum();
        assert_eq!(quorum.len(), 22);
        let signatures = world.sign(&sealed.header, &quorum[1..]);
        let instruction = world.commit_instruction(&sealed.header, signatures);
        assert_refused(world.send_with_budget(&instruction), RollupError::NoQuorum);
        let members: Vec<u8> = (10..32).collect();
        let signatures = world.sign(&sealed.header, &members);
        let instruction = world.commit_instruction(&sealed.header, signatures);
        world.send_with_budget(&instruction).unwrap();
        assert_eq!(world.batch_account(1).unwrap().signers, u32::MAX << 10);
    }

    fn commits_the_most_chunks(build: Build) {
        let mut world = World::empty(build).fork(|genesis| genesis.committee.truncate(1));
        world.start();
        let sealed = world.chain.seal(vec![], vec![]);
        let chunks: Vec<Vec<u8>> = (0..=255u8).map(|byte| vec![byte; 3]).collect();
        let mut header = sealed.header;
        let hashes: Vec<Hash> =
            chunks.iter().map(|chunk| curvevm::batch::chunk_hash(chunk)).collect();
        (header.chunk_count, header.data_root) = (256, curvevm::batch::data_root(&hashes));
        world.post(&super::support::Sealed { header: header.clone(), chunks });
        world.commit(&header).unwrap();
        assert_eq!(world.batch_account(1).unwrap().chunk_count, 256);
    }
}
