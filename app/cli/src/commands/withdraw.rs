//! `asset withdraw`: withdraw SOL to the L1.

use anyhow::{Context, Result};
use asset_sdk::{
    amount::{format_sol, parse_sol},
    wallet::withdrawal_of,
};
use clap::Args;
use curvevm::types::{Address, Quote};
use serde::Serialize;

use super::claim::{Paid, claim};
use crate::{
    context::{L1Url, NodeUrls, Sent, Signer, Until, finish},
    output::Output,
};

/// Withdraw SOL to the L1.
///
/// It can be claimed there once its batch is finalized: with --claim in one go, or later with `asset claim INDEX`.
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// How much, such as 1.5sol.
    #[arg(value_parser = parse_sol)]
    pub(crate) amount: Quote,
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
    amount: Quote,
    recipient: Address,
    transaction: Sent,
    paid: Option<Paid>,
}

pub(crate) async fn run(args: WithdrawArgs, output: &Output) -> Result<()> {
    let wallet = args.signer.wallet(&args.urls).await?;
    let recipient = args.to.unwrap_or_else(|| wallet.address());
    let submitted = wallet.withdraw_sol(recipient, args.amount).await?;
    let until = if args.claim { Until::Finalized } else { args.wait };
    let transaction = finish(submitted, until, output).await?;
    let index = transaction.events.iter().find_map(withdrawal_of);
    let mut paid = None;
    if args.claim {
        let index = index.context("the receipt names no withdrawal")?;
        let l1 = args.l1.connect(wallet.client()).await?;
        paid = Some(claim(wallet.client(), &l1, wallet.key(), index).await?);
    }
    let withdrawn = Withdrawn { index, amount: args.amount, recipient, transaction, paid };
    output.result(&withdrawn, || {
        let amount = format_sol(withdrawn.amount);
        let claimed = match (&withdrawn.paid, index) {
            (Some(paid), _) => {
                format!("paid {amount} to {recipient} on the L1 in slot {}", paid.slot)
            }
            (None, Some(index)) => {
                format!("withdrawal {index} of {amount}: claim it with `asset claim {index}`")
            }
            (None, None) => format!("withdrawal of {amount}"),
        };
        format!("{claimed}\n{}", withdrawn.transaction.text())
    })
}
