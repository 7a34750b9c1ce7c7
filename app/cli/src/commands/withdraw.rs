//! `asset withdraw`: withdraw SOL or tokens to the L1.

use anyhow::{Context, Result};
use asset_sdk::{
    Wallet,
    amount::{format_decimal, format_sol, parse_sol, parse_tokens},
    wallet::withdrawal_of,
};
use clap::Args;
use curvevm::{
    program::Amount,
    types::{Address, AssetId, CurveId, Quote},
};
use serde::Serialize;

use super::claim::{Paid, claim};
use crate::{
    context::{L1Url, NodeUrls, Sent, Signer, Until, finish},
    output::Output,
};

/// Withdraw SOL or tokens to the L1.
///
/// It can be claimed there once its batch is finalized: with --claim in one go, or later with `asset claim INDEX`.
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// How much, such as 1.5sol.
    #[arg(value_parser = parse_sol, required_unless_present = "tokens", conflicts_with = "tokens")]
    pub(crate) amount: Option<Quote>,
    /// Withdraw this many tokens of a curve, such as 1000t, 1000000 in base units, or all.
    #[arg(long, value_name = "TOKENS", requires = "curve")]
    pub(crate) tokens: Option<String>,
    /// The curve whose tokens are withdrawn.
    #[arg(long, value_name = "CURVE", requires = "tokens")]
    pub(crate) curve: Option<CurveId>,
    /// Who is paid on the L1; the signer when not given.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<Address>,
    /// Wait until the withdrawal is finalized and claim it; the signer pays the L1 fee.
    #[arg(long)]
    pub(crate) claim: bool,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed", conflicts_with = "claim")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
    #[command(flatten)]
    pub(crate) l1: L1Url,
}

#[derive(Serialize)]
struct Withdrawn {
    /// The withdrawal's index, once it is executed.
    index: Option<u64>,
    amount: Amount,
    recipient: Address,
    transaction: Sent,
    paid: Option<Paid>,
}

pub(crate) async fn run(args: WithdrawArgs, output: &Output) -> Result<()> {
    let wallet = args.signer.wallet(&args.urls).await?;
    let recipient = args.to.unwrap_or_else(|| wallet.address());
    let (amount, text) = amount(&args, &wallet).await?;
    let submitted = wallet.withdraw(recipient, amount).await?;
    let until = if args.claim { Until::Finalized } else { args.wait };
    let transaction = finish(submitted, until, output).await?;
    let index = transaction.events.iter().find_map(withdrawal_of);
    let mut paid = None;
    if args.claim {
        let index = index.context("the receipt names no withdrawal")?;
        let l1 = args.l1.connect(wallet.client()).await?;
        paid = Some(claim(wallet.client(), &l1, wallet.key(), index).await?);
    }
    let withdrawn = Withdrawn { index, amount, recipient, transaction, paid };
    output.result(&withdrawn, || {
        let claimed = match (&withdrawn.paid, index) {
            (Some(paid), _) => {
                format!("paid {text} to {recipient} on the L1 in slot {}", paid.slot)
            }
            (None, Some(index)) => {
                format!("withdrawal {index} of {text}: claim it with `asset claim {index}`")
            }
            (None, None) => format!("withdrawal of {text}"),
        };
        format!("{claimed}\n{}", withdrawn.transaction.text())
    })
}

/// What is withdrawn, and how people write it.
async fn amount(args: &WithdrawArgs, wallet: &Wallet) -> Result<(Amount, String)> {
    let (Some(tokens), Some(id)) = (&args.tokens, args.curve) else {
        let quote = args.amount.context("say how much, or --tokens and --curve")?;
        return Ok((Amount::Quote(AssetId::SOL, quote), format_sol(quote)));
    };
    let curve = wallet.client().curve(id).await?;
    let base = match tokens.as_str() {
        "all" => wallet.client().holding(id, wallet.address()).await?.amount,
        tokens => parse_tokens(tokens, &curve.symbol, curve.decimals)?,
    };
    let text = format!("{} {}", format_decimal(base.get(), curve.decimals), curve.symbol);
    Ok((Amount::Base(id, base), text))
}
