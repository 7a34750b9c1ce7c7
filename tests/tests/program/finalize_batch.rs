//! `finalize_batch`.

use asset_rollup_interface::{constants::ROOTS_CAPACITY, error::RollupError};
use solana_transaction::InstructionError;

use super::support::{
    SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey,
};

on_each_build! {
    fn opens_the_root_and_returns_the_rent(build: Build) {
        let mut world = World::new(build);
        let poster = key_of(&world.payer());
        let sealed = world.settle(vec![]);
        world.pass(10, 5);
        let rents = world.lamports(&world.batch_address(1))
            + world.lamports(&world.data_address(1, &poster));
        let before = world.lamports(&poster);
        let meta = world.finalize(1).unwrap();
        assert_eq!(world.lamports(&poster) + meta.fee, before + rents);
        assert_eq!(world.batch_account(1), None);
        assert_eq!(world.data_account(1, &poster), None);
        let rollup = world.rollup_account();
        assert_eq!((rollup.finalized_number, rollup.finalized_height), (1, 2));
        assert_eq!(rollup.finalized_root(1), Some(sealed.header.post_root));
        assert_eq!(rollup.committed_number, 1);
    }

    fn moves_the_finalized_inbox_cursor(build: Build) {
        let mut world = World::new(build);
        assert_eq!(world.rollup_account().finalized_inbox_cursor, 0);
        world.deposit(address(0), SOL).unwrap();
        world.deposit(address(0), SOL).unwrap();
        world.settle(vec![]);
        world.deposit(address(0), SOL).unwrap();
        world.settle(vec![]);
        world.pass(10, 5);
        for (number, cursor) in [(1, 2), (2, 3)] {
            world.finalize(number).unwrap();
            let rollup = world.rollup_account();
            assert_eq!(rollup.finalized_inbox_cursor, cursor);
            assert_eq!(rollup.committed_inbox_cursor, 3);
        }
    }

    fn refuses_while_the_window_is_open_in_slots_or_in_seconds(build: Build) {
        let mut world = World::new(build);
        world.settle(vec![]);
        assert_refused(world.finalize(1), RollupError::WindowOpen);
        world.pass(9, 1_000);
        assert_refused(world.finalize(1), RollupError::WindowOpen);
        world.pass(1, -996);
        assert_refused(world.finalize(1), RollupError::WindowOpen);
        world.pass(1_000, 0);
        assert_refused(world.finalize(1), RollupError::WindowOpen);
        world.pass(0, 1);
        world.finalize(1).unwrap();
    }

    fn refuses_another_order(build: Build) {
        let mut world = World::new(build);
        world.settle(vec![]);
        world.settle(vec![]);
        world.pass(10, 5);
        assert_refused(world.finalize(2), RollupError::WrongNumber);
        world.finalize(1).unwrap();
        world.finalize(2).unwrap();
        // Batches that are closed, or were never committed.
        for number in [1, 2, 3] {
            assert_failed(world.finalize(number), InstructionError::AccountDataTooSmall);
        }
    }

    fn keeps_the_last_roots_only(build: Build) {
        let mut world = World::new(build);
        let count = ROOTS_CAPACITY as u64 + 2;
        let roots: Vec<_> =
            (0..count).map(|_| world.settle_finally(vec![]).header.post_root).collect();
        let rollup = world.rollup_account();
        for number in 0..=count {
            let kept = number + ROOTS_CAPACITY as u64 > count;
            let root = kept.then(|| roots[number as usize - 1]);
            assert_eq!(rollup.finalized_root(number), root, "batch {number}");
        }
    }

    fn may_leave_the_data_account_out(build: Build) {
        let mut world = World::new(build);
        let poster = key_of(&world.payer());
        world.settle(vec![]);
        world.pass(10, 5);
        let mut instruction = world.finalize_instruction(1);
        for place in [3, 4] {
            instruction.accounts[place].pubkey = pubkey(&world.program);
            instruction.accounts[place].is_writable = false;
        }
        world.send(&instruction).unwrap();
        assert!(world.data_account(1, &poster).is_some());
        assert_eq!(world.rollup_account().finalized_number, 1);
    }

    fn repays_two_posters_apart(build: Build) {
        let mut world = World::new(build);
        let sealed = world.ready(vec![]);
        let committer = keypair(7);
        world.airdrop(&key_of(&committer), SOL);
        let signatures = world.sign(&sealed.header, &world.quorum());
        let mut instruction = world.commit_instruction(&sealed.header, signatures);
        instruction.accounts[0].pubkey = pubkey(&key_of(&committer));
        world.send_all(&[instruction], &[&committer]).unwrap();
        assert_eq!(world.batch_account(1).unwrap().poster, key_of(&committer));
        assert!(world.lamports(&key_of(&committer)) < SOL);
        world.pass(10, 5);
        let poster = key_of(&world.payer());
        let (data, before) =
            (world.lamports(&world.data_address(1, &poster)), world.lamports(&poster));
        let fee = world.finalize(1).unwrap().fee;
        assert_eq!(world.lamports(&key_of(&committer)), SOL);
        assert_eq!(world.lamports(&poster) + fee, before + data);
    }

    fn refuses_to_repay_another_than_the_poster(build: Build) {
        let mut world = World::new(build);
        world.settle(vec![]);
        world.pass(10, 5);
        for place in [2, 4] {
            let mut instruction = world.finalize_instruction(1);
            instruction.accounts[place].pubkey = pubkey(&address(9));
            assert_refused(world.send(&instruction), RollupError::WrongPoster);
        }
        // The data without its poster.
        let mut instruction = world.finalize_instruction(1);
        instruction.accounts[4].pubkey = pubkey(&world.program);
        instruction.accounts[4].is_writable = false;
        assert_refused(world.send(&instruction), RollupError::WrongPoster);
    }

    fn refuses_another_data_account(build: Build) {
        let mut world = World::new(build);
        world.settle(vec![]);
        let next = world.ready(vec![]);
        world.pass(10, 5);
        let mut instruction = world.finalize_instruction(1);
        let other = world.data_address(next.header.number, &key_of(&world.payer()));
        instruction.accounts[3].pubkey = pubkey(&other);
        assert_refused(world.send(&instruction), RollupError::WrongData);
    }

    fn refuses_accounts_of_another_rollup(build: Build) {
        let mut world = World::new(build);
        world.settle(vec![]);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.start();
        other.settle(vec![]);
        other.pass(10, 5);
        for (place, wrong) in [(0, world.rollup), (1, world.batch_address(1))] {
            let mut instruction = other.finalize_instruction(1);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(other.send(&instruction), InstructionError::InvalidSeeds);
        }
        let mut instruction = other.finalize_instruction(1);
        instruction.accounts[0].is_writable = false;
        assert_failed(other.send(&instruction), anchor::NOT_WRITABLE);
        other.finalize(1).unwrap();
    }
}
