//! A committee of processes on an embedded L1, with accounts and curves: what finality and cost are measured on.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use asset_localnet::{Localnet, LocalnetConfig};
use asset_sdk::{
    Client, ClientConfig, Key, TransactionState, Wallet, client::succeeded, l1::Level,
    rpc::StatusView, tx::TxBuilder,
};
use curvevm::{
    program::{Amount, Launch},
    types::{AssetId, CurveId, Quote},
};
use futures::future::try_join_all;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    finality::{self, FinalityReport},
    orders::{Order, Orders, curve},
    settlement::{self, SettlementReport},
    sizes::NetworkSizes,
};
use crate::output::Output;

/// What each trader has, in lamports.
const FUNDS: u64 = 100_000_000_000;
/// What each poster and the faucet have on the L1, in lamports: enough for as many traders as can be.
const LAMPORTS: u64 = 25_000_000_000_000;
/// How long a client waits: a loaded machine settles late.
const PATIENCE: Duration = Duration::from_secs(900);

/// What the network reaches.
#[derive(Debug, Serialize)]
pub(super) struct NetworkReport {
    pub(super) members: u8,
    pub(super) finality: FinalityReport,
    pub(super) settlement: SettlementReport,
}

/// A network with traders who have funds.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) network: Localnet,
    /// Of each member.
    pub(super) clients: Vec<Arc<Client>>,
    /// Of the traders; their calls go to the members in turn.
    pub(super) wallets: Vec<Wallet>,
    pub(super) orders: Orders,
    pub(super) output: Output,
}

/// Measures on a new network in `dir`.
pub(super) async fn measure(
    sizes: NetworkSizes,
    dir: PathBuf,
    output: Output,
) -> Result<NetworkReport> {
    let mut scene = Scene::start(sizes, dir, output).await?;
    let measured = measure_in(&mut scene, sizes).await;
    // The error of a member that died says more than that of the client that missed it.
    scene.network.check_members()?;
    let report = measured?;
    scene.network.shutdown().await?;
    Ok(report)
}

async fn measure_in(scene: &mut Scene, sizes: NetworkSizes) -> Result<NetworkReport> {
    let finality = finality::measure(scene, sizes).await.context("finality")?;
    let settlement = settlement::measure(scene, sizes).await.context("settlement")?;
    Ok(NetworkReport { members: sizes.members, finality, settlement })
}

impl Scene {
    async fn start(sizes: NetworkSizes, dir: PathBuf, output: Output) -> Result<Self> {
        output.progress(&format!("network: starting the L1 and {} members", sizes.members));
        let binary = std::env::current_exe().context("cannot tell where this command is")?;
        let mut config = LocalnetConfig::recommended(dir, binary);
        config.members = usize::from(sizes.members);
        config.lamports = Quote::new(LAMPORTS);
        config.log = "warn".to_owned();
        let network = Localnet::start(&config).await?;
        let clients = clients(&network).await?;
        output.progress(&format!("network: funding {} traders", sizes.traders));
        let keys: Vec<Key> = (0..sizes.traders).map(|_| Key::generate()).collect();
        let funder = fund(&network, &clients, &keys).await?;
        output.progress(&format!("network: launching {} curves", sizes.curves));
        let (curves, height) = launch(&funder, sizes.curves).await?;
        let mut wallets = Vec::with_capacity(keys.len());
        for (key, client) in keys.into_iter().zip(clients.iter().cycle()) {
            let reached = |status: &StatusView| status.at.height >= height;
            client.wait_status("the members to catch up", reached).await?;
            wallets.push(Wallet::open(Arc::clone(client), key).await?);
        }
        let orders = Orders::new(wallets.len(), curves);
        Ok(Self { network, clients, wallets, orders, output })
    }

    /// The client of the first member.
    pub(super) fn client(&self) -> Result<&Arc<Client>> {
        self.clients.first().context("there is no member")
    }
}

/// Sends a trade and waits until it is preconfirmed; gives the order back, and how long both took from before it was signed.
pub(super) async fn trade(wallets: &[Wallet], order: Order) -> Result<(Order, Duration)> {
    let wallet = wallets.get(order.trader).context("there is no such trader")?;
    let started = Instant::now();
    wallet.execute(&order.transaction, TransactionState::Preconfirmed).await?;
    Ok((order, started.elapsed()))
}

/// A client for each member, which asks the other members only when its own does not answer.
async fn clients(network: &Localnet) -> Result<Vec<Arc<Client>>> {
    let mut urls = network.urls();
    let mut clients = Vec::with_capacity(urls.len());
    for _ in 0..urls.len() {
        let config = ClientConfig { wait_timeout: PATIENCE, ..ClientConfig::new() };
        clients.push(Arc::new(Client::connect(&urls, config).await?));
        urls.rotate_left(1);
    }
    Ok(clients)
}

/// One deposit on the L1, then a transfer to each trader. Gives the wallet that paid.
async fn fund(network: &Localnet, clients: &[Arc<Client>], keys: &[Key]) -> Result<Wallet> {
    let client = clients.first().context("there is no member")?;
    let (l1, funder) = (network.l1_client(), Key::generate());
    let all = Quote::new(FUNDS * (keys.len() as u64 + 1));
    l1.deposit(network.l1().faucet(), &funder.address(), all).await?;
    client.wait_inbox(l1.inbox(Level::Confirmed).await?.count).await?;
    let wallet = Wallet::open(Arc::clone(client), funder).await?;
    let amount = Amount::Quote(AssetId::SOL, Quote::new(FUNDS));
    try_join_all(keys.iter().map(|key| async {
        let transfer = TxBuilder::new().transfer(key.address(), amount);
        wallet.execute(&transfer, TransactionState::Preconfirmed).await
    }))
    .await?;
    Ok(wallet)
}

/// Publishes the curve and launches assets on it. Gives them, and the height of the last launch.
async fn launch(wallet: &Wallet, count: u32) -> Result<(Vec<CurveId>, u64)> {
    let compiled = curve()?;
    let publish = TxBuilder::new().publish(compiled.module);
    wallet.execute(&publish, TransactionState::Preconfirmed).await?;
    let (mut curves, mut height) = (Vec::new(), 0);
    for salt in 0..count {
        let launch = Launch {
            module: compiled.hash,
            quote_asset: AssetId::SOL,
            name: format!("Asset {salt}"),
            symbol: format!("A{salt}"),
            salt: u64::from(salt),
            first_buy: None,
        };
        let (curve, submitted) = wallet.launch(launch).await?;
        let view = succeeded(submitted.wait(TransactionState::Preconfirmed).await?)?;
        height = view.height.unwrap_or(height);
        curves.push(curve);
    }
    Ok((curves, height))
}
