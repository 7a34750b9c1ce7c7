//! `asset claim`: have a finalized withdrawal paid out on the L1.

use anyhow::Result;
use asset_sdk::{
    Client, Key,
    amount::format_sol,
    l1::{Claim, L1Client, Level},
};
use clap::Args;
use curvevm::types::{Address, Quote};
use serde::Serialize;

use crate::{
    context::{L1Url, NodeUrls, Signer},
    output::Output,
};

/// Have a finalized withdrawal paid out on the L1. Anybody may; its recipient is paid.
#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    /// The withdrawal's index.
    pub(crate) index: u64,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
    #[command(flatten)]
    pub(crate) l1: L1Url,
}

/// A withdrawal that was paid.
#[derive(Debug, Serialize)]
pub(crate) struct Paid {
    pub(crate) index: u64,
    pub(crate) amount: Quote,
    pub(crate) recipient: Address,
    /// The finalized batch that it was proved under.
    pub(crate) batch: u64,
    pub(crate) signature: String,
    pub(crate) slot: u64,
}

pub(crate) async fn run(args: ClaimArgs, output: &Output) -> Result<()> {
    let key = args.signer.read()?;
    let client = args.urls.connect().await?;
    let l1 = args.l1.connect(&client).await?;
    let paid = claim(&client, &l1, &key, args.index).await?;
    output.result(&paid, || {
        format!(
            "paid {} to {} on the L1 in slot {}",
            format_sol(paid.amount),
            paid.recipient,
            paid.slot
        )
    })
}

/// Proves a withdrawal under the last finalized root and claims it.
pub(crate) async fn claim(client: &Client, l1: &L1Client, payer: &Key, index: u64) -> Result<Paid> {
    let rollup = l1.rollup(Level::Confirmed).await?;
    let batch = rollup.finalized_number;
    let root = rollup.finalized_root(batch).unwrap_or_default();
    let proven = client.prove_withdrawal(index, batch, root).await?;
    let claim = Claim { batch, withdrawal: &proven.withdrawal, witness: &proven.witness };
    let landed = l1.withdraw(payer, claim).await?;
    Ok(Paid {
        index,
        amount: proven.withdrawal.amount,
        recipient: proven.withdrawal.recipient,
        batch,
        signature: landed.signature.to_string(),
        slot: landed.slot,
    })
}
