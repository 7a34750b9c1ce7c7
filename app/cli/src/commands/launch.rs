//! `asset launch`: publish a curve and launch an asset on it.

use anyhow::{Context, Result};
use asset_sdk::{
    ClientError, TransactionState, Wallet,
    amount::parse_sol,
    client::succeeded,
    rpc::{NodeError, RpcError},
};
use clap::Args;
use curvevm::{
    error::Error as VmError,
    module::Module,
    program::{BuyOrder, Launch},
    types::{AssetId, Base, CurveId, Hash, Quote},
};
use serde::Serialize;

use super::curve::read_source;
use crate::{
    context::{NodeUrls, Sent, Signer, Until, finish},
    output::Output,
};

/// Publish a curve and launch an asset on it.
#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    /// The curve: a CurveScript file, or the name of a template (see `asset curve templates`).
    #[arg(value_name = "FILE|TEMPLATE")]
    pub(crate) curve: String,
    /// Another name than the file's; templates have none.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Another symbol than the file's; templates have none.
    #[arg(long)]
    pub(crate) symbol: Option<String>,
    /// The quote asset: a mint that genesis names; SOL when not given.
    #[arg(long, value_name = "MINT")]
    pub(crate) quote: Option<AssetId>,
    /// Makes the curve's id differ from the creator's other curves.
    #[arg(long, default_value_t = 0)]
    pub(crate) salt: u64,
    /// The creator's own purchase in the same transaction, before anybody else's: spend this much, such as 1.5sol,
    /// or in base units of the quote asset.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT")]
    pub(crate) first_buy: Option<Quote>,
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
    let source = read_source(&args.curve)?;
    let name = args.name.or(source.name).context("a template names no asset: say --name")?;
    let symbol = args.symbol.or(source.symbol).context("a template has no symbol: say --symbol")?;
    let wallet = args.signer.wallet(&args.urls).await?;
    let module = publish(&wallet, &source.module, output).await?;
    let launch = Launch {
        module,
        quote_asset: args.quote.unwrap_or(AssetId::SOL),
        name: name.clone(),
        symbol: symbol.clone(),
        salt: args.salt,
        // Nobody can trade before it, so that it needs no limit.
        first_buy: args.first_buy.map(|quote| BuyOrder::ExactIn { quote, base_min: Base::ZERO }),
    };
    let (curve, submitted) = wallet.launch(launch).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    let launched = Launched { curve, module, name, symbol, transaction };
    output.result(&launched, || {
        format!(
            "launched {} ({}) as curve {curve}\n{}",
            launched.name,
            launched.symbol,
            launched.transaction.text()
        )
    })
}

/// Publishes the module unless it is published, and gives its hash.
pub(crate) async fn publish(wallet: &Wallet, module: &Module, output: &Output) -> Result<Hash> {
    let hash = module.hash();
    match wallet.client().module(hash).await {
        Ok(_) => return Ok(hash),
        Err(ClientError::Refused {
            error: RpcError::Node(NodeError::NotFound) | RpcError::Vm(VmError::UnknownModule),
            ..
        }) => {}
        Err(error) => return Err(error).context("cannot tell whether the module is published"),
    }
    output.progress(&format!("publishing module {hash}"));
    let submitted = wallet.publish(module.clone()).await?;
    let view = submitted.wait(TransactionState::Preconfirmed).await?;
    match succeeded(view) {
        // Somebody else was faster.
        Ok(_) | Err(ClientError::Failed { error: VmError::ModuleExists, .. }) => Ok(hash),
        Err(error) => Err(error.into()),
    }
}
