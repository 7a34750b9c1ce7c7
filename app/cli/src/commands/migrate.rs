//! `asset migrate`: turn a complete curve into a pool.

use anyhow::Result;
use clap::Args;
use curvevm::types::CurveId;
use serde::Serialize;

use super::liquidity::liquidity_of;
use crate::{
    context::{NodeUrls, Sent, Signer, Until, finish},
    output::Output,
};

/// Turn a complete curve into a pool. Anybody may.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The curve's id.
    pub(crate) curve: CurveId,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

#[derive(Serialize)]
struct Migrated {
    curve: CurveId,
    transaction: Sent,
}

pub(crate) async fn run(args: MigrateArgs, output: &Output) -> Result<()> {
    let wallet = args.signer.wallet(&args.urls).await?;
    let curve = wallet.client().curve(args.curve).await?;
    let submitted = wallet.migrate(args.curve).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    let migrated = Migrated { curve: args.curve, transaction };
    output.result(&migrated, || {
        let pool = migrated.transaction.events.iter().find_map(liquidity_of);
        let opened = pool.map(|pool| format!("the pool opens with {}\n", pool.text(&curve)));
        format!("{}{}", opened.unwrap_or_default(), migrated.transaction.text())
    })
}
