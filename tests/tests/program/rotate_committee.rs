//! `rotate_committee`.

use asset_rollup_interface::error::RollupError;
use curvevm::{
    genesis::committee_hash,
    types::{Address, Hash},
};
use solana_transaction::{AccountMeta, InstructionError};

use super::support::{
    BOND, Build, MEMBERS_FROM, Outcome, Sealed, World, address, anchor, assert_failed,
    assert_refused, key_of, pubkey, sign,
};

/// The new members.
const NEW: [u8; 4] = [10, 11, 12, 13];

/// A world in which the new members are bonded.
fn ready(build: Build) -> World {
    let mut world = World::new(build);
    for seed in NEW {
        world.register(seed, BOND).unwrap();
    }
    world
}

/// Commits a batch under signatures of the new committee's members, by index.
fn commit_by_new(world: &mut World, sealed: &Sealed, members: &[u8]) -> Outcome {
    let committee = committee_hash(&world.committee());
    let digest = sealed.header.settlement_digest(&world.program, &committee);
    let signature = |at: &u8| (*at, sign(NEW[usize::from(*at)], &digest));
    let signatures = members.iter().map(signature).collect();
    let instruction = world.commit_instruction(&sealed.header, signatures);
    world.send(&instruction)
}

/// The first committee's members: index and seed.
fn signers(members: &[u8]) -> Vec<(u8, u8)> {
    members.iter().map(|at| (*at, MEMBERS_FROM + at)).collect()
}

on_each_build! {
    fn replaces_the_committee_for_the_next_batch(build: Build) {
        let mut world = ready(build);
        world.settle(vec![]);
        let before = world.rollup_account();
        world.rotate(&NEW).unwrap();
        let rollup = world.rollup_account();
        let committee: Vec<Address> = NEW.iter().copied().map(address).collect();
        assert_eq!(rollup.committee(), committee);
        assert_eq!(rollup.committee_hash, committee_hash(&committee));
        assert_eq!((rollup.active, rollup.bonded), (0b1111, 0b1111));
        assert_eq!((rollup.epoch, rollup.epoch_first_number), (1, 2));
        assert_eq!(rollup.prev_committee(), world.genesis.committee);
        assert_eq!((rollup.prev_epoch, rollup.prev_active), (0, 0b111_1111));
        assert_eq!(rollup.prev_committee_hash, before.committee_hash);
        assert_eq!(rollup.committee_slot, before.committee_slot);
        assert_eq!(rollup.committed_number, 1);
        // Certificates of the old committee name another hash.
        let sealed = world.ready(vec![]);
        assert_refused(world.commit(&sealed.header), RollupError::BadSignature);
        assert_refused(commit_by_new(&mut world, &sealed, &[0, 2]), RollupError::NoQuorum);
        commit_by_new(&mut world, &sealed, &[0, 2, 3]).unwrap();
        let batch = world.batch_account(2).unwrap();
        assert_eq!((batch.epoch, batch.signers), (1, 0b1101));
        assert_eq!(world.batch_account(1).unwrap().epoch, 0);
    }

    fn waits_while_a_live_batch_is_of_the_committee_before(build: Build) {
        let mut world = ready(build);
        world.settle(vec![]);
        world.settle(vec![]);
        world.rotate(&NEW).unwrap();
        let again = |world: &World| {
            let signers = [(0, NEW[0]), (1, NEW[1]), (3, NEW[3])];
            world.rotate_instruction(&[MEMBERS_FROM, MEMBERS_FROM + 1], &signers)
        };
        let instruction = again(&world);
        assert_refused(world.send(&instruction), RollupError::EpochLive);
        world.pass(10, 5);
        world.finalize(1).unwrap();
        assert_refused(world.send(&instruction), RollupError::EpochLive);
        // A live batch of the present committee is no hindrance, once the last one of the other is finalized or rolled back.
        let mut rolled_back = world.clone();
        let sealed = world.ready(vec![]);
        commit_by_new(&mut world, &sealed, &[0, 1, 2]).unwrap();
        assert_refused(world.send(&instruction), RollupError::EpochLive);
        world.finalize(2).unwrap();
        world.send(&instruction).unwrap();
        assert_eq!((world.rollup_account().epoch, world.rollup_account().prev_epoch), (2, 1));
        rolled_back.roll_back(2);
        rolled_back.send(&instruction).unwrap();
        assert_eq!(rolled_back.rollup_account().epoch_first_number, 2);
    }

    fn refuses_what_is_no_quorum_of_the_active_members(build: Build) {
        let mut world = ready(build);
        let mut refused = |members: &[u8], error| {
            let instruction = world.rotate_instruction(&NEW, &signers(members));
            assert_refused(world.send(&instruction), error);
        };
        refused(&[], RollupError::NoQuorum);
        refused(&[0, 1, 2, 3], RollupError::NoQuorum);
        refused(&[0, 1, 2, 3, 3], RollupError::MemberOrder);
        refused(&[0, 1, 2, 4, 3], RollupError::MemberOrder);
        refused(&[0, 1, 2, 3, 7], RollupError::UnknownMember);
        // Two are convicted: four of the other five are a quorum.
        let challenger = key_of(&world.payer());
        world.convict(&[MEMBERS_FROM, MEMBERS_FROM + 1], challenger);
        let mut refused = |members: &[u8], error| {
            let instruction = world.rotate_instruction(&NEW, &signers(members));
            assert_refused(world.send(&instruction), error);
        };
        refused(&[0, 2, 3, 4], RollupError::MemberConvicted);
        refused(&[2, 3, 4], RollupError::NoQuorum);
        let instruction = world.rotate_instruction(&NEW, &signers(&[2, 3, 5, 6]));
        world.send(&instruction).unwrap();
        assert_eq!(world.rollup_account().prev_active, 0b111_1100);
    }

    fn refuses_a_signature_over_something_else(build: Build) {
        let mut world = ready(build);
        let instruction = world.rotate_instruction(&NEW, &signers(&[0, 1, 2, 3, 4]));
        // Of another member, for other members, of another committee.
        let swapped = [(0, MEMBERS_FROM + 1), (1, MEMBERS_FROM), (2, MEMBERS_FROM + 2)];
        let swapped = [swapped.as_slice(), &signers(&[3, 4])].concat();
        let other = world.rotate_instruction(&NEW, &swapped);
        assert_refused(world.send(&other), RollupError::BadSignature);
        let mut fewer = world.rotate_instruction(&NEW[..3], &signers(&[0, 1, 2, 3, 4]));
        fewer.data = instruction.data.clone();
        assert_refused(world.send(&fewer), RollupError::WrongMember);
        let mut turned = NEW;
        turned.reverse();
        let mut turned_data = world.rotate_instruction(&turned, &signers(&[0, 1, 2, 3, 4])).data;
        let keys = 8 + 4..8 + 4 + 4 * 32;
        turned_data[keys.clone()].copy_from_slice(&instruction.data[keys]);
        let mut forged = instruction.clone();
        forged.data = turned_data;
        assert_refused(world.send(&forged), RollupError::BadSignature);
        // The same rotation again is of another epoch.
        world.send(&instruction).unwrap();
        let back = world.rotate_instruction(
            &[MEMBERS_FROM, MEMBERS_FROM + 1, MEMBERS_FROM + 2, MEMBERS_FROM + 3, MEMBERS_FROM + 4],
            &[(0, NEW[0]), (1, NEW[1]), (2, NEW[2])],
        );
        world.send(&back).unwrap();
        assert_refused(world.send(&instruction), RollupError::BadSignature);
        assert_eq!(world.rollup_account().epoch, 2);
    }

    fn refuses_a_member_without_a_live_bond(build: Build) {
        let mut world = ready(build);
        let missing = world.rotate(&[NEW[0], 14]);
        assert_failed(missing, InstructionError::UninitializedAccount);
        world.begin_unbond(NEW[1]).unwrap();
        assert_refused(world.rotate(&NEW), RollupError::Unbonding);
        let challenger = key_of(&world.payer());
        let index = world.convict(&[NEW[1], MEMBERS_FROM + 6], challenger);
        world.slash(index, 0).unwrap();
        assert_refused(world.rotate(&NEW), RollupError::BondSlashed);
        assert_refused(world.rotate(&[NEW[0], MEMBERS_FROM + 6]), RollupError::MemberConvicted);
        world.rotate(&[NEW[0], NEW[2]]).unwrap();
        // In the committee before as well.
        let rotation = world.rotate_instruction(
            &[NEW[0], MEMBERS_FROM + 6],
            &[(0, NEW[0]), (1, NEW[2])],
        );
        assert_refused(world.send(&rotation), RollupError::MemberConvicted);
        assert_eq!(world.rollup_account().epoch, 1);
    }

    fn refuses_a_list_that_is_no_committee(build: Build) {
        let mut world = ready(build);
        assert_refused(world.rotate(&[]), RollupError::InvalidCommittee);
        assert_refused(world.rotate(&[10, 11, 10]), RollupError::InvalidCommittee);
        let many: Vec<u8> = (10..43).collect();
        let instruction = world.rotate_instruction(&many, &signers(&[0, 1, 2, 3, 4]));
        assert_refused(world.send_with_budget(&instruction), RollupError::InvalidCommittee);
    }

    fn refuses_accounts_that_are_not_the_members(build: Build) {
        let mut world = ready(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        other.register(NEW[0], BOND).unwrap();
        world.svm = other.svm.clone();
        let instruction = world.rotate_instruction(&NEW, &signers(&[0, 1, 2, 3, 4]));
        let with = |place: usize, wrong: &Address| {
            let mut instruction = instruction.clone();
            instruction.accounts[place].pubkey = pubkey(wrong);
            instruction
        };
        let swapped = with(2, &world.member_address(&address(NEW[2])));
        assert_refused(world.send(&swapped), RollupError::WrongMember);
        let foreign = with(1, &other.member_address(&address(NEW[0])));
        assert_refused(world.send(&foreign), RollupError::WrongRollup);
        let inbox = with(1, &world.inbox);
        assert_failed(world.send(&inbox), InstructionError::AccountDataTooSmall);
        let payer = with(1, &key_of(&world.payer()));
        assert_failed(world.send(&payer), InstructionError::IllegalOwner);
        let rollup = with(1, &world.rollup);
        assert_failed(world.send(&rollup), anchor::DUPLICATE);
        let mut more = instruction.clone();
        let extra = pubkey(&world.member_address(&address(MEMBERS_FROM)));
        more.accounts.push(AccountMeta::new_readonly(extra, false));
        assert_refused(world.send(&more), RollupError::WrongMember);
        let mut readonly = instruction.clone();
        readonly.accounts[0].is_writable = false;
        assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
        let wrong_rollup = with(0, &other.rollup);
        assert!(world.send(&wrong_rollup).is_err());
        world.send(&instruction).unwrap();
    }

    fn a_member_may_stay(build: Build) {
        let mut world = ready(build);
        let members = [MEMBERS_FROM + 3, NEW[0], MEMBERS_FROM];
        world.rotate(&members).unwrap();
        let rollup = world.rollup_account();
        assert_eq!((rollup.active, rollup.bonded), (0b111, 0b111));
        // Convicted for what it did in the committee before, it is active in neither.
        let report = world.equivocation(MEMBERS_FROM + 3, 0);
        world.report(&report).unwrap();
        let rollup = world.rollup_account();
        assert_eq!((rollup.active, rollup.bonded), (0b110, 0b110));
        assert_eq!(rollup.prev_active, 0b111_0111);
    }

    fn takes_the_largest_committee(build: Build) {
        let mut world = World::empty(build).fork(|genesis| {
            genesis.committee = (MEMBERS_FROM..MEMBERS_FROM + 32).map(address).collect();
        });
        world.start();
        let members: Vec<u8> = (10..42).collect();
        for seed in &members {
            world.register(*seed, BOND).unwrap();
        }
        let signers = signers(&(0..22).collect::<Vec<u8>>());
        let instruction = world.rotate_instruction(&members, &signers);
        world.send_with_budget(&instruction).unwrap();
        let rollup = world.rollup_account();
        assert_eq!((rollup.active, rollup.bonded, rollup.prev_active), (!0, !0, !0));
        assert_ne!(rollup.prev_committee_hash, Hash::ZERO);
    }
}
