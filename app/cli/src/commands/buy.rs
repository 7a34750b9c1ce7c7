//! `asset buy`: buy tokens of a curve.

use anyhow::{Context, Result, bail};
use asset_sdk::{
    Wallet,
    amount::{format_decimal, parse_sol, parse_tokens},
    rpc::CurveView,
    tx::TxBuilder,
    wallet::trade_of,
};
use clap::Args;
use curvevm::{
    program::BuyOrder,
    receipt::{Event, Outcome, Receipt, Trade},
    types::{Address, Base, CurveId, Quote},
};
use serde::Serialize;

use crate::{
    context::{NodeUrls, Sent, Trader, Until, finish, format_quote, parse_percent},
    output::Output,
};

/// Basis points in one.
const BPS: u128 = 10_000;

/// Buy tokens of a curve.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("order").required(true).args(["spend", "tokens"]))]
pub(crate) struct BuyArgs {
    /// The curve's id.
    pub(crate) curve: CurveId,
    /// Spend this much, fees included, such as 1.5sol.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT")]
    pub(crate) spend: Option<Quote>,
    /// Receive this many tokens, such as 1000t, or 1000000 in base units.
    #[arg(long, value_name = "TOKENS")]
    pub(crate) tokens: Option<String>,
    /// With --spend: the fewest tokens to accept.
    #[arg(long, value_name = "TOKENS", requires = "spend", conflicts_with = "slippage")]
    pub(crate) min: Option<String>,
    /// With --tokens: the most to pay, fees included.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT", requires = "tokens", conflicts_with = "slippage")]
    pub(crate) max: Option<Quote>,
    /// How far the price may move against the order from what it is now, when no limit is given.
    #[arg(long, value_parser = parse_percent, default_value = "1%", value_name = "PERCENT")]
    pub(crate) slippage: u16,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    /// Who referred the trader: receives the referrer's part of the fee.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) referrer: Option<Address>,
    #[command(flatten)]
    pub(crate) trader: Trader,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

/// The result of a trade.
#[derive(Serialize)]
pub(crate) struct Traded {
    pub(crate) curve: CurveId,
    pub(crate) trade: Option<Trade>,
    pub(crate) transaction: Sent,
}

pub(crate) async fn run(args: BuyArgs, output: &Output) -> Result<()> {
    let wallet = args.trader.wallet(&args.urls).await?;
    let curve = wallet.client().curve(args.curve).await?;
    let order = order(&args, &curve, &wallet).await?;
    let submitted = wallet.submit(&transaction(&args, order)).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    traded(transaction, &curve, output)
}

/// Writes what a trade did.
pub(crate) fn traded(transaction: Sent, curve: &CurveView, output: &Output) -> Result<()> {
    let trade = transaction.events.iter().find_map(trade_of);
    let traded = Traded { curve: curve.id, trade, transaction };
    output.result(&traded, || {
        let Some(trade) = traded.trade else { return traded.transaction.text() };
        let verb = match trade.side {
            curvevm::receipt::Side::Buy => "bought",
            curvevm::receipt::Side::Sell => "sold",
        };
        let tokens = format_decimal(trade.trader_base.get(), curve.decimals);
        let quote = format_quote(trade.trader_quote, &curve.quote_asset);
        format!(
            "{verb} {tokens} {} for {quote}, fees included\n{}",
            curve.symbol,
            traded.transaction.text()
        )
    })
}

fn transaction(args: &BuyArgs, order: BuyOrder) -> TxBuilder {
    TxBuilder::new().buy_referred(args.curve, order, args.referrer)
}

/// The order; without a limit, one within the slippage of what it would do now.
async fn order(args: &BuyArgs, curve: &CurveView, wallet: &Wallet) -> Result<BuyOrder> {
    if let Some(quote) = args.spend {
        if let Some(min) = &args.min {
            let base_min = parse_tokens(min, &curve.symbol, curve.decimals)?;
            return Ok(BuyOrder::ExactIn { quote, base_min });
        }
        let free = BuyOrder::ExactIn { quote, base_min: Base::ZERO };
        let quoted = simulated_trade(wallet, &transaction(args, free)).await?;
        return Ok(BuyOrder::ExactIn {
            quote,
            base_min: Base::new(less(quoted.trader_base.get(), args.slippage)),
        });
    }
    let Some(tokens) = &args.tokens else { bail!("say --spend or --tokens") };
    let base = parse_tokens(tokens, &curve.symbol, curve.decimals)?;
    if let Some(quote_max) = args.max {
        return Ok(BuyOrder::ExactOut { base, quote_max });
    }
    let free = BuyOrder::ExactOut { base, quote_max: Quote::MAX };
    let quoted = simulated_trade(wallet, &transaction(args, free)).await?;
    Ok(BuyOrder::ExactOut {
        base,
        quote_max: Quote::new(more(quoted.trader_quote.get(), args.slippage)),
    })
}

/// The trade that a transaction would make now.
pub(crate) async fn simulated_trade(wallet: &Wallet, transaction: &TxBuilder) -> Result<Trade> {
    let events = simulate(wallet, transaction).await?;
    events.iter().find_map(trade_of).context("the simulated transaction made no trade")
}

/// What a transaction would do now.
pub(crate) async fn simulate(wallet: &Wallet, transaction: &TxBuilder) -> Result<Vec<Event>> {
    let Receipt { outcome, .. } = wallet.simulate(transaction).await?;
    match outcome {
        Outcome::Succeeded(events) => Ok(events),
        Outcome::Failed { error, .. } | Outcome::Rejected { error } => {
            Err(error).context("the order would fail now")
        }
    }
}

/// `amount` less `bps`, rounded down.
pub(crate) fn less(amount: u64, bps: u16) -> u64 {
    let kept = BPS.saturating_sub(u128::from(bps));
    u64::try_from(u128::from(amount) * kept / BPS).unwrap_or(u64::MAX)
}

/// `amount` and `bps` more, rounded up; at most what 64 bits hold.
pub(crate) fn more(amount: u64, bps: u16) -> u64 {
    let grown = (u128::from(amount) * (BPS + u128::from(bps))).div_ceil(BPS);
    u64::try_from(grown).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{less, more};

    #[test]
    fn limits_are_rounded_away_from_the_quote() {
        assert_eq!((less(100, 100), more(100, 100)), (99, 101));
        assert_eq!((less(1, 1), more(1, 1)), (0, 2));
        assert_eq!((less(u64::MAX, 0), more(u64::MAX, 1)), (u64::MAX, u64::MAX));
        assert_eq!((less(100, 10_000), more(0, 10_000)), (0, 0));
    }
}
