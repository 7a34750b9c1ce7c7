//! `asset transfer`: send SOL or tokens to another account on the L2.

use anyhow::{Context, Result};
use asset_sdk::amount::{format_decimal, format_sol, parse_sol, parse_tokens};
use clap::Args;
use curvevm::{
    program::Amount,
    types::{Address, AssetId, CurveId, Quote},
};
use serde::Serialize;

use crate::{
    context::{NodeUrls, Sent, Signer, Until, finish, format_quote, parse_units},
    output::Output,
};

/// Send SOL or tokens to another account on the L2.
#[derive(Debug, Args)]
pub(crate) struct TransferArgs {
    /// Who receives.
    pub(crate) to: Address,
    /// How much, such as 1.5sol; with --curve in tokens, such as 1000t; with --mint in base units.
    pub(crate) amount: String,
    /// Send tokens of this curve.
    #[arg(long)]
    pub(crate) curve: Option<CurveId>,
    /// Send tokens of the quote asset with this mint.
    #[arg(long, conflicts_with = "curve")]
    pub(crate) mint: Option<AssetId>,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

#[derive(Serialize)]
struct Transferred {
    to: Address,
    amount: Amount,
    transaction: Sent,
}

pub(crate) async fn run(args: TransferArgs, output: &Output) -> Result<()> {
    let wallet = args.signer.wallet(&args.urls).await?;
    let (amount, text) = match (args.curve, args.mint) {
        (None, Some(asset)) => {
            let quote = Quote::new(parse_units(&args.amount)?);
            (Amount::Quote(asset, quote), format_quote(quote, &asset))
        }
        (Some(id), _) => {
            let curve = wallet.client().curve(id).await?;
            let base = parse_tokens(&args.amount, &curve.symbol, curve.decimals)?;
            let text = format!("{} {}", format_decimal(base.get(), curve.decimals), curve.symbol);
            (Amount::Base(id, base), text)
        }
        (None, None) => {
            let quote = parse_sol(&args.amount).context(
                "to send tokens, name their curve with --curve, or their mint with --mint",
            )?;
            (Amount::Quote(AssetId::SOL, quote), format_sol(quote))
        }
    };
    let submitted = wallet.transfer(args.to, amount).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    let transferred = Transferred { to: args.to, amount, transaction };
    output.result(&transferred, || {
        format!("sent {text} to {}\n{}", args.to, transferred.transaction.text())
    })
}
