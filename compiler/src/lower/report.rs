//! The report on a compiled curve: how far the module is from its source, and what completing it costs.

use curvevm::{
    cell::{Accrued, Curve, Phase},
    curve,
    error::Error,
    module::Module,
    program::BuyOrder,
    receipt::TakenFees,
    types::{Address, AssetId, Base, Quote},
};
use serde::Serialize;

/// What is proven of a compiled curve. The module has passed the verifier besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One for each piece, in order.
    pub pieces: Vec<PieceReport>,
    /// The purchase that completes the curve at once.
    pub completion: Completion,
}

/// How far a piece is from its source. Compiled prices are not above those of the source, but for the start of a piece that follows
/// one of another kind: by less than one step, so that the price does not fall.
///
/// Of a piece of constant liquidity, the prices are those at its ends, and the cost is that of the whole piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PieceReport {
    /// Tokens that the piece sells, in base units.
    pub sell: Base,
    /// The compiled price is less than this much below the source's, in 2^-64 quote base units for one token base unit.
    pub price_error_max: u64,
    /// Any purchase inside the piece costs at most this much less than under the source's price, in quote base units and
    /// before the cost is rounded up.
    pub cost_error_max: Quote,
}

/// A purchase from genesis until the curve is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// Tokens bought, in base units.
    pub base: Base,
    /// Quote that the curve collects, in base units.
    pub quote: Quote,
    /// The fees on it.
    pub fees: TakenFees,
}

impl Completion {
    /// Buys all that a verified module sells.
    pub(super) fn of(module: &Module) -> Result<Self, Error> {
        let genesis = Curve {
            version: 0,
            module: module.hash(),
            quote_asset: AssetId::SOL,
            creator: Address::default(),
            name: String::new(),
            symbol: String::new(),
            sold: Base::ZERO,
            reserve: Quote::ZERO,
            launched_ms: 0,
            sqrt_price: module.sqrt_start,
            marks: Vec::new(),
            fees: Accrued::default(),
            phase: Phase::Trading,
        };
        let terms = curve::Terms { time_ms: 0, referred: false };
        let order = BuyOrder::ExactOut { base: module.sale_end(), quote_max: Quote::MAX };
        let fill = curve::buy(module, &genesis, &order, &terms)?;
        Ok(Self { base: fill.base, quote: fill.quote, fees: fill.fees })
    }
}
