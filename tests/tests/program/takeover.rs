//! Takeovers: `commit_batch` without signatures, under the poster's own bond.

use asset_rollup_interface::error::RollupError;
use curvevm::types::Address;
use solana_transaction::InstructionError;

use super::support::{
    BOND, Build, MEMBERS_FROM, SOL, Sealed, World, address, assert_failed, assert_refused, key_of,
    keypair, pubkey,
};

/// A key in no committee, which the payer has bonded.
const OTHER: u8 = 10;

/// A world whose committee has committed one batch, with the next one posted, `slots` slots later.
fn silent(build: Build, slots: u64) -> (World, Sealed) {
    let mut world = World::new(build);
    world.register(OTHER, BOND).unwrap();
    world.settle(vec![]);
    let sealed = world.ready(vec![]);
    world.pass(slots, 100);
    (world, sealed)
}

on_each_build! {
    fn commits_under_the_posters_bond_after_a_silence(build: Build) {
        let (mut world, sealed) = silent(build, 200);
        assert_refused(world.take_over(&sealed.header, OTHER), RollupError::TakeoverTooSoon);
        world.pass(1, 0);
        let committee_slot = world.rollup_account().committee_slot;
        world.take_over(&sealed.header, OTHER).unwrap();
        let batch = world.batch_account(2).unwrap();
        assert_eq!((batch.signers, batch.poster_member), (0, address(OTHER)));
        assert!(!batch.is_certified());
        assert_eq!(batch.header(world.chain.id), sealed.header);
        let rollup = world.rollup_account();
        assert_eq!((rollup.committed_number, rollup.committee_slot), (2, committee_slot));
        assert_eq!(batch.slot, world.slot());
    }

    fn lasts_until_the_committee_commits_again(build: Build) {
        let (mut world, sealed) = silent(build, 201);
        world.take_over(&sealed.header, OTHER).unwrap();
        let next = world.ready(vec![]);
        world.take_over(&next.header, OTHER).unwrap();
        world.settle(vec![]);
        assert_eq!(world.rollup_account().committee_slot, world.slot());
        let last = world.ready(vec![]);
        assert_refused(world.take_over(&last.header, OTHER), RollupError::TakeoverTooSoon);
        world.pass(200, 1);
        assert_refused(world.take_over(&last.header, OTHER), RollupError::TakeoverTooSoon);
        world.pass(1, 1);
        world.take_over(&last.header, OTHER).unwrap();
        world.pass(10, 5);
        for number in 1..6 {
            world.finalize(number).unwrap();
        }
    }

    fn the_first_silence_is_since_initialization(build: Build) {
        let mut world = World::new(build);
        let sealed = world.ready(vec![]);
        world.pass(200, 1);
        let outcome = world.take_over(&sealed.header, MEMBERS_FROM);
        assert_refused(outcome, RollupError::TakeoverTooSoon);
        world.pass(1, 1);
        world.take_over(&sealed.header, MEMBERS_FROM).unwrap();
    }

    fn is_all_that_is_left_when_nobody_is_active(build: Build) {
        let (mut world, sealed) = silent(build, 201);
        let members: Vec<u8> = (MEMBERS_FROM..MEMBERS_FROM + 7).collect();
        let challenger = key_of(&world.payer());
        world.convict(&members, challenger);
        assert_eq!(world.rollup_account().active, 0);
        assert_refused(world.commit(&sealed.header), RollupError::MemberConvicted);
        let signatures = world.sign(&sealed.header, &[3]);
        let instruction = world.commit_instruction(&sealed.header, signatures);
        assert_refused(world.send(&instruction), RollupError::MemberConvicted);
        let outcome = world.take_over(&sealed.header, MEMBERS_FROM);
        assert_refused(outcome, RollupError::MemberConvicted);
        world.take_over(&sealed.header, OTHER).unwrap();
    }

    fn refuses_a_poster_without_a_bond_of_its_own(build: Build) {
        let (mut world, sealed) = silent(build, 201);
        let instruction = world.commit_instruction(&sealed.header, vec![]);
        assert_refused(world.send(&instruction), RollupError::NoQuorum);
        // Nobody is registered, or somebody else's is.
        let outcome = world.take_over(&sealed.header, OTHER + 1);
        assert_failed(outcome, InstructionError::UninitializedAccount);
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), 10 * SOL);
        let mut instruction = world.takeover_instruction(&sealed.header, OTHER);
        instruction.accounts[0].pubkey = pubkey(&key_of(&stranger));
        let outcome = world.send_all(&[instruction.clone()], &[&stranger]);
        assert_refused(outcome, RollupError::WrongOwner);
        let owned = world.register_instruction(OTHER + 1, key_of(&stranger), BOND);
        world.send_all(&[owned], &[&stranger]).unwrap();
        instruction.accounts[8].pubkey = pubkey(&world.member_address(&address(OTHER + 1)));
        world.send_all(&[instruction], &[&stranger]).unwrap();
        assert_eq!(world.batch_account(2).unwrap().poster_member, address(OTHER + 1));
    }

    fn refuses_a_bond_that_is_withdrawn_or_slashed_or_of_a_convicted_member(build: Build) {
        let (mut world, sealed) = silent(build, 201);
        let challenger = key_of(&world.payer());
        let index = world.convict(&[MEMBERS_FROM], challenger);
        let outcome = world.take_over(&sealed.header, MEMBERS_FROM);
        assert_refused(outcome, RollupError::MemberConvicted);
        world.slash(index, 0).unwrap();
        let outcome = world.take_over(&sealed.header, MEMBERS_FROM);
        assert_refused(outcome, RollupError::BondSlashed);
        world.begin_unbond(OTHER).unwrap();
        assert_refused(world.take_over(&sealed.header, OTHER), RollupError::Unbonding);
        world.take_over(&sealed.header, MEMBERS_FROM + 1).unwrap();
    }

    fn refuses_the_member_of_another_rollup_and_other_accounts(build: Build) {
        let (mut world, sealed) = silent(build, 201);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        other.register(OTHER, BOND).unwrap();
        world.svm = other.svm.clone();
        let with = |wrong: &Address| {
            let mut instruction = world.takeover_instruction(&sealed.header, OTHER);
            instruction.accounts[8].pubkey = pubkey(wrong);
            instruction
        };
        let foreign = with(&other.member_address(&address(OTHER)));
        let inbox = with(&world.batch_address(1));
        assert_failed(world.send(&foreign), InstructionError::InvalidSeeds);
        assert_failed(world.send(&inbox), InstructionError::InvalidAccountData);
    }

    fn holds_to_the_same_rules_as_the_committee(build: Build) {
        let mut world = World::new(build);
        world.register(OTHER, BOND).unwrap();
        world.deposit(address(0), SOL).unwrap();
        let sealed = world.chain.seal(vec![], vec![]);
        world.post(&sealed);
        world.pass(201, 100);
        let outcome = world.take_over(&sealed.header, OTHER);
        assert_refused(outcome, RollupError::MessageLeftOut);
    }

    fn a_member_beside_signatures_is_not_looked_at(build: Build) {
        let (mut world, sealed) = silent(build, 1);
        let mut instruction = world.takeover_instruction(&sealed.header, OTHER);
        let signatures = world.sign(&sealed.header, &world.quorum());
        instruction.data = world.commit_instruction(&sealed.header, signatures).data;
        world.send(&instruction).unwrap();
        assert!(world.batch_account(2).unwrap().is_certified());
    }
}
