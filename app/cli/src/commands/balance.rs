//! `asset balance`: show what an account holds.

use anyhow::{Context, Result};
use asset_sdk::{
    Client,
    amount::format_decimal,
    rpc::{AccountView, HoldingView, StakeView},
};
use clap::Args;
use curvevm::types::{Address, AssetId, CurveId};
use futures::future::join_all;
use serde::Serialize;

use crate::{
    context::{L1Url, NodeUrls, Signer, decimals, format_asset},
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
    #[command(flatten)]
    pub(crate) l1: L1Url,
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
    let mut lines = quotes(&client, &args.l1, &account).await?;
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

/// What an account has of each quote asset, for people. Without the L1 tokens are written in base units.
async fn quotes(client: &Client, l1: &L1Url, account: &AccountView) -> Result<Vec<String>> {
    let l1 = l1.open(client).await?;
    // A few, and an L1 that does not answer is waited for once.
    let lines = account.balances.iter().map(|entry| async {
        let decimals = match entry.asset {
            AssetId::SOL => None,
            asset => decimals(&l1, &asset).await,
        };
        format_asset(entry.amount, &entry.asset, decimals)
    });
    Ok(join_all(lines).await)
}
