//! A chain with users and curves, and short forms of instructions.

use std::{boxed::Box, vec, vec::Vec};

use crate::{
    cell::{Account, Cell, Curve, Holding, Phase, Pool, Session, Stake, Withdrawal},
    codec::CHUNK_BYTES_MAX,
    error::Error,
    execute::{Context, Refusal, apply, apply_verified},
    meter::Meter,
    module::{
        Allotment, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Graduation,
        LiquidityLock, Migration, Module, Piece, PieceKind, PoolTier, Recipient, Rounding, Vault,
    },
    program::{Amount, BuyOrder, Claim, Instruction, Launch, Program, SellOrder},
    receipt::{Event, Outcome, Trade},
    test_support::{address, genesis, pump_module, sign},
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Shares},
};

pub(super) const SOL: u64 = 1_000_000_000;
/// What each user of a world has at first, of both assets.
pub(super) const DEPOSIT: u64 = 500 * SOL;
/// How many users have a deposit.
pub(super) const USERS: u8 = 10;
/// The other quote asset of the chain.
pub(super) const USD: AssetId = AssetId::new([7; 32]);
/// Everybody who holds tokens or shares in a test.
pub(super) const HOLDERS: [u8; 14] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 42, 77, 78, TREASURY];
/// An asset that the chain does not take.
pub(super) const OTHER: AssetId = AssetId::new([3; 32]);
/// The user who is the chain's treasury; they have an account.
pub(super) const TREASURY: u8 = 90;
/// The user who is the partner of [`rich`].
pub(super) const PARTNER: u8 = 8;

/// A chain in which users 0 to 9 have [`DEPOSIT`] and user 0 has launched the curves.
pub(super) struct World {
    pub(super) tree: Tree,
    pub(super) context: Context,
    pub(super) curves: Vec<Launched>,
}

/// A curve of a world.
#[derive(Clone)]
pub(super) struct Launched {
    pub(super) id: CurveId,
    pub(super) asset: AssetId,
    pub(super) module: Module,
    /// Shares of the initial liquidity that are nobody's for good.
    pub(super) nobodys: u64,
}

impl World {
    pub(super) fn new(modules: Vec<Module>) -> Self {
        let genesis = genesis();
        let context = Context { genesis: genesis.hash(), height: 5, time_ms: 9_000 };
        let mut world = Self { tree: genesis.tree().unwrap(), context, curves: Vec::new() };
        for user in 0..USERS {
            let balances = vec![(AssetId::SOL, Quote::new(DEPOSIT)), (USD, Quote::new(DEPOSIT))];
            world.put_account(user, Account { balances, ..Account::default() });
        }
        world.put_account(TREASURY, Account::default());
        for module in modules {
            world.succeed(0, vec![Instruction::PublishModule(module.clone())]);
            world.launch(module, AssetId::SOL);
        }
        world
    }

    /// With pump.fun's curve alone.
    pub(super) fn pump() -> Self {
        Self::new(vec![pump_module()])
    }

    /// With one curve, migrated.
    pub(super) fn migrated(module: Module) -> Self {
        let mut world = Self::new(vec![module]);
        world.graduate(0);
        world.succeed(5, vec![migrate(world.id())]);
        world
    }

    /// With a curve on a module that the verifier may refuse.
    pub(super) fn unverified(module: Module) -> Self {
        let mut world = Self::new(vec![]);
        world.put(Module::key(&module.hash()), Cell::Module(module.clone().into()));
        world.launch(module, AssetId::SOL);
        world
    }

    /// Launches a curve on a module that is published; user 0 is its creator.
    pub(super) fn launch(&mut self, module: Module, asset: AssetId) {
        let salt = self.curves.len() as u64 + 1;
        self.succeed(0, vec![launch(&module, asset, salt)]);
        let id = CurveId::derive(&address(0), salt);
        self.curves.push(Launched { id, asset, module, nobodys: 0 });
    }

    /// User 9 buys all of a curve.
    pub(super) fn graduate(&mut self, at: usize) {
        let Launched { id, ref module, .. } = self.curves[at];
        let end = module.sale_end().get();
        self.succeed(9, vec![take(id, end)]);
        assert_eq!(self.curve(&id).phase, Phase::Complete);
    }

    /// The first curve.
    pub(super) fn id(&self) -> CurveId {
        self.curves[0].id
    }

    pub(super) fn pass_secs(&mut self, secs: u64) {
        self.context.time_ms += secs * 1_000;
    }

    pub(super) fn put(&mut self, key: Key, cell: Cell) {
        self.tree.put(key, cell).unwrap();
    }

    pub(super) fn put_account(&mut self, user: u8, account: Account) {
        self.put(Account::key(&address(user)), Cell::Account(account));
    }

    pub(super) fn find_account(&self, user: u8) -> Option<Account> {
        match self.tree.get(&Account::key(&address(user))).unwrap() {
            Some(Cell::Account(account)) => Some(account.clone()),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn account(&self, user: u8) -> Account {
        self.find_account(user).expect("an account")
    }

    pub(super) fn balance(&self, user: u8, asset: AssetId) -> u64 {
        self.account(user).balance(&asset).get()
    }

    pub(super) fn sol(&self, user: u8) -> u64 {
        self.balance(user, AssetId::SOL)
    }

    pub(super) fn held(&self, user: u8, curve: &CurveId) -> u64 {
        match self.tree.get(&Holding::key(curve, &address(user))).unwrap() {
            Some(Cell::Holding(holding)) => holding.amount.get(),
            None => 0,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn stake(&self, user: u8, curve: &CurveId) -> u64 {
        match self.tree.get(&Stake::key(curve, &address(user))).unwrap() {
            Some(Cell::Stake(stake)) => stake.shares.get(),
            None => 0,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn curve(&self, id: &CurveId) -> Curve {
        match self.tree.get(&Curve::key(id)).unwrap() {
            Some(Cell::Curve(curve)) => curve.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn find_pool(&self, id: &CurveId) -> Option<Pool> {
        match self.tree.get(&Pool::key(id)).unwrap() {
            Some(Cell::Pool(pool)) => Some(pool.clone()),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn pool(&self, id: &CurveId) -> Pool {
        self.find_pool(id).expect("a pool")
    }

    pub(super) fn session(&self, owner: u8, key: u8) -> Session {
        match self.tree.get(&Session::key(&address(owner), &address(key))).unwrap() {
            Some(Cell::Session(session)) => session.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// The body of a program of `user`, signed by the session key of `session` if there is one.
    pub(super) fn body(&self, user: u8, session: Option<u8>, program: Program) -> Body {
        Body {
            version: TX_VERSION,
            signer: address(user),
            session: session.map(address),
            nonce: self.find_account(user).map_or(0, |account| account.nonces.next()),
            expires_at: NEVER_EXPIRES,
            program,
        }
    }

    pub(super) fn transaction(
        &self,
        user: u8,
        session: Option<u8>,
        program: Program,
    ) -> Transaction {
        let body = self.body(user, session, program);
        sign(session.unwrap_or(user), body, &self.context.genesis)
    }

    pub(super) fn apply(&mut self, transaction: &Transaction) -> Result<Outcome, Refusal> {
        let receipt =
            apply(transaction, CHUNK_BYTES_MAX, &self.context, &mut self.tree, &mut Meter::new())?;
        assert_eq!(receipt.id, transaction.id(&self.context.genesis));
        self.note(&receipt.outcome);
        Ok(receipt.outcome)
    }

    /// Executes a program without a signature.
    pub(super) fn run(
        &mut self,
        user: u8,
        session: Option<u8>,
        program: Program,
    ) -> Result<Outcome, Refusal> {
        let body = self.body(user, session, program);
        let receipt =
            apply_verified(&body, Hash::ZERO, &self.context, &mut self.tree, &mut Meter::new())?;
        self.note(&receipt.outcome);
        Ok(receipt.outcome)
    }

    fn note(&mut self, outcome: &Outcome) {
        let Outcome::Succeeded(events) = outcome else { return };
        for event in events {
            let Event::Migrated(liquidity) = event else { continue };
            let locked = self.pool(&liquidity.curve).term_locked;
            let curves = self.curves.iter_mut();
            for launched in curves.filter(|launched| launched.id == liquidity.curve) {
                launched.nobodys = liquidity.shares.get() - locked.get();
            }
        }
    }

    pub(super) fn succeed(&mut self, user: u8, program: Program) -> Vec<Event> {
        succeeded(self.run(user, None, program))
    }

    pub(super) fn succeed_by(&mut self, user: u8, key: u8, program: Program) -> Vec<Event> {
        succeeded(self.run(user, Some(key), program))
    }

    /// Runs one instruction that trades.
    pub(super) fn trade(&mut self, user: u8, instruction: Instruction) -> Trade {
        match self.succeed(user, vec![instruction])[..] {
            [Event::Traded(trade)] => trade,
            ref other => panic!("{other:?}"),
        }
    }

    /// Runs a program that fails; gives the instruction and the error.
    pub(super) fn fail(&mut self, user: u8, program: Program) -> (u8, Error) {
        failed(self.run(user, None, program))
    }

    /// Every unit of an asset: balances, reserves, fees, pools, withdrawals.
    pub(super) fn units(&self, asset: AssetId) -> u64 {
        let mut sum = 0u64;
        self.tree.for_each(|_, cell| match cell {
            Cell::Account(account) => sum += account.balance(&asset).get(),
            Cell::Curve(curve) if curve.quote_asset == asset => {
                sum += curve.reserve.get() + accrued(&curve.fees).0;
            }
            Cell::Withdrawal(Withdrawal { amount: Amount::Quote(of, amount), .. })
                if *of == asset =>
            {
                sum += amount.get();
            }
            Cell::Curve(_)
            | Cell::Withdrawal(_)
            | Cell::Chain(_)
            | Cell::Holding(_)
            | Cell::Module(_)
            | Cell::Rules(_)
            | Cell::Pool(_)
            | Cell::Stake(_)
            | Cell::Session(_) => {}
        });
        for launched in self.curves.iter().filter(|launched| launched.asset == asset) {
            if let Some(pool) = self.find_pool(&launched.id) {
                sum += pool.quote.get() + accrued(&pool.fees).0;
            }
        }
        sum
    }

    /// Tokens of a curve that left for Solana.
    pub(super) fn withdrawn(&self, id: &CurveId) -> u64 {
        let mut sum = 0;
        self.tree.for_each(|_, cell| match cell {
            Cell::Withdrawal(Withdrawal { amount: Amount::Base(of, amount), .. }) if of == id => {
                sum += amount.get();
            }
            _ => {}
        });
        sum
    }

    /// What holds of every state.
    pub(super) fn check(&self) {
        for asset in [AssetId::SOL, USD] {
            assert_eq!(self.units(asset), u64::from(USERS) * DEPOSIT, "{asset:?}");
        }
        for launched in &self.curves {
            self.check_tokens(launched);
        }
        self.tree.for_each(|_, cell| {
            if let Cell::Account(account) = cell {
                assert!(account.balances.iter().all(|(_, amount)| !amount.is_zero()));
                assert!(account.balances.windows(2).all(|pair| pair[0].0 < pair[1].0));
            }
        });
    }

    fn check_tokens(&self, launched: &Launched) {
        let Launched { id, module, nobodys, .. } = launched;
        let curve = self.curve(id);
        let held: u64 = HOLDERS.iter().map(|user| self.held(*user, id)).sum();
        let held = held + accrued(&curve.fees).1 + self.withdrawn(id);
        assert!(curve.sold <= module.sale_end());
        let Some(pool) = self.find_pool(id) else {
            assert_ne!(curve.phase, Phase::Migrated);
            assert_eq!(held, curve.sold.get());
            return;
        };
        assert_eq!((curve.phase, curve.reserve), (Phase::Migrated, Quote::ZERO));
        let locked = module.allotted().get() - pool.vested.get() + pool.burnt.get();
        let all = held + pool.base.get() + accrued(&pool.fees).1 + locked;
        assert_eq!(all, module.supply.get());
        let staked: u64 = HOLDERS.iter().map(|user| self.stake(*user, id)).sum();
        assert_eq!(staked + pool.term_locked.get() + nobodys, pool.shares.get());
    }
}

/// Quote and tokens that wait to be claimed.
fn accrued(fees: &crate::cell::Accrued) -> (u64, u64) {
    let all = [fees.protocol, fees.creator, fees.partner];
    let quote = all.iter().map(|money| money.quote.get()).sum();
    (quote, all.iter().map(|money| money.base.get()).sum())
}

pub(super) fn succeeded(outcome: Result<Outcome, Refusal>) -> Vec<Event> {
    match outcome.unwrap() {
        Outcome::Succeeded(events) => events,
        Outcome::Failed { instruction, error } => panic!("instruction {instruction}: {error}"),
        Outcome::Rejected { error } => panic!("{error}"),
    }
}

pub(super) fn failed(outcome: Result<Outcome, Refusal>) -> (u8, Error) {
    match outcome.unwrap() {
        Outcome::Succeeded(events) => panic!("{events:?}"),
        Outcome::Failed { instruction, error } => (instruction, error),
        Outcome::Rejected { error } => panic!("{error}"),
    }
}

/// A program that fails by its last instruction.
pub(super) struct Case {
    pub(super) error: Error,
    /// The key that signs it for user 1.
    pub(super) session: Option<u8>,
    pub(super) build: Box<dyn Fn(&mut World) -> Program>,
}

/// User 1's program, in a world with pump.fun's curve alone unless `build` sets up another one.
pub(super) fn case(error: Error, build: impl Fn(&mut World) -> Program + 'static) -> Case {
    Case { error, session: None, build: Box::new(build) }
}

pub(super) fn launch(module: &Module, asset: AssetId, salt: u64) -> Instruction {
    Instruction::Launch(Launch {
        module: module.hash(),
        quote_asset: asset,
        name: "Test".into(),
        symbol: "TST".into(),
        salt,
        first_buy: None,
    })
}

pub(super) fn spend(curve: CurveId, quote: u64) -> Instruction {
    let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO };
    Instruction::Buy { curve, order, referrer: None }
}

pub(super) fn take(curve: CurveId, base: u64) -> Instruction {
    let order = BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::MAX };
    Instruction::Buy { curve, order, referrer: None }
}

pub(super) fn give(curve: CurveId, base: u64) -> Instruction {
    let order = SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO };
    Instruction::Sell { curve, order, referrer: None }
}

pub(super) fn get(curve: CurveId, quote: u64) -> Instruction {
    let order = SellOrder::ExactOut { quote: Quote::new(quote), base_max: Base::MAX };
    Instruction::Sell { curve, order, referrer: None }
}

/// A trade that names a referrer.
pub(super) fn referred(mut trade: Instruction, by: u8) -> Instruction {
    match &mut trade {
        Instruction::Buy { referrer, .. } | Instruction::Sell { referrer, .. } => {
            *referrer = Some(address(by));
        }
        other => panic!("{other:?}"),
    }
    trade
}

pub(super) fn pay(to: u8, lamports: u64) -> Instruction {
    pay_in(AssetId::SOL, to, lamports)
}

pub(super) fn pay_in(asset: AssetId, to: u8, amount: u64) -> Instruction {
    let amount = Amount::Quote(asset, Quote::new(amount));
    Instruction::Transfer { to: address(to), amount }
}

pub(super) fn hand_over(curve: CurveId, to: u8, base: u64) -> Instruction {
    Instruction::Transfer { to: address(to), amount: Amount::Base(curve, Base::new(base)) }
}

pub(super) fn withdraw(lamports: u64) -> Instruction {
    let amount = Amount::Quote(AssetId::SOL, Quote::new(lamports));
    Instruction::Withdraw { amount, recipient: address(200) }
}

pub(super) fn withdraw_tokens(curve: CurveId, base: u64) -> Instruction {
    let amount = Amount::Base(curve, Base::new(base));
    Instruction::Withdraw { amount, recipient: address(200) }
}

pub(super) fn migrate(curve: CurveId) -> Instruction {
    Instruction::MigrateToAmm { curve }
}

pub(super) fn add(curve: CurveId, quote: u64) -> Instruction {
    let (quote, base_max, shares_min) = (Quote::new(quote), Base::MAX, Shares::ZERO);
    Instruction::AddLiquidity { curve, quote, base_max, shares_min }
}

pub(super) fn remove(curve: CurveId, shares: u64) -> Instruction {
    let (shares, quote_min, base_min) = (Shares::new(shares), Quote::ZERO, Base::ZERO);
    Instruction::RemoveLiquidity { curve, shares, quote_min, base_min }
}

pub(super) fn claim(curve: CurveId, what: Claim) -> Instruction {
    Instruction::Claim { curve, what }
}

pub(super) fn authorize(key: u8, expires_ms: u64, limit: u64) -> Instruction {
    let (asset, limit) = (AssetId::SOL, Quote::new(limit));
    Instruction::Authorize { session: address(key), expires_ms, asset, limit }
}

pub(super) fn revoke(key: u8) -> Instruction {
    Instruction::Revoke { session: address(key) }
}

pub(super) fn nobody() -> CurveId {
    CurveId::new([9; 32])
}

pub(super) fn address_of(user: u8) -> Address {
    address(user)
}

/// A module with few and dear tokens: ten at a price, no fees.
pub(super) fn dear(price: u64) -> Module {
    let kind = PieceKind::FixedPrice { quote: Quote::new(price), base: Base::new(1) };
    Module {
        decimals: 0,
        supply: Base::new(20),
        pieces: vec![Piece { end: Base::new(10), kind }],
        fees: Fees::none(),
        ..pump_module()
    }
}

const UNIT: u128 = 1 << 64;
const MILLION: u64 = 1_000_000_000_000;

/// Three pieces of both kinds, complete at a target.
pub(super) fn raised() -> Module {
    let rounding = Rounding::Ceiling;
    let kinds = [
        PieceKind::Linear { start: UNIT / 100, slope: (UNIT / 100) << 24, rounding },
        PieceKind::ConstantProduct {
            virtual_quote: Quote::new(MILLION / 10),
            virtual_base: Base::new(4 * MILLION),
            rounding,
        },
        PieceKind::Linear { start: UNIT / 2, slope: 0, rounding },
    ];
    let ends = [MILLION, 3 * MILLION, 4 * MILLION].map(Base::new);
    Module {
        supply: Base::new(10 * MILLION),
        pieces: ends.into_iter().zip(kinds).map(|(end, kind)| Piece { end, kind }).collect(),
        fees: Fees::on_top(&[(Recipient::Protocol, 50), (Recipient::Creator, 250)]),
        graduation: Graduation::Raised(Quote::new(400 * SOL)),
        ..pump_module()
    }
}

/// Everything that a module can ask for: fees in tokens that fall with time and have four recipients, a vault, an allotment, liquidity
/// that is released after a term, and two fee tiers.
pub(super) fn rich() -> Module {
    let part = |recipient, percent: u32, of| FeePart {
        recipient,
        rate: percent * 10_000_000,
        of,
        rounding: FeeRounding::Down,
    };
    let schedule = FeeSchedule::Linear { reduction: 1_000_000, period_secs: 60, periods: 40 };
    let fees = Fees {
        total: FeeTotal::Included { rate: 50_000_000, referred: 0, schedule },
        side: FeeSide::Output,
        parts: vec![
            part(Recipient::Protocol, 20, FeeOf::Total),
            part(Recipient::Referrer, 50, FeeOf::Part(0)),
            part(Recipient::Creator, 30, FeeOf::Rest),
        ],
        rest: Recipient::Partner,
    };
    let tiers = [(0, 30), (200 * SOL, 20)].map(|(from, bps)| PoolTier {
        from: Quote::new(from),
        fees: Fees::on_top(&[
            (Recipient::Liquidity, bps),
            (Recipient::Protocol, 5),
            (Recipient::Creator, 10),
            (Recipient::Partner, 7),
        ]),
    });
    let slope = (UNIT << 63) / 100 / u128::from(MILLION);
    let linear = PieceKind::Linear { start: UNIT / 100, slope, rounding: Rounding::Ceiling };
    let fixed = PieceKind::FixedPrice { quote: Quote::new(1), base: Base::new(50) };
    Module {
        supply: Base::new(10 * MILLION),
        pieces: vec![
            Piece { end: Base::new(2 * MILLION), kind: linear },
            Piece { end: Base::new(4 * MILLION), kind: fixed },
        ],
        fees,
        partner: Some(address(PARTNER)),
        vault: Some(Vault { reserve_bps: 1_000 }),
        allotment: Some(Allotment {
            amount: Base::new(MILLION),
            cliff_secs: 100,
            vesting_secs: 1_000,
        }),
        migration: Migration { lock: LiquidityLock::Term { secs: 500 }, tiers: tiers.to_vec() },
        ..pump_module()
    }
}
