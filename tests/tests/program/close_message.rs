//! `close_message`.

use asset_rollup_interface::{error::RollupError, instruction::CloseMessage};
use solana_keypair::Keypair;
use solana_transaction::InstructionError;

use super::support::{
    Build, SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey,
};

/// A world with a message of a user and then one of the payer, and that user.
fn sent(build: Build) -> (World, Keypair) {
    let mut world = World::new(build);
    let user = keypair(7);
    world.airdrop(&key_of(&user), 10 * SOL);
    let mut instruction = world.deposit_instruction(address(0), SOL);
    instruction.accounts[0].pubkey = pubkey(&key_of(&user));
    world.send_all(&[instruction], &[&user]).unwrap();
    world.deposit(address(1), SOL).unwrap();
    (world, user)
}

/// The same, after a finalized batch that consumed both; a third message waits.
fn consumed(build: Build) -> (World, Keypair) {
    let (mut world, user) = sent(build);
    world.settle_finally(vec![]);
    world.deposit(address(2), SOL).unwrap();
    (world, user)
}

on_each_build! {
    fn repays_the_payer_of_the_message_and_nobody_else(build: Build) {
        let (mut world, user) = consumed(build);
        let (user, sender) = (key_of(&user), key_of(&world.payer()));
        let message = world.message_address(0);
        let rent = world.lamports(&message);
        let before = (world.lamports(&user), world.lamports(&sender));
        let fee = world.send(&world.close_message_instruction(0, user)).unwrap().fee;
        assert_eq!(world.lamports(&user), before.0 + rent);
        assert_eq!(world.lamports(&sender), before.1 - fee);
        assert_eq!((world.lamports(&message), world.message_account(0)), (0, None));
        // The user has back what the deposit did not lock.
        assert_eq!(world.lamports(&user), 9 * SOL);
        let again = world.close_message_instruction(0, user);
        assert_failed(world.send(&again), InstructionError::AccountDataTooSmall);
    }

    fn the_chain_goes_on_without_closed_messages(build: Build) {
        let (mut world, user) = consumed(build);
        let inbox = world.inbox_account();
        for (index, payer) in [(1, key_of(&world.payer())), (0, key_of(&user))] {
            world.send(&world.close_message_instruction(index, payer)).unwrap();
        }
        assert_eq!(world.inbox_account(), inbox);
        // The message before the committed cursor is gone: batches without and with messages follow all the same.
        let idle = world.chain.seal(vec![], vec![]);
        world.post(&idle);
        world.commit(&idle.header).unwrap();
        assert_eq!(world.rollup_account().committed_inbox_cursor, 2);
        world.settle(vec![]);
        assert_eq!(world.rollup_account().committed_inbox_cursor, 3);
        // Its index is not given again.
        world.deposit(address(0), SOL).unwrap();
        assert_eq!(world.message_account(3).unwrap().index, 3);
        assert_eq!(world.message_account(1), None);
    }

    fn refuses_before_the_batch_that_consumed_it_is_finalized(build: Build) {
        let (mut world, user) = sent(build);
        let instruction = world.close_message_instruction(0, key_of(&user));
        assert_refused(world.send(&instruction), RollupError::MessageNotFinalized);
        // Consumed, and it may yet be rolled back.
        world.settle(vec![]);
        assert_refused(world.send(&instruction), RollupError::MessageNotFinalized);
        world.pass(10, 5);
        assert_refused(world.send(&instruction), RollupError::MessageNotFinalized);
        world.finalize(1).unwrap();
        world.send(&instruction).unwrap();
        // The message at the cursor waits.
        world.deposit(address(0), SOL).unwrap();
        assert_eq!(world.rollup_account().finalized_inbox_cursor, 2);
        let waiting = world.close_message_instruction(2, key_of(&world.payer()));
        assert_refused(world.send(&waiting), RollupError::MessageNotFinalized);
    }

    fn refuses_to_repay_another_than_the_payer(build: Build) {
        let (mut world, user) = consumed(build);
        for wrong in [address(9), key_of(&world.payer()), world.vault] {
            let instruction = world.close_message_instruction(0, wrong);
            assert_refused(world.send(&instruction), RollupError::WrongPayer);
        }
        let mut instruction = world.close_message_instruction(0, key_of(&user));
        instruction.accounts[2].is_writable = false;
        assert_failed(world.send(&instruction), anchor::NOT_WRITABLE);
    }

    fn refuses_the_message_of_another_index(build: Build) {
        let (mut world, user) = consumed(build);
        // The waiting message under the index of a consumed one, and the other way round.
        let payer = key_of(&world.payer());
        for (index, account, payer) in [(0, 2, payer), (1, 0, key_of(&user)), (2, 1, payer)] {
            let mut instruction = world.close_message_instruction(account, payer);
            instruction.data = CloseMessage { index }.data();
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        // One that was never sent.
        let instruction = world.close_message_instruction(3, payer);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
    }

    fn refuses_accounts_of_another_rollup(build: Build) {
        let (world, user) = consumed(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        let mut instruction = world.close_message_instruction(0, key_of(&user));
        instruction.accounts[0].pubkey = pubkey(&other.rollup);
        assert_failed(other.send(&instruction), InstructionError::InvalidSeeds);
        // Its own message of the index, which no batch of it has consumed.
        other.deposit(address(0), SOL).unwrap();
        let mut instruction = world.close_message_instruction(0, key_of(&world.payer()));
        instruction.accounts[1].pubkey = pubkey(&other.message_address(0));
        assert_failed(other.send(&instruction), InstructionError::InvalidSeeds);
    }

    fn refuses_accounts_of_another_owner_or_kind(build: Build) {
        let (mut world, user) = consumed(build);
        for wrong in [world.inbox, world.rollup] {
            let mut instruction = world.close_message_instruction(0, key_of(&user));
            instruction.accounts[1].pubkey = pubkey(&wrong);
            assert!(world.send(&instruction).is_err());
        }
        let message = pubkey(&world.message_address(0));
        let mut foreign = world.svm.get_account(&message).unwrap();
        foreign.owner = pubkey(&address(8));
        world.svm.set_account(message, foreign).unwrap();
        let instruction = world.close_message_instruction(0, key_of(&user));
        assert_failed(world.send(&instruction), InstructionError::IllegalOwner);
    }
}
