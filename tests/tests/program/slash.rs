//! `slash`.

use asset_rollup_interface::{
    constants::INCINERATOR, error::RollupError, instruction::Slash, state::Member,
};
use curvevm::types::Address;
use solana_transaction::{InstructionError, TransactionError};

use super::support::{
    BOND, Build, MEMBERS_FROM, SOL, World, address, anchor, assert_failed, assert_refused, key_of,
    keypair, pubkey,
};

/// A key in no committee.
const OTHER: u8 = 10;

/// A world with a verdict of `challenger` against members 0 and 1 and one in no committee.
fn judged(build: Build) -> (World, Address) {
    let mut world = World::new(build);
    world.register(OTHER, BOND).unwrap();
    let challenger = key_of(&keypair(7));
    world.airdrop(&challenger, SOL);
    world.convict(&[MEMBERS_FROM, MEMBERS_FROM + 1, OTHER], challenger);
    (world, challenger)
}

on_each_build! {
    fn pays_half_and_burns_half(build: Build) {
        let (mut world, challenger) = judged(build);
        for accused in 0..3 {
            let before = world.lamports(&challenger);
            let burnt = world.lamports(&INCINERATOR);
            world.slash(0, accused).unwrap();
            assert_eq!(world.lamports(&challenger), before + BOND / 2);
            assert_eq!(world.lamports(&INCINERATOR), burnt + BOND / 2);
            assert_eq!(world.verdict_account(0).unwrap().slashed, (1 << (accused + 1)) - 1);
        }
        let member = world.member_account(OTHER).unwrap();
        assert_eq!((member.status, member.bond), (Member::SLASHED, 0));
        let at = world.member_address(&address(OTHER));
        assert_eq!(world.lamports(&at), world.member_rent());
        assert_eq!(world.verdict_account(0).unwrap().open().count(), 0);
    }

    fn the_halves_of_an_odd_bond_add_up(build: Build) {
        let (mut world, challenger) = judged(build);
        world.register(OTHER, 1).unwrap();
        // Somebody has sent something to the member: it is no part of the bond.
        let at = world.member_address(&address(OTHER));
        world.airdrop(&at, 1_000);
        let before = world.lamports(&challenger);
        let burnt = world.lamports(&INCINERATOR);
        world.slash(0, 2).unwrap();
        let paid = world.lamports(&challenger) - before;
        let burnt = world.lamports(&INCINERATOR) - burnt;
        assert_eq!((paid, burnt), (BOND / 2, BOND / 2 + 1));
        assert_eq!(paid + burnt, BOND + 1);
        assert_eq!(world.lamports(&at), world.member_rent() + 1_000);
    }

    fn slashes_a_bond_that_is_being_withdrawn(build: Build) {
        let mut world = World::new(build);
        world.register(OTHER, BOND).unwrap();
        world.begin_unbond(OTHER).unwrap();
        world.pass(100, 100);
        let challenger = key_of(&world.payer());
        let index = world.convict(&[OTHER], challenger);
        let before = world.lamports(&challenger);
        let meta = world.slash(index, 0).unwrap();
        assert_eq!(world.lamports(&challenger) + meta.fee, before + BOND / 2);
        assert_eq!(world.member_account(OTHER).unwrap().status, Member::SLASHED);
    }

    fn a_bond_is_taken_once(build: Build) {
        let (mut world, challenger) = judged(build);
        let second = world.convict(&[OTHER], challenger);
        world.slash(0, 2).unwrap();
        let (paid, burnt) = (world.lamports(&challenger), world.lamports(&INCINERATOR));
        assert_refused(world.slash(0, 2), RollupError::AlreadySlashed);
        world.slash(second, 0).unwrap();
        assert_eq!(world.verdict_account(second).unwrap().slashed, 1);
        assert_eq!((world.lamports(&challenger), world.lamports(&INCINERATOR)), (paid, burnt));
    }

    fn marks_a_key_without_a_member(build: Build) {
        let mut world = World::new(build);
        let challenger = key_of(&world.payer());
        let index = world.convict(&[OTHER, OTHER + 1], challenger);
        // Nothing is at one address; at the other is what somebody sent there.
        let at = world.member_address(&address(OTHER + 1));
        world.airdrop(&at, SOL);
        for accused in 0..2 {
            let before = world.lamports(&challenger);
            let meta = world.slash(index, accused).unwrap();
            assert_eq!(world.lamports(&challenger) + meta.fee, before);
        }
        assert_eq!(world.lamports(&at), SOL);
        assert_eq!(world.verdict_account(index).unwrap().slashed, 0b11);
        assert_refused(world.slash(index, 0), RollupError::AlreadySlashed);
    }

    fn expels_a_key_that_is_in_a_committee_again(build: Build) {
        let (mut world, _) = judged(build);
        // Two rotations later nothing is left of the old committee's bits.
        world.edit_rollup(|rollup| {
            (rollup.active, rollup.bonded) = (0b111_1111, 0b111_1111);
        });
        world.slash(0, 1).unwrap();
        let rollup = world.rollup_account();
        assert_eq!((rollup.active, rollup.bonded), (0b111_1101, 0b111_1101));
    }

    fn refuses_an_accused_that_is_not_there(build: Build) {
        let (mut world, _) = judged(build);
        for accused in [3, 31, 32, 255] {
            let mut instruction = world.slash_instruction(0, 2);
            instruction.data = Slash { index: 0, accused }.data();
            assert_refused(world.send(&instruction), RollupError::UnknownAccused);
        }
    }

    fn refuses_to_pay_or_burn_elsewhere(build: Build) {
        let (mut world, _) = judged(build);
        let stranger = key_of(&keypair(8));
        world.airdrop(&stranger, SOL);
        let mut instruction = world.slash_instruction(0, 0);
        instruction.accounts[3].pubkey = pubkey(&stranger);
        assert_refused(world.send(&instruction), RollupError::WrongChallenger);
        let mut instruction = world.slash_instruction(0, 0);
        instruction.accounts[4].pubkey = pubkey(&stranger);
        assert_refused(world.send(&instruction), RollupError::WrongIncinerator);
    }

    fn refuses_other_accounts(build: Build) {
        let (mut world, challenger) = judged(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.start();
        other.convict(&[MEMBERS_FROM, OTHER], challenger);
        world.svm = other.svm.clone();
        let second = world.convict(&[OTHER, MEMBERS_FROM], challenger);
        let cases = [
            (0, other.rollup),
            (1, other.verdict_address(0)),
            (1, world.verdict_address(second)),
            (2, world.member_address(&address(MEMBERS_FROM + 1))),
            (2, other.member_address(&address(MEMBERS_FROM))),
            (2, key_of(&keypair(8))),
        ];
        for (place, wrong) in cases {
            let mut instruction = world.slash_instruction(0, 0);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        let mut instruction = world.slash_instruction(0, 0);
        instruction.accounts[1].pubkey = pubkey(&world.inbox);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
        for place in 0..5 {
            let mut readonly = world.slash_instruction(0, 0);
            readonly.accounts[place].is_writable = false;
            assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
        }
        world.slash(0, 0).unwrap();
    }

    /// Solana refuses to leave the challenger below its rent minimum; whoever executes the verdict can help.
    fn a_small_half_needs_a_challenger_that_exists(build: Build) {
        let mut world = World::empty(build).fork(|it| it.params.bond_lamports = 1_000);
        world.initialize().unwrap();
        world.register(OTHER, 1_001).unwrap();
        let challenger = key_of(&keypair(7));
        let index = world.convict(&[OTHER], challenger);
        let refused = world.slash(index, 0).unwrap_err();
        assert!(matches!(refused, TransactionError::InsufficientFundsForRent { .. }), "{refused}");
        world.airdrop(&challenger, SOL);
        world.slash(index, 0).unwrap();
        assert_eq!(world.lamports(&challenger), SOL + 500);
        assert_eq!(world.lamports(&INCINERATOR), 501);
    }
}
