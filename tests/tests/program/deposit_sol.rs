//! `deposit_sol`.

use asset_rollup_interface::{
    constants::DEPOSIT_LAMPORTS_MIN,
    error::RollupError,
    instruction::DepositSol,
    state::{ACCOUNT_VERSION, Message},
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
            let account = world.message_account(index).unwrap();
            assert_eq!((account.version, account.rollup), (ACCOUNT_VERSION, world.rollup));
            assert_eq!((account.payer, account.hash), (key_of(&world.payer()), head));
            assert_eq!(account.message(), Ok(message));
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
        assert_eq!(world.message_account(0), None);
        // Enough for the deposit, not for the rent of the message.
        let poor = keypair(7);
        world.airdrop(&key_of(&poor), SOL);
        let mut instruction = world.deposit_instruction(address(0), SOL);
        instruction.accounts[0].pubkey = pubkey(&key_of(&poor));
        let outcome = world.send_all(&[instruction], &[&poor]);
        assert_failed(outcome, InstructionError::Custom(1));
    }

    fn refuses_a_sum_that_does_not_fit(build: Build) {
        let mut world = World::new(build);
        let inbox = world.inbox;
        world.edit(&inbox, |data| data[56..64].copy_from_slice(&(u64::MAX - 5_000).to_le_bytes()));
        assert_refused(world.deposit(address(0), 5_001), RollupError::DepositOverflow);
        world.deposit(address(0), 5_000).unwrap();
        assert_eq!(world.inbox_account().deposited, u64::MAX);
    }

    /// The inbox once had 84 places, which stayed taken until a batch was committed.
    fn takes_messages_without_bound_before_any_batch(build: Build) {
        let mut world = World::new(build);
        for index in 0..200 {
            world.deposit(address(0), DEPOSIT_LAMPORTS_MIN + index).unwrap();
        }
        let messages = world.messages_from(0);
        assert_eq!(messages.len(), 200);
        // The chain consumes them in order, 64 in a block, and the batches are committed with those that are left waiting.
        for (number, messages) in (1..).zip(messages.chunks(60)) {
            let sealed = world.chain.seal(messages.to_vec(), vec![]);
            world.post(&sealed);
            world.commit(&sealed.header).unwrap();
            let rollup = world.rollup_account();
            assert_eq!(rollup.committed_inbox_cursor, 200.min(number * 60));
        }
        assert_eq!(world.rollup_account().committed_inbox_hash, world.inbox_account().head);
    }

    fn the_depositor_pays_the_rent_of_the_message(build: Build) {
        let mut world = World::new(build);
        let depositor = key_of(&world.payer());
        let before = world.lamports(&depositor);
        let fee = world.deposit(address(0), SOL).unwrap().fee;
        let bytes = Message::bytes(Message::DEPOSIT_BYTES);
        assert_eq!(world.data_of(&world.message_address(0)).unwrap().len(), bytes);
        let rent = world.svm.minimum_balance_for_rent_exemption(bytes);
        assert_eq!(world.lamports(&world.message_address(0)), rent);
        assert_eq!(world.lamports(&depositor), before - SOL - rent - fee);
    }

    fn refuses_an_index_that_is_taken_or_not_there_yet(build: Build) {
        let mut world = World::new(build);
        let (first, second) = (keypair(7), keypair(8));
        // Both expect the same index.
        let deposits: Vec<_> = [&first, &second]
            .map(|key| {
                world.airdrop(&key_of(key), 10 * SOL);
                let mut instruction = world.deposit_instruction(address(0), SOL);
                instruction.accounts[0].pubkey = pubkey(&key_of(key));
                instruction
            })
            .into();
        world.send_all(&deposits[..1], &[&first]).unwrap();
        let head = world.inbox_account().head;
        let late = world.send_all(&deposits[1..], &[&second]);
        assert_refused(late, RollupError::WrongMessageIndex);
        assert_eq!(world.inbox_account().head, head);
        assert_eq!(world.message_account(0).unwrap().payer, key_of(&first));
        assert_eq!(world.lamports(&key_of(&second)), 10 * SOL);
        // One past the next.
        let mut ahead = world.deposit_instruction(address(0), SOL);
        ahead.data = DepositSol { index: 2, recipient: address(0), amount: SOL }.data();
        ahead.accounts[3].pubkey = pubkey(&world.message_address(2));
        assert_refused(world.send(&ahead), RollupError::WrongMessageIndex);
        // The next index with the address of another.
        for index in [0, 2] {
            let mut crossed = world.deposit_instruction(address(0), SOL);
            crossed.accounts[3].pubkey = pubkey(&world.message_address(index));
            assert_failed(world.send(&crossed), InstructionError::InvalidSeeds);
        }
        let mut again = world.deposit_instruction(address(0), SOL);
        again.accounts[0].pubkey = pubkey(&key_of(&second));
        world.send_all(&[again], &[&second]).unwrap();
        assert_eq!(world.message_account(1).unwrap().payer, key_of(&second));
    }

    fn takes_an_address_to_which_somebody_sent_lamports(build: Build) {
        let mut world = World::new(build);
        // Less than the rent, and more.
        for (index, lamports) in (0..).zip([1_000_000, 10 * SOL]) {
            let message = world.message_address(index);
            world.airdrop(&message, lamports);
            world.deposit(address(0), SOL).unwrap();
            let account = world.message_account(index).unwrap();
            assert_eq!((account.index, account.slot), (index, world.slot()));
        }
        assert_eq!(world.messages_from(0).len(), 2);
    }

    fn refuses_accounts_of_another_rollup(build: Build) {
        let mut world = World::new(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        for (place, wrong) in [
            (1, world.rollup),
            (2, world.inbox),
            (3, world.message_address(0)),
            (4, world.vault),
        ] {
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
        let mut instruction = world.deposit_instruction(address(0), SOL);
        instruction.accounts[3].is_writable = false;
        assert!(world.send(&instruction).is_err());
    }
}
