//! Finality: single trades at a modest rate, as the members see them and as their client does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Error, Result, anyhow};
use asset_sdk::{Wallet, rpc::BlockView};
use futures::{Stream, StreamExt as _, stream::FuturesUnordered};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    network::{Scene, trade},
    orders::Orders,
    quantiles::Quantiles,
    scrape::{Histogram, Scrape},
    sizes::NetworkSizes,
};

/// From the first sight of a block to its commit, of each member.
const FINALITY: &str = "asset_consensus_finality_seconds";
/// Where the time goes: what members tell of their steps.
const STEPS: [(&str, &str); 6] = [
    ("make a transaction durable", "asset_node_mempool_flush_seconds"),
    ("build a block, waiting included", "asset_consensus_build_seconds"),
    ("validate a block", "asset_consensus_validate_seconds"),
    ("verify a batch of messages", "asset_consensus_verify_seconds"),
    ("make a vote durable", "asset_consensus_fsync_seconds"),
    ("make a final block durable", "asset_consensus_commit_seconds"),
];

/// How long finality takes.
#[derive(Debug, Serialize)]
pub(super) struct FinalityReport {
    /// Trades a second, for so many seconds.
    pub(super) rate: u32,
    pub(super) seconds: u32,
    /// From a member's first sight of a block to its commit, over all members; from their histograms, linear in a bucket.
    pub(super) committee: Option<Quantiles>,
    /// From the time in a block with transactions until a subscriber of one member had it.
    pub(super) block: Option<Quantiles>,
    /// From before a client signs a trade until it knows that the trade is preconfirmed.
    pub(super) client: Option<Quantiles>,
    pub(super) steps: Vec<StepReport>,
}

/// The mean time of a step, over all members.
#[derive(Debug, Serialize)]
pub(super) struct StepReport {
    pub(super) step: &'static str,
    pub(super) mean_ms: Option<f64>,
}

pub(super) async fn measure(scene: &mut Scene, sizes: NetworkSizes) -> Result<FinalityReport> {
    let NetworkSizes { rate, seconds, .. } = sizes;
    scene.output.progress(&format!("network: {rate} single trades a second for {seconds} s"));
    let urls: Vec<String> =
        scene.network.members().iter().map(|it| it.addresses().metrics_url.clone()).collect();
    let mut subscriptions = Vec::new();
    for client in &scene.clients {
        // Also opens the connection that waits for trades will use.
        subscriptions.push(client.subscribe_blocks().await?);
    }
    let mut blocks = subscriptions.swap_remove(0);
    drop(subscriptions);
    let before = scrape(&urls).await?;
    let mut ages = Vec::new();
    let took = tokio::select! {
        took = paced(&scene.wallets, &mut scene.orders, (rate, seconds)) => took?,
        ended = watch(&mut blocks, &mut ages) => return Err(ended),
    };
    let after = scrape(&urls).await?;
    let merged = |name: &str| merged(name, &before, &after);
    Ok(FinalityReport {
        rate,
        seconds,
        committee: merged(FINALITY).quantiles(),
        block: Quantiles::of(ages),
        client: Quantiles::of(took),
        steps: STEPS
            .map(|(step, name)| StepReport { step, mean_ms: merged(name).mean_ms() })
            .into(),
    })
}

/// Sends trades at a steady rate, whether or not those before are preconfirmed, and waits for all.
async fn paced(
    wallets: &[Wallet],
    orders: &mut Orders,
    (rate, seconds): (u32, u32),
) -> Result<Vec<Duration>> {
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left = u64::from(rate) * u64::from(seconds);
    let mut flying = FuturesUnordered::new();
    let mut took = Vec::new();
    while left > 0 || !flying.is_empty() {
        tokio::select! {
            _ = ticks.tick(), if left > 0 => {
                left -= 1;
                flying.push(trade(wallets, orders.next()));
            }
            Some(done) = flying.next() => {
                let (order, time) = done?;
                orders.filled(&order);
                took.push(time);
            }
        }
    }
    Ok(took)
}

/// Takes the ages of blocks with transactions as they arrive, until the subscription ends.
async fn watch<E: Into<Error>>(
    mut blocks: impl Stream<Item = Result<BlockView, E>> + Unpin,
    ages: &mut Vec<Duration>,
) -> Error {
    loop {
        match blocks.next().await {
            Some(Ok(block)) if block.transactions.is_empty() => {}
            Some(Ok(block)) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                ages.push(now.saturating_sub(Duration::from_millis(block.time_ms)));
            }
            Some(Err(error)) => {
                let error: Error = error.into();
                return error.context("a block cannot be read");
            }
            None => return anyhow!("the subscription to blocks ended"),
        }
    }
}

async fn scrape(urls: &[String]) -> Result<Vec<Scrape>> {
    let scrapes = futures::future::try_join_all(urls.iter().map(|url| Scrape::of(url)));
    scrapes.await.context("the members' metrics")
}

/// What all members observed between two looks.
fn merged(name: &str, before: &[Scrape], after: &[Scrape]) -> Histogram {
    let each = before.iter().zip(after);
    let each = each.map(|(before, after)| after.histogram(name).since(&before.histogram(name)));
    each.fold(Histogram::default(), |all, one| all.and(&one))
}
