//! The whole path, from deposits to a withdrawal that is paid out once.

use anyhow::{Result, ensure};
use asset_rollup_interface::error::RollupError;
use asset_sdk::{
    Key, TransactionState,
    l1::{Claim, L1Error, Level},
    wallet::withdrawal_index,
};
use curvevm::types::{AssetId, CurveId, Quote};
use futures::future::try_join_all;
use tokio::time::{Duration, Instant, sleep};

use crate::support::{DEPOSIT, SOL, Scene, Trader};

const ACCOUNTS: usize = 20;
const CURVES: u64 = 5;
const TRADES: usize = 2_000;
/// How long the nodes may take to close the messages: their windows, and a turn of each member.
const RENT_PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn trades_are_ordered_executed_settled_and_paid_out() -> Result<()> {
    let mut scene = Scene::start(ACCOUNTS).await?;
    let curves = scene.launch(CURVES).await?;
    trade(&scene, &curves).await?;
    let paid = withdraw(&scene).await?;
    same_root_everywhere(&mut scene).await?;
    rents_are_returned(&scene).await?;
    nothing_is_lost(&scene, &curves, paid).await
}

/// Twenty accounts trade at the same time, each through another member.
async fn trade(scene: &Scene, curves: &[CurveId]) -> Result<()> {
    let traders = (0..ACCOUNTS).map(|account| async move {
        let wallet = scene.wallet(account, account).await?;
        let mut trader = Trader::new(wallet, curves, account as u64);
        trader.trade(TRADES / ACCOUNTS).await?;
        anyhow::Ok(trader.succeeded)
    });
    let succeeded: usize = try_join_all(traders).await?.into_iter().sum();
    ensure!(succeeded == TRADES, "{succeeded} of {TRADES} trades succeeded");
    Ok(())
}

/// Withdraws to a fresh address, claims it once, and is refused the second time. Gives what was paid.
async fn withdraw(scene: &Scene) -> Result<u64> {
    let l1 = scene.network.l1_client();
    let recipient = Key::generate().address();
    let wallet = scene.wallet(1, 1).await?;
    let submitted = wallet.withdraw_sol(recipient, Quote::new(SOL)).await?;
    let view = submitted.wait(TransactionState::Finalized).await?;
    let index = withdrawal_index(&view).expect("a withdrawal");

    let rollup = l1.rollup(Level::Confirmed).await?;
    let number = rollup.finalized_number;
    let root = rollup.finalized_root(number).expect("the root of the last finalized batch");
    let proven = scene.client.prove_withdrawal(index, number, root).await?;
    let claim =
        Claim { batch: proven.batch, withdrawal: &proven.withdrawal, witness: &proven.witness };
    let payer = scene.network.funded_key(SOL).await?;
    l1.withdraw(&payer, claim).await?;
    ensure!(l1.lamports(&recipient, Level::Confirmed).await? == SOL);

    match l1.withdraw(&payer, claim).await {
        Err(L1Error::Program { number, .. }) if number == RollupError::AlreadyWithdrawn.code() => {}
        other => anyhow::bail!("the second claim was not refused as paid: {other:?}"),
    }
    ensure!(l1.lamports(&recipient, Level::Confirmed).await? == SOL);
    Ok(SOL)
}

/// Every member has the same blocks and roots, and the L1 has the root of the last batch.
async fn same_root_everywhere(scene: &mut Scene) -> Result<()> {
    let closed = scene.client.status().await?.batch_closed;
    let settled = |status: &asset_sdk::rpc::StatusView| status.batch_committed >= closed;
    scene.client.wait_status("the last batch to be committed", settled).await?;
    let batch = scene.client.batch(closed).await?;
    for member in 0..4 {
        let client = scene.member(member).await?;
        let height = batch.header.last_height;
        client.wait_status("the block", |status| status.at.height >= height).await?;
        ensure!(client.block(height).await?.root == batch.header.post_root, "member {member}");
        ensure!(client.batch(closed).await?.hash == batch.hash, "member {member}");
    }
    let rollup = scene.network.l1_client().rollup(Level::Confirmed).await?;
    ensure!(rollup.committed_number >= closed);
    if rollup.committed_number == closed {
        ensure!(rollup.committed_root == batch.header.post_root);
    }
    Ok(())
}

/// The nodes close the messages of finalized batches, and the depositors have their rents back.
async fn rents_are_returned(scene: &Scene) -> Result<()> {
    let l1 = scene.network.l1_client();
    let patience = Instant::now() + RENT_PATIENCE;
    loop {
        let messages = l1.messages(0..ACCOUNTS as u64, Level::Confirmed).await?;
        if messages.iter().all(Option::is_none) {
            break;
        }
        ensure!(Instant::now() < patience, "messages stay open: {messages:?}");
        sleep(Duration::from_millis(200)).await;
    }
    for key in &scene.keys {
        let lamports = l1.lamports(&key.address(), Level::Confirmed).await?;
        // What is missing are fees of deposits, more than one where others were first.
        ensure!(lamports > SOL - 1_000_000, "{} has {lamports}", key.address());
    }
    Ok(())
}

/// Balances, reserves, fees and withdrawals are the deposits, to the lamport; the vault holds what is not paid out.
async fn nothing_is_lost(scene: &Scene, curves: &[CurveId], paid: u64) -> Result<()> {
    let mut total = paid;
    for key in &scene.keys {
        total += scene.client.balance(key.address(), AssetId::SOL).await?.amount.get();
    }
    for curve in curves {
        let view = scene.client.curve(*curve).await?;
        total += view.reserve.get() + view.fees.quote_total();
        ensure!(view.reserve.get() > 0, "{curve} was traded");
    }
    ensure!(total == DEPOSIT * ACCOUNTS as u64, "{total} of {}", DEPOSIT * ACCOUNTS as u64);
    let vault = scene.network.l1_client().vault_lamports(Level::Confirmed).await?;
    ensure!(vault >= total - paid, "the vault holds {vault}");
    Ok(())
}
