//! `force_transaction`.

use asset_rollup_interface::{
    constants::FORCED_BYTES_MAX, error::RollupError, instruction::ForceTransaction, state::Message,
};
use curvevm::{
    cell::{Account, Cell, Withdrawal},
    inbox::{InboxMessage, MessageKind},
    types::{AssetId, Hash},
};
use solana_transaction::InstructionError;

use super::support::{
    SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey, signed,
    withdraw,
};

on_each_build! {
    fn appends_what_is_executed_where_it_is_consumed(build: Build) {
        let mut world = World::new(build);
        world.deposit(address(0), 10 * SOL).unwrap();
        let id = world.chain.id;
        let transaction = signed(0, 0, vec![withdraw(address(1), 2 * SOL)], &id);
        let bytes = borsh::to_vec(&transaction).unwrap();
        world.pass(2, 1);
        let instruction = world.force_instruction(&bytes);
        let head = world.inbox_account().head;
        let before = world.lamports(&key_of(&world.payer()));
        let fee = world.send(&instruction).unwrap().fee;
        let account = world.message_account(1).unwrap();
        let kind = MessageKind::Transaction { bytes: bytes.clone() };
        let message = InboxMessage { index: 1, slot: world.slot(), kind };
        assert_eq!(account.message(), Ok(message.clone()));
        assert_eq!(account.hash, message.chain(&head));
        assert_eq!((account.payer, account.rollup), (key_of(&world.payer()), world.rollup));
        let inbox = world.inbox_account();
        assert_eq!((inbox.count, inbox.head, inbox.deposited), (2, account.hash, 10 * SOL));
        let rent = world.svm.minimum_balance_for_rent_exemption(Message::bytes(5 + bytes.len()));
        assert_eq!(world.lamports(&world.message_address(1)), rent);
        assert_eq!(world.lamports(&key_of(&world.payer())), before - rent - fee);
        // The chain executes it, no block has it, and what it withdrew is claimed.
        world.settle_finally(vec![]);
        let (claim, recipient) = world.chain.claim(1, 0);
        let instruction = world.withdraw_instruction(&claim, recipient);
        world.send(&instruction).unwrap();
        assert_eq!(world.lamports(&address(1)), 2 * SOL);
        let close = world.close_message_instruction(1, key_of(&world.payer()));
        world.send(&close).unwrap();
        assert_eq!(world.message_account(1), None);
    }

    /// What is wrong with it leaves a receipt on the chain, which goes on.
    fn does_not_read_the_transaction(build: Build) {
        let mut world = World::new(build);
        let bad = signed(0, 0, vec![withdraw(address(1), SOL)], &Hash::ZERO);
        for bytes in [vec![7], vec![0xff; 40], borsh::to_vec(&bad).unwrap()] {
            let instruction = world.force_instruction(&bytes);
            world.send(&instruction).unwrap();
        }
        world.deposit(address(0), SOL).unwrap();
        let messages = world.messages_from(0);
        let sealed = world.chain.seal_with_rejections(messages);
        world.post(&sealed);
        world.commit(&sealed.header).unwrap();
        world.pass(10, 5);
        world.finalize(1).unwrap();
        assert_eq!(world.rollup_account().finalized_inbox_cursor, 4);
        let state = world.chain.state(1);
        let Some(Cell::Account(account)) = state.get(&Account::key(&address(0))).unwrap() else {
            panic!("the deposit was not credited");
        };
        assert_eq!(account.balance(&AssetId::SOL).get(), SOL);
        assert_eq!(state.get(&Withdrawal::key(0)).unwrap(), None);
    }

    fn takes_the_longest_and_refuses_nothing_and_more(build: Build) {
        let mut world = World::new(build);
        for length in [0, FORCED_BYTES_MAX + 1, 900] {
            let instruction = world.force_instruction(&vec![1; length]);
            assert_refused(world.send(&instruction), RollupError::ForcedSize);
        }
        for length in [1, FORCED_BYTES_MAX] {
            let instruction = world.force_instruction(&vec![1; length]);
            world.send(&instruction).unwrap();
        }
        assert_eq!(world.inbox_account().count, 2);
    }

    fn refuses_an_index_that_is_taken_or_not_there_yet(build: Build) {
        let mut world = World::new(build);
        let first = world.force_instruction(&[1; 9]);
        world.deposit(address(0), SOL).unwrap();
        assert_refused(world.send(&first), RollupError::WrongMessageIndex);
        // The right index with the address of another.
        let mut crossed = world.force_instruction(&[1; 9]);
        crossed.accounts[3].pubkey = pubkey(&world.message_address(2));
        assert_failed(world.send(&crossed), InstructionError::InvalidSeeds);
        // Two in one transaction.
        let first = world.force_instruction(&[1; 9]);
        let mut second = world.force_instruction(&[2; 9]);
        second.data = ForceTransaction { index: 2, bytes: vec![2; 9] }.data();
        second.accounts[3].pubkey = pubkey(&world.message_address(2));
        world.send_all(&[first, second], &[]).unwrap();
        assert_eq!(world.inbox_account().count, 3);
    }

    fn anybody_may_force_what_another_signed(build: Build) {
        let mut world = World::new(build);
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), SOL);
        let mut instruction = world.force_instruction(&[1; 9]);
        instruction.accounts[0].pubkey = pubkey(&key_of(&stranger));
        world.send_all(std::slice::from_ref(&instruction), &[&stranger]).unwrap();
        assert_eq!(world.message_account(0).unwrap().payer, key_of(&stranger));
        let mut unsigned = world.force_instruction(&[1; 9]);
        unsigned.accounts[0].pubkey = pubkey(&key_of(&stranger));
        unsigned.accounts[0].is_signer = false;
        assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
    }

    fn refuses_accounts_of_another_rollup_or_kind(build: Build) {
        let mut world = World::new(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        for (place, wrong) in
            [(1, other.rollup), (2, other.inbox), (3, other.message_address(0))]
        {
            let mut instruction = world.force_instruction(&[1; 9]);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        for (place, wrong) in [(1, world.inbox), (2, world.rollup), (3, world.inbox)] {
            let mut instruction = world.force_instruction(&[1; 9]);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert!(world.send(&instruction).is_err());
        }
        // A copy of the rollup that another program owns.
        let mut account = world.svm.get_account(&pubkey(&world.rollup)).unwrap();
        account.owner = pubkey(&address(8));
        world.svm.set_account(pubkey(&address(9)), account).unwrap();
        let mut instruction = world.force_instruction(&[1; 9]);
        instruction.accounts[1].pubkey = pubkey(&address(9));
        assert_failed(world.send(&instruction), InstructionError::IllegalOwner);
        let mut instruction = world.force_instruction(&[1; 9]);
        instruction.accounts[2].is_writable = false;
        assert_failed(world.send(&instruction), anchor::NOT_WRITABLE);
        let instruction = world.force_instruction(&[1; 9]);
        world.send(&instruction).unwrap();
    }
}
