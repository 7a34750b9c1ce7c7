//! `asset deposit`: lock SOL or tokens on the L1 and have them credited on the L2.

use anyhow::{Context, Result};
use asset_sdk::{
    Client,
    amount::{format_decimal, parse_sol, parse_tokens},
    l1::{L1Client, Level},
};
use clap::{ArgGroup, Args};
use curvevm::{
    program::Amount,
    types::{Address, AssetId, Base, CurveId, Quote},
};
use serde::Serialize;

use crate::{
    context::{L1Url, NodeUrls, Signer, decimals, format_asset, parse_units},
    output::Output,
};

/// Lock SOL or tokens on the L1 and have them credited on the L2.
///
/// Tokens of a quote asset are named by their mint, launched ones that come back by their curve. They are taken from the associated
/// token account of the key.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("asset").args(["mint", "curve"]).conflicts_with("sol"))]
pub(crate) struct DepositArgs {
    /// How much, such as 1.5sol.
    #[arg(value_parser = parse_sol, value_name = "AMOUNT", required_unless_present = "asset")]
    pub(crate) sol: Option<Quote>,
    /// Deposit tokens of this mint of SPL Token or Token-2022, which genesis names as a quote asset.
    #[arg(long, value_name = "MINT", requires = "amount")]
    pub(crate) mint: Option<AssetId>,
    /// Deposit tokens that this curve launched and that were withdrawn from it.
    #[arg(long, value_name = "CURVE", requires = "amount")]
    pub(crate) curve: Option<CurveId>,
    /// How many tokens, in base units; with --curve also such as 1000t.
    #[arg(long, value_name = "TOKENS", alias = "tokens", requires = "asset")]
    pub(crate) amount: Option<String>,
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
    /// The quote asset; none when it is a launched one.
    asset: Option<AssetId>,
    /// The curve of a launched asset.
    curve: Option<CurveId>,
    /// What was taken from the depositor, in base units; less is credited where a mint keeps a fee.
    amount: u64,
    /// What the recipient has of the asset after the credit.
    balance: Option<u64>,
}

/// An asset, and what its amounts are written with.
enum Asset {
    Quote { asset: AssetId, decimals: Option<u8> },
    Launched { curve: CurveId, decimals: u8, symbol: String },
}

pub(crate) async fn run(args: DepositArgs, output: &Output) -> Result<()> {
    let key = args.signer.read()?;
    let client = args.urls.connect().await?;
    let l1 = args.l1.connect(&client).await?;
    let recipient = args.to.unwrap_or_else(|| key.address());
    let (asset, units) = what(&args, &client, &l1).await?;
    let text = asset.text(units);
    output.progress(&format!("locking {text} on the L1"));
    let landed = match asset.amount(units) {
        Amount::Quote(AssetId::SOL, quote) => l1.deposit(&key, &recipient, quote).await?,
        amount => l1.deposit_token(&key, &recipient, amount).await?,
    };
    let mut balance = None;
    if !args.no_wait {
        output.progress("waiting until the deposit is final on the L1 and credited");
        let cursor = l1.inbox(Level::Confirmed).await?.count;
        client.wait_inbox(cursor).await?;
        balance = Some(asset.held(&client, recipient).await?);
    }
    let (quote_asset, curve) = asset.ids();
    let deposited = Deposited {
        signature: landed.signature.to_string(),
        slot: landed.slot,
        recipient,
        asset: quote_asset,
        curve,
        amount: units,
        balance,
    };
    output.result(&deposited, || match balance {
        Some(balance) => {
            format!("{text} credited to {recipient}, balance {}", asset.text(balance))
        }
        None => format!("{text} locked for {recipient} in slot {}", landed.slot),
    })
}

/// What is deposited, and how many base units of it.
async fn what(args: &DepositArgs, client: &Client, l1: &L1Client) -> Result<(Asset, u64)> {
    if let Some(sol) = args.sol {
        return Ok((Asset::Quote { asset: AssetId::SOL, decimals: None }, sol.get()));
    }
    let amount = args.amount.as_deref().context("say how many tokens, with --amount")?;
    if let Some(id) = args.curve {
        let curve = client.curve(id).await?;
        let base = parse_tokens(amount, &curve.symbol, curve.decimals)?;
        let (decimals, symbol) = (curve.decimals, curve.symbol);
        return Ok((Asset::Launched { curve: id, decimals, symbol }, base.get()));
    }
    let asset = args.mint.context("say an amount of SOL, or --mint or --curve")?;
    let units = parse_units(amount)?;
    Ok((Asset::Quote { asset, decimals: decimals(l1, &asset).await }, units))
}

impl Asset {
    fn amount(&self, units: u64) -> Amount {
        match self {
            Self::Quote { asset, .. } => Amount::Quote(*asset, Quote::new(units)),
            Self::Launched { curve, .. } => Amount::Base(*curve, Base::new(units)),
        }
    }

    /// An amount for people.
    fn text(&self, units: u64) -> String {
        match self {
            Self::Quote { asset, decimals } => format_asset(Quote::new(units), asset, *decimals),
            Self::Launched { decimals, symbol, .. } => {
                format!("{} {symbol}", format_decimal(units, *decimals))
            }
        }
    }

    const fn ids(&self) -> (Option<AssetId>, Option<CurveId>) {
        match self {
            Self::Quote { asset, .. } => (Some(*asset), None),
            Self::Launched { curve, .. } => (None, Some(*curve)),
        }
    }

    /// What somebody has of it on the L2, in base units.
    async fn held(&self, client: &Client, owner: Address) -> Result<u64> {
        Ok(match self {
            Self::Quote { asset, .. } => client.balance(owner, *asset).await?.amount.get(),
            Self::Launched { curve, .. } => client.holding(*curve, owner).await?.amount.get(),
        })
    }
}
