//! `withdraw_token`.

use asset_rollup_interface::{
    constants::{TOKEN_2022_PROGRAM, TOKEN_PROGRAM},
    error::RollupError,
    instruction::WithdrawToken,
    state::ACCOUNT_VERSION,
};
use curvevm::{
    cell::{Account, Cell, Withdrawal},
    program::Amount,
    tree::Tree,
    types::{Address, AssetId, Base, CurveId, Quote},
};
use solana_transaction::{Instruction, InstructionError};

use super::support::{
    SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey, signed,
    tokens::{SPL, T22, asset, launched, of, out, transfer_fee, withdrawn},
};

/// The seed of the key of a mint of its own.
const OTHER: u8 = 152;

fn mint(seed: u8) -> Address {
    key_of(&keypair(seed))
}

/// Makes a tree with one withdrawal the state after batch 1, as no committee can; gives its claim.
fn install(world: &mut World, amount: Amount) -> WithdrawToken {
    let withdrawal = Withdrawal { version: 0, index: 0, amount, recipient: address(1) };
    let mut tree = Tree::new();
    tree.put(Withdrawal::key(0), Cell::Withdrawal(withdrawal)).unwrap();
    let root = tree.root();
    world.edit_rollup(|rollup| rollup.roots[1].root = root);
    let witness = tree.witness(&[Withdrawal::key(0)]).unwrap();
    WithdrawToken { root_number: 1, index: 0, amount, witness }
}

on_each_build! {
    fn pays_the_recipient_once(build: Build) {
        let mut world = withdrawn(build);
        assert_eq!(world.nullifiers_account(0), None);
        for (index, seed, amount) in [(0, SPL, 200), (1, T22, 300)] {
            let account = world.token_account(&address(1), &mint(seed));
            assert_eq!(world.tokens(&account), None);
            let claim = world.token_claim(1, index);
            world.send(&claim).unwrap();
            assert_eq!(world.tokens(&account), Some(amount));
            assert_eq!(world.tokens_of(&world.vault, &mint(seed)), 1_000 - amount);
            let page = world.nullifiers_account(index).unwrap();
            assert_eq!((page.version, page.rollup), (ACCOUNT_VERSION, world.rollup));
            assert_eq!(page.is_paid(index), Some(true));
            assert_refused(world.send(&claim), RollupError::AlreadyWithdrawn);
            assert_eq!(world.tokens(&account), Some(amount));
        }
        assert_eq!(world.nullifiers_account(0).unwrap().is_paid(2), Some(false));
        // Under a later root, too.
        world.settle_finally(vec![]);
        let again = world.token_claim(2, 0);
        assert_refused(world.send(&again), RollupError::AlreadyWithdrawn);
    }

    fn two_claims_fit_one_transaction_and_one_of_them_once(build: Build) {
        let mut world = withdrawn(build);
        let (first, third) = (world.token_claim(1, 0), world.token_claim(1, 2));
        let twice = world.send_all(&[first.clone(), first.clone()], &[]);
        assert_refused(twice, RollupError::AlreadyWithdrawn);
        assert_eq!(world.tokens_of(&address(1), &mint(SPL)), 0);
        let payer = key_of(&world.payer());
        world.send_all(&[first, third], &[]).unwrap();
        assert_eq!(world.tokens_of(&address(1), &mint(SPL)), 200);
        assert_eq!(world.tokens_of(&payer, &mint(SPL)), 999_000 + 40);
        assert_eq!(world.tokens_of(&world.vault, &mint(SPL)), 760);
    }

    fn anybody_may_send_it_and_pays_for_the_account(build: Build) {
        let mut world = withdrawn(build);
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), SOL);
        let mut claim = world.token_claim(1, 0);
        claim.accounts[0].pubkey = pubkey(&key_of(&stranger));
        claim.accounts[0].is_signer = false;
        assert_failed(world.send(&claim), anchor::NOT_SIGNER);
        claim.accounts[0].is_signer = true;
        world.send_all(&[claim], &[&stranger]).unwrap();
        let account = world.token_account(&address(1), &mint(SPL));
        let rent = world.lamports(&account) + world.lamports(&world.nullifiers_address(0));
        assert_eq!(world.lamports(&key_of(&stranger)), SOL - rent);
        assert_eq!(world.tokens(&account), Some(200));
        // The recipient is the payer, whose account is there.
        let before = world.lamports(&key_of(&world.payer()));
        let claim = world.token_claim(1, 2);
        let fee = world.send(&claim).unwrap().fee;
        assert_eq!(world.lamports(&key_of(&world.payer())), before - fee);
    }

    fn the_recipient_pays_the_fee_of_a_mint_that_keeps_one(build: Build) {
        let mut world = World::with_assets(build, &[OTHER]);
        world.create_token(OTHER, TOKEN_2022_PROGRAM, &[transfer_fee()]);
        let payer = key_of(&world.payer());
        world.give_tokens(OTHER, payer, 1_000_000);
        world.deposit_token(address(0), of(OTHER, 10_000)).unwrap();
        let id = world.chain.id;
        // All that was credited can be withdrawn.
        let program = vec![out(address(1), of(OTHER, 9_900))];
        world.settle_finally(vec![signed(0, 0, program, &id)]);
        let claim = world.token_claim(1, 0);
        world.send(&claim).unwrap();
        assert_eq!(world.tokens_of(&address(1), &mint(OTHER)), 9_801);
        assert_eq!(world.tokens_of(&world.vault, &mint(OTHER)), 0);
    }

    fn refuses_another_claim_than_the_proved_one(build: Build) {
        let world = withdrawn(build);
        let (right, recipient) = world.chain.token_claim(1, 0);
        let (other, _) = world.chain.token_claim(1, 1);
        type Edit<'a> = &'a dyn Fn(&mut WithdrawToken);
        let cases: [(Edit<'_>, RollupError); 12] = [
            (&|it| it.amount = of(SPL, 201), RollupError::WrongWithdrawal),
            (&|it| it.amount = of(SPL, 199), RollupError::WrongWithdrawal),
            (&|it| it.amount = of(T22, 200), RollupError::WrongWithdrawal),
            (
                &|it| it.amount = Amount::Base(CurveId::new(asset(SPL).to_bytes()), Base::new(200)),
                RollupError::WrongWithdrawal,
            ),
            (
                &|it| it.amount = Amount::Quote(AssetId::SOL, Quote::new(200)),
                RollupError::UnsupportedAsset,
            ),
            (&|it| it.root_number = 0, RollupError::InvalidProof),
            (&|it| it.root_number = 2, RollupError::RootNotFinalized),
            (&|it| it.root_number = u64::MAX, RollupError::RootNotFinalized),
            (&|it| it.index = 2, RollupError::InvalidProof),
            (&|it| it.witness = other.witness.clone(), RollupError::InvalidProof),
            (&|it| it.witness.clear(), RollupError::InvalidProof),
            (&|it| *it.witness.last_mut().unwrap() ^= 1, RollupError::InvalidProof),
        ];
        for (edit, error) in cases {
            let (mut world, mut claim) = (world.clone(), right.clone());
            edit(&mut claim);
            let instruction = world.withdraw_token_instruction(&claim, recipient);
            assert_refused(world.send(&instruction), error);
            assert_eq!(world.tokens_of(&address(1), &mint(SPL)), 0);
        }
        let mut world = world;
        let instruction = world.withdraw_token_instruction(&right, address(2));
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
        let mut instruction = world.withdraw_token_instruction(&right, recipient);
        instruction.data[8 + 8 + 8] = 2;
        assert_refused(world.send(&instruction), RollupError::UnsupportedAsset);
    }

    fn refuses_a_withdrawal_that_is_proved_absent_or_of_lamports(build: Build) {
        let mut world = withdrawn(build);
        let (mut claim, recipient) = world.chain.token_claim(1, 0);
        claim.index = 77;
        claim.witness = world.chain.state(1).witness(&[Withdrawal::key(77)]).unwrap();
        let instruction = world.withdraw_token_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
        let lamports = Amount::Quote(AssetId::SOL, Quote::new(200));
        let mut claim = install(&mut world, lamports);
        let instruction = world.withdraw_token_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::UnsupportedAsset);
        claim.amount = of(SPL, 200);
        let instruction = world.withdraw_token_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
        // Another cell under the key.
        let mut tree = Tree::new();
        tree.put(Withdrawal::key(0), Cell::Account(Account::default())).unwrap();
        let root = tree.root();
        world.edit_rollup(|rollup| rollup.roots[1].root = root);
        claim.witness = tree.witness(&[Withdrawal::key(0)]).unwrap();
        let instruction = world.withdraw_token_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::WrongWithdrawal);
    }

    fn refuses_a_root_that_is_only_committed(build: Build) {
        let mut world = withdrawn(build);
        let id = world.chain.id;
        world.settle(vec![signed(0, 1, vec![out(address(2), of(SPL, 1))], &id)]);
        let claim = world.token_claim(2, 3);
        assert_refused(world.send(&claim), RollupError::RootNotFinalized);
        world.pass(10, 5);
        world.finalize(2).unwrap();
        world.send(&claim).unwrap();
        assert_eq!(world.tokens_of(&address(2), &mint(SPL)), 1);
    }

    fn refuses_another_mint_or_token_program(build: Build) {
        let mut world = withdrawn(build);
        let right = world.token_claim(1, 0);
        world.create_token(OTHER, TOKEN_PROGRAM, &[]);
        let cases = [
            (5, mint(T22), RollupError::WrongMint),
            (5, mint(OTHER), RollupError::WrongMint),
            (5, world.vault, RollupError::WrongMint),
            (8, TOKEN_2022_PROGRAM, RollupError::WrongTokenProgram),
            (8, world.program, RollupError::WrongTokenProgram),
            (8, address(9), RollupError::WrongTokenProgram),
        ];
        for (place, wrong, error) in cases {
            let mut claim = right.clone();
            claim.accounts[place].pubkey = pubkey(&wrong);
            assert_refused(world.send(&claim), error);
        }
        world.send(&right).unwrap();
    }

    fn refuses_other_token_accounts(build: Build) {
        let mut world = withdrawn(build);
        let right = world.token_claim(1, 0);
        let own = world.token_account(&world.vault, &mint(SPL));
        let account = world.svm.get_account(&pubkey(&own)).unwrap();
        world.svm.set_account(pubkey(&address(9)), account).unwrap();
        world.give_tokens(SPL, address(2), 1_000);
        let to = world.token_account(&address(1), &mint(SPL));
        let of_another = world.token_account(&address(2), &mint(SPL));
        for (place, wrong) in [
            (6, address(9)),
            (6, of_another),
            (6, world.token_account(&world.vault, &mint(T22))),
            (6, world.program),
            (7, of_another),
            (7, world.token_account(&address(1), &mint(T22))),
            (7, address(9)),
            (7, address(77)),
        ] {
            let mut claim = right.clone();
            claim.accounts[place].pubkey = pubkey(&wrong);
            claim.accounts[place].is_writable = wrong != world.program;
            assert_refused(world.send(&claim), RollupError::WrongTokenAccount);
        }
        // One account as both.
        for (place, other) in [(6, to), (7, own)] {
            let mut claim = right.clone();
            claim.accounts[place].pubkey = pubkey(&other);
            assert_failed(world.send(&claim), anchor::DUPLICATE);
        }
        assert_eq!(world.tokens(&to), None);
        assert_eq!(world.nullifiers_account(0), None);
    }

    /// An account whose owner gave it away is not paid; it is when it is theirs again.
    fn refuses_an_account_that_was_given_away(build: Build) {
        let mut world = withdrawn(build);
        let claim = world.token_claim(1, 0);
        let account = world.token_account(&address(1), &mint(SPL));
        world.give_tokens(SPL, address(1), 5);
        world.edit(&account, |data| data[32..64].copy_from_slice(address(2).as_bytes()));
        assert_refused(world.send(&claim), RollupError::WrongTokenAccount);
        world.edit(&account, |data| data[32..64].copy_from_slice(address(1).as_bytes()));
        world.send(&claim).unwrap();
        assert_eq!(world.tokens(&account), Some(205));
    }

    /// An address with lamports and no account of a token program.
    fn opens_an_account_to_which_somebody_sent_lamports(build: Build) {
        let mut world = withdrawn(build);
        for (index, seed) in [(0, SPL), (1, T22)] {
            let account = world.token_account(&address(1), &mint(seed));
            world.airdrop(&account, 10 * SOL);
            let claim = world.token_claim(1, index);
            world.send(&claim).unwrap();
            assert!(world.tokens(&account) > Some(0));
        }
    }

    fn pays_no_more_than_the_vault_has(build: Build) {
        let mut world = withdrawn(build);
        let claim = install(&mut world, of(SPL, 1_001));
        let instruction = world.withdraw_token_instruction(&claim, address(1));
        assert_refused(world.send(&instruction), RollupError::VaultShort);
        // The vault has no account for the asset.
        world.create_token(OTHER, TOKEN_PROGRAM, &[]);
        let claim = install(&mut world, of(OTHER, 1));
        let instruction = world.withdraw_token_instruction(&claim, address(1));
        assert_refused(world.send(&instruction), RollupError::WrongTokenAccount);
        let claim = install(&mut world, of(SPL, 1_000));
        let instruction = world.withdraw_token_instruction(&claim, address(1));
        world.send(&instruction).unwrap();
        assert_eq!(world.tokens_of(&world.vault, &mint(SPL)), 0);
    }

    /// A frozen account: the claim fails as a whole, and is made when it is thawed.
    fn a_payout_that_the_token_program_refuses_can_be_claimed_again(build: Build) {
        let mut world = withdrawn(build);
        let claim = world.token_claim(1, 0);
        let account = world.token_account(&world.vault, &mint(SPL));
        world.edit(&account, |data| data[108] = 2);
        assert_failed(world.send(&claim), InstructionError::Custom(17));
        assert_eq!(world.nullifiers_account(0), None);
        world.edit(&account, |data| data[108] = 1);
        world.send(&claim).unwrap();
    }

    fn refuses_accounts_of_another_rollup(build: Build) {
        let mut world = withdrawn(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        other.deposit_token(address(0), of(SPL, 5_000)).unwrap();
        world.svm = other.svm.clone();
        let right = world.token_claim(1, 0);
        for (place, wrong) in
            [(1, other.rollup), (2, other.vault), (3, other.nullifiers_address(0))]
        {
            let mut claim = right.clone();
            claim.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&claim), InstructionError::InvalidSeeds);
        }
        let mut claim = right.clone();
        claim.accounts[6].pubkey = pubkey(&other.token_account(&other.vault, &mint(SPL)));
        assert_refused(world.send(&claim), RollupError::WrongTokenAccount);
        // The other rollup as a whole has not finalized the root.
        let (claim, recipient) = world.chain.token_claim(1, 0);
        let instruction = other.withdraw_token_instruction(&claim, recipient);
        assert_refused(world.send(&instruction), RollupError::RootNotFinalized);
        world.send(&right).unwrap();
    }

    fn refuses_accounts_of_another_owner_or_kind(build: Build) {
        let mut world = withdrawn(build);
        let right = world.token_claim(1, 0);
        for owner in [address(8), world.program] {
            let mut account = world.svm.get_account(&pubkey(&world.rollup)).unwrap();
            account.owner = pubkey(&owner);
            world.svm.set_account(pubkey(&address(9)), account).unwrap();
            let mut claim = right.clone();
            claim.accounts[1].pubkey = pubkey(&address(9));
            let expected = if owner == world.program {
                InstructionError::InvalidSeeds
            } else {
                InstructionError::IllegalOwner
            };
            assert_failed(world.send(&claim), expected);
        }
        for place in [9, 10] {
            let mut claim = right.clone();
            claim.accounts[place].pubkey = pubkey(&TOKEN_PROGRAM);
            assert_failed(world.send(&claim), InstructionError::IncorrectProgramId);
        }
        for place in [3, 6, 7] {
            let mut claim = right.clone();
            claim.accounts[place].is_writable = false;
            assert!(world.send(&claim).is_err());
        }
        // The nullifiers of another page.
        let mut claim = right.clone();
        claim.accounts[3].pubkey = pubkey(&world.nullifiers_address(2_048));
        assert_failed(world.send(&claim), InstructionError::InvalidSeeds);
        world.send(&right).unwrap();
    }

    fn mints_a_launched_asset_once(build: Build) {
        let (mut world, curve) = launched(build);
        let mint = world.launched_mint(&curve);
        let claim = world.token_claim(1, 0);
        assert_refused(world.send(&claim), RollupError::MintMissing);
        let create = world.chain.mint_proof(1, curve);
        let create = world.create_mint_instruction(&create, None);
        // All three in one transaction.
        world.send_all(&[create, claim.clone()], &[]).unwrap();
        assert_eq!((world.supply(&mint), world.tokens_of(&address(1), &mint)), (1_000, 1_000));
        assert_refused(world.send(&claim), RollupError::AlreadyWithdrawn);
        let claim = world.token_claim(1, 1);
        world.send(&claim).unwrap();
        assert_eq!(world.supply(&mint), 1_500);
        let payer = key_of(&world.payer());
        assert_eq!(world.tokens_of(&payer, &mint), 500);
        assert_refused(world.send(&claim), RollupError::AlreadyWithdrawn);
    }

    fn mints_of_the_curve_alone(build: Build) {
        let (mut world, curve) = launched(build);
        let create = world.chain.mint_proof(1, curve);
        let create = world.create_mint_instruction(&create, None);
        world.send(&create).unwrap();
        let right = world.token_claim(1, 0);
        let (claim, recipient) = world.chain.token_claim(1, 0);
        let other = CurveId::new([7; 32]);
        let edited = |amount| WithdrawToken { amount, ..claim.clone() }.data();
        type Edit<'a> = &'a dyn Fn(&mut Instruction);
        let as_quote = Amount::Quote(AssetId::new(curve.to_bytes()), Quote::new(1_000));
        let cases: [(Edit<'_>, RollupError); 7] = [
            (&|it| it.data = edited(Amount::Base(curve, Base::new(1_001))), RollupError::WrongWithdrawal),
            (&|it| it.data = edited(Amount::Base(other, Base::new(1_000))), RollupError::WrongWithdrawal),
            (&|it| it.data = edited(as_quote), RollupError::WrongWithdrawal),
            (&|it| it.accounts[4].pubkey = pubkey(&address(2)), RollupError::WrongWithdrawal),
            (&|it| it.accounts[5].pubkey = pubkey(&mint(T22)), RollupError::WrongMint),
            (&|it| it.accounts[7].pubkey = pubkey(&address(9)), RollupError::WrongTokenAccount),
            (&|it| it.accounts[8].pubkey = pubkey(&TOKEN_PROGRAM), RollupError::WrongTokenProgram),
        ];
        for (edit, error) in cases {
            let mut instruction = right.clone();
            edit(&mut instruction);
            assert_refused(world.send(&instruction), error);
        }
        assert_eq!(recipient, address(1));
        // A mint that may not be written.
        let mut instruction = right.clone();
        instruction.accounts[5].is_writable = false;
        assert!(world.send(&instruction).is_err());
        world.send(&right).unwrap();
    }

    /// `withdraw` and `withdraw_token` mark the same nullifiers.
    fn shares_nullifiers_with_withdraw(build: Build) {
        let mut world = withdrawn(build);
        let id = world.chain.id;
        world.deposit(address(0), 10 * SOL).unwrap();
        let lamports = Amount::Quote(AssetId::SOL, Quote::new(SOL));
        world.settle_finally(vec![signed(0, 1, vec![out(address(1), lamports)], &id)]);
        let claim = world.token_claim(2, 0);
        let (lamports, recipient) = world.chain.claim(2, 3);
        let lamports = world.withdraw_instruction(&lamports, recipient);
        world.send_all(&[claim.clone(), lamports.clone()], &[]).unwrap();
        assert_refused(world.send(&claim), RollupError::AlreadyWithdrawn);
        assert_refused(world.send(&lamports), RollupError::AlreadyWithdrawn);
        let page = world.nullifiers_account(0).unwrap();
        assert_eq!([0, 1, 2, 3].map(|it| page.is_paid(it).unwrap()), [true, false, false, true]);
    }
}
