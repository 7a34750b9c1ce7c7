//! `finish_unbond`.

use asset_rollup_interface::error::RollupError;
use solana_transaction::InstructionError;

use super::support::{
    BOND, Build, MEMBERS_FROM, SOL, World, address, anchor, assert_failed, assert_refused, key_of,
    keypair, pubkey,
};

/// A key in no committee.
const OTHER: u8 = 10;

/// A world with a member in no committee, whose bond is being withdrawn while a batch is live.
fn unbonding(build: Build) -> World {
    let mut world = World::new(build);
    world.register(OTHER, BOND).unwrap();
    world.settle(vec![]);
    world.begin_unbond(OTHER).unwrap();
    world
}

on_each_build! {
    fn pays_the_bond_and_the_rent_once(build: Build) {
        let mut world = unbonding(build);
        world.register(OTHER + 1, BOND).unwrap();
        world.pass(21, 11);
        world.finalize(1).unwrap();
        let payer = key_of(&world.payer());
        let before = world.lamports(&payer);
        let meta = world.finish_unbond(OTHER).unwrap();
        assert_eq!(world.lamports(&payer) + meta.fee, before + BOND + world.member_rent());
        assert_eq!(world.member_account(OTHER), None);
        let again = world.finish_unbond(OTHER);
        assert_failed(again, InstructionError::AccountDataTooSmall);
        // The key may be bonded anew.
        world.register(OTHER, BOND).unwrap();
        assert_refused(world.finish_unbond(OTHER), RollupError::NotUnbonding);
    }

    fn waits_for_two_windows_in_slots_and_in_seconds(build: Build) {
        let mut world = unbonding(build);
        world.pass(10, 5);
        world.finalize(1).unwrap();
        assert_refused(world.finish_unbond(OTHER), RollupError::UnbondingOpen);
        world.pass(10, 1_000);
        assert_refused(world.finish_unbond(OTHER), RollupError::UnbondingOpen);
        let mut late = world.clone();
        late.pass(1, -995);
        assert_refused(late.finish_unbond(OTHER), RollupError::UnbondingOpen);
        world.pass(1, 0);
        world.finish_unbond(OTHER).unwrap();
    }

    fn waits_for_the_batches_that_were_live(build: Build) {
        let mut world = unbonding(build);
        world.pass(100, 100);
        assert_refused(world.finish_unbond(OTHER), RollupError::BatchesLive);
        // A later batch changes nothing, and neither does its rollback.
        world.settle(vec![]);
        assert_refused(world.finish_unbond(OTHER), RollupError::BatchesLive);
        world.roll_back(2);
        assert_refused(world.finish_unbond(OTHER), RollupError::BatchesLive);
        let mut rolled_back = world.clone();
        world.finalize(1).unwrap();
        world.finish_unbond(OTHER).unwrap();
        rolled_back.roll_back(1);
        rolled_back.finish_unbond(OTHER).unwrap();
    }

    fn a_rollback_of_some_frees_no_bond(build: Build) {
        let mut world = World::new(build);
        world.register(OTHER, BOND).unwrap();
        world.settle(vec![]);
        world.settle(vec![]);
        world.begin_unbond(OTHER).unwrap();
        world.pass(100, 100);
        world.roll_back(2);
        assert_refused(world.finish_unbond(OTHER), RollupError::BatchesLive);
        world.finalize(1).unwrap();
        world.finish_unbond(OTHER).unwrap();
    }

    fn waits_a_window_for_a_verdict_to_be_executed(build: Build) {
        let mut world = unbonding(build);
        world.pass(100, 100);
        world.finalize(1).unwrap();
        let challenger = key_of(&world.payer());
        world.convict(&[OTHER], challenger);
        assert_refused(world.finish_unbond(OTHER), RollupError::RecentVerdict);
        world.pass(10, 100);
        assert_refused(world.finish_unbond(OTHER), RollupError::RecentVerdict);
        world.pass(1, 0);
        // Whoever left it alone for so long has lost.
        world.finish_unbond(OTHER).unwrap();
        world.slash(0, 0).unwrap();
    }

    fn a_convicted_member_of_the_committee_before_waits_for_its_slash(build: Build) {
        let mut world = World::new(build);
        world.register(OTHER, BOND).unwrap();
        world.rotate(&[OTHER]).unwrap();
        world.begin_unbond(MEMBERS_FROM).unwrap();
        let challenger = key_of(&world.payer());
        let index = world.convict(&[MEMBERS_FROM], challenger);
        world.pass(1_000, 1_000);
        assert_refused(world.finish_unbond(MEMBERS_FROM), RollupError::MemberConvicted);
        world.slash(index, 0).unwrap();
        world.finish_unbond(MEMBERS_FROM).unwrap();
    }

    fn leaves_the_rent_of_a_slashed_bond_at_once(build: Build) {
        let mut world = unbonding(build);
        let challenger = key_of(&world.payer());
        let index = world.convict(&[OTHER, MEMBERS_FROM], challenger);
        world.slash(index, 0).unwrap();
        world.slash(index, 1).unwrap();
        for member in [OTHER, MEMBERS_FROM] {
            let before = world.lamports(&challenger);
            let meta = world.finish_unbond(member).unwrap();
            assert_eq!(world.lamports(&challenger) + meta.fee, before + world.member_rent());
            assert_eq!(world.member_account(member), None);
        }
    }

    fn refuses_a_bond_that_is_not_withdrawn(build: Build) {
        let mut world = unbonding(build);
        world.pass(100, 100);
        world.finalize(1).unwrap();
        assert_refused(world.finish_unbond(MEMBERS_FROM), RollupError::NotUnbonding);
    }

    fn refuses_another_owner_and_one_that_does_not_sign(build: Build) {
        let mut world = unbonding(build);
        world.pass(100, 100);
        world.finalize(1).unwrap();
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), 5 * SOL);
        let instruction = world.finish_unbond_instruction(OTHER, key_of(&stranger));
        assert_refused(world.send_all(&[instruction], &[&stranger]), RollupError::WrongOwner);
        let owned = world.register_instruction(OTHER + 1, key_of(&stranger), BOND);
        world.send_all(&[owned], &[&stranger]).unwrap();
        let mut unsigned = world.finish_unbond_instruction(OTHER + 1, key_of(&stranger));
        unsigned.accounts[0].is_signer = false;
        assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
    }

    fn refuses_another_rollup_and_other_accounts(build: Build) {
        let mut world = unbonding(build);
        world.pass(100, 100);
        world.finalize(1).unwrap();
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        let owner = key_of(&world.payer());
        let mut instruction = world.finish_unbond_instruction(OTHER, owner);
        instruction.accounts[1].pubkey = pubkey(&other.rollup);
        assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        let mut instruction = world.finish_unbond_instruction(OTHER, owner);
        instruction.accounts[2].pubkey = pubkey(&world.inbox);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
        let mut readonly = world.finish_unbond_instruction(OTHER, owner);
        readonly.accounts[2].is_writable = false;
        assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
        assert_eq!(world.member_account(OTHER).unwrap().key, address(OTHER));
        world.finish_unbond(OTHER).unwrap();
    }
}
