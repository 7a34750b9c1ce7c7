//! `close_verdict`.

use asset_rollup_interface::{error::RollupError, state::Verdict};
use solana_transaction::InstructionError;

use super::support::{
    BOND, Build, MEMBERS_FROM, SOL, World, anchor, assert_failed, assert_refused, key_of, keypair,
    pubkey,
};

/// A world with a verdict of a stranger against members 0 and 1.
fn judged(build: Build) -> World {
    let mut world = World::new(build);
    let challenger = key_of(&keypair(7));
    world.airdrop(&challenger, SOL);
    world.convict(&[MEMBERS_FROM, MEMBERS_FROM + 1], challenger);
    world
}

on_each_build! {
    fn returns_the_rent_once_all_are_slashed(build: Build) {
        let mut world = judged(build);
        let challenger = key_of(&keypair(7));
        let close = world.close_verdict_instruction(0);
        assert_refused(world.send(&close), RollupError::VerdictOpen);
        world.slash(0, 1).unwrap();
        assert_refused(world.send(&close), RollupError::VerdictOpen);
        world.slash(0, 0).unwrap();
        let rent = world.svm.minimum_balance_for_rent_exemption(Verdict::BYTES);
        world.send(&close).unwrap();
        assert_eq!(world.lamports(&challenger), SOL + BOND + rent);
        assert_eq!(world.verdict_account(0), None);
        assert_failed(world.send(&close), InstructionError::AccountDataTooSmall);
        // The next verdict has the next index.
        let report = world.equivocation(MEMBERS_FROM + 2, 0);
        world.report(&report).unwrap();
        assert_eq!(world.verdict_account(1).unwrap().index, 1);
    }

    fn refuses_another_challenger_and_other_accounts(build: Build) {
        let mut world = judged(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        world.slash(0, 0).unwrap();
        world.slash(0, 1).unwrap();
        let mut instruction = world.close_verdict_instruction(0);
        instruction.accounts[2].pubkey = pubkey(&key_of(&world.payer()));
        assert_refused(world.send(&instruction), RollupError::WrongChallenger);
        let mut instruction = world.close_verdict_instruction(0);
        instruction.accounts[0].pubkey = pubkey(&other.rollup);
        assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        let mut instruction = world.close_verdict_instruction(0);
        instruction.accounts[1].pubkey = pubkey(&world.inbox);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
        for place in 1..3 {
            let mut readonly = world.close_verdict_instruction(0);
            readonly.accounts[place].is_writable = false;
            assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
        }
        let close = world.close_verdict_instruction(0);
        world.send(&close).unwrap();
    }
}
