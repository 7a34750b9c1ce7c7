//! A fork of the L1 takes back commits: the nodes notice, and commit the same batches again.
//!
//! A rollback does so too, and leaves accounts behind that are in the way.
//!
//! The embedded L1 has no forks. What a node sees of one is that accounts are as they were before, and that is made here: while the
//! members are stopped, the rollup's account gets its earlier bytes back and the later batches' accounts vanish.

use std::process::Command;

use anyhow::{Result, ensure};
use asset_rollup_interface::state::Rollup;
use asset_sdk::{
    TransactionState,
    l1::{L1Client, Level},
};
use curvevm::{
    program::Amount,
    types::{AssetId, Quote},
};
use jsonrpsee::{core::client::ClientT as _, http_client::HttpClient, rpc_params};
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use tokio::time::{Duration, Instant, sleep};

use crate::support::{Scene, Trader};

/// How long the members may take to commit, again or not.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);
/// Batches that the fork takes back.
const TAKEN: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_a_fork_takes_back_are_made_again() -> Result<()> {
    let mut scene = Scene::start_with(4, |config| {
        // Nothing is finalized meanwhile: what is finalized no fork takes back.
        config.params.challenge_secs = 3_600;
        config.params.challenge_slots = 1_000_000;
    })
    .await?;
    let l1 = scene.network.l1_client();
    let rpc = HttpClient::builder().build(scene.network.l1().url())?;
    let curves = scene.launch(1).await?;
    let mut trader = Trader::new(scene.wallet(1, 1).await?, &curves, 1);
    let kept = trade_until(&mut trader, &l1, 2).await?;
    let before = data_of(&rpc, &l1.addresses().rollup).await?;
    // The account may have moved on between the two looks.
    let kept = kept.max(Rollup::parse(&before)?.committed_number);
    trade_until(&mut trader, &l1, kept + TAKEN).await?;

    signal(&mut scene, "-STOP")?;
    let rollup = l1.rollup(Level::Confirmed).await?;
    let mut taken = vec![];
    for number in kept + 1..=rollup.committed_number {
        taken.push(l1.batch(number, Level::Confirmed).await?.expect("a live batch"));
    }
    ensure!(taken.len() as u64 >= TAKEN, "{} batches are taken back", taken.len());
    for batch in &taken {
        // The accounts of every other one stay, as a rollback leaves them.
        if batch.number % 2 == 0 {
            vanish(&rpc, &l1.addresses().batch(batch.number)).await?;
        }
        vanish(&rpc, &l1.addresses().data(batch.number, &batch.poster)).await?;
    }
    set_data(&rpc, &l1.addresses().rollup, &before).await?;
    ensure!(l1.rollup(Level::Confirmed).await?.committed_number == kept);
    signal(&mut scene, "-CONT")?;

    // They commit the same batches, and go on.
    trade_until(&mut trader, &l1, rollup.committed_number + 1).await?;
    for batch in &taken {
        let again = l1.batch(batch.number, Level::Confirmed).await?.expect("committed again");
        ensure!(again.batch_hash == batch.batch_hash, "batch {} is another one", batch.number);
        ensure!(again.slot > batch.slot, "batch {} was not committed again", batch.number);
    }
    let amount = Amount::Quote(AssetId::SOL, Quote::new(5));
    let sent = scene.wallet(2, 2).await?.transfer(scene.keys[3].address(), amount).await?;
    sent.wait(TransactionState::Committed).await?;
    Ok(())
}

/// Trades until a batch is committed; gives the last committed one.
async fn trade_until(trader: &mut Trader, l1: &L1Client, number: u64) -> Result<u64> {
    let start = Instant::now();
    loop {
        trader.trade(5).await?;
        let committed = l1.rollup(Level::Confirmed).await?.committed_number;
        if committed >= number {
            return Ok(committed);
        }
        ensure!(start.elapsed() < PATIENCE, "batch {number} is not committed, {committed} is");
        sleep(POLL).await;
    }
}

/// Sends a signal to every member.
fn signal(scene: &mut Scene, signal: &str) -> Result<()> {
    for member in scene.network.members() {
        let pid = member.pid().expect("a running member");
        let status = Command::new("kill").args([signal, &pid.to_string()]).status()?;
        ensure!(status.success(), "kill {signal} {pid}");
    }
    Ok(())
}

/// The data of an account.
async fn data_of(rpc: &HttpClient, at: &Pubkey) -> Result<Vec<u8>> {
    let config = json!({ "encoding": "base64", "commitment": "confirmed" });
    let answer: Value = rpc.request("getAccountInfo", rpc_params![at.to_string(), config]).await?;
    let text = answer["value"]["data"][0].as_str().expect("data in base64");
    Ok(base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text)?)
}

async fn set(rpc: &HttpClient, at: &Pubkey, account: Value) -> Result<()> {
    let _answer: Value =
        rpc.request("surfnet_setAccount", rpc_params![at.to_string(), account]).await?;
    Ok(())
}

async fn set_data(rpc: &HttpClient, at: &Pubkey, data: &[u8]) -> Result<()> {
    set(rpc, at, json!({ "data": hex::encode(data) })).await
}

/// Takes an account away.
async fn vanish(rpc: &HttpClient, at: &Pubkey) -> Result<()> {
    let system = Pubkey::default().to_string();
    set(rpc, at, json!({ "lamports": 0, "data": "", "owner": system })).await
}
