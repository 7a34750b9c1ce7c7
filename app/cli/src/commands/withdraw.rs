//! `asset withdraw`: withdraw SOL or tokens to the L1.

use anyhow::{Context, Result};
use asset_sdk::{
    Wallet,
    amount::{parse_sol, parse_tokens},
    wallet::withdrawal_of,
};
use clap::{ArgGroup, Args};
use curvevm::{
    program::Amount,
    types::{Address, AssetId, CurveId, Quote},
};
use serde::Serialize;

use super::claim::{Paid, amount_text, claim};
use crate::{
    context::{L1Url, NodeUrls, Sent, Signer, Until, finish, parse_units},
    output::Output,
};

/// Withdraw SOL or tokens to the L1.
///
/// Tokens are those of a curve, or of a quote asset that genesis names. It can be claimed there once its batch is finalized: with --claim in one go, or later with `asset claim INDEX`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("asset").args(["curve", "mint"]))]
pub(crate) struct WithdrawArgs {
    /// How much, such as 1.5sol.
    #[arg(value_parser = parse_sol, required_unless_present = "tokens", conflicts_with = "tokens")]
    pub(crate) amount: Option<Quote>,
    /// Withdraw this many tokens: 1000000 in base units, all, or with --curve also such as 1000t.
    #[arg(long, value_name = "TOKENS", requires = "asset")]
    pub(crate) tokens: Option<String>,
    /// The curve whose tokens are withdrawn.
    #[arg(long, value_name = "CURVE", requires = "tokens")]
    pub(crate) curve: Option<CurveId>,
    /// The mint of the quote asset that is withdrawn.
    #[arg(long, value_name = "MINT", requires = "tokens")]
    pub(crate) mint: Option<AssetId>,
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
    let amount = amount(&args, &wallet).await?;
    let submitted = wallet.withdraw(recipient, amount).await?;
    let until = if args.claim { Until::Finalized } else { args.wait };
    let transaction = finish(submitted, until, output).await?;
    let index = transaction.events.iter().find_map(withdrawal_of);
    let mut paid = None;
    let l1 = args.l1.open(wallet.client()).await?;
    if args.claim {
        let index = index.context("the receipt names no withdrawal")?;
        l1.check().await?;
        paid = Some(claim(wallet.client(), &l1, wallet.key(), index).await?);
    }
    let text = amount_text(wallet.client(), &l1, &amount).await;
    let withdrawn = Withdrawn { index, amount, recipient, transaction, paid };
    output.result(&withdrawn, || {
        let claimed = match (&withdrawn.paid, index) {
            (Some(paid), _) => paid.text(&text),
            (None, Some(index)) => {
                format!("withdrawal {index} of {text}: claim it with `asset claim {index}`")
            }
            (None, None) => format!("withdrawal of {text}"),
        };
        format!("{claimed}\n{}", withdrawn.transaction.text())
    })
}

/// What is withdrawn.
async fn amount(args: &WithdrawArgs, wallet: &Wallet) -> Result<Amount> {
    let Some(tokens) = &args.tokens else {
        let quote = args.amount.context("say how much, or --tokens and --curve or --mint")?;
        return Ok(Amount::Quote(AssetId::SOL, quote));
    };
    let (client, owner) = (wallet.client(), wallet.address());
    if let Some(asset) = args.mint {
        let quote = match tokens.as_str() {
            "all" => client.balance(owner, asset).await?.amount,
            tokens => Quote::new(parse_units(tokens)?),
        };
        return Ok(Amount::Quote(asset, quote));
    }
    let id = args.curve.context("say which tokens, with --curve or --mint")?;
    let base = match tokens.as_str() {
        "all" => client.holding(id, owner).await?.amount,
        tokens => {
            let curve = client.curve(id).await?;
            parse_tokens(tokens, &curve.symbol, curve.decimals)?
        }
    };
    Ok(Amount::Base(id, base))
}
