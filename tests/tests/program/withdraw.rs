//! `withdraw`.

use asset_rollup_interface::{error::RollupError, instruction::Withdraw, state::ACCOUNT_VERSION};
use curvevm::{
    cell::{Account, Cell, Chain as ChainCell, Holding, Withdrawal},
    program::Amount,
    tree::Tree,
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote},
};
use solana_transaction::InstructionError;

use super::support::{
    Build, SOL, World, address, anchor, assert_failed, assert_refused, budget, claimed, heap,
    key_of, keypair, pubkey, signed, withdraw,
};

/// A world in which user 0 has withdrawn two SOL to the address of user 1 and one to the payer's, finalized.
fn withdrawn(build: Build) -> World {
    let mut world = World::new(build);
    world.deposit(address(0), 10 * SOL).unwrap();
    let id = world.chain.id;
    let payer = key_of(&world.payer());
    let program = vec![withdraw(address(1), 2 * SOL), withdraw(payer, SOL)];
    world.settle_finally(vec![signed(0, 0, program, &id)]);
    world
}

/// The claim of the first withdrawal.
fn claim(world: &World) -> (Withdraw, Address) {
    world.chain.claim(1, 0)
}

/// Makes `tree` the state after batch 1, as no committee can.
fn install(world: &mut World, tree: &mut Tree) {
    let root = tree.root();
    world.edit_rollup(|rollup| rollup.roots[1].root = root);
    assert_eq!(world.rollup_account().finalized_root(1), Some(root));
}

/// A withdrawal of a lamport amount to user 1.
fn cell(index: u64, lamports: u64) -> Withdrawal {
    Withdrawal {
        version: 0,
        index,
        amount: Amount::Quote(AssetId::SOL, Quote::new(lamports)),
        recipient: address(1),
    }
}

/// The claim of a withdrawal under the state of a tree that stands for batch 1.
fn claim_of(tree: &Tree, withdrawal: &Withdrawal) -> Withdraw {
    let (asset, amount) = claimed(&withdrawal.amount);
    Withdraw {
        root_number: 1,
        index: withdrawal.index,
        asset,
        amount,
        witness: tree.witness(&[Withdrawal::key(withdrawal.index)]).unwrap(),
    }
}

/// A tree with a withdrawal and `depth` neighbours, each sharing one bit more with its key.
fn grown(withdrawal: &Withdrawal, depth: usize) -> Tree {
    let key = Withdrawal::key(withdrawal.index);
    let mut tree = Tree::new();
    tree.put(key, Cell::Withdrawal(withdrawal.clone())).unwrap();
    for bit in 0..depth {
        let mut bytes = key.to_bytes();
        bytes[bit / 8] ^= 0x80 >> (bit % 8);
        tree.put(Key::new(bytes), Cell::Holding(Holding::default())).unwrap();
    }
    tree
}

on_each_build! {
    fn pays_the_recipient_once(build: Build) {
        let mut world = withdrawn(build);
        let (claim, recipient) = claim(&world);
        let vault = world.lamports(&world.vault);
        assert_eq!(world.nullifiers_account(0), None);
        let instruction = world.withdraw_instruction(&claim, recipient);
        world.send(&instruction).unwrap();
        assert_eq!(world.lamports(&recipient), 2 * SOL);
        assert_eq!(world.lamports(&world.vault), vault - 2 * SOL);
        let page = world.nullifiers_account(0).unwrap();
        assert_eq!((page.version, page.rollup, page.page), (ACCOUNT_VERSION, world.rollup, 0));
        assert_eq!((page.is_paid(0), page.is_paid(1)), (Some(true), Some(false)));
        assert_refused(world.send(&instruction), RollupError::AlreadyWithdrawn);
        assert_eq!(world.lamports(&recipient), 2 * SOL);
        assert_eq!(world.lamports(&world.vault), vault - 2 * SOL);
    }

    fn refuses_a_replay_under_a_later_root(build: Build) {
        let mut world = withdrawn(build);
        let (first, recipient) = claim(&world);
        let instruction = world.withdraw_instruction(&first, recipient);
        world.send(&instruction).unwrap();
        world.settle_finally(vec![]);
        let (again, _) = world.chain.claim(2, 0);
        let instruction = world.withdraw_instruction(&again, recipient);
        assert_refused(world.send(&instruction), RollupError::AlreadyWithdrawn);
    }

    fn the_recipient_may_send_the_claim(build: Build) {
        let mut world = withdrawn(build);
        let (claim, recipient) = world.chain.claim(1, 1);
        assert_eq!(recipient, key_of(&world.payer()));
        let before = world.lamports(&recipient);
        let instruction = world.withdraw_instruction(&claim, recipient);
        let fee = world.send(&instruction).unwrap().fee;
        let rent = world.lamports(&world.nullifiers_address(1));
        assert_eq!(world.lamports(&recipient) + fee + rent, before + SOL);
        // The second claim of the page pays no rent, and anyone may send it.
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), SOL);
        let (first, recipient) = world.chain.claim(1, 0);
        let mut instruction = world.withdraw_instruction(&first, recipient);
        instruction.accounts[0].pubkey = pubkey(&key_of(&stranger));
        world.send_all(&[instruction], &[&stranger]).unwrap();
        assert_eq!(world.lamports(&key_of(&stranger)), SOL);
        assert_eq!(world.lamports(&recipient), 2 * SOL);
    }

    fn refuses_another_claim_than_the_proved_one(build: Build) {
        let world = withdrawn(build);
        let (right, recipient) = claim(&world);
        let (other, _) = world.chain.claim(1, 1);
        type Edit<'a> = &'a dyn Fn(&mut Withdraw);
        let cases: [(Edit<'_>, RollupError); 11] = [
            (&|it| it.amount += 1, RollupError::WrongWithdrawal),
            (&|it| it.amount -= 1, RollupError::WrongWithdrawal),
            (&|it| it.amount = u64::MAX, RollupError::WrongWithdrawal),
            (&|it| it.asset = AssetId::new([1; 32]), RollupError::UnsupportedAsset),
            (&|it| it.root_number = 0, RollupError::InvalidProof),
            (&|it| it.root_number = 2, RollupError::RootNotFinalized),
            (&|it| it.root_number = u64::MAX, RollupError::RootNotFinalized),
            // A witness for another key says nothing of this one.
            (&|it| it.witness = other.witness.clone(), RollupError::InvalidProof),
            (&|it| it.witness.clear(), RollupError::InvalidProof),
            (&|it| it.witness.push(0), RollupError::InvalidProof),
            (&|it| *it.witness.last_mut().unwrap() ^= 1, RollupError::InvalidProof),
        ];
        for (edit, error) in cases {
            let (mut world, mut claim) = (world.clone(), right.clone());
            edit(&mut claim);
            let instruction = world.withdraw_instruction(&claim, recipient);
            assert_refused(world.send(&instruction), error);
            assert_eq!(world.lamports(&recipient), 0);
        }
        let mut world = world;
        let instruction = world.withdraw_instruction(&right, address(2));
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
    }

    fn refuses_a_withdrawal_that_is_proved_absent(build: Build) {
        let mut world = withdrawn(build);
        let (mut claim, recipient) = claim(&world);
        claim.index = 77;
        claim.witness = world.chain.state(1).witness(&[Withdrawal::key(77)]).unwrap();
        let instruction = world.withdraw_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
    }

    fn refuses_another_cell_under_the_withdrawals_key(build: Build) {
        let mut world = withdrawn(build);
        let withdrawal = cell(0, 2 * SOL);
        let mut tree = Tree::new();
        tree.put(Withdrawal::key(0), Cell::Account(Account::default())).unwrap();
        install(&mut world, &mut tree);
        let claim = claim_of(&tree, &withdrawal);
        let instruction = world.withdraw_instruction(&claim, address(1));
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
        // The right withdrawal under a wrong key proves nothing either.
        let mut tree = Tree::new();
        tree.put(Withdrawal::key(1), Cell::Withdrawal(withdrawal.clone())).unwrap();
        install(&mut world, &mut tree);
        let mut claim = claim_of(&tree, &withdrawal);
        claim.witness = tree.witness(&[Withdrawal::key(1)]).unwrap();
        let instruction = world.withdraw_instruction(&claim, address(1));
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
    }

    /// Tokens of the curve whose id has the bytes of SOL are no SOL.
    fn refuses_tokens_that_are_claimed_as_lamports(build: Build) {
        let mut world = withdrawn(build);
        let lamports = cell(0, 2 * SOL);
        for (curve, error) in [
            (CurveId::new(AssetId::SOL.to_bytes()), RollupError::WrongWithdrawal),
            (CurveId::new([1; 32]), RollupError::UnsupportedAsset),
        ] {
            let amount = Amount::Base(curve, Base::new(2 * SOL));
            let tokens = Withdrawal { amount, ..lamports.clone() };
            let mut tree = grown(&tokens, 3);
            install(&mut world, &mut tree);
            let instruction = world.withdraw_instruction(&claim_of(&tree, &tokens), address(1));
            assert_refused(world.send(&instruction), error);
        }
        let mut tree = grown(&lamports, 3);
        install(&mut world, &mut tree);
        let instruction = world.withdraw_instruction(&claim_of(&tree, &lamports), address(1));
        world.send(&instruction).unwrap();
    }

    fn refuses_a_root_that_is_only_committed(build: Build) {
        let mut world = withdrawn(build);
        let id = world.chain.id;
        world.settle(vec![signed(0, 1, vec![withdraw(address(2), SOL)], &id)]);
        let (claim, recipient) = world.chain.claim(2, 2);
        let instruction = world.withdraw_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::RootNotFinalized);
        world.pass(10, 5);
        world.finalize(2).unwrap();
        world.send(&instruction).unwrap();
        assert_eq!(world.lamports(&recipient), SOL);
    }

    fn a_root_serves_until_it_leaves_the_ring(build: Build) {
        let mut world = withdrawn(build);
        let (old, recipient) = claim(&world);
        for _ in 0..63 {
            world.settle_finally(vec![]);
        }
        let mut last = world.clone();
        let instruction = world.withdraw_instruction(&old, recipient);
        last.send(&instruction).unwrap();
        world.settle_finally(vec![]);
        assert_refused(world.send(&instruction), RollupError::RootNotFinalized);
        let (new, recipient) = world.chain.claim(65, 0);
        let instruction = world.withdraw_instruction(&new, recipient);
        world.send(&instruction).unwrap();
    }

    fn keeps_the_vaults_rent_minimum(build: Build) {
        let mut world = withdrawn(build);
        let (claim, recipient) = claim(&world);
        let instruction = world.withdraw_instruction(&claim, recipient);
        let minimum = world.svm.minimum_balance_for_rent_exemption(0);
        let vault = pubkey(&world.vault);
        let mut account = world.svm.get_account(&vault).unwrap();
        account.lamports = minimum + 2 * SOL - 1;
        world.svm.set_account(vault, account.clone()).unwrap();
        assert_refused(world.send(&instruction), RollupError::VaultShort);
        account.lamports += 1;
        world.svm.set_account(vault, account).unwrap();
        world.send(&instruction).unwrap();
        assert_eq!(world.lamports(&world.vault), minimum);
    }

    fn pages_hold_their_own_withdrawals(build: Build) {
        let mut world = withdrawn(build);
        let mut tree = Tree::new();
        for index in [2_047, 2_048, 5_000_000] {
            let cell = Cell::Withdrawal(cell(index, SOL));
            tree.put(Withdrawal::key(index), cell).unwrap();
        }
        install(&mut world, &mut tree);
        for index in [2_047, 2_048, 5_000_000] {
            let claim = claim_of(&tree, &cell(index, SOL));
            let mut instruction = world.withdraw_instruction(&claim, address(1));
            let right = instruction.accounts[3].pubkey;
            instruction.accounts[3].pubkey = pubkey(&world.nullifiers_address(index + 2_048));
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
            instruction.accounts[3].pubkey = right;
            world.send(&instruction).unwrap();
            assert_refused(world.send(&instruction), RollupError::AlreadyWithdrawn);
            let page = world.nullifiers_account(index).unwrap();
            assert_eq!(page.bits.iter().map(|bits| bits.count_ones()).sum::<u32>(), 1);
        }
        assert_eq!(world.lamports(&address(1)), 3 * SOL);
    }

    fn takes_a_deep_proof_and_deeper_ones_with_a_larger_heap(build: Build) {
        for (depth, heap_bytes) in [(48, 32 * 1024), (160, 128 * 1024)] {
            let mut world = withdrawn(build);
            let withdrawal = cell(0, SOL);
            let mut tree = grown(&withdrawal, depth);
            install(&mut world, &mut tree);
            let claim = claim_of(&tree, &withdrawal);
            let instruction = world.withdraw_instruction(&claim, address(1));
            world.send_all(&[heap(heap_bytes), budget(600_000), instruction], &[]).unwrap();
            assert_eq!(world.lamports(&address(1)), SOL);
        }
    }

    fn a_payout_that_the_runtime_refuses_can_be_claimed_again(build: Build) {
        let mut world = withdrawn(build);
        let id = world.chain.id;
        world.settle_finally(vec![signed(0, 1, vec![withdraw(address(3), 1_000)], &id)]);
        let (claim, recipient) = world.chain.claim(2, 2);
        let instruction = world.withdraw_instruction(&claim, recipient);
        // Less than the rent minimum of a new account.
        assert!(world.send(&instruction).is_err());
        assert_eq!(world.nullifiers_account(2), None);
        world.airdrop(&recipient, SOL);
        world.send(&instruction).unwrap();
        assert_eq!(world.lamports(&recipient), SOL + 1_000);
    }

    fn refuses_accounts_of_another_rollup(build: Build) {
        let mut world = withdrawn(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        other.airdrop(&other.vault.clone(), 100 * SOL);
        world.svm = other.svm.clone();
        let (claim, recipient) = claim(&world);
        for (place, wrong) in [(2, other.vault), (3, other.nullifiers_address(0))] {
            let mut instruction = world.withdraw_instruction(&claim, recipient);
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        // The other rollup as a whole has not finalized the root.
        let instruction = other.withdraw_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::RootNotFinalized);
        let instruction = world.withdraw_instruction(&claim, recipient);
        world.send(&instruction).unwrap();
    }

    fn refuses_the_vault_as_payer_or_recipient(build: Build) {
        let mut world = withdrawn(build);
        let (claim, _) = claim(&world);
        let instruction = world.withdraw_instruction(&claim, world.vault);
        assert_failed(world.send(&instruction), anchor::DUPLICATE);
    }

    fn refuses_a_payer_that_does_not_sign(build: Build) {
        let mut world = withdrawn(build);
        let (claim, recipient) = claim(&world);
        let other = key_of(&keypair(7));
        world.airdrop(&other, SOL);
        let mut instruction = world.withdraw_instruction(&claim, recipient);
        instruction.accounts[0].pubkey = pubkey(&other);
        instruction.accounts[0].is_signer = false;
        assert_failed(world.send(&instruction), anchor::NOT_SIGNER);
        let mut instruction = world.withdraw_instruction(&claim, recipient);
        instruction.accounts[4].is_writable = false;
        assert_failed(world.send(&instruction), anchor::NOT_WRITABLE);
    }

    fn a_witness_of_nonsense_is_refused(build: Build) {
        let mut world = withdrawn(build);
        let (mut claim, recipient) = claim(&world);
        let chain = world.chain.state(1).witness(&[ChainCell::key()]).unwrap();
        for witness in
            [vec![4; 900], vec![0; 10], vec![5], vec![1; 33], vec![2; 900], chain, [4, 0].repeat(400)]
        {
            claim.witness = witness;
            let instruction = world.withdraw_instruction(&claim, recipient);
            assert_refused(world.send(&instruction), RollupError::InvalidProof);
        }
        assert_ne!(world.rollup_account().finalized_root(1), Some(Hash::ZERO));
    }
}
