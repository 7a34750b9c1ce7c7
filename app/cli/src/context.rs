//! What most commands share: the nodes, the key, the L1.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use asset_sdk::{
    Client, ClientConfig, Key, TransactionState, Wallet,
    amount::{format_decimal, format_sol},
    l1::{L1Client, L1Config, Level},
    rpc::{At, TransactionView},
    wallet::Submitted,
};
use clap::{Args, ValueEnum};
use curvevm::{
    program::Amount,
    receipt::{Event, Outcome},
    types::{Address, AssetId, Hash, Quote},
};
use serde::Serialize;

use crate::output::Output;

/// Which nodes are asked.
#[derive(Clone, Debug, Args)]
pub(crate) struct NodeUrls {
    /// Nodes, in order of preference; the next is asked when one does not answer.
    #[arg(long, env = "ASSET_URL", value_delimiter = ',', default_value = "http://127.0.0.1:9100")]
    pub(crate) url: Vec<String>,
}

/// Whose account acts.
#[derive(Clone, Debug, Args)]
pub(crate) struct Signer {
    /// The key file: a Solana JSON key file, see `asset keygen`.
    #[arg(long, env = "ASSET_KEY", value_name = "FILE")]
    pub(crate) key: PathBuf,
}

/// Who trades: an account's own key, or a session key that it has authorized.
#[derive(Clone, Debug, Args)]
pub(crate) struct Trader {
    #[command(flatten)]
    pub(crate) signer: Signer,
    /// Trade for this account; the key is a session key that it has authorized.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) owner: Option<Address>,
}

/// Which L1 is asked.
#[derive(Clone, Debug, Args)]
pub(crate) struct L1Url {
    /// The L1's JSON-RPC; the one that the node uses when not given.
    #[arg(long = "l1", env = "ASSET_L1_URL", value_name = "URL")]
    pub(crate) l1: Option<String>,
}

/// The state that a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// Stored durably by a node.
    Pending,
    /// Final in the committee.
    Preconfirmed,
    /// Its batch is recorded on the L1.
    Committed,
    /// Its batch's challenge window is over.
    Finalized,
}

impl From<Until> for TransactionState {
    fn from(until: Until) -> Self {
        match until {
            Until::Pending => Self::Pending,
            Until::Preconfirmed => Self::Preconfirmed,
            Until::Committed => Self::Committed,
            Until::Finalized => Self::Finalized,
        }
    }
}

/// What became of a transaction, as a result.
#[derive(Debug, Serialize)]
pub(crate) struct Sent {
    pub(crate) id: Hash,
    pub(crate) state: TransactionState,
    pub(crate) height: Option<u64>,
    pub(crate) batch: Option<u64>,
    pub(crate) events: Vec<Event>,
    pub(crate) at: Option<At>,
}

impl NodeUrls {
    pub(crate) async fn connect(&self) -> Result<Arc<Client>> {
        Ok(Arc::new(Client::connect(&self.url, ClientConfig::new()).await?))
    }
}

impl Signer {
    pub(crate) fn read(&self) -> Result<Key> {
        Key::read(&self.key).context(
            "no usable key: make one with `asset keygen --out FILE` and name it with --key",
        )
    }

    pub(crate) async fn wallet(&self, urls: &NodeUrls) -> Result<Wallet> {
        let key = self.read()?;
        Ok(Wallet::open(urls.connect().await?, key).await?)
    }
}

impl Trader {
    pub(crate) async fn wallet(&self, urls: &NodeUrls) -> Result<Wallet> {
        match self.owner {
            Some(owner) => {
                let key = self.signer.read()?;
                Ok(Wallet::open_session(urls.connect().await?, key, owner).await?)
            }
            None => self.signer.wallet(urls).await,
        }
    }
}

impl L1Url {
    /// A client of the rollup of a node's chain.
    pub(crate) async fn connect(&self, client: &Client) -> Result<L1Client> {
        let l1 = self.open(client).await?;
        l1.check().await?;
        Ok(l1)
    }

    /// As [`L1Url::connect`], where the L1 need not answer.
    pub(crate) async fn open(&self, client: &Client) -> Result<L1Client> {
        let status = client.status().await?;
        let url = self.l1.clone().unwrap_or(status.l1.url);
        Ok(L1Client::new(L1Config::new(url, status.program_id, status.chain_id)))
    }
}

/// Waits for a transaction, and says so.
pub(crate) async fn finish(submitted: Submitted, until: Until, output: &Output) -> Result<Sent> {
    let id = submitted.id;
    if until == Until::Pending {
        let state = TransactionState::Pending;
        return Ok(Sent { id, state, height: None, batch: None, events: Vec::new(), at: None });
    }
    let wanted = TransactionState::from(until);
    output.progress(&format!("transaction {id}: waiting until it is {wanted}"));
    let view = asset_sdk::client::succeeded(submitted.wait(wanted).await?)?;
    Ok(Sent::from(view))
}

impl From<TransactionView> for Sent {
    fn from(view: TransactionView) -> Self {
        let outcome = view.receipt.map(|receipt| receipt.outcome);
        let events = match outcome {
            Some(Outcome::Succeeded(events)) => events,
            Some(Outcome::Failed { .. } | Outcome::Rejected { .. }) | None => Vec::new(),
        };
        Self {
            id: view.id,
            state: view.state,
            height: view.height,
            batch: view.batch,
            events,
            at: Some(view.at),
        }
    }
}

impl Sent {
    /// `transaction .. is preconfirmed in block 7`
    pub(crate) fn text(&self) -> String {
        let mut text = format!("transaction {} is {}", self.id, self.state);
        if let Some(height) = self.height {
            text.push_str(&format!(" in block {height}"));
        }
        if let Some(batch) = self.batch {
            text.push_str(&format!(", batch {batch}"));
        }
        text
    }
}

/// An amount of a quote asset: SOL with its unit, others in base units.
pub(crate) fn format_quote(amount: Quote, asset: &AssetId) -> String {
    match *asset {
        AssetId::SOL => format_sol(amount),
        asset => format!("{amount} base units of {asset}"),
    }
}

/// An amount of a quote asset, with its point where the decimals of its mint are known.
pub(crate) fn format_asset(amount: Quote, asset: &AssetId, decimals: Option<u8>) -> String {
    match decimals {
        Some(decimals) if *asset != AssetId::SOL => {
            let whole = format_decimal(amount.get(), decimals);
            format!("{whole} tokens of {asset} ({amount} base units)")
        }
        Some(_) | None => format_quote(amount, asset),
    }
}

/// Base units of a token, whose decimals only its mint knows.
pub(crate) fn parse_units(text: &str) -> Result<u64> {
    text.parse().with_context(|| {
        format!("`{text}` is no number of base units: write an integer, such as 1500000")
    })
}

/// The decimals of a quote asset as its mint says; nothing when the L1 does not tell.
pub(crate) async fn decimals(l1: &L1Client, asset: &AssetId) -> Option<u8> {
    let mint = l1.mint(&Address::new(asset.to_bytes()), Level::Confirmed).await;
    mint.ok().flatten().map(|mint| mint.decimals)
}

/// An amount of any asset, tokens of a curve in base units.
pub(crate) fn format_amount(amount: &Amount) -> String {
    match amount {
        Amount::Quote(asset, quote) => format_quote(*quote, asset),
        Amount::Base(curve, base) => format!("{base} base units of curve {curve}"),
    }
}

/// Basis points from a percentage with at most two decimals.
pub(crate) fn parse_percent(text: &str) -> Result<u16> {
    let number = text.trim().trim_end_matches('%');
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole)
        || !digits(fraction)
        || fraction.len() > 2
        || (whole.is_empty() && fraction.is_empty())
    {
        bail!("`{text}` is no percentage: write for example 1% or 0.5%");
    }
    let bps: u16 = format!("{whole}{fraction:0<2}")
        .parse()
        .with_context(|| format!("`{text}` is too large"))?;
    if bps > 10_000 {
        bail!("`{text}` is more than 100%");
    }
    Ok(bps)
}
