//! Members die and come back: nothing that was acknowledged is lost, nothing is executed twice.
#![expect(clippy::print_stderr, reason = "a failing run must say which moment was drawn")]

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use asset_sdk::TransactionState;
use curvevm::types::{CurveId, Hash};
use futures::future::try_join_all;
use rand::Rng as _;

use crate::support::{Scene, Trader};

const TRADERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_and_repeat_nothing() -> Result<()> {
    let mut scene = Scene::start(TRADERS).await?;
    let curves = scene.launch(2).await?;
    let mut traders = traders(&scene, &curves).await?;

    // One member dies at a random moment of the trading, and trading goes on.
    let (victim, delay) = (rand::rng().random_range(0..4usize), rand::rng().random_range(0..2_000));
    eprintln!("member {victim} is killed after {delay} ms");
    let killed = async {
        tokio::time::sleep(Duration::from_millis(delay)).await;
        scene.network.members()[victim].kill()
    };
    let (traded, killed) = tokio::join!(trade(&mut traders, 60), killed);
    traded?;
    killed?;
    trade(&mut traders, 20).await?;

    // It comes back and catches up.
    let height = scene.client.status().await?.at.height;
    scene.network.members()[victim].start()?;
    scene.network.wait_ready().await?;
    let returned = scene.member(victim).await?;
    returned.wait_status("the member to catch up", |status| status.at.height >= height).await?;

    // All die with transactions acknowledged and not yet executed, and come back.
    let (traded, killed) = tokio::join!(interrupted(&mut traders), kill_all(&mut scene));
    killed?;
    let pending = traded;
    eprintln!("{pending} transactions were acknowledged in the last round");
    for member in scene.network.members() {
        member.start()?;
    }
    scene.network.wait_ready().await?;
    everything_once(&mut scene, &traders).await
}

async fn traders(scene: &Scene, curves: &[CurveId]) -> Result<Vec<Trader>> {
    let open = (0..TRADERS).map(|account| async move {
        let wallet = scene.wallet(account, account).await?;
        anyhow::Ok(Trader::new(wallet, curves, account as u64))
    });
    try_join_all(open).await
}

async fn trade(traders: &mut [Trader], count: usize) -> Result<()> {
    try_join_all(traders.iter_mut().map(|trader| trader.trade(count))).await?;
    Ok(())
}

/// Sends orders until the members are gone; gives how many were acknowledged.
async fn interrupted(traders: &mut [Trader]) -> usize {
    let sends = traders.iter_mut().map(|trader| trader.submit_until_error());
    futures::future::join_all(sends).await.into_iter().sum()
}

async fn kill_all(scene: &mut Scene) -> Result<()> {
    tokio::time::sleep(Duration::from_millis(rand::rng().random_range(200..1_000))).await;
    for member in scene.network.members() {
        member.kill()?;
    }
    Ok(())
}

/// Every acknowledged transaction is in exactly one place of the one chain that all members have.
async fn everything_once(scene: &mut Scene, traders: &[Trader]) -> Result<()> {
    let acknowledged: Vec<Hash> =
        traders.iter().flat_map(|trader| trader.acknowledged.clone()).collect();
    for id in &acknowledged {
        scene.client.wait_for(*id, TransactionState::Preconfirmed).await?;
    }
    let height = scene.client.status().await?.at.height;
    let mut chains = Vec::new();
    for member in 0..4 {
        let client = scene.member(member).await?;
        client.wait_status("the member to catch up", |status| status.at.height >= height).await?;
        let blocks = Scene::blocks(&client, height).await?;
        chains.push(
            blocks.into_iter().map(|block| (block.root, block.transactions)).collect::<Vec<_>>(),
        );
    }
    ensure!(chains.iter().all(|chain| *chain == chains[0]), "members have different chains");

    let mut executed = BTreeMap::<Hash, usize>::new();
    for id in chains[0].iter().flat_map(|(_, transactions)| transactions) {
        *executed.entry(*id).or_default() += 1;
    }
    ensure!(executed.values().all(|times| *times == 1), "a transaction was executed twice");
    let lost = acknowledged.iter().filter(|id| !executed.contains_key(id)).count();
    ensure!(lost == 0, "{lost} acknowledged transactions were lost");
    Ok(())
}
