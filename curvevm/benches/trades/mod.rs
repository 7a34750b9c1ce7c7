//! Trades without signature and state tree: cells are in a map in memory.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use curvevm::{
    cell::{Account, Cell},
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

/// The state.
#[derive(Clone, Default)]
pub(crate) struct Cells(HashMap<Key, Cell, BuildHasherDefault<FirstBytes>>);

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
pub(crate) const TRADER: Address = Address::new([2; 32]);
const TRILLION: u64 = 1_000_000_000_000;
const UNIT: u128 = 1 << 64;

pub(crate) fn buy(curve: CurveId, quote: u64) -> Instruction {
    let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO };
    Instruction::Buy { curve, order, referrer: None }
}

pub(crate) fn sell(curve: CurveId, base: u64) -> Instruction {
    let order = SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO };
    Instruction::Sell { curve, order, referrer: None }
}

/// A curve of which the trader has bought so many tokens, or all.
pub(crate) fn scene(module: &Module, bought: u64) -> (Cells, CurveId) {
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

pub(crate) fn run(cells: &mut Cells, signer: Address, program: Vec<Instruction>) {
    let nonce = next_nonce(cells, &signer);
    let body = Body { nonce, ..body(signer, program) };
    let receipt = apply_verified(&body, Hash::ZERO, &context(), cells, &mut Meter::new());
    let outcome = receipt.map(|receipt| receipt.outcome);
    assert!(matches!(outcome, Ok(Outcome::Succeeded(_))), "{outcome:?}");
}

pub(crate) fn next_nonce(cells: &Cells, signer: &Address) -> u64 {
    match cells.0.get(&Account::key(signer)) {
        Some(Cell::Account(account)) => account.nonces.next(),
        other => panic!("{other:?}"),
    }
}

pub(crate) const fn body(signer: Address, program: Vec<Instruction>) -> Body {
    let expires_at = NEVER_EXPIRES;
    Body { version: TX_VERSION, signer, session: None, nonce: 0, expires_at, program }
}

pub(crate) const fn context() -> Context {
    Context { genesis: Hash::ZERO, height: 1, time_ms: 1_000_000 }
}

/// A module of each kind of piece, and one of 64 pieces.
pub(crate) fn modules() -> Vec<(&'static str, Module)> {
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

pub(crate) fn pump() -> Module {
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
