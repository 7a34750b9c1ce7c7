//! What a trade costs natively, without its signature and without the state tree: cells are in a map in memory.
//!
//! `trade/<kind of piece>/buy` executes a transaction of one exact-in purchase through [`apply_verified`]: admission by the nonce, the
//! price, the fees, and all cells written back. `keys/…` is the part of it that derives the cells' keys, which is SHA-256.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    hint::black_box,
    time::Instant,
};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use curvevm::{
    cell::{Account, Cell, Curve, Holding},
    error::StateError,
    execute::{Context, State, apply_verified},
    meter::Meter,
    module::{
        Fees, Graduation, LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind,
        PoolTier, Recipient, Rounding,
    },
    program::{BuyOrder, Instruction, Launch, SellOrder},
    receipt::Outcome,
    tree::Found,
    tx::{Body, NEVER_EXPIRES, TX_VERSION},
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote},
};

/// Keys are hashes already.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }
}

#[derive(Clone, Default)]
struct Cells(HashMap<Key, Cell, BuildHasherDefault<FirstBytes>>);

impl State for Cells {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        // As in a state of a million cells.
        Ok(Found { cell: self.0.get(key), depth: 20 })
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.0.insert(key, cell);
        Ok(())
    }
}

const CREATOR: Address = Address::new([1; 32]);
const TRADER: Address = Address::new([2; 32]);
const TRILLION: u64 = 1_000_000_000_000;
const UNIT: u128 = 1 << 64;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    keys(&mut criterion);
    let mut group = criterion.benchmark_group("trade");
    for (name, module) in modules() {
        trades(&mut group, name, &module);
    }
    pool(&mut group);
    group.finish();
    criterion.final_summary();
}

/// The keys of a trade: the account, the curve, its module, the holding.
fn keys(criterion: &mut Criterion) {
    let (curve, module) = (CurveId::new([3; 32]), Hash::new([4; 32]));
    criterion.bench_function("keys/of_a_trade", |bencher| {
        bencher.iter(|| {
            let account = Account::key(black_box(&TRADER));
            let curve_key = Curve::key(black_box(&curve));
            let module_key = Module::key(black_box(&module));
            (account, curve_key, module_key, Holding::key(&curve, &TRADER))
        });
    });
}

fn trades(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, module: &Module) {
    let (cells, curve) = scene(module, module.sale_end().get() / 2);
    measure(group, &format!("{name}/buy"), &cells, buy(curve, 1_000));
    measure(group, &format!("{name}/sell"), &cells, sell(curve, 100_000));
}

fn pool(group: &mut BenchmarkGroup<'_, WallTime>) {
    let (mut cells, curve) = scene(&pump(), u64::MAX);
    run(&mut cells, TRADER, vec![Instruction::MigrateToAmm { curve }]);
    measure(group, "pool/buy", &cells, buy(curve, 1_000));
    measure(group, "pool/sell", &cells, sell(curve, 100_000));
}

fn buy(curve: CurveId, quote: u64) -> Instruction {
    let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO };
    Instruction::Buy { curve, order, referrer: None }
}

fn sell(curve: CurveId, base: u64) -> Instruction {
    let order = SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO };
    Instruction::Sell { curve, order, referrer: None }
}

fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    cells: &Cells,
    instruction: Instruction,
) {
    let mut body = body(TRADER, vec![instruction]);
    let first = next_nonce(cells, &TRADER);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut cells = cells.clone();
            let start = Instant::now();
            for nonce in (first..).take(usize::try_from(iterations).unwrap_or(usize::MAX)) {
                body.nonce = nonce;
                let receipt =
                    apply_verified(&body, Hash::ZERO, &context(), &mut cells, &mut Meter::new());
                let outcome = black_box(receipt).map(|receipt| receipt.outcome);
                assert!(matches!(outcome, Ok(Outcome::Succeeded(_))), "{outcome:?}");
            }
            start.elapsed()
        });
    });
}

/// A curve of which the trader has bought so many tokens, or all.
fn scene(module: &Module, bought: u64) -> (Cells, CurveId) {
    let mut cells = Cells::default();
    for owner in [CREATOR, TRADER] {
        let balances = vec![(AssetId::SOL, Quote::new(u64::MAX >> 2))];
        let account = Account { balances, ..Account::default() };
        cells.0.insert(Account::key(&owner), Cell::Account(account));
    }
    let rules = curvevm::cell::Rules { version: 0, treasury: CREATOR, quote_assets: Vec::new() };
    cells.0.insert(curvevm::cell::Rules::key(), Cell::Rules(rules));
    let launch = Instruction::Launch(Launch {
        module: module.hash(),
        quote_asset: AssetId::SOL,
        name: "A name of some length".into(),
        symbol: "SYMBOL".into(),
        salt: 7,
        first_buy: None,
    });
    run(&mut cells, CREATOR, vec![Instruction::PublishModule(module.clone()), launch]);
    let curve = CurveId::derive(&CREATOR, 7);
    let order = BuyOrder::ExactOut { base: Base::new(bought), quote_max: Quote::MAX };
    run(&mut cells, TRADER, vec![Instruction::Buy { curve, order, referrer: None }]);
    (cells, curve)
}

fn run(cells: &mut Cells, signer: Address, program: Vec<Instruction>) {
    let nonce = next_nonce(cells, &signer);
    let body = Body { nonce, ..body(signer, program) };
    let receipt = apply_verified(&body, Hash::ZERO, &context(), cells, &mut Meter::new());
    let outcome = receipt.map(|receipt| receipt.outcome);
    assert!(matches!(outcome, Ok(Outcome::Succeeded(_))), "{outcome:?}");
}

fn next_nonce(cells: &Cells, signer: &Address) -> u64 {
    match cells.0.get(&Account::key(signer)) {
        Some(Cell::Account(account)) => account.nonces.next(),
        other => panic!("{other:?}"),
    }
}

const fn body(signer: Address, program: Vec<Instruction>) -> Body {
    let expires_at = NEVER_EXPIRES;
    Body { version: TX_VERSION, signer, session: None, nonce: 0, expires_at, program }
}

const fn context() -> Context {
    Context { genesis: Hash::ZERO, height: 1, time_ms: 1_000_000 }
}

/// A module of each kind of piece, and one of 64 pieces.
fn modules() -> Vec<(&'static str, Module)> {
    let rounding = Rounding::Ceiling;
    let linear = |start, slope, rounding| PieceKind::Linear { start, slope, rounding };
    let slope = (UNIT << 63) / 100 / u128::from(TRILLION);
    let one = |kind| with(vec![Piece { end: Base::new(4 * TRILLION), kind }]);
    let product = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(TRILLION / 10),
        virtual_base: Base::new(5 * TRILLION),
        rounding,
    };
    let fixed = PieceKind::FixedPrice { quote: Quote::new(1), base: Base::new(50) };
    let (sqrt_start, sqrt_end, liquidity) = (UNIT / 10, UNIT / 5, 1u128 << 106);
    let end = curvevm::curve::liquidity_base(sqrt_start, sqrt_end, liquidity);
    let concentrated = Piece {
        end: end.unwrap_or_else(|error| panic!("{error}")),
        kind: PieceKind::ConstantLiquidity { liquidity, sqrt_end },
    };
    let step = |index: u64| Piece {
        end: Base::new((index + 1) * TRILLION),
        kind: linear((10 + u128::from(index)) * UNIT / 100, 0, rounding),
    };
    vec![
        ("constant_product", one(product)),
        ("constant_product_pump", pump()),
        ("linear", one(linear(UNIT / 100, slope, rounding))),
        ("linear_cumulative", one(linear(0, slope, Rounding::Cumulative))),
        ("fixed_price", one(fixed)),
        ("constant_liquidity", Module { sqrt_start, ..with(vec![concentrated]) }),
        ("linear_64_pieces", with((0..64).map(step).collect())),
    ]
}

fn with(pieces: Vec<Piece>) -> Module {
    let end = pieces.last().map_or(0, |piece| piece.end.get());
    Module { supply: Base::new(end * 3), pieces, ..pump() }
}

fn pump() -> Module {
    let kind = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(30_000_000_000),
        virtual_base: Base::new(1_073_000_000_000_000),
        rounding: Rounding::FloorPlusOne,
    };
    let pool_fees = [(Recipient::Liquidity, 20), (Recipient::Protocol, 5), (Recipient::Creator, 5)];
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(1_000_000_000_000_000),
        sqrt_start: 0,
        pieces: vec![Piece { end: Base::new(793_100_000_000_000), kind }],
        fees: Fees::on_top(&[(Recipient::Protocol, 95), (Recipient::Creator, 30)]),
        partner: None,
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: Migration {
            lock: LiquidityLock::Forever,
            tiers: vec![PoolTier { from: Quote::ZERO, fees: Fees::on_top(&pool_fees) }],
        },
    }
}
