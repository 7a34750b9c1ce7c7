//! `asset deposit`: lock SOL on the L1 and have it credited on the L2.

use anyhow::Result;
use asset_sdk::{
    amount::{format_sol, parse_sol},
    l1::Level,
};
use clap::Args;
use curvevm::types::{Address, AssetId, Quote};
use serde::Serialize;

use crate::{
    context::{L1Url, NodeUrls, Signer},
    output::Output,
};

/// Lock SOL on the L1 and have it credited on the L2.
#[derive(Debug, Args)]
pub(crate) struct DepositArgs {
    /// How much, such as 1.5sol.
    #[arg(value_parser = parse_sol)]
    pub(crate) amount: Quote,
    /// Who is credited; the depositor when not given.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<Address>,
    /// Return when the L1 has confirmed it, without waiting for the credit.
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
    #[command(flatten)]
    pub(crate) l1: L1Url,
}

#[derive(Serialize)]
struct Deposited {
    signature: String,
    slot: u64,
    recipient: Address,
    amount: Quote,
    /// The recipient's balance after the credit.
    balance: Option<Quote>,
}

pub(crate) async fn run(args: DepositArgs, output: &Output) -> Result<()> {
    let key = args.signer.read()?;
    let client = args.urls.connect().await?;
    let l1 = args.l1.connect(&client).await?;
    let recipient = args.to.unwrap_or_else(|| key.address());
    output.progress(&format!("locking {} on the L1", format_sol(args.amount)));
    let landed = l1.deposit(&key, &recipient, args.amount).await?;
    let mut balance = None;
    if !args.no_wait {
        output.progress("waiting until the deposit is final on the L1 and credited");
        let cursor = l1.inbox(Level::Confirmed).await?.count;
        client.wait_inbox(cursor).await?;
        balance = Some(client.balance(recipient, AssetId::SOL).await?.amount);
    }
    let deposited = Deposited {
        signature: landed.signature.to_string(),
        slot: landed.slot,
        recipient,
        amount: args.amount,
        balance,
    };
    output.result(&deposited, || match balance {
        Some(balance) => format!(
            "{} credited to {recipient}, balance {}",
            format_sol(args.amount),
            format_sol(balance)
        ),
        None => {
            format!("{} locked for {recipient} in slot {}", format_sol(args.amount), landed.slot)
        }
    })
}
