//! What a posted trade costs: bytes of data and lamports of the posters, under load.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use asset_sdk::{
    Key, TransactionState,
    client::succeeded,
    l1::{L1Client, Level},
};
use curvevm::types::Address;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{
    network::{Scene, trade},
    sizes::NetworkSizes,
};

/// Between two looks at the posters' balances.
const LOOK: Duration = Duration::from_millis(500);
/// Equal balances in a row after which nothing more is paid or refunded.
const QUIET_LOOKS: u32 = 8;
/// Looks in all.
const LOOKS_MAX: u32 = 600;

/// What was posted, and what was paid for it.
#[derive(Debug, Serialize)]
pub(super) struct SettlementReport {
    /// Trades in the batches of the run.
    pub(super) trades: u64,
    pub(super) traders: u32,
    pub(super) curves: u32,
    /// Trades that the committee made final in a second, from the first send until the last was known to be preconfirmed;
    /// clients, members and the L1 share the machine.
    pub(super) trades_per_second: f64,
    pub(super) batches: u64,
    pub(super) chunks: u64,
    pub(super) data_bytes: u64,
    /// What all posters have less than before, rent returned and everything finalized.
    pub(super) lamports: u64,
    pub(super) bytes_per_trade: f64,
    pub(super) lamports_per_trade: f64,
}

pub(super) async fn measure(scene: &mut Scene, sizes: NetworkSizes) -> Result<SettlementReport> {
    let posters = posters(scene)?;
    let l1 = scene.network.l1_client();
    scene.output.progress("network: waiting until everything before the load is finalized");
    let first = finalize(scene).await?.checked_add(1).context("a batch number")?;
    let before = quiet(&l1, &posters).await?;
    let load = sizes.load_trades;
    scene.output.progress(&format!("network: {load} trades, {} at a time", sizes.in_flight));
    let took = run(scene, sizes).await?;
    scene.output.progress("network: waiting until the load is finalized");
    let last = finalize(scene).await?;
    let after = quiet(&l1, &posters).await?;
    let (mut trades, mut chunks, mut data_bytes) = (0, 0, 0);
    for number in first..=last {
        let batch = scene.client()?.batch(number).await?;
        trades += batch.transactions;
        chunks += u64::from(batch.header.chunk_count);
        data_bytes += batch.data_bytes;
    }
    // One more closed the last batch.
    ensure!(trades == u64::from(load) + 1, "{trades} trades were posted, not {load} and one");
    let lamports = before.checked_sub(after).context("the posters have more than before")?;
    Ok(SettlementReport {
        trades,
        traders: sizes.traders,
        curves: sizes.curves,
        trades_per_second: f64::from(load) / took.as_secs_f64(),
        batches: last + 1 - first,
        chunks,
        data_bytes,
        lamports,
        bytes_per_trade: data_bytes as f64 / trades as f64,
        lamports_per_trade: lamports as f64 / trades as f64,
    })
}

/// Sends the load; gives how long it took.
async fn run(scene: &mut Scene, sizes: NetworkSizes) -> Result<Duration> {
    let (wallets, orders) = (&scene.wallets, &Mutex::new(&mut scene.orders));
    let started = Instant::now();
    let trades = stream::iter(0..sizes.load_trades).map(|_| async move {
        let order = orders.lock().await.next();
        let (order, _) = trade(wallets, order).await?;
        orders.lock().await.filled(&order);
        anyhow::Ok(())
    });
    trades.buffer_unordered(sizes.in_flight as usize).try_collect::<()>().await?;
    Ok(started.elapsed())
}

/// Makes one more trade and waits until its batch is finalized; gives the batch. All trades that were preconfirmed before are
/// in this batch or in earlier ones.
async fn finalize(scene: &mut Scene) -> Result<u64> {
    let order = scene.orders.next();
    let wallet = scene.wallets.get(order.trader).context("there is no such trader")?;
    let submitted = wallet.submit(&order.transaction).await?;
    let view = succeeded(submitted.wait(TransactionState::Finalized).await?)?;
    scene.orders.filled(&order);
    view.batch.context("a finalized transaction without a batch")
}

fn posters(scene: &mut Scene) -> Result<Vec<Address>> {
    let members = scene.network.members().iter();
    members.map(|it| Ok(Key::read(&it.folder().join("poster.json"))?.address())).collect()
}

/// What the posters have in all, once it does not change any more: rent comes back after finalization.
async fn quiet(l1: &L1Client, posters: &[Address]) -> Result<u64> {
    let (mut last, mut equal) = (0, 0);
    for _ in 0..LOOKS_MAX {
        let mut all = 0u64;
        for poster in posters {
            let lamports = l1.lamports(poster, Level::Confirmed).await?;
            all = all.checked_add(lamports).context("the posters have too much to count")?;
        }
        equal = if all == last { equal + 1 } else { 0 };
        last = all;
        if equal == QUIET_LOOKS {
            return Ok(all);
        }
        sleep(LOOK).await;
    }
    bail!("the posters' balances do not come to rest")
}
