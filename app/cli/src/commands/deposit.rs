//! `asset deposit`: lock SOL or tokens on the L1 and have them credited on the L2.

use anyhow::{Context, Result};
use asset_sdk::{
    Client,
    amount::{format_decimal, format_sol, parse_sol, parse_tokens},
    l1::{L1Client, Level},
};
use clap::{ArgGroup, Args};
use curvevm::{
    program::Amount,
    types::{Address, AssetId, CurveId, Quote},
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
    /// What was taken from the depositor; less is credited where a mint keeps a fee.
    amount: u64,
    /// Of which asset.
    asset: Deposit,
    /// The recipient's balance of the asset after the credit.
    balance: Option<u64>,
}

/// What is deposited.
#[derive(Clone, Serialize)]
#[serde(rename_all = "snake_case")]
enum Deposit {
    /// A quote asset.
    Quote(AssetId),
    /// A launched asset.
    Curve(CurveId),
}

/// An asset and how people write its amounts.
struct Units {
    asset: Deposit,
    text: Box<dyn Fn(u64) -> String>,
}

pub(crate) async fn run(args: DepositArgs, output: &Output) -> Result<()> {
    let key = args.signer.read()?;
    let client = args.urls.connect().await?;
    let l1 = args.l1.connect(&client).await?;
    let recipient = args.to.unwrap_or_else(|| key.address());
    let (amount, units) = amount(&args, &client, &l1).await?;
    let text = (units.text)(base_units(&amount));
    output.progress(&format!("locking {text} on the L1"));
    let landed = match amount {
        Amount::Quote(AssetId::SOL, quote) => l1.deposit(&key, &recipient, quote).await?,
        Amount::Quote(..) | Amount::Base(..) => l1.deposit_token(&key, &recipient, amount).await?,
    };
    let mut balance = None;
    if !args.no_wait {
        output.progress("waiting until the deposit is final on the L1 and credited");
        let cursor = l1.inbox(Level::Confirmed).await?.count;
        client.wait_inbox(cursor).await?;
        balance = Some(held(&client, &units.asset, recipient).await?);
    }
    let deposited = Deposited {
        signature: landed.signature.to_string(),
        slot: landed.slot,
        recipient,
        amount: base_units(&amount),
        asset: units.asset.clone(),
        balance,
    };
    output.result(&deposited, || match balance {
        Some(balance) => {
            format!("{text} credited to {recipient}, balance {}", (units.text)(balance))
        }
        None => format!("{text} locked for {recipient} in slot {}", landed.slot),
    })
}

/// What is deposited, and how people write amounts of it.
async fn amount(args: &DepositArgs, client: &Client, l1: &L1Client) -> Result<(Amount, Units)> {
    if let Some(sol) = args.sol {
        let text = Box::new(|units| format_sol(Quote::new(units)));
        let asset = Deposit::Quote(AssetId::SOL);
        return Ok((Amount::Quote(AssetId::SOL, sol), Units { asset, text }));
    }
    let amount = args.amount.as_deref().context("say how many tokens, with --amount")?;
    if let Some(id) = args.curve {
        let curve = client.curve(id).await?;
        let base = parse_tokens(amount, &curve.symbol, curve.decimals)?;
        let (decimals, symbol) = (curve.decimals, curve.symbol);
        let text = Box::new(move |units| format!("{} {symbol}", format_decimal(units, decimals)));
        return Ok((Amount::Base(id, base), Units { asset: Deposit::Curve(id), text }));
    }
    let asset = args.mint.context("say an amount of SOL, or --mint or --curve")?;
    let quote = Quote::new(parse_units(amount)?);
    let decimals = decimals(l1, &asset).await;
    let text = Box::new(move |units| format_asset(Quote::new(units), &asset, decimals));
    Ok((Amount::Quote(asset, quote), Units { asset: Deposit::Quote(asset), text }))
}

async fn held(client: &Client, asset: &Deposit, owner: Address) -> Result<u64> {
    Ok(match asset {
        Deposit::Quote(asset) => client.balance(owner, *asset).await?.amount.get(),
        Deposit::Curve(curve) => client.holding(*curve, owner).await?.amount.get(),
    })
}

const fn base_units(amount: &Amount) -> u64 {
    match amount {
        Amount::Quote(_, quote) => quote.get(),
        Amount::Base(_, base) => base.get(),
    }
}
