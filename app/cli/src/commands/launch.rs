//! `asset launch`: publish a curve and launch an asset on it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use asset_sdk::{
    ClientError, TransactionState, Wallet,
    client::succeeded,
    rpc::{NodeError, RpcError},
};
use clap::Args;
use curvescript::CompiledCurve;
use curvevm::{
    error::Error as VmError,
    program::Launch,
    types::{AssetId, CurveId, Hash},
};
use serde::Serialize;

use super::curve::compile_file;
use crate::{
    context::{NodeUrls, Sent, Signer, Until, finish},
    output::Output,
};

/// Publish a curve and launch an asset on it.
#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    /// The curve, written in CurveScript.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Another name than the file's.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Another symbol than the file's.
    #[arg(long)]
    pub(crate) symbol: Option<String>,
    /// Makes the curve's id differ from the creator's other curves.
    #[arg(long, default_value_t = 0)]
    pub(crate) salt: u64,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

#[derive(Serialize)]
struct Launched {
    curve: CurveId,
    module: Hash,
    name: String,
    symbol: String,
    transaction: Sent,
}

pub(crate) async fn run(args: LaunchArgs, output: &Output) -> Result<()> {
    let compiled = compile_file(&args.file)?;
    let wallet = args.signer.wallet(&args.urls).await?;
    publish(&wallet, &compiled, output).await?;
    let launch = Launch {
        module: compiled.hash,
        quote_asset: AssetId::SOL,
        name: args.name.unwrap_or(compiled.name),
        symbol: args.symbol.unwrap_or(compiled.symbol),
        salt: args.salt,
        first_buy: None,
    };
    let (name, symbol) = (launch.name.clone(), launch.symbol.clone());
    let (curve, submitted) = wallet.launch(launch).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    let launched = Launched { curve, module: compiled.hash, name, symbol, transaction };
    output.result(&launched, || {
        format!(
            "launched {} ({}) as curve {curve}\n{}",
            launched.name,
            launched.symbol,
            launched.transaction.text()
        )
    })
}

/// Publishes the module unless it is published.
pub(crate) async fn publish(
    wallet: &Wallet,
    compiled: &CompiledCurve,
    output: &Output,
) -> Result<()> {
    match wallet.client().module(compiled.hash).await {
        Ok(_) => return Ok(()),
        Err(ClientError::Refused {
            error: RpcError::Node(NodeError::NotFound) | RpcError::Vm(VmError::UnknownModule),
            ..
        }) => {}
        Err(error) => return Err(error).context("cannot tell whether the module is published"),
    }
    output.progress(&format!("publishing module {}", compiled.hash));
    let submitted = wallet.publish(compiled.module.clone()).await?;
    let view = submitted.wait(TransactionState::Preconfirmed).await?;
    match succeeded(view) {
        // Somebody else was faster.
        Ok(_) | Err(ClientError::Failed { error: VmError::ModuleExists, .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
