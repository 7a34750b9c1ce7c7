//! `asset sell`: sell tokens of a curve.

use anyhow::{Result, bail};
use asset_sdk::{
    Wallet,
    amount::{parse_sol, parse_tokens},
    rpc::CurveView,
    tx::TxBuilder,
};
use clap::Args;
use curvevm::{
    program::SellOrder,
    types::{Address, Base, CurveId, Quote},
};

use super::buy::{less, more, simulated_trade, traded};
use crate::{
    context::{NodeUrls, Trader, Until, finish, parse_percent},
    output::Output,
};

/// Sell tokens of a curve.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("order").required(true).args(["tokens", "receive"]))]
pub(crate) struct SellArgs {
    /// The curve's id.
    pub(crate) curve: CurveId,
    /// Give this many tokens, such as 1000t, 1000000 in base units, or all.
    #[arg(long, value_name = "TOKENS")]
    pub(crate) tokens: Option<String>,
    /// Receive this much after fees, such as 1.5sol.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT")]
    pub(crate) receive: Option<Quote>,
    /// With --tokens: the least to accept, after fees.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT", requires = "tokens", conflicts_with = "slippage")]
    pub(crate) min: Option<Quote>,
    /// With --receive: the most tokens to give.
    #[arg(long, value_name = "TOKENS", requires = "receive", conflicts_with = "slippage")]
    pub(crate) max: Option<String>,
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

pub(crate) async fn run(args: SellArgs, output: &Output) -> Result<()> {
    let wallet = args.trader.wallet(&args.urls).await?;
    let curve = wallet.client().curve(args.curve).await?;
    let order = order(&args, &curve, &wallet).await?;
    let submitted = wallet.submit(&transaction(&args, order)).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    traded(transaction, &curve, output)
}

fn transaction(args: &SellArgs, order: SellOrder) -> TxBuilder {
    TxBuilder::new().sell_referred(args.curve, order, args.referrer)
}

/// The order; without a limit, one within the slippage of what it would do now.
async fn order(args: &SellArgs, curve: &CurveView, wallet: &Wallet) -> Result<SellOrder> {
    if let Some(tokens) = &args.tokens {
        let base = match tokens.as_str() {
            "all" => wallet.client().holding(args.curve, wallet.address()).await?.amount,
            tokens => parse_tokens(tokens, &curve.symbol, curve.decimals)?,
        };
        if let Some(quote_min) = args.min {
            return Ok(SellOrder::ExactIn { base, quote_min });
        }
        let free = SellOrder::ExactIn { base, quote_min: Quote::ZERO };
        let quoted = simulated_trade(wallet, &transaction(args, free)).await?;
        let quote_min = Quote::new(less(quoted.trader_quote.get(), args.slippage));
        return Ok(SellOrder::ExactIn { base, quote_min });
    }
    let Some(quote) = args.receive else { bail!("say --tokens or --receive") };
    if let Some(max) = &args.max {
        let base_max = parse_tokens(max, &curve.symbol, curve.decimals)?;
        return Ok(SellOrder::ExactOut { quote, base_max });
    }
    let free = SellOrder::ExactOut { quote, base_max: Base::MAX };
    let quoted = simulated_trade(wallet, &transaction(args, free)).await?;
    Ok(SellOrder::ExactOut {
        quote,
        base_max: Base::new(more(quoted.trader_base.get(), args.slippage)),
    })
}
