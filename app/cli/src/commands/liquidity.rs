//! `asset liquidity`: add liquidity to a pool, or remove it.

use anyhow::{Context, Result, anyhow};
use asset_sdk::{
    Wallet,
    amount::{format_decimal, parse_sol, parse_tokens},
    rpc::CurveView,
    tx::{Addition, Removal, TxBuilder},
};
use clap::{Args, Subcommand};
use curvevm::{
    receipt::{Event, Liquidity},
    types::{Base, CurveId, Quote, Shares},
};
use serde::Serialize;

use super::buy::{less, more, simulate};
use crate::{
    context::{NodeUrls, Sent, Trader, Until, finish, format_quote, parse_percent},
    output::Output,
};

/// Add liquidity to a pool, or remove it.
#[derive(Debug, Args)]
pub(crate) struct LiquidityArgs {
    #[command(subcommand)]
    pub(crate) command: LiquidityCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum LiquidityCommand {
    /// Add quote and tokens to the pool of a migrated curve, for shares.
    Add(AddArgs),
    /// Give shares of a pool for their part of it.
    Remove(RemoveArgs),
}

/// Add quote and tokens to the pool of a migrated curve, for shares.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The curve's id.
    pub(crate) curve: CurveId,
    /// How much quote to add, such as 1.5sol; the tokens follow from the pool's price.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT")]
    pub(crate) quote: Quote,
    /// The most tokens to add.
    #[arg(long, value_name = "TOKENS")]
    pub(crate) max: Option<String>,
    /// The fewest shares to accept.
    #[arg(long, value_name = "N")]
    pub(crate) min_shares: Option<u64>,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
}

/// Give shares of a pool for their part of it.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The curve's id.
    pub(crate) curve: CurveId,
    /// How many shares to give, or all.
    #[arg(long, value_name = "N|all")]
    pub(crate) shares: String,
    /// The least quote to accept.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT")]
    pub(crate) min_quote: Option<Quote>,
    /// The fewest tokens to accept.
    #[arg(long, value_name = "TOKENS")]
    pub(crate) min_tokens: Option<String>,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
}

/// What both share.
#[derive(Debug, Args)]
pub(crate) struct TermsArgs {
    /// How far the price may move from what it is now, for limits that are not given.
    #[arg(long, value_parser = parse_percent, default_value = "1%", value_name = "PERCENT")]
    pub(crate) slippage: u16,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) trader: Trader,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

/// A change of a pool.
#[derive(Serialize)]
struct Changed {
    curve: CurveId,
    liquidity: Option<Change>,
    transaction: Sent,
}

/// What was added or removed.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Change {
    quote: Quote,
    base: Base,
    shares: Shares,
}

pub(crate) async fn run(args: LiquidityArgs, output: &Output) -> Result<()> {
    match args.command {
        LiquidityCommand::Add(args) => add(&args, output).await,
        LiquidityCommand::Remove(args) => remove(&args, output).await,
    }
}

async fn add(args: &AddArgs, output: &Output) -> Result<()> {
    let wallet = args.terms.trader.wallet(&args.terms.urls).await?;
    let curve = wallet.client().curve(args.curve).await?;
    let free = Addition { quote: args.quote, base_max: Base::MAX, shares_min: Shares::ZERO };
    let expected = simulated(&wallet, &TxBuilder::new().add_liquidity(args.curve, free)).await?;
    let slippage = args.terms.slippage;
    let base_max = match &args.max {
        Some(max) => parse_tokens(max, &curve.symbol, curve.decimals)?,
        None => Base::new(more(expected.base.get(), slippage)),
    };
    let shares_min = match args.min_shares {
        Some(min) => Shares::new(min),
        None => Shares::new(less(expected.shares.get(), slippage)),
    };
    let addition = Addition { quote: args.quote, base_max, shares_min };
    let transaction = TxBuilder::new().add_liquidity(args.curve, addition);
    change(&wallet, &transaction, &curve, ("added", args.terms.wait), output).await
}

async fn remove(args: &RemoveArgs, output: &Output) -> Result<()> {
    let wallet = args.terms.trader.wallet(&args.terms.urls).await?;
    let curve = wallet.client().curve(args.curve).await?;
    let shares = match args.shares.as_str() {
        "all" => wallet.client().stake(args.curve, wallet.address()).await?.shares,
        shares => {
            let shares = shares.parse();
            Shares::new(shares.map_err(|_| anyhow!("`{}` is no number of shares", args.shares))?)
        }
    };
    let free = Removal { shares, quote_min: Quote::ZERO, base_min: Base::ZERO };
    let expected = simulated(&wallet, &TxBuilder::new().remove_liquidity(args.curve, free)).await?;
    let slippage = args.terms.slippage;
    let least = Quote::new(less(expected.quote.get(), slippage));
    let base_min = match &args.min_tokens {
        Some(min) => parse_tokens(min, &curve.symbol, curve.decimals)?,
        None => Base::new(less(expected.base.get(), slippage)),
    };
    let removal = Removal { shares, quote_min: args.min_quote.unwrap_or(least), base_min };
    let transaction = TxBuilder::new().remove_liquidity(args.curve, removal);
    change(&wallet, &transaction, &curve, ("removed", args.terms.wait), output).await
}

/// What a transaction would change now.
async fn simulated(wallet: &Wallet, transaction: &TxBuilder) -> Result<Change> {
    let events = simulate(wallet, transaction).await?;
    events.iter().find_map(liquidity_of).context("the simulated transaction moved no liquidity")
}

/// Sends a transaction and writes what it changed.
async fn change(
    wallet: &Wallet,
    transaction: &TxBuilder,
    curve: &CurveView,
    (verb, wait): (&str, Until),
    output: &Output,
) -> Result<()> {
    let submitted = wallet.submit(transaction).await?;
    let transaction = finish(submitted, wait, output).await?;
    let liquidity = transaction.events.iter().find_map(liquidity_of);
    let changed = Changed { curve: curve.id, liquidity, transaction };
    output.result(&changed, || {
        let change = changed.liquidity.map(|change| format!("{verb} {}\n", change.text(curve)));
        format!("{}{}", change.unwrap_or_default(), changed.transaction.text())
    })
}

impl Change {
    /// `1sol, 500 PUMP, 70 shares`
    pub(crate) fn text(self, curve: &CurveView) -> String {
        format!(
            "{}, {} {}, {} shares",
            format_quote(self.quote, &curve.quote_asset),
            format_decimal(self.base.get(), curve.decimals),
            curve.symbol,
            self.shares
        )
    }
}

/// The change of a pool, if the event is one.
pub(crate) const fn liquidity_of(event: &Event) -> Option<Change> {
    match event {
        Event::LiquidityAdded(change)
        | Event::LiquidityRemoved(change)
        | Event::Migrated(change) => {
            let Liquidity { quote, base, shares, .. } = *change;
            Some(Change { quote, base, shares })
        }
        Event::Traded(_)
        | Event::Launched { .. }
        | Event::Published { .. }
        | Event::Transferred { .. }
        | Event::Withdrawn { .. }
        | Event::Claimed { .. }
        | Event::Authorized { .. }
        | Event::Revoked { .. }
        | Event::Deposited { .. } => None,
    }
}
