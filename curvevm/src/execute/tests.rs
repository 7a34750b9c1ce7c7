//! Tests of execution: every error, atomicity, conservation.

use std::{boxed::Box, vec, vec::Vec};

use proptest::prelude::*;

use super::{Context, Refusal, State, apply, apply_verified};
use crate::{
    cell::{ASSETS_MAX, Account, Cell, Chain, Curve, Holding, Phase, Withdrawal},
    error::{Error, StateError},
    meter,
    module::{Fees, Graduation, MODULE_VERSION, Module, Piece, PieceKind, Rounding},
    nonce::AHEAD_MAX,
    program::{Amount, BuyOrder, Instruction, Launch, Program, SellOrder},
    receipt::{Event, Outcome, Side, Trade},
    test_support::{address, genesis, pump_module, sign, signed},
    tree::Tree,
    tx::{Body, INSTRUCTIONS_MAX, NEVER_EXPIRES, TX_BYTES_MAX, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote},
};

const SOL: u64 = 1_000_000_000;
/// What each user of a world has at first.
const DEPOSIT: u64 = 500 * SOL;
/// An asset that is not SOL.
const OTHER: AssetId = AssetId::new([3; 32]);

/// A chain in which users 0 to 9 have [`DEPOSIT`] and user 0 has launched the curves.
struct World {
    tree: Tree,
    context: Context,
    curves: Vec<(CurveId, Module)>,
}

impl World {
    fn new(modules: Vec<Module>) -> Self {
        let genesis = genesis();
        let context = Context { genesis: genesis.hash(), height: 5, time_ms: 9_000 };
        let mut world = Self { tree: genesis.tree().unwrap(), context, curves: Vec::new() };
        for user in 0..10 {
            let balances = vec![(AssetId::SOL, Quote::new(DEPOSIT))];
            world.put_account(user, Account { balances, ..Account::default() });
        }
        for (salt, module) in (1..).zip(modules) {
            let id = CurveId::derive(&address(0), salt);
            let program = vec![Instruction::PublishModule(module.clone()), launch(&module, salt)];
            world.succeed(0, program);
            world.curves.push((id, module));
        }
        world
    }

    /// With pump.fun's curve alone.
    fn pump() -> Self {
        Self::new(vec![pump_module()])
    }

    fn curve_id(&self) -> CurveId {
        self.curves[0].0
    }

    fn account(&self, user: u8) -> Account {
        match self.tree.get(&Account::key(&address(user))).unwrap() {
            Some(Cell::Account(account)) => account.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn put_account(&mut self, user: u8, account: Account) {
        self.tree.put(Account::key(&address(user)), Cell::Account(account)).unwrap();
    }

    fn sol(&self, user: u8) -> u64 {
        self.account(user).balance(&AssetId::SOL).get()
    }

    fn held(&self, user: u8, curve: &CurveId) -> u64 {
        match self.tree.get(&Holding::key(curve, &address(user))).unwrap() {
            Some(Cell::Holding(holding)) => holding.amount.get(),
            None => 0,
            other => panic!("{other:?}"),
        }
    }

    fn curve(&self, id: &CurveId) -> Curve {
        match self.tree.get(&Curve::key(id)).unwrap() {
            Some(Cell::Curve(curve)) => curve.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn body(&self, user: u8, program: Program) -> Body {
        let nonce = self.account(user).nonces.next();
        let signer = address(user);
        Body { version: TX_VERSION, signer, nonce, expires_at: NEVER_EXPIRES, program }
    }

    fn apply(&mut self, transaction: &Transaction) -> Result<Outcome, Refusal> {
        let receipt = apply(transaction, &self.context, &mut self.tree)?;
        assert_eq!(receipt.id, transaction.id(&self.context.genesis));
        Ok(receipt.outcome)
    }

    fn run(&mut self, user: u8, program: Program) -> Result<Outcome, Refusal> {
        let body = self.body(user, program);
        let transaction = sign(user, body, &self.context.genesis);
        self.apply(&transaction)
    }

    fn succeed(&mut self, user: u8, program: Program) -> Vec<Event> {
        match self.run(user, program).unwrap() {
            Outcome::Succeeded(events) => events,
            Outcome::Failed { instruction, error } => panic!("instruction {instruction}: {error}"),
        }
    }

    /// Runs a program that fails; gives the instruction and the error.
    fn fail(&mut self, user: u8, program: Program) -> (u8, Error) {
        match self.run(user, program).unwrap() {
            Outcome::Succeeded(events) => panic!("{events:?}"),
            Outcome::Failed { instruction, error } => (instruction, error),
        }
    }

    /// Every lamport of the chain: balances, reserves, fees, withdrawals.
    fn lamports(&self) -> u64 {
        let mut sum = 0u64;
        self.tree.for_each(|_, cell| match cell {
            Cell::Account(account) => sum += account.balance(&AssetId::SOL).get(),
            Cell::Curve(curve) => {
                sum += curve.reserve.get() + curve.protocol_fees.get() + curve.creator_fees.get();
            }
            Cell::Withdrawal(withdrawal) => sum += withdrawal.amount.get(),
            Cell::Chain(_) | Cell::Holding(_) | Cell::Module(_) => {}
        });
        sum
    }

    /// What holds of every state.
    fn check(&self, users: u8) {
        assert_eq!(self.lamports(), 10 * DEPOSIT);
        for (id, module) in &self.curves {
            let held: u64 = (0..users).map(|user| self.held(user, id)).sum();
            let curve = self.curve(id);
            assert_eq!(held, curve.sold.get());
            assert!(curve.sold <= module.sale_end());
        }
        self.tree.for_each(|_, cell| {
            if let Cell::Account(account) = cell {
                assert!(account.balances.iter().all(|(_, amount)| !amount.is_zero()));
                assert!(account.balances.windows(2).all(|pair| pair[0].0 < pair[1].0));
            }
        });
    }
}

fn launch(module: &Module, salt: u64) -> Instruction {
    Instruction::Launch(Launch {
        module: module.hash(),
        quote_asset: AssetId::SOL,
        name: "Test".into(),
        symbol: "TST".into(),
        salt,
    })
}

fn spend(curve: CurveId, quote: u64) -> Instruction {
    let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO };
    Instruction::Buy { curve, order }
}

fn take(curve: CurveId, base: u64) -> Instruction {
    let order = BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::MAX };
    Instruction::Buy { curve, order }
}

fn give(curve: CurveId, base: u64) -> Instruction {
    let order = SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO };
    Instruction::Sell { curve, order }
}

fn get(curve: CurveId, quote: u64) -> Instruction {
    let order = SellOrder::ExactOut { quote: Quote::new(quote), base_max: Base::MAX };
    Instruction::Sell { curve, order }
}

fn pay(to: u8, lamports: u64) -> Instruction {
    pay_in(AssetId::SOL, to, lamports)
}

fn pay_in(asset: AssetId, to: u8, amount: u64) -> Instruction {
    let amount = Amount::Quote(asset, Quote::new(amount));
    Instruction::Transfer { to: address(to), amount }
}

fn hand_over(curve: CurveId, to: u8, base: u64) -> Instruction {
    Instruction::Transfer { to: address(to), amount: Amount::Base(curve, Base::new(base)) }
}

fn withdraw(lamports: u64) -> Instruction {
    let (asset, amount) = (AssetId::SOL, Quote::new(lamports));
    Instruction::Withdraw { asset, amount, recipient: address(200) }
}

/// A module with few and dear tokens: ten at a price, no fees.
fn dear(price: u64) -> Module {
    let kind = PieceKind::Linear { start: u128::from(price) << 64, slope: 0 };
    Module {
        version: MODULE_VERSION,
        decimals: 0,
        supply: Base::new(10),
        pieces: vec![Piece { end: Base::new(10), kind }],
        fees: Fees::default(),
        graduation: Graduation::SoldOut,
    }
}

/// Three pieces of both kinds, complete at a target.
fn raised() -> Module {
    let unit = 1u128 << 64;
    let million = 1_000_000_000_000u64;
    Module {
        decimals: 6,
        supply: Base::new(10 * million),
        pieces: vec![
            Piece {
                end: Base::new(million),
                kind: PieceKind::Linear { start: unit / 100, slope: (unit / 100) << 24 },
            },
            Piece {
                end: Base::new(3 * million),
                kind: PieceKind::ConstantProduct {
                    virtual_quote: Quote::new(million / 10),
                    virtual_base: Base::new(4 * million),
                    rounding: Rounding::Ceiling,
                },
            },
            Piece {
                end: Base::new(4 * million),
                kind: PieceKind::Linear { start: unit / 2, slope: 0 },
            },
        ],
        fees: Fees { protocol_bps: 50, creator_bps: 250 },
        graduation: Graduation::Raised(Quote::new(400 * SOL)),
        ..dear(1)
    }
}

#[test]
fn trades_leave_receipts_and_cells_to_the_unit() {
    let mut world = World::pump();
    let curve = world.curve_id();
    let events = world.succeed(1, vec![take(curve, 793_100_000_000_000)]);
    let trade = Trade {
        curve,
        side: Side::Buy,
        base: Base::new(793_100_000_000_000),
        quote: Quote::new(85_005_359_057),
        protocol_fee: Quote::new(807_550_912),
        creator_fee: Quote::new(255_016_078),
        trader_quote: Quote::new(86_067_926_047),
        partial: false,
        sold_after: Base::new(793_100_000_000_000),
        reserve_after: Quote::new(85_005_359_057),
    };
    assert_eq!(events, [Event::Traded(trade)]);
    assert_eq!(world.sol(1), DEPOSIT - 86_067_926_047);
    assert_eq!(world.held(1, &curve), 793_100_000_000_000);
    assert_eq!(world.curve(&curve).phase, Phase::Complete);
    world.check(10);

    let events = world.succeed(1, vec![give(curve, 793_100_000_000_000)]);
    let Event::Traded(trade) = events[0] else { panic!("{events:?}") };
    assert_eq!((trade.side, trade.sold_after), (Side::Sell, Base::ZERO));
    // One unit was added to the cost, and it stays.
    assert_eq!(trade.reserve_after, Quote::new(1));
    assert_eq!(world.held(1, &curve), 0);
    world.check(10);
}

#[test]
fn a_program_sees_its_own_effects() {
    let mut world = World::pump();
    let curve = world.curve_id();
    let program = vec![
        take(curve, 1_000_000),
        hand_over(curve, 42, 400_000),
        give(curve, 600_000),
        pay(42, SOL),
        withdraw(SOL),
        withdraw(2 * SOL),
    ];
    let events = world.succeed(2, program);
    assert_eq!(events[4..], [Event::Withdrawn { index: 0 }, Event::Withdrawn { index: 1 }]);
    assert_eq!((world.held(2, &curve), world.held(42, &curve)), (0, 400_000));
    assert_eq!(world.sol(42), SOL);
    world.check(50);
    let Some(Cell::Withdrawal(withdrawal)) = world.tree.get(&Withdrawal::key(1)).unwrap() else {
        panic!("no withdrawal");
    };
    let expected = Withdrawal {
        version: 0,
        index: 1,
        asset: AssetId::SOL,
        amount: Quote::new(2 * SOL),
        recipient: address(200),
    };
    assert_eq!(*withdrawal, expected);
    // The new account acts at once.
    world.succeed(42, vec![give(curve, 400_000)]);
    world.check(50);
}

/// A transfer of tokens alone opens an account.
#[test]
fn tokens_can_be_sold_by_who_never_deposited() {
    let mut world = World::pump();
    let curve = world.curve_id();
    world.succeed(1, vec![take(curve, 1_000_000), hand_over(curve, 77, 1_000_000)]);
    world.succeed(77, vec![give(curve, 1_000_000)]);
    assert!(world.sol(77) > 0);
    world.check(80);
}

mod errors {
    //! Each error of the table, by a transaction that deserves it.

    use super::*;

    /// A case: what is set up, and the failing program of user 1 with its last instruction at fault.
    type Case = (Error, Box<dyn Fn(&mut World) -> Program>);

    fn case(error: Error, program: impl Fn(&mut World) -> Program + 'static) -> Case {
        (error, Box::new(program))
    }

    fn failures() -> Vec<Case> {
        let bad_launch = |change: fn(&mut Launch)| {
            move |_: &mut World| {
                let Instruction::Launch(mut launch) = launch(&pump_module(), 9) else { panic!() };
                change(&mut launch);
                vec![Instruction::Launch(launch)]
            }
        };
        vec![
            case(Error::OpcodeInactive, |w| {
                vec![Instruction::AddLiquidity { curve: w.curve_id(), quote: Quote::new(1) }]
            }),
            case(Error::OpcodeInactive, |w| {
                vec![Instruction::MigrateToAmm { curve: w.curve_id() }]
            }),
            case(Error::ZeroAmount, |w| vec![spend(w.curve_id(), 0)]),
            case(Error::ZeroAmount, |w| vec![take(w.curve_id(), 0)]),
            case(Error::ZeroAmount, |w| vec![give(w.curve_id(), 0)]),
            case(Error::ZeroAmount, |w| vec![get(w.curve_id(), 0)]),
            case(Error::ZeroAmount, |_| vec![pay(2, 0)]),
            case(Error::ZeroAmount, |w| vec![hand_over(w.curve_id(), 2, 0)]),
            case(Error::ZeroAmount, |_| vec![withdraw(0)]),
            case(Error::Overflow, |w| vec![get(w.curve_id(), u64::MAX)]),
            case(Error::Overflow, |w| {
                let balances = vec![(AssetId::SOL, Quote::MAX)];
                w.put_account(30, Account { balances, ..Account::default() });
                vec![pay(30, 1)]
            }),
            case(Error::InsufficientBalance, |w| {
                vec![spend(w.curve_id(), DEPOSIT), withdraw(DEPOSIT)]
            }),
            case(Error::InsufficientBalance, |w| {
                w.succeed(2, vec![take(w.curve_id(), SOL)]);
                vec![give(w.curve_id(), SOL)]
            }),
            case(Error::InsufficientBalance, |_| vec![pay(2, DEPOSIT + 1)]),
            case(Error::InsufficientBalance, |_| vec![pay(2, u64::MAX)]),
            case(Error::InsufficientBalance, |_| vec![pay_in(OTHER, 2, 1)]),
            case(Error::InsufficientBalance, |w| vec![hand_over(w.curve_id(), 2, 1)]),
            case(Error::InsufficientBalance, |_| vec![hand_over(CurveId::new([9; 32]), 2, 1)]),
            case(Error::InsufficientBalance, |_| vec![withdraw(DEPOSIT + 1)]),
            case(Error::UnknownCurve, |_| vec![spend(CurveId::new([9; 32]), 1_000)]),
            case(Error::UnknownCurve, |_| vec![give(CurveId::new([9; 32]), 1_000)]),
            case(Error::LimitNotMet, |w| {
                let order = BuyOrder::ExactIn { quote: Quote::new(SOL), base_min: Base::MAX };
                vec![Instruction::Buy { curve: w.curve_id(), order }]
            }),
            case(Error::LimitNotMet, |w| {
                let order = BuyOrder::ExactOut { base: Base::new(SOL), quote_max: Quote::new(1) };
                vec![Instruction::Buy { curve: w.curve_id(), order }]
            }),
            case(Error::LimitNotMet, |w| {
                let order = SellOrder::ExactIn { base: Base::new(SOL), quote_min: Quote::new(SOL) };
                vec![take(w.curve_id(), SOL), Instruction::Sell { curve: w.curve_id(), order }]
            }),
            case(Error::LimitNotMet, |w| {
                let order = SellOrder::ExactOut { quote: Quote::new(10), base_max: Base::new(1) };
                vec![take(w.curve_id(), SOL), Instruction::Sell { curve: w.curve_id(), order }]
            }),
            case(Error::CurveComplete, |w| {
                w.succeed(2, vec![take(w.curve_id(), u64::MAX)]);
                vec![spend(w.curve_id(), SOL)]
            }),
            case(Error::SellExceedsSold, |w| vec![take(w.curve_id(), 10), give(w.curve_id(), 11)]),
            case(Error::CurveExists, |_| {
                vec![launch(&pump_module(), 8), launch(&pump_module(), 8)]
            }),
            case(Error::UnknownModule, bad_launch(|launch| launch.module = Hash::ZERO)),
            case(Error::ModuleExists, |_| vec![Instruction::PublishModule(pump_module())]),
            case(Error::InvalidModule, |_| {
                vec![Instruction::PublishModule(Module { supply: Base::ZERO, ..pump_module() })]
            }),
            case(Error::InvalidMetadata, bad_launch(|launch| launch.name.clear())),
            case(Error::InvalidMetadata, bad_launch(|launch| launch.name = "  ".into())),
            case(Error::InvalidMetadata, bad_launch(|launch| launch.name = "x".repeat(33))),
            case(Error::InvalidMetadata, bad_launch(|launch| launch.name = "a\u{7}".into())),
            case(Error::InvalidMetadata, bad_launch(|launch| launch.symbol.clear())),
            case(Error::InvalidMetadata, bad_launch(|launch| launch.symbol = "x".repeat(11))),
            case(Error::UnknownAsset, bad_launch(|launch| launch.quote_asset = OTHER)),
            case(Error::Dust, |w| vec![spend(w.curve_id(), 1)]),
            case(Error::Dust, |w| vec![take(w.curve_id(), 10), give(w.curve_id(), 1)]),
            case(Error::TooManyAssets, |w| {
                let asset = |at: usize| (AssetId::new([10 + at as u8; 32]), Quote::new(1));
                let balances = (0..ASSETS_MAX).map(asset).collect();
                w.put_account(30, Account { balances, ..Account::default() });
                vec![pay(30, 1)]
            }),
            case(Error::SelfTransfer, |_| vec![pay(1, 1)]),
            case(Error::SelfTransfer, |w| vec![hand_over(w.curve_id(), 1, 1)]),
            case(Error::InsufficientReserve, |w| {
                vec![take(w.curve_id(), SOL), get(w.curve_id(), SOL)]
            }),
        ]
    }

    /// A change to a good transaction of user 1, and what it is refused for.
    type Broken = (Error, Box<dyn Fn(&World) -> Transaction>);

    fn rejections() -> Vec<Broken> {
        let broken = |error, change: fn(&mut Body)| -> Broken {
            let build = move |world: &World| {
                let mut body = world.body(1, vec![pay(2, 1)]);
                change(&mut body);
                sign(1, body, &world.context.genesis)
            };
            (error, Box::new(build))
        };
        vec![
            broken(Error::UnknownVersion, |body| body.version = 0),
            broken(Error::InstructionCount, |body| body.program.clear()),
            broken(Error::InstructionCount, |body| {
                body.program = vec![pay(2, 1); INSTRUCTIONS_MAX + 1]
            }),
            broken(Error::TooExpensive, |body| {
                body.program = vec![Instruction::PublishModule(dear(1)); INSTRUCTIONS_MAX];
                assert!(meter::transaction(&body.program) > meter::SEGMENT_CU_MAX);
            }),
            broken(Error::Oversized, |body| {
                let mut module = dear(1);
                module.pieces = vec![module.pieces[0].clone(); 20];
                body.program = vec![Instruction::PublishModule(module)];
            }),
            broken(Error::BadSignature, |body| body.signer = address(2)),
            broken(Error::NonceUsed, |body| body.nonce = 0),
            broken(Error::NonceTooDistant, |body| body.nonce = AHEAD_MAX + 2),
            broken(Error::NonceTooDistant, |body| body.nonce = u64::MAX),
            broken(Error::Expired, |body| body.expires_at = 4),
            (Error::BadSignature, Box::new(|_| signed(1, 1, vec![pay(2, 1)], &Hash::ZERO))),
            (
                Error::BadSignature,
                Box::new(|world| {
                    let mut transaction = signed(1, 1, vec![pay(2, 1)], &world.context.genesis);
                    transaction.body.nonce += 1;
                    transaction
                }),
            ),
            (
                Error::UnknownAccount,
                Box::new(|world| signed(99, 0, vec![pay(2, 1)], &world.context.genesis)),
            ),
        ]
    }

    fn decoded(change: impl FnOnce(&mut Vec<u8>)) -> Error {
        let mut bytes = signed(1, 0, vec![pay(2, 1)], &Hash::ZERO).encode();
        assert!(Transaction::decode(&bytes).is_ok());
        change(&mut bytes);
        Transaction::decode(&bytes).unwrap_err()
    }

    /// Every error number is reached by one of the cases of this module.
    #[test]
    fn all_are_given() {
        let decoding = [Error::Malformed, Error::Oversized, Error::UnknownVersion];
        let failures = failures();
        let rejections = rejections();
        let given: Vec<_> = failures
            .iter()
            .map(|case| case.0)
            .chain(rejections.iter().map(|case| case.0))
            .chain(decoding)
            .collect();
        for error in Error::ALL {
            assert!(given.contains(error), "{error:?}");
        }
        assert!(failures.iter().all(|case| !case.0.is_rejection()));
        assert!(rejections.iter().all(|case| case.0.is_rejection()));
    }

    #[test]
    fn bytes_that_are_no_transaction() {
        assert_eq!(decoded(Vec::clear), Error::Malformed);
        assert_eq!(decoded(|bytes| bytes.truncate(bytes.len() - 1)), Error::Malformed);
        assert_eq!(decoded(|bytes| bytes.push(0)), Error::Malformed);
        assert_eq!(decoded(|bytes| bytes[0] = 2), Error::UnknownVersion);
        assert_eq!(decoded(|bytes| bytes[53] = 200), Error::Malformed);
        assert_eq!(decoded(|bytes| bytes[49..53].fill(255)), Error::Malformed);
        assert_eq!(decoded(|bytes| bytes.resize(TX_BYTES_MAX + 1, 0)), Error::Oversized);
    }

    /// Rule 2: the failing instruction is named, and all that is left of the transaction is its nonce.
    #[test]
    fn a_failure_uses_the_nonce_and_nothing_else() {
        for (error, build) in failures() {
            let mut world = World::pump();
            world.succeed(1, vec![pay(2, 1)]);
            let mut program = vec![pay(3, 5)];
            program.extend(build(&mut world));
            let last = u8::try_from(program.len() - 1).unwrap();

            let mut expected = world.tree.clone();
            let mut account = world.account(1);
            account.nonces.take(account.nonces.next()).unwrap();
            expected.put(Account::key(&address(1)), Cell::Account(account)).unwrap();

            assert_eq!(world.fail(1, program.clone()), (last, error), "{program:?}");
            assert_eq!(world.tree.root(), expected.root(), "{program:?}");
        }
    }

    /// Rule 1: a rejected transaction leaves the state as it was.
    #[test]
    fn a_rejection_leaves_nothing() {
        for (error, build) in rejections() {
            let mut world = World::pump();
            world.succeed(1, vec![pay(2, 1)]);
            let transaction = build(&world);
            let before = world.tree.root();
            assert_eq!(world.apply(&transaction), Err(Refusal::Rejected(error)));
            assert_eq!(world.tree.root(), before);
        }
    }

    #[test]
    fn a_transaction_is_executed_once_and_up_to_its_height() {
        let mut world = World::pump();
        let mut body = world.body(1, vec![pay(2, 1)]);
        body.expires_at = world.context.height;
        let transaction = sign(1, body, &world.context.genesis);
        assert!(matches!(world.apply(&transaction), Ok(Outcome::Succeeded(_))));
        let again = Err(Refusal::Rejected(Error::NonceUsed));
        assert_eq!(world.apply(&transaction), again);
        // Also when it failed the first time.
        let transaction = signed(1, 9, vec![pay(2, 0)], &world.context.genesis);
        assert!(matches!(world.apply(&transaction), Ok(Outcome::Failed { .. })));
        assert_eq!(world.apply(&transaction), again);
    }
}

mod faults {
    //! Rule 3: faults of the state.

    use super::*;

    /// A state of which some cells cannot be told.
    struct Holed<'t> {
        tree: &'t mut Tree,
        hole: Key,
    }

    impl State for Holed<'_> {
        fn get(&self, key: &Key) -> Result<Option<&Cell>, StateError> {
            if *key == self.hole { Err(StateError::NotInWitness) } else { self.tree.get(key) }
        }

        fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
            if key == self.hole { Err(StateError::NotInWitness) } else { self.tree.put(key, cell) }
        }
    }

    fn transaction(world: &World) -> Transaction {
        let curve = world.curve_id();
        let program = vec![take(curve, 1_000_000), hand_over(curve, 42, 10), withdraw(1)];
        sign(1, world.body(1, program), &world.context.genesis)
    }

    fn touched(world: &World) -> Vec<Key> {
        let (curve, module) = (&world.curves[0].0, &world.curves[0].1);
        vec![
            Account::key(&address(1)),
            Curve::key(curve),
            Module::key(&module.hash()),
            Holding::key(curve, &address(1)),
            Holding::key(curve, &address(42)),
            Account::key(&address(42)),
            Chain::key(),
            Withdrawal::key(0),
        ]
    }

    #[test]
    fn a_cell_that_cannot_be_told_stops_execution_without_a_write() {
        let mut world = World::pump();
        let transaction = transaction(&world);
        let before = world.tree.root();
        for hole in touched(&world) {
            let mut state = Holed { tree: &mut world.tree, hole };
            let refusal = apply(&transaction, &world.context, &mut state).unwrap_err();
            assert_eq!(refusal, Refusal::State(StateError::NotInWitness));
            assert_eq!(world.tree.root(), before);
        }
        assert!(matches!(world.apply(&transaction), Ok(Outcome::Succeeded(_))));
    }

    #[test]
    fn a_cell_of_another_type_is_a_fault() {
        let world = World::pump();
        let transaction = transaction(&world);
        for key in touched(&world) {
            let mut tree = world.tree.clone();
            let wrong = if key == Chain::key() {
                Cell::Holding(Holding::default())
            } else {
                Cell::Chain(Chain::default())
            };
            tree.put(key, wrong).unwrap();
            let before = tree.root();
            let refusal = apply(&transaction, &world.context, &mut tree).unwrap_err();
            assert_eq!(refusal, Refusal::State(StateError::Corrupt), "{key}");
            assert_eq!(tree.root(), before);
        }
    }
}

/// One random operation; the amount is scaled to what the user has.
#[derive(Clone, Copy, Debug)]
struct Op {
    user: u8,
    other: u8,
    kind: u8,
    curve: usize,
    part: u32,
}

impl Op {
    fn instruction(self, world: &World) -> Instruction {
        let (curve, module) = &world.curves[self.curve];
        let part = |whole: u64| ((u128::from(whole) * u128::from(self.part)) >> 32) as u64;
        let left = module.sale_end().get() - world.curve(curve).sold.get();
        let (held, sol) = (world.held(self.user, curve), world.sol(self.user));
        match self.kind {
            // One tenth more than there is, so that some fail.
            0 => spend(*curve, part(sol + sol / 10)),
            1 => take(*curve, part(left + left / 10)),
            2 => give(*curve, part(held + held / 10)),
            3 => get(*curve, part(world.curve(curve).reserve.get() / 4)),
            4 => pay(self.other, part(sol / 4)),
            5 => hand_over(*curve, self.other, part(held + held / 10)),
            6 => withdraw(part(sol / 8)),
            _ => take(*curve, 1 + u64::from(self.part >> 28)),
        }
    }
}

fn any_op() -> impl Strategy<Value = Op> {
    (0u8..10, 0u8..10, 0u8..8, 0usize..3, any::<u32>(), any::<u32>()).prop_map(
        |(user, other, kind, curve, a, b)| {
            let part = ((u64::from(a) * u64::from(b)) >> 32) as u32;
            Op { user, other, kind, curve, part }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// 200 operations by ten accounts on three curves: no lamport and no token comes or goes.
    #[test]
    fn value_is_conserved(ops in prop::collection::vec((any_op(), any_op()), 200)) {
        let mut world = World::new(vec![pump_module(), raised(), dear(SOL / 3)]);
        let mut succeeded = 0;
        for (step, (first, second)) in ops.iter().enumerate() {
            let program = vec![first.instruction(&world), Op { user: first.user, ..*second }.instruction(&world)];
            // Every third transaction has two instructions.
            let program = if step % 3 == 0 { program } else { program[..1].to_vec() };
            let body = world.body(first.user, program);
            let receipt = apply_verified(&body, Hash::ZERO, &world.context, &mut world.tree).unwrap();
            succeeded += u32::from(matches!(receipt.outcome, Outcome::Succeeded(_)));
            if step % 20 == 0 {
                world.check(10);
            }
        }
        world.check(10);
        prop_assert!(succeeded >= 20, "{succeeded}");
        // Everybody can leave: all tokens are sold, in any order of the holders.
        for user in (0..10).rev() {
            for (curve, _) in world.curves.clone() {
                let held = world.held(user, &curve);
                if held > 0 {
                    let outcome = world.run(user, vec![give(curve, held)]).unwrap();
                    let dust = Outcome::Failed { instruction: 0, error: Error::Dust };
                    prop_assert!(matches!(outcome, Outcome::Succeeded(_)) || outcome == dust, "{outcome:?}");
                }
            }
        }
        world.check(10);
    }
}

#[test]
fn an_emptied_balance_leaves_no_entry() {
    let mut world = World::pump();
    world.succeed(1, vec![pay(2, DEPOSIT)]);
    assert!(world.account(1).balances.is_empty());
    assert_eq!(world.sol(2), 2 * DEPOSIT);
    world.succeed(2, vec![pay(1, 1)]);
    assert_eq!(world.account(1).balances, [(AssetId::SOL, Quote::new(1))]);
    world.check(10);
}

#[test]
fn the_signer_is_who_pays() {
    let mut world = World::pump();
    let curve = world.curve_id();
    let before: Vec<_> = (0..10).map(|user| world.account(user)).collect();
    world.succeed(3, vec![spend(curve, SOL)]);
    for (user, before) in (0..10).zip(before) {
        assert_eq!(world.account(user) == before, user != 3, "{user}");
    }
    assert_eq!(world.curve(&curve).creator, Address::new(address(0).to_bytes()));
}
