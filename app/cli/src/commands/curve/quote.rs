//! `asset curve quote`: what an order would fill, without a node.

use anyhow::{Context, Result, anyhow};
use clap::{ArgGroup, Args};
use curvevm::{
    cell::{Curve, Phase},
    curve::{
        self, Fill, Terms,
        quote::{At, Impossible, curve_at},
    },
    error::Error as VmError,
    module::Module,
    program::{BuyOrder, SellOrder},
    receipt::{FeeSplit, Side, TakenFees},
    types::{Base, Hash, Quote},
};
use serde::{Serialize, Serializer};

use super::{read_source, source::Source};
use crate::output::Output;

/// Milliseconds in a second.
const SECOND_MS: u64 = 1_000;

/// Say what an order would fill, fees and partial fill included. All numbers are base units.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("side").required(true).args(["buy", "sell"]))]
#[command(group = ArgGroup::new("fixed").required(true).args(["amount_in", "amount_out"]))]
pub(crate) struct QuoteArgs {
    /// The curve: a CurveScript file, or the name of a template (see `asset curve templates`).
    #[arg(value_name = "FILE|TEMPLATE")]
    pub(crate) curve: String,
    /// Tokens sold so far.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) sold: u64,
    /// Quote collected so far, fees not included; what the tokens sold cost when bought at once, if not given.
    #[arg(long, value_name = "N")]
    pub(crate) reserve: Option<u64>,
    /// The square root of the price in Q64.64, where pieces of constant liquidity stand.
    #[arg(long, value_name = "N")]
    pub(crate) sqrt_price: Option<u128>,
    /// Buy tokens.
    #[arg(long)]
    pub(crate) buy: bool,
    /// Sell tokens.
    #[arg(long)]
    pub(crate) sell: bool,
    /// What is given exactly: quote to spend, fees included, or tokens to sell.
    #[arg(long = "in", value_name = "N")]
    pub(crate) amount_in: Option<u64>,
    /// What is received exactly: tokens to buy, or quote after fees.
    #[arg(long = "out", value_name = "N")]
    pub(crate) amount_out: Option<u64>,
    /// Seconds since the launch.
    #[arg(long, default_value_t = 0, value_name = "S")]
    pub(crate) time: u64,
    /// The order names a referrer.
    #[arg(long)]
    pub(crate) referred: bool,
}

/// What an order fills.
#[derive(Debug, Serialize)]
struct Quoted {
    /// The module's hash.
    module: Hash,
    side: Side,
    /// Tokens that the curve gives or takes.
    base: Base,
    /// Quote that the curve takes or gives, fees not included.
    quote: Quote,
    fees: Fees,
    /// Tokens that the trader receives or gives, fees included.
    trader_base: Base,
    /// Quote that the trader pays or receives, fees included.
    trader_quote: Quote,
    /// Whether the order is cut at the end of the curve.
    partial: bool,
    after: State,
}

/// The fees, each in base units of the asset.
#[derive(Debug, Serialize)]
struct Fees {
    asset: FeeAsset,
    protocol: u64,
    creator: u64,
    partner: u64,
    referrer: u64,
    total: u64,
}

/// What fees are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum FeeAsset {
    Quote,
    Base,
}

/// The state after the order.
#[derive(Debug, Serialize)]
struct State {
    sold: Base,
    reserve: Quote,
    /// As a text: JSON numbers do not hold it everywhere.
    #[serde(serialize_with = "as_text")]
    sqrt_price: u128,
    /// Whether the curve is complete.
    complete: bool,
}

pub(super) fn run(args: &QuoteArgs, output: &Output) -> Result<()> {
    let Source { module, .. } = read_source(&args.curve)?;
    let at = At {
        sold: Base::new(args.sold),
        reserve: args.reserve.map(Quote::new),
        sqrt_price: args.sqrt_price,
    };
    let curve = curve_at(&module, &at).context("the curve cannot be in this state")?;
    let fill = fill(&module, &curve, args).map_err(|error| {
        anyhow!("the order would fail with {} ({}): {error}", error.name(), error.code())
    })?;
    let side = if args.buy { Side::Buy } else { Side::Sell };
    let quoted = Quoted::new(&module, side, &fill)?;
    output.result(&quoted, || quoted.text())
}

fn fill(module: &Module, curve: &Curve, args: &QuoteArgs) -> Result<Fill, VmError> {
    // The curve was launched at time zero.
    let time_ms = args.time.checked_mul(SECOND_MS).ok_or(VmError::Overflow)?;
    let terms = Terms { time_ms, referred: args.referred };
    let (given, wanted) = (args.amount_in.unwrap_or(0), args.amount_out.unwrap_or(0));
    if args.buy {
        let order = match args.amount_in {
            Some(_) => BuyOrder::ExactIn { quote: Quote::new(given), base_min: Base::ZERO },
            None => BuyOrder::ExactOut { base: Base::new(wanted), quote_max: Quote::MAX },
        };
        return curve::buy(module, curve, &order, &terms);
    }
    let order = match args.amount_in {
        Some(_) => SellOrder::ExactIn { base: Base::new(given), quote_min: Quote::ZERO },
        None => SellOrder::ExactOut { quote: Quote::new(wanted), base_max: Base::MAX },
    };
    curve::sell(module, curve, &order, &terms)
}

impl Quoted {
    fn new(module: &Module, side: Side, fill: &Fill) -> Result<Self> {
        let fees = Fees::of(&fill.fees);
        Ok(Self {
            module: module.hash(),
            side,
            base: fill.base,
            quote: fill.quote,
            fees,
            trader_base: fill.trader_base,
            trader_quote: fill.trader_quote,
            partial: fill.partial,
            after: State {
                sold: fill.sold_after,
                reserve: fill.reserve_after,
                sqrt_price: fill.sqrt_price_after,
                complete: is_complete(module, fill)?,
            },
        })
    }

    fn text(&self) -> String {
        let (gives, gets) = match self.side {
            Side::Buy => ("trader pays", "trader receives"),
            Side::Sell => ("trader receives", "trader gives"),
        };
        let unit = match self.fees.asset {
            FeeAsset::Quote => "quote",
            FeeAsset::Base => "tokens",
        };
        let mut lines = vec![
            format!("base             {}", self.base),
            format!("quote            {}", self.quote),
        ];
        let Fees { protocol, creator, partner, referrer, total, .. } = self.fees;
        for (recipient, fee) in [
            ("protocol", protocol),
            ("creator", creator),
            ("partner", partner),
            ("referrer", referrer),
        ] {
            lines.push(format!("{:<16} {fee} {unit}", format!("{recipient} fee")));
        }
        lines.push(format!("fees in all      {total} {unit}"));
        lines.push(format!("{gives:<16} {} quote", self.trader_quote));
        lines.push(format!("{gets:<16} {} tokens", self.trader_base));
        let end = if self.after.complete { ", complete" } else { "" };
        lines.push(format!(
            "after            sold {}, reserve {}, sqrt price {}{end}",
            self.after.sold, self.after.reserve, self.after.sqrt_price
        ));
        lines.push(format!("partial          {}", if self.partial { "yes" } else { "no" }));
        lines.join("\n")
    }
}

/// Whether the curve is complete after an order.
fn is_complete(module: &Module, fill: &Fill) -> Result<bool> {
    let has_root = fill.sqrt_price_after != 0;
    let at = At {
        sold: fill.sold_after,
        reserve: Some(fill.reserve_after),
        sqrt_price: has_root.then_some(fill.sqrt_price_after),
    };
    let after = match curve_at(module, &at) {
        // Sales over several pieces may leave a unit or so less than buying each piece at once would have cost.
        Err(Impossible::Reserve { least, .. }) => {
            curve_at(module, &At { reserve: Some(least), ..at })
        }
        after => after,
    };
    Ok(after.context("the state after the order is impossible")?.phase != Phase::Trading)
}

impl Fees {
    const fn of(fees: &TakenFees) -> Self {
        match fees {
            TakenFees::Quote(FeeSplit { protocol, creator, partner, referrer, .. }) => Self::new(
                FeeAsset::Quote,
                [protocol.get(), creator.get(), partner.get(), referrer.get()],
            ),
            TakenFees::Base(FeeSplit { protocol, creator, partner, referrer, .. }) => Self::new(
                FeeAsset::Base,
                [protocol.get(), creator.get(), partner.get(), referrer.get()],
            ),
        }
    }

    const fn new(asset: FeeAsset, parts: [u64; 4]) -> Self {
        let [protocol, creator, partner, referrer] = parts;
        // A fee is at most what the trader pays in all, so that the sum fits.
        let total = protocol.saturating_add(creator).saturating_add(partner);
        let total = total.saturating_add(referrer);
        Self { asset, protocol, creator, partner, referrer, total }
    }
}

fn as_text<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
