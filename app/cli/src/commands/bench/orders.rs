//! Random orders that always fill, with limits as long as a real client's.

use anyhow::{Result, anyhow};
use asset_sdk::tx::TxBuilder;
use curvescript::CompiledCurve;
use curvevm::{
    program::{BuyOrder, SellOrder},
    types::{Base, CurveId, Quote},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The curve that is traded: pump.fun's.
const CURVE: &str = include_str!("../../../../../compiler/examples/pump.curve");
/// The orders are the same in every run.
const SEED: u64 = 1;
/// What a purchase spends, in lamports: so little that thousands on one curve move its price by less than [`MARGIN`].
const SPENT: std::ops::Range<u64> = 1_000_000..20_000_000;
/// Tokens that a lamport buys at the start of the curve: 1,073 million of 10^6 base units for 30 SOL.
const TOKENS: u64 = 1_073_000_000_000_000 / 30_000_000_000;
/// How far a limit is from the price at the start.
const MARGIN: u64 = 16;

/// A purchase that a sale can follow.
#[derive(Clone, Copy, Debug)]
struct Bought {
    trader: usize,
    curve: usize,
    /// The fewest tokens that it received.
    base_min: u64,
}

/// Random orders: two purchases for each sale.
#[derive(Debug)]
pub(super) struct Orders {
    random: ChaCha8Rng,
    traders: usize,
    curves: Vec<CurveId>,
    bought: Vec<Bought>,
}

/// An order of one of the traders.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) trader: usize,
    pub(super) transaction: TxBuilder,
    bought: Option<Bought>,
}

/// The curve, compiled.
pub(super) fn curve() -> Result<CompiledCurve> {
    curvescript::compile_curve(CURVE).map_err(|found| anyhow!("{found}"))
}

impl Orders {
    /// Orders of `traders` on `curves`, the same in every run. There is at least one of each.
    pub(super) fn new(traders: usize, curves: Vec<CurveId>) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(SEED), traders, curves, bought: Vec::new() }
    }

    /// The next order, which fills whatever other orders are executed before it: a sale gives what a filled purchase
    /// received at least.
    pub(super) fn next(&mut self) -> Order {
        if self.random.random_ratio(1, 3) && !self.bought.is_empty() {
            let at = self.random.random_range(0..self.bought.len());
            let bought = self.bought.swap_remove(at);
            return self.sale(bought);
        }
        let trader = self.random.random_range(0..self.traders);
        let curve = self.random.random_range(0..self.curves.len());
        let quote = self.random.random_range(SPENT);
        let base_min = quote * TOKENS / MARGIN;
        let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::new(base_min) };
        let transaction = TxBuilder::new().buy(self.curves[curve], order);
        Order { trader, transaction, bought: Some(Bought { trader, curve, base_min }) }
    }

    /// The order is executed before every order from now on.
    pub(super) fn filled(&mut self, order: &Order) {
        self.bought.extend(order.bought);
    }

    /// The price is never below that at the start.
    fn sale(&self, bought: Bought) -> Order {
        let Bought { trader, curve, base_min } = bought;
        let quote_min = Quote::new(base_min / TOKENS / 2);
        let order = SellOrder::ExactIn { base: Base::new(base_min), quote_min };
        let transaction = TxBuilder::new().sell(self.curves[curve], order);
        Order { trader, transaction, bought: None }
    }
}
