//! `asset balance`: show what an account holds.

use anyhow::{Context, Result};
use asset_sdk::{
    amount::format_decimal,
    rpc::{AccountView, HoldingView, StakeView},
};
use clap::Args;
use curvevm::types::{Address, CurveId};
use serde::Serialize;

use crate::{
    context::{NodeUrls, Signer, format_quote},
    output::Output,
};

/// Show what an account holds.
#[derive(Debug, Args)]
pub(crate) struct BalanceArgs {
    /// Whose; the key's when not given.
    pub(crate) owner: Option<Address>,
    /// Also the tokens of these curves, and the shares of their pools.
    #[arg(long)]
    pub(crate) curve: Vec<CurveId>,
    /// The key file whose address is asked for when no owner is given.
    #[arg(long, env = "ASSET_KEY", value_name = "FILE")]
    pub(crate) key: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

#[derive(Serialize)]
struct Balances {
    account: AccountView,
    holdings: Vec<HoldingView>,
    stakes: Vec<StakeView>,
}

pub(crate) async fn run(args: BalanceArgs, output: &Output) -> Result<()> {
    let owner = match args.owner {
        Some(owner) => owner,
        None => Signer { key: args.key.context("name an owner, or a key with --key")? }
            .read()?
            .address(),
    };
    let client = args.urls.connect().await?;
    let account = client.account(owner).await?;
    let mut lines: Vec<String> =
        account.balances.iter().map(|entry| format_quote(entry.amount, &entry.asset)).collect();
    if lines.is_empty() {
        lines.push("0sol".to_owned());
    }
    let mut holdings = Vec::with_capacity(args.curve.len());
    let mut stakes = Vec::with_capacity(args.curve.len());
    for id in args.curve {
        let (curve, holding) = (client.curve(id).await?, client.holding(id, owner).await?);
        lines.push(format!(
            "{} {}",
            format_decimal(holding.amount.get(), curve.decimals),
            curve.symbol
        ));
        holdings.push(holding);
        let stake = client.stake(id, owner).await?;
        if !stake.shares.is_zero() {
            lines.push(format!("{} shares of the pool of {}", stake.shares, curve.symbol));
        }
        stakes.push(stake);
    }
    let balances = Balances { account, holdings, stakes };
    output.result(&balances, || {
        format!("{}\nat height {}", lines.join("\n"), balances.account.at.height)
    })
}
