//! `deposit_token`.

use asset_rollup_interface::{
    constants::{TOKEN_2022_PROGRAM, TOKEN_PROGRAM},
    error::RollupError,
    instruction::DepositToken,
    state::ACCOUNT_VERSION,
};
use curvevm::{
    cell::{Account, Cell, Holding},
    inbox::{InboxMessage, MessageKind},
    program::Amount,
    types::{Address, AssetId, Base, CurveId, Hash, Quote},
};
use solana_transaction::{Instruction, InstructionError};

use super::support::{
    Build, SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey,
    tokens::{Extension, SPL, T22, asset, extension, launched, of, transfer_fee},
};

/// Errors of the token programs: not enough tokens, another mint than the account's, another owner.
const INSUFFICIENT: InstructionError = InstructionError::Custom(1);
const MINT_MISMATCH: InstructionError = InstructionError::Custom(3);
const OWNER_MISMATCH: InstructionError = InstructionError::Custom(4);

/// The seed of the key of a mint of its own.
const OTHER: u8 = 152;

fn mint(seed: u8) -> Address {
    key_of(&keypair(seed))
}

/// What an account of the chain has of the asset of a seed, after a batch.
fn balance(world: &World, number: u64, owner: Address, seed: u8) -> u64 {
    match world.chain.state(number).get(&Account::key(&owner)).unwrap() {
        Some(Cell::Account(account)) => account.balance(&asset(seed)).get(),
        _ => 0,
    }
}

/// A world whose quote asset has a mint of Token-2022 with extensions, of which the payer has a million units when it can have any.
fn extended(build: Build, extensions: &[Extension]) -> World {
    let mut world = World::with_assets(build, &[OTHER]);
    world.create_token(OTHER, TOKEN_2022_PROGRAM, extensions);
    world
}

/// A pointer to something, of nobody.
fn pointer(kind: u16, tag: u8) -> Extension {
    extension(kind, 64, &[&[tag, 0], &[0; 32], &[9; 32]])
}

on_each_build! {
    fn moves_the_tokens_and_appends_to_the_chain(build: Build) {
        let mut world = World::with_tokens(build);
        let payer = key_of(&world.payer());
        let mut head = Hash::ZERO;
        for (index, seed) in (0..).zip([SPL, T22, SPL, T22]) {
            world.pass(2, 1);
            let amount = 1_000 + index;
            let vault = world.tokens_of(&world.vault, &mint(seed));
            world.deposit_token(address(3), of(seed, amount)).unwrap();
            assert_eq!(world.tokens_of(&world.vault, &mint(seed)), vault + amount);
            let kind = MessageKind::Deposit {
                asset: asset(seed),
                amount: Quote::new(amount),
                recipient: address(3),
            };
            let message = InboxMessage { index, slot: world.slot(), kind };
            head = message.chain(&head);
            let account = world.message_account(index).unwrap();
            assert_eq!((account.version, account.rollup), (ACCOUNT_VERSION, world.rollup));
            assert_eq!((account.payer, account.hash), (payer, head));
            assert_eq!(account.message(), Ok(message));
            let inbox = world.inbox_account();
            assert_eq!((inbox.count, inbox.head, inbox.deposited), (index + 1, head, 0));
        }
        assert_eq!(world.tokens_of(&payer, &mint(SPL)), 1_000_000 - 2_002);
        world.settle_finally(vec![]);
        assert_eq!(balance(&world, 1, address(3), SPL), 2_002);
        assert_eq!(balance(&world, 1, address(3), T22), 2_004);
    }

    fn credits_what_arrived_of_a_mint_that_keeps_a_fee(build: Build) {
        let mut world = extended(build, &[transfer_fee()]);
        let payer = key_of(&world.payer());
        world.give_tokens(OTHER, payer, 1_000_000);
        world.deposit_token(address(3), of(OTHER, 10_000)).unwrap();
        // A hundredth is rounded up: of 101 arrive 99.
        world.deposit_token(address(3), of(OTHER, 101)).unwrap();
        assert_eq!(world.tokens_of(&world.vault, &mint(OTHER)), 9_900 + 99);
        assert_eq!(world.tokens_of(&payer, &mint(OTHER)), 1_000_000 - 10_101);
        world.settle_finally(vec![]);
        assert_eq!(balance(&world, 1, address(3), OTHER), 9_999);
        // The fee takes all of it.
        let outcome = world.deposit_token(address(3), of(OTHER, 1));
        assert_refused(outcome, RollupError::NothingDeposited);
    }

    /// Which extensions have which numbers is said by the token program, which makes the mints here.
    fn takes_mints_whose_extensions_do_no_harm(build: Build) {
        let payer = key_of(&World::empty(build).payer());
        let payer = payer.to_bytes();
        let one = 1f64.to_le_bytes();
        let cases: Vec<Vec<Extension>> = vec![
            vec![extension(3, 32, &[&[25, 1], &payer])],
            vec![extension(4, 65, &[&[27, 0], &payer, &[1], &[0; 32]])],
            vec![extension(6, 1, &[&[28, 0, 1]])],
            vec![extension(10, 52, &[&[33, 0], &payer, &[7, 0]])],
            vec![extension(25, 56, &[&[43, 0], &payer, &one])],
            vec![extension(26, 33, &[&[44, 0], &payer])],
            vec![pointer(18, 39), pointer(20, 40), pointer(22, 41)],
            vec![transfer_fee(), extension(3, 32, &[&[25, 1], &payer])],
        ];
        for extensions in cases {
            let mut world = extended(build, &extensions);
            let payer = key_of(&world.payer());
            world.give_tokens(OTHER, payer, 1_000_000);
            let outcome = world.deposit_token(address(3), of(OTHER, 1_000));
            assert!(outcome.is_ok(), "{extensions:?}: {outcome:?}");
        }
    }

    fn refuses_mints_under_which_the_vault_could_not_answer(build: Build) {
        let payer = key_of(&World::empty(build).payer());
        let payer = payer.to_bytes();
        let hook = |program: [u8; 32]| extension(14, 64, &[&[36, 0], &payer, &program]);
        let cases: Vec<Vec<Extension>> = vec![
            vec![hook([9; 32])],
            // Its authority may set one later.
            vec![hook([0; 32])],
            vec![extension(12, 32, &[&[35], &payer])],
            vec![extension(6, 1, &[&[28, 0, 2]])],
            vec![extension(9, 0, &[&[32]])],
            vec![pointer(18, 39), extension(12, 32, &[&[35], &payer])],
            // A supply that nobody sees, and burning by leave.
            vec![
                extension(4, 65, &[&[27, 0], &payer, &[1], &[0; 32]]),
                extension(24, 196, &[&[42, 0], &[0; 32], &[0; 36]]),
            ],
            vec![extension(28, 32, &[&[46, 0], &payer])],
        ];
        for extensions in cases {
            let mut world = extended(build, &extensions);
            let outcome = world.deposit_token(address(3), of(OTHER, 1_000));
            assert_refused(outcome, RollupError::UnsupportedMint);
            assert_eq!(world.inbox_account().count, 0);
        }
    }

    fn refuses_an_asset_that_genesis_does_not_name(build: Build) {
        let mut world = World::with_tokens(build);
        world.create_token(OTHER, TOKEN_PROGRAM, &[]);
        let payer = key_of(&world.payer());
        world.give_tokens(OTHER, payer, 1_000);
        let outcome = world.deposit_token(address(3), of(OTHER, 1_000));
        assert_refused(outcome, RollupError::UnknownAsset);
        // Under the name of one that it names.
        let mut instruction = world.deposit_token_instruction(address(3), of(OTHER, 1_000));
        instruction.data =
            DepositToken { index: 0, recipient: address(3), amount: of(SPL, 1_000) }.data();
        assert_refused(world.send(&instruction), RollupError::WrongMint);
        // SOL has an instruction of its own; its address is where a genesis names less than seven.
        let sol = Amount::Quote(AssetId::SOL, Quote::new(1_000));
        let outcome = world.deposit_token(address(3), sol);
        assert_refused(outcome, RollupError::UnsupportedAsset);
        let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        instruction.data[8 + 8 + 32] = 2;
        assert_refused(world.send(&instruction), RollupError::UnsupportedAsset);
        assert_eq!(world.inbox_account().count, 0);
    }

    fn refuses_nothing_and_more_than_the_depositor_has(build: Build) {
        let mut world = World::with_tokens(build);
        for seed in [SPL, T22] {
            let outcome = world.deposit_token(address(3), of(seed, 0));
            assert_refused(outcome, RollupError::NothingDeposited);
            let outcome = world.deposit_token(address(3), of(seed, 1_000_001));
            assert_failed(outcome, INSUFFICIENT);
            assert_eq!(world.tokens_of(&world.vault, &mint(seed)), 0);
            world.deposit_token(address(3), of(seed, 1_000_000)).unwrap();
        }
    }

    fn takes_as_much_as_a_mint_can_have(build: Build) {
        let mut world = World::with_assets(build, &[OTHER]);
        world.create_token(OTHER, TOKEN_PROGRAM, &[]);
        let payer = key_of(&world.payer());
        world.give_tokens(OTHER, payer, u64::MAX);
        for amount in [u64::MAX - 5, 5] {
            world.deposit_token(address(3), of(OTHER, amount)).unwrap();
        }
        world.settle_finally(vec![]);
        assert_eq!(balance(&world, 1, address(3), OTHER), u64::MAX);
    }

    /// What somebody sends to the vault's account is nobody's, and no deposit of others.
    fn credits_no_donation(build: Build) {
        let mut world = World::with_tokens(build);
        world.give_tokens(SPL, world.vault, 77);
        world.airdrop(&world.token_account(&world.vault, &mint(T22)), 1_000_000);
        for seed in [SPL, T22] {
            world.deposit_token(address(3), of(seed, 100)).unwrap();
        }
        world.settle_finally(vec![]);
        assert_eq!(balance(&world, 1, address(3), SPL), 100);
        assert_eq!(balance(&world, 1, address(3), T22), 100);
        assert_eq!(world.tokens_of(&world.vault, &mint(SPL)), 177);
    }

    fn refuses_another_token_program_or_what_is_no_mint(build: Build) {
        let mut world = World::with_tokens(build);
        let programs = [TOKEN_2022_PROGRAM, TOKEN_PROGRAM, world.program, address(9)];
        for (seed, wrong) in
            [(SPL, &programs[..1]), (T22, &programs[1..2]), (SPL, &programs[2..]), (T22, &programs[2..])]
        {
            for program in wrong {
                let mut instruction = world.deposit_token_instruction(address(3), of(seed, 1_000));
                instruction.accounts[8].pubkey = pubkey(program);
                assert_refused(world.send(&instruction), RollupError::WrongTokenProgram);
            }
        }
        // A mint that another program owns, and a token account where the mint should be.
        for (seed, copied, owner, error) in [
            (SPL, mint(SPL), address(9), RollupError::WrongTokenProgram),
            (SPL, world.token_account(&key_of(&world.payer()), &mint(SPL)), TOKEN_PROGRAM, RollupError::WrongMint),
            (T22, world.token_account(&key_of(&world.payer()), &mint(T22)), TOKEN_2022_PROGRAM, RollupError::WrongMint),
        ] {
            let mut world = world.clone();
            let instruction = world.deposit_token_instruction(address(3), of(seed, 1_000));
            let mut account = world.svm.get_account(&pubkey(&copied)).unwrap();
            account.owner = pubkey(&owner);
            world.svm.set_account(pubkey(&mint(seed)), account).unwrap();
            assert_refused(world.send(&instruction), error);
        }
        // One that is not initialized.
        for seed in [SPL, T22] {
            let mut world = world.clone();
            world.edit(&mint(seed), |data| data[45] = 0);
            let outcome = world.deposit_token(address(3), of(seed, 1_000));
            assert_refused(outcome, RollupError::WrongMint);
        }
    }

    fn refuses_another_account_of_the_vault(build: Build) {
        let mut world = World::with_tokens(build);
        let payer = key_of(&world.payer());
        world.deposit_token(address(3), of(SPL, 1_000)).unwrap();
        let own = world.token_account(&world.vault, &mint(SPL));
        // An account of the vault that is not the associated one, one of another mint, of another owner, and none.
        let account = world.svm.get_account(&pubkey(&own)).unwrap();
        world.svm.set_account(pubkey(&address(9)), account).unwrap();
        world.give_tokens(SPL, address(1), 5);
        for wrong in [
            address(9),
            world.token_account(&world.vault, &mint(T22)),
            world.token_account(&address(1), &mint(SPL)),
            address(77),
            world.program,
        ] {
            let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
            instruction.accounts[7].pubkey = pubkey(&wrong);
            instruction.accounts[7].is_writable = wrong != world.program;
            assert_refused(world.send(&instruction), RollupError::WrongTokenAccount);
        }
        // The vault's account as the one that pays.
        let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        instruction.accounts[6].pubkey = pubkey(&own);
        assert_failed(world.send(&instruction), anchor::DUPLICATE);
        // It is at the right address, and somebody else's: no instruction makes such a state.
        let mut given_away = world.clone();
        given_away.edit(&own, |data| data[32..64].fill(9));
        let outcome = given_away.deposit_token(address(3), of(SPL, 1_000));
        assert_refused(outcome, RollupError::WrongTokenAccount);
        assert_eq!(world.tokens_of(&payer, &mint(SPL)), 999_000);
    }

    fn refuses_tokens_of_another_owner_or_mint(build: Build) {
        let mut world = World::with_tokens(build);
        for (seed, other) in [(SPL, T22), (T22, SPL)] {
            world.give_tokens(seed, address(1), 1_000);
            let mut instruction = world.deposit_token_instruction(address(3), of(seed, 1_000));
            instruction.accounts[6].pubkey =
                pubkey(&world.token_account(&address(1), &mint(seed)));
            assert_failed(world.send(&instruction), OWNER_MISMATCH);
            let wrong = world.token_account(&key_of(&world.payer()), &mint(other));
            instruction.accounts[6].pubkey = pubkey(&wrong);
            assert!(world.send(&instruction).is_err());
        }
        world.create_token(OTHER, TOKEN_PROGRAM, &[]);
        let payer = key_of(&world.payer());
        world.give_tokens(OTHER, payer, 1_000);
        let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        instruction.accounts[6].pubkey = pubkey(&world.token_account(&payer, &mint(OTHER)));
        assert_failed(world.send(&instruction), MINT_MISMATCH);
    }

    fn refuses_an_index_that_is_taken(build: Build) {
        let mut world = World::with_tokens(build);
        let first = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        world.deposit(address(0), SOL).unwrap();
        assert_refused(world.send(&first), RollupError::WrongMessageIndex);
        let mut crossed = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        crossed.accounts[3].pubkey = pubkey(&world.message_address(2));
        assert_failed(world.send(&crossed), InstructionError::InvalidSeeds);
        assert_eq!(world.tokens_of(&world.vault, &mint(SPL)), 0);
    }

    fn refuses_accounts_of_another_rollup(build: Build) {
        let mut world = World::with_tokens(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        let theirs = other.vault;
        other.give_tokens(SPL, theirs, 1_000);
        world.svm = other.svm.clone();
        for (place, wrong) in [
            (1, other.rollup),
            (2, other.inbox),
            (3, other.message_address(0)),
            (4, other.vault),
        ] {
            let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        instruction.accounts[7].pubkey = pubkey(&other.token_account(&theirs, &mint(SPL)));
        assert_refused(world.send(&instruction), RollupError::WrongTokenAccount);
        // A copy of the rollup that another program owns.
        let mut account = world.svm.get_account(&pubkey(&world.rollup)).unwrap();
        account.owner = pubkey(&address(8));
        world.svm.set_account(pubkey(&address(9)), account).unwrap();
        let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        instruction.accounts[1].pubkey = pubkey(&address(9));
        assert_failed(world.send(&instruction), InstructionError::IllegalOwner);
        world.deposit_token(address(3), of(SPL, 1_000)).unwrap();
        assert_eq!(world.tokens_of(&world.vault, &mint(SPL)), 1_000);
    }

    fn refuses_a_depositor_that_does_not_sign_and_programs_that_are_others(build: Build) {
        let mut world = World::with_tokens(build);
        let other = keypair(7);
        world.airdrop(&key_of(&other), SOL);
        world.give_tokens(SPL, key_of(&other), 1_000);
        let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
        instruction.accounts[0].pubkey = pubkey(&key_of(&other));
        instruction.accounts[6].pubkey =
            pubkey(&world.token_account(&key_of(&other), &mint(SPL)));
        instruction.accounts[0].is_signer = false;
        assert_failed(world.send(&instruction), anchor::NOT_SIGNER);
        instruction.accounts[0].is_signer = true;
        world.send_all(&[instruction], &[&other]).unwrap();
        for place in [9, 10] {
            let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
            instruction.accounts[place].pubkey = pubkey(&world.program);
            assert_failed(world.send(&instruction), InstructionError::IncorrectProgramId);
        }
        for place in [2, 6, 7] {
            let mut instruction = world.deposit_token_instruction(address(3), of(SPL, 1_000));
            instruction.accounts[place].is_writable = false;
            assert_failed(world.send(&instruction), anchor::NOT_WRITABLE);
        }
    }

    fn burns_tokens_of_a_launched_asset(build: Build) {
        let (mut world, curve) = launched(build);
        let payer = key_of(&world.payer());
        let mint = world.launched_mint(&curve);
        let back = |amount| Amount::Base(curve, Base::new(amount));
        assert_refused(world.deposit_token(address(3), back(1)), RollupError::MintMissing);
        world.claim_launched(curve);
        assert_eq!((world.supply(&mint), world.tokens_of(&payer, &mint)), (1_500, 500));
        for (amount, supply) in [(1, 1_499), (199, 1_300)] {
            world.deposit_token(address(3), back(amount)).unwrap();
            assert_eq!(world.supply(&mint), supply);
        }
        let message = world.message_account(2).unwrap().message().unwrap();
        let kind = MessageKind::DepositBase { curve, amount: Base::new(199), recipient: address(3) };
        assert_eq!(message.kind, kind);
        assert_eq!(world.tokens_of(&payer, &mint), 300);
        world.settle_finally(vec![]);
        let held = world.chain.state(2).get(&Holding::key(&curve, &address(3))).unwrap().cloned();
        assert_eq!(held, Some(Cell::Holding(Holding { version: 0, amount: Base::new(200) })));
        // No more than the depositor has, not nothing, and not as a quote asset.
        assert_failed(world.deposit_token(address(3), back(301)), INSUFFICIENT);
        assert_refused(world.deposit_token(address(3), back(0)), RollupError::NothingDeposited);
        let quote = Amount::Quote(AssetId::new(mint.to_bytes()), Quote::new(1));
        assert_refused(world.deposit_token(address(3), quote), RollupError::UnknownAsset);
        assert_eq!(world.supply(&mint), 1_300);
    }

    fn burns_tokens_of_the_curve_alone(build: Build) {
        let (mut world, curve) = launched(build);
        world.claim_launched(curve);
        let payer = key_of(&world.payer());
        let other = CurveId::new([7; 32]);
        let deposit = |amount| DepositToken { index: 1, recipient: address(3), amount };
        let right = world.deposit_token_instruction(address(3), Amount::Base(curve, Base::new(5)));
        type Edit<'a> = &'a dyn Fn(&mut Instruction);
        let launched = world.launched_mint(&curve);
        let elsewhere = world.token_account(&address(1), &launched);
        let spl = world.token_account(&payer, &mint(SPL));
        let cases: [(Edit<'_>, Result<RollupError, InstructionError>); 6] = [
            (&|it| it.data = deposit(Amount::Base(other, Base::new(5))).data(), Ok(RollupError::WrongMint)),
            (&|it| it.accounts[5].pubkey = pubkey(&mint(T22)), Ok(RollupError::WrongMint)),
            (&|it| it.accounts[8].pubkey = pubkey(&TOKEN_PROGRAM), Ok(RollupError::WrongTokenProgram)),
            (&|it| it.accounts[6].pubkey = pubkey(&elsewhere), Err(OWNER_MISMATCH)),
            (&|it| it.accounts[6].pubkey = pubkey(&spl), Err(InstructionError::IncorrectProgramId)),
            (&|it| it.data = deposit(of(SPL, 5)).data(), Ok(RollupError::WrongMint)),
        ];
        for (edit, error) in cases {
            let mut instruction = right.clone();
            edit(&mut instruction);
            match error {
                Ok(error) => assert_refused(world.send(&instruction), error),
                Err(error) => assert_failed(world.send(&instruction), error),
            }
        }
        // The mint of another rollup's curve of the same name.
        let mut foreign = world.fork(|it| it.name = "other".to_owned());
        foreign.initialize().unwrap();
        let mut instruction =
            foreign.deposit_token_instruction(address(3), Amount::Base(curve, Base::new(5)));
        instruction.accounts[5].pubkey = pubkey(&launched);
        assert_refused(foreign.send(&instruction), RollupError::WrongMint);
        // An account at the right address that is no mint.
        let mut account = world.svm.get_account(&pubkey(&launched)).unwrap();
        account.data[45] = 0;
        let mut broken = world.clone();
        broken.svm.set_account(pubkey(&launched), account).unwrap();
        assert_refused(broken.send(&right), RollupError::WrongMint);
        world.send(&right).unwrap();
        assert_eq!(world.supply(&launched), 1_495);
    }
}
