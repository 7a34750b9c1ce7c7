//! `deposit_sol`.

use asset_rollup_interface::{
    constants::{DEPOSIT_LAMPORTS_MIN, INBOX_CAPACITY},
    error::RollupError,
};
use curvevm::{
    inbox::{InboxMessage, MessageKind},
    types::{AssetId, Hash, Quote},
};
use solana_transaction::InstructionError;

use super::support::{
    SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey,
};

on_each_build! {
    fn moves_the_lamports_and_appends_to_the_chain(build: Build) {
        let mut world = World::new(build);
        let vault = world.lamports(&world.vault);
        let mut head = Hash::ZERO;
        for index in 0..3u8 {
            world.pass(2, 1);
            let amount = SOL + u64::from(index);
            world.deposit(address(index), amount).unwrap();
            let kind = MessageKind::Deposit {
                asset: AssetId::SOL,
                amount: Quote::new(amount),
                recipient: address(index),
            };
            let index = u64::from(index);
            let message = InboxMessage { index, slot: world.slot(), kind };
            head = message.chain(&head);
            let inbox = world.inbox_account();
            assert_eq!((inbox.count, inbox.head), (index + 1, head));
            assert_eq!(inbox.entry(index).unwrap().hash, head);
            assert_eq!(inbox.message(index), Some(message));
        }
        assert_eq!(world.inbox_account().deposited, 3 * SOL + 3);
        assert_eq!(world.lamports(&world.vault), vault + 3 * SOL + 3);
    }

    fn refuses_less_than_the_minimum(build: Build) {
        let mut world = World::new(build);
        for amount in [0, DEPOSIT_LAMPORTS_MIN - 1] {
            assert_refused(world.deposit(address(0), amount), RollupError::DepositTooSmall);
        }
        world.deposit(address(0), DEPOSIT_LAMPORTS_MIN).unwrap();
    }

    fn refuses_more_than_the_depositor_has(build: Build) {
        let mut world = World::new(build);
        let outcome = world.deposit(address(0), 2_000 * SOL);
        assert_failed(outcome, InstructionError::Custom(1));
        assert_eq!(world.inbox_account().count, 0);
    }

    fn refuses_a_sum_that_does_not_fit(build: Build) {
        let mut world = World::new(build);
        let inbox = world.inbox;
        world.edit(&inbox, |data| data[56..64].copy_from_slice(&(u64::MAX - 5_000).to_le_bytes()));
        assert_refused(world.deposit(address(0), 5_001), RollupError::DepositOverflow);
        world.deposit(address(0), 5_000).unwrap();
        assert_eq!(world.inbox_account().deposited, u64::MAX);
    }

    fn refuses_when_the_inbox_is_full_until_a_batch_is_committed(build: Build) {
        let mut world = World::new(build);
        for index in 0..INBOX_CAPACITY {
            world.deposit(address(0), SOL + index as u64).unwrap();
        }
        assert_refused(world.deposit(address(0), SOL), RollupError::InboxFull);
        // A block takes 64 messages.
        let messages = world.inbox_account().messages_from(0).unwrap();
        let sealed = world.chain.seal(messages[..60].to_vec(), vec![]);
        world.post(&sealed);
        assert_refused(world.deposit(address(0), SOL), RollupError::InboxFull);
        world.commit(&sealed.header).unwrap();
        for _ in 0..60 {
            world.deposit(address(1), SOL).unwrap();
        }
        assert_refused(world.deposit(address(0), SOL), RollupError::InboxFull);
        // Every message that waits is still there.
        let inbox = world.inbox_account();
        assert_eq!(inbox.messages_from(60).unwrap().len(), INBOX_CAPACITY);
        assert_eq!(inbox.message(60), Some(messages[60].clone()));
    }

    fn refuses_accounts_of_another_rollup(build: Build) {
        let mut world = World::new(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        for (place, wrong) in [(1, world.rollup), (2, world.inbox), (3, world.vault)] {
            let mut instruction = other.deposit_instruction(address(0), SOL);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(other.send(&instruction), InstructionError::InvalidSeeds);
        }
        // All three together are the other rollup's own, in a world that has both.
        world.svm = other.svm;
        world.deposit(address(0), SOL).unwrap();
    }

    fn refuses_accounts_of_another_owner_or_kind(build: Build) {
        let mut world = World::new(build);
        let fake = address(9);
        let mut account = world.svm.get_account(&pubkey(&world.rollup)).unwrap();
        account.owner = pubkey(&address(8));
        world.svm.set_account(pubkey(&fake), account).unwrap();
        let mut instruction = world.deposit_instruction(address(0), SOL);
        instruction.accounts[1].pubkey = pubkey(&fake);
        assert_failed(world.send(&instruction), InstructionError::IllegalOwner);
        // The inbox where the rollup is asked for, and the other way round.
        for (place, wrong) in [(1, world.inbox), (2, world.rollup)] {
            let mut instruction = world.deposit_instruction(address(0), SOL);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert!(world.send(&instruction).is_err());
        }
        // A copy of the rollup under another address, owned by the program.
        let account = world.svm.get_account(&pubkey(&world.rollup)).unwrap();
        world.svm.set_account(pubkey(&fake), account).unwrap();
        let mut instruction = world.deposit_instruction(address(0), SOL);
        instruction.accounts[1].pubkey = pubkey(&fake);
        assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        assert_eq!(world.inbox_account().count, 0);
    }

    fn refuses_a_depositor_that_does_not_sign(build: Build) {
        let mut world = World::new(build);
        let other = keypair(7);
        world.airdrop(&key_of(&other), 10 * SOL);
        let mut instruction = world.deposit_instruction(address(0), SOL);
        instruction.accounts[0].pubkey = pubkey(&key_of(&other));
        instruction.accounts[0].is_signer = false;
        assert_failed(world.send(&instruction), anchor::NOT_SIGNER);
        instruction.accounts[0].is_signer = true;
        world.send_all(&[instruction], &[&other]).unwrap();
    }

    fn refuses_an_inbox_that_is_not_writable(build: Build) {
        let mut world = World::new(build);
        let mut instruction = world.deposit_instruction(address(0), SOL);
        instruction.accounts[2].is_writable = false;
        assert_failed(world.send(&instruction), anchor::NOT_WRITABLE);
    }
}
