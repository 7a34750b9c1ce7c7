//! `close_batch`.

use asset_rollup_interface::{error::RollupError, state::Batch};
use solana_transaction::InstructionError;

use super::support::{
    Build, SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey,
};

/// A world with two batches, of which a stranger committed the second.
fn committed(build: Build) -> World {
    let mut world = World::new(build);
    world.settle(vec![]);
    let stranger = keypair(7);
    world.airdrop(&key_of(&stranger), SOL);
    let header = world.ready(vec![]).header;
    let signatures = world.sign(&header, &world.quorum());
    let mut instruction = world.commit_instruction(&header, signatures);
    instruction.accounts[0].pubkey = pubkey(&key_of(&stranger));
    world.send_all(&[instruction], &[&stranger]).unwrap();
    world
}

on_each_build! {
    fn returns_the_rent_of_what_was_rolled_back(build: Build) {
        let mut world = committed(build);
        let stranger = key_of(&keypair(7));
        let rent = world.svm.minimum_balance_for_rent_exemption(Batch::BYTES);
        assert_eq!(world.lamports(&stranger), SOL - rent);
        let close = world.close_batch_instruction(2);
        assert_refused(world.send(&close), RollupError::BatchCommitted);
        world.roll_back(2);
        world.send(&close).unwrap();
        assert_eq!(world.lamports(&stranger), SOL);
        assert_eq!(world.batch_account(2), None);
        assert_failed(world.send(&close), InstructionError::AccountDataTooSmall);
        let first = world.close_batch_instruction(1);
        assert_refused(world.send(&first), RollupError::BatchCommitted);
    }

    fn a_number_is_committed_anew_once_it_is_free(build: Build) {
        let mut world = World::new(build);
        let sealed = world.settle(vec![]);
        let later = world.settle(vec![]);
        world.roll_back(1);
        assert!(world.commit(&sealed.header).is_err(), "the account is in the way");
        let close = world.close_batch_instruction(1);
        world.send(&close).unwrap();
        world.commit(&sealed.header).unwrap();
        let close = world.close_batch_instruction(1);
        assert_refused(world.send(&close), RollupError::BatchCommitted);
        // What was above it is free as well.
        let close = world.close_batch_instruction(2);
        world.send(&close).unwrap();
        world.commit(&later.header).unwrap();
        assert_eq!(world.rollup_account().committed_number, 2);
    }

    fn refuses_another_poster_and_other_accounts(build: Build) {
        let mut world = committed(build);
        world.roll_back(2);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        let mut instruction = world.close_batch_instruction(2);
        instruction.accounts[2].pubkey = pubkey(&address(9));
        assert_refused(world.send(&instruction), RollupError::WrongPoster);
        let mut instruction = world.close_batch_instruction(2);
        instruction.accounts[0].pubkey = pubkey(&other.rollup);
        assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        let mut instruction = world.close_batch_instruction(2);
        instruction.accounts[1].pubkey = pubkey(&world.inbox);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
        for place in 1..3 {
            let mut readonly = world.close_batch_instruction(2);
            readonly.accounts[place].is_writable = false;
            assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
        }
    }
}
