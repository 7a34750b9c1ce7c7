//! A network with funded accounts and launched curves, and traders on it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use asset_localnet::{Localnet, LocalnetConfig};
use asset_sdk::{
    Client, ClientConfig, Key, TransactionState, Wallet, rpc::BlockView, tx::TxBuilder,
};
use curvevm::{
    module::{
        Fees, Graduation, LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind,
        PoolTier, Recipient, Rounding,
    },
    program::{BuyOrder, Launch, SellOrder},
    receipt::{Event, Outcome},
    types::{AssetId, Base, CurveId, Hash, Quote},
};
use futures::future::try_join_all;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

pub(crate) const SOL: u64 = 1_000_000_000;
/// What each account deposits, in lamports.
pub(crate) const DEPOSIT: u64 = 50 * SOL;

/// A running network with accounts that have deposited.
pub(crate) struct Scene {
    pub(crate) network: Localnet,
    pub(crate) client: Arc<Client>,
    pub(crate) keys: Vec<Key>,
    _dir: tempfile::TempDir,
}

impl Scene {
    /// Starts four members and has `accounts` deposit.
    pub(crate) async fn start(accounts: usize) -> Result<Self> {
        Self::start_with(accounts, |_| {}).await
    }

    /// As [`Scene::start`], on a network that `change` makes different.
    pub(crate) async fn start_with(
        accounts: usize,
        change: impl FnOnce(&mut LocalnetConfig),
    ) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut config = LocalnetConfig::new(asset_binary()?);
        config.dir = Some(dir.path().join("net"));
        change(&mut config);
        let network = Localnet::start(&config).await?;
        let client = Arc::new(network.client().await?);
        let keys = deposit(&network, &client, accounts).await?;
        Ok(Self { network, client, keys, _dir: dir })
    }

    /// A wallet of an account, whose calls go to `member` first.
    pub(crate) async fn wallet(&self, account: usize, member: usize) -> Result<Wallet> {
        let mut urls = self.network.urls();
        let members = urls.len();
        urls.rotate_left(member % members);
        let client = Arc::new(Client::connect(&urls, ClientConfig::new()).await?);
        Ok(Wallet::open(client, self.keys[account].clone()).await?)
    }

    /// Account 0 publishes a module and launches `count` curves on it.
    pub(crate) async fn launch(&self, count: u64) -> Result<Vec<CurveId>> {
        let wallet = self.wallet(0, 0).await?;
        let module = module();
        let publish = TxBuilder::new().publish(module.clone());
        wallet.execute(&publish, TransactionState::Preconfirmed).await?;
        let mut curves = Vec::new();
        for salt in 0..count {
            let launch = Launch {
                module: module.hash(),
                quote_asset: AssetId::SOL,
                name: format!("Asset {salt}"),
                symbol: format!("A{salt}"),
                salt,
                first_buy: None,
            };
            let (curve, submitted) = wallet.launch(launch).await?;
            asset_sdk::client::succeeded(submitted.wait(TransactionState::Preconfirmed).await?)?;
            curves.push(curve);
        }
        Ok(curves)
    }

    /// A client of one member only.
    pub(crate) async fn member(&mut self, index: usize) -> Result<Client> {
        let url = self.network.members()[index].addresses().rpc_url.clone();
        Ok(Client::connect(&[url], ClientConfig::new()).await?)
    }

    /// Every block of a member up to `height`.
    pub(crate) async fn blocks(client: &Client, height: u64) -> Result<Vec<BlockView>> {
        let mut blocks = Vec::new();
        for at in 1..=height {
            blocks.push(client.block(at).await?);
        }
        Ok(blocks)
    }
}

/// pump.fun's curve.
pub(crate) fn module() -> Module {
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(1_000_000_000_000_000),
        pieces: vec![Piece {
            end: Base::new(793_100_000_000_000),
            kind: PieceKind::ConstantProduct {
                virtual_quote: Quote::new(30_000_000_000),
                virtual_base: Base::new(1_073_000_000_000_000),
                rounding: Rounding::FloorPlusOne,
            },
        }],
        sqrt_start: 0,
        fees: Fees::on_top(&[(Recipient::Protocol, 95), (Recipient::Creator, 30)]),
        partner: None,
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: Migration {
            lock: LiquidityLock::Forever,
            tiers: vec![PoolTier {
                from: Quote::ZERO,
                fees: Fees::on_top(&[(Recipient::Liquidity, 25)]),
            }],
        },
    }
}

pub(crate) fn asset_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("ASSET_BIN") {
        return Ok(path.into());
    }
    // <target>/<profile>/deps/e2e-… -> <target>/<profile>/asset
    let test = std::env::current_exe().context("find this test's binary")?;
    let profile = test.parent().and_then(|deps| deps.parent()).context("find the target folder")?;
    let asset = profile.join("asset");
    ensure!(asset.exists(), "{} is not there: run cargo build -p asset-cli", asset.display());
    Ok(asset)
}

/// Funds `accounts` keys on the L1 and has each deposit; returns when all are credited.
async fn deposit(network: &Localnet, client: &Client, accounts: usize) -> Result<Vec<Key>> {
    let l1 = network.l1_client();
    let keys: Vec<Key> = (0..accounts).map(|_| Key::generate()).collect();
    try_join_all(keys.iter().map(|key| async {
        l1.airdrop(&key.address(), DEPOSIT + SOL).await?;
        l1.deposit(key, &key.address(), Quote::new(DEPOSIT)).await?;
        anyhow::Ok(())
    }))
    .await?;
    client.wait_inbox(accounts as u64).await?;
    for key in &keys {
        let balance = client.balance(key.address(), AssetId::SOL).await?;
        ensure!(balance.amount.get() == DEPOSIT, "credited {:?}", balance.amount);
    }
    Ok(keys)
}

/// A trader: buys and sells at random, a few orders at a time, and remembers what was acknowledged.
pub(crate) struct Trader {
    wallet: Wallet,
    curves: Vec<CurveId>,
    random: ChaCha8Rng,
    held: BTreeMap<CurveId, u64>,
    /// Ids of transactions that a node acknowledged.
    pub(crate) acknowledged: Vec<Hash>,
    /// Transactions that were seen to succeed.
    pub(crate) succeeded: usize,
}

/// Orders of one trader that are in flight together.
const IN_FLIGHT: usize = 10;
/// Orders that a trader sends without waiting; fewer than the nonce window has.
const UNANSWERED_MAX: usize = 200;
/// How long a trader waits for an acknowledgement from members that may be gone.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

impl Trader {
    pub(crate) fn new(wallet: Wallet, curves: &[CurveId], seed: u64) -> Self {
        Self {
            wallet,
            curves: curves.to_vec(),
            random: ChaCha8Rng::seed_from_u64(seed),
            held: BTreeMap::new(),
            acknowledged: Vec::new(),
            succeeded: 0,
        }
    }

    /// Makes at least `count` more trades.
    pub(crate) async fn trade(&mut self, count: usize) -> Result<()> {
        let target = self.acknowledged.len() + count;
        while self.acknowledged.len() < target {
            let orders = (target - self.acknowledged.len()).min(IN_FLIGHT);
            self.round(orders).await?;
        }
        Ok(())
    }

    /// Sends some orders at once and waits for all of them.
    async fn round(&mut self, orders: usize) -> Result<()> {
        let orders: Vec<TxBuilder> = (0..orders).map(|_| self.order()).collect();
        let wallet = &self.wallet;
        let submitted = try_join_all(orders.iter().map(|order| wallet.submit(order))).await?;
        self.acknowledged.extend(submitted.iter().map(|submitted| submitted.id));
        let waits = submitted.into_iter().map(|one| one.wait(TransactionState::Preconfirmed));
        for view in try_join_all(waits).await? {
            let receipt = view.receipt.context("a preconfirmed transaction has a receipt")?;
            if let Outcome::Succeeded(events) = &receipt.outcome {
                self.succeeded += 1;
                self.note(events);
            }
        }
        Ok(())
    }

    /// Sends orders without waiting for their execution until a node no longer answers; gives how many were acknowledged.
    pub(crate) async fn submit_until_error(&mut self) -> usize {
        let before = self.acknowledged.len();
        let mut open = Vec::new();
        for _ in 0..UNANSWERED_MAX {
            let order = self.order();
            let answer = tokio::time::timeout(PATIENCE, self.wallet.submit(&order)).await;
            let Ok(Ok(submitted)) = answer else { break };
            self.acknowledged.push(submitted.id);
            open.push(submitted);
        }
        self.acknowledged.len() - before
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Traded(trade) = event
                && trade.side == curvevm::receipt::Side::Buy
            {
                *self.held.entry(trade.curve).or_default() += trade.base.get();
            }
        }
    }

    /// A purchase, or the sale of some of what is held.
    fn order(&mut self) -> TxBuilder {
        let curve = self.curves[self.random.random_range(0..self.curves.len())];
        let held = self.held.get(&curve).copied().unwrap_or(0);
        let part = held / 50;
        if part > 0 && self.random.random_bool(0.4) {
            self.held.insert(curve, held - part);
            let order = SellOrder::ExactIn { base: Base::new(part), quote_min: Quote::ZERO };
            return TxBuilder::new().sell(curve, order);
        }
        let quote = Quote::new(self.random.random_range(SOL / 1_000..SOL / 50));
        TxBuilder::new().buy(curve, BuyOrder::ExactIn { quote, base_min: Base::ZERO })
    }
}
