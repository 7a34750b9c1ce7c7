//! `begin_unbond`.

use asset_rollup_interface::{error::RollupError, state::Member};
use solana_transaction::InstructionError;

use super::support::{
    BOND, Build, MEMBERS_FROM, SOL, World, address, anchor, assert_failed, assert_refused, key_of,
    keypair, pubkey,
};

/// A key in no committee.
const OTHER: u8 = 10;

/// A world with a bonded member that is in no committee.
fn bonded(build: Build) -> World {
    let mut world = World::new(build);
    world.register(OTHER, BOND).unwrap();
    world
}

on_each_build! {
    fn records_what_is_live_and_moves_nothing(build: Build) {
        let mut world = bonded(build);
        world.settle(vec![]);
        let at = world.member_address(&address(OTHER));
        let (slot, unix_time) = world.now();
        world.begin_unbond(OTHER).unwrap();
        let member = world.member_account(OTHER).unwrap();
        assert_eq!((member.status, member.bond), (Member::UNBONDING, BOND));
        assert_eq!((member.unbond_number, member.unbond_slot), (1, slot));
        assert_eq!(member.unbond_unix_time, unix_time);
        assert_eq!(world.lamports(&at), BOND + world.member_rent());
        assert_refused(world.begin_unbond(OTHER), RollupError::Unbonding);
    }

    fn refuses_an_active_member_until_it_is_rotated_out(build: Build) {
        let mut world = bonded(build);
        let member = MEMBERS_FROM + 6;
        assert_refused(world.begin_unbond(member), RollupError::MemberActive);
        world.rotate(&[OTHER, MEMBERS_FROM]).unwrap();
        assert_refused(world.begin_unbond(OTHER), RollupError::MemberActive);
        assert_refused(world.begin_unbond(MEMBERS_FROM), RollupError::MemberActive);
        world.begin_unbond(member).unwrap();
    }

    fn refuses_a_convicted_member_and_a_slashed_one(build: Build) {
        let mut world = bonded(build);
        let challenger = key_of(&world.payer());
        let index = world.convict(&[MEMBERS_FROM + 1, MEMBERS_FROM + 2], challenger);
        assert_refused(world.begin_unbond(MEMBERS_FROM + 1), RollupError::MemberConvicted);
        // In the committee before, too.
        world.register(OTHER + 1, BOND).unwrap();
        let signers = [0, 3, 4, 5].map(|at| (at, MEMBERS_FROM + at));
        let rotation = world.rotate_instruction(&[OTHER, OTHER + 1], &signers);
        world.send(&rotation).unwrap();
        assert_refused(world.begin_unbond(MEMBERS_FROM + 1), RollupError::MemberConvicted);
        world.slash(index, 0).unwrap();
        assert_refused(world.begin_unbond(MEMBERS_FROM + 1), RollupError::BondSlashed);
    }

    fn refuses_another_owner_and_one_that_does_not_sign(build: Build) {
        let mut world = bonded(build);
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), SOL);
        let instruction = world.begin_unbond_instruction(OTHER, key_of(&stranger));
        assert_refused(world.send_all(&[instruction], &[&stranger]), RollupError::WrongOwner);
        // The owner pays no fee here, so that nothing else makes it sign.
        let owned = world.register_instruction(OTHER + 1, key_of(&stranger), BOND);
        world.airdrop(&key_of(&stranger), 5 * SOL);
        world.send_all(&[owned], &[&stranger]).unwrap();
        let mut unsigned = world.begin_unbond_instruction(OTHER + 1, key_of(&stranger));
        unsigned.accounts[0].is_signer = false;
        assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
        let mut readonly = world.begin_unbond_instruction(OTHER, key_of(&world.payer()));
        readonly.accounts[2].is_writable = false;
        assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
    }

    fn refuses_another_rollup_and_other_accounts(build: Build) {
        let mut world = bonded(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        let owner = key_of(&world.payer());
        let mut instruction = world.begin_unbond_instruction(OTHER, owner);
        instruction.accounts[1].pubkey = pubkey(&other.rollup);
        assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        let mut instruction = world.begin_unbond_instruction(OTHER, owner);
        instruction.accounts[2].pubkey = pubkey(&world.inbox);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
        let instruction = world.begin_unbond_instruction(OTHER + 1, owner);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
    }
}
