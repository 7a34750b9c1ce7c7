//! A committee that commits a wrong batch is challenged by whoever watches, and loses its bonds.

use anyhow::{Result, ensure};
use asset_sdk::{
    Key,
    l1::{Level, TransactionFormat},
};
use curvevm::types::Address;
use serde_json::Value;

use crate::{
    forge::{DISHONEST, Forge, Sealed},
    support::SOL,
    watcher::{Live, watch},
};

/// What a challenger has at first.
const FUNDS: u64 = 10 * SOL;
/// The only member who has signed nothing wrong.
const HONEST: usize = 3;
/// More than the fees of a challenge, in lamports.
const FEES_MAX: u64 = SOL / 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_batch_is_challenged_rolled_back_and_paid_for() -> Result<()> {
    let mut forge = Forge::start(50, TransactionFormat::V1).await?;
    let challenger = forge.network.funded_key(FUNDS).await?;
    let mut live = Live::challenging(&forge.network, &challenger)?;
    for _ in 0..2 {
        commit(&mut forge).await?;
    }
    live.wait("two batches", |event| event["checked"] == 2).await?;
    ensure!(live.actions()? == ["ready"], "{:?}", live.actions()?);

    // The fourth builds on the third, which gives the user lamports from nowhere.
    let good = forge.chain.clone();
    let (bad, next) = (forge.money_from_nowhere().await?, forge.honest().await?);
    forge.commit(&bad, &DISHONEST).await?;
    forge.commit(&next, &DISHONEST).await?;
    let fault = live.wait("the fault", |event| event["event"] == "fault").await?;
    ensure!(fault["batch"] == 3 && fault["difference"]["what"] == "root", "{fault}");
    let prepared = live.wait_action("prepared").await?;
    ensure!(prepared["proves"] == "segment" && prepared["batch"] == 3, "{prepared}");
    let rolled_back = live.wait("rollback", |event| event["event"] == "rolled_back").await?;
    ensure!(rolled_back["from"] == 3 && rolled_back["to"] == 2, "{rolled_back}");
    live.wait("both batches closed", |event| event["number"] == 4).await?;
    let slashed = ["slashed"; DISHONEST.len()];
    let expected = [
        &["ready", "prepared", "opened", "uploaded", "proved"][..],
        &slashed,
        &["verdict_closed", "batch_closed", "batch_closed"],
    ];
    ensure!(live.actions()? == expected.concat(), "{:?}", live.actions()?);
    is_paid_for(&forge, &challenger).await?;

    // The chain goes on from the last good batch, under whoever is left.
    forge.chain = good;
    let honest = forge.honest().await?;
    forge.commit(&honest, &[HONEST]).await?;
    let root = honest.header.post_root.to_string();
    live.wait("the honest batch", |it| it["checked"] == 3 && it["root"] == *root).await?;
    let (ended, _) = live.stop()?;
    ensure!(ended.success(), "the watcher ended with {ended}");
    is_right(&forge, &root).await
}

/// The batches are rolled back, every signer has lost the bond and no one else, and half of it is the challenger's.
async fn is_paid_for(forge: &Forge, challenger: &Key) -> Result<()> {
    let rollup = forge.l1.rollup(Level::Confirmed).await?;
    ensure!((rollup.committed_number, rollup.rollbacks, rollup.verdicts) == (2, 1, 1));
    let bond = rollup.bond_lamports;
    ensure!(forge.bonds().await? == [0, 0, 0, bond], "{:?}", forge.bonds().await?);
    ensure!(forge.l1.verdict(0, Level::Confirmed).await?.is_none(), "the verdict is closed");
    ensure!(forge.l1.batches(3..5, Level::Confirmed).await?.is_empty(), "the batches are closed");
    let lamports = forge.l1.lamports(&challenger.address(), Level::Confirmed).await?;
    let reward = 3 * (bond / 2);
    // The deposit and every rent have returned.
    ensure!((FUNDS + reward - FEES_MAX..FUNDS + reward).contains(&lamports), "{lamports}");
    Ok(())
}

/// A watcher that starts at genesis comes to this root.
async fn is_right(forge: &Forge, root: &str) -> Result<()> {
    let mut command = watch(forge.network.layout(), forge.network.l1().url())?;
    command.arg("--once");
    let output = tokio::process::Command::from(command).output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout)?;
    let summary: Value = serde_json::from_str(stdout.lines().last().unwrap_or_default())?;
    ensure!(summary["checked"] == 3 && summary["root"] == root, "{summary}");
    Ok(())
}

/// A header that its own data contradicts, and two challengers: the one who is too late gets the deposit back.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_who_is_too_late_gets_the_deposit_back() -> Result<()> {
    // Slots are long enough to stop a challenger between two transactions.
    let mut forge = Forge::start(200, TransactionFormat::V0).await?;
    commit(&mut forge).await?;
    let mut bad = forge.honest().await?;
    bad.header.withdrawals += 5;
    forge.commit(&bad, &DISHONEST).await?;

    let (late, early) =
        (forge.network.funded_key(FUNDS).await?, forge.network.funded_key(FUNDS).await?);
    let mut loser = Live::challenging(&forge.network, &late)?;
    let opened = loser.wait_action("opened").await?;
    loser.signal("-STOP")?;
    ensure!(!loser.actions()?.contains(&"proved".to_owned()), "it was not stopped in time");
    let locked = forge.l1.lamports(&late.address(), Level::Confirmed).await?;
    let deposit = forge.network.genesis().params.challenge_lamports;
    ensure!(locked < FUNDS - deposit, "{locked}");

    let mut winner = Live::challenging(&forge.network, &early)?;
    let prepared = winner.wait_action("prepared").await?;
    ensure!(prepared["proves"] == "chain", "{prepared}");
    winner.wait_action("batch_closed").await?;

    loser.signal("-CONT")?;
    let closed = loser.wait_action("witness_closed").await?;
    ensure!(closed["witness"] == opened["witness"], "{closed}");
    ensure!(closed["deposit_lamports"] == deposit, "{closed}");
    loser.wait("the rest", |event| event["event"] == "caught_up").await?;
    let returned = forge.l1.lamports(&late.address(), Level::Confirmed).await?;
    ensure!((FUNDS - FEES_MAX..FUNDS).contains(&returned), "{returned}");
    let won = forge.l1.lamports(&early.address(), Level::Confirmed).await?;
    ensure!(won > FUNDS + SOL, "{won}");
    ensure!(forge.l1.rollup(Level::Confirmed).await?.verdicts == 1);
    Ok(())
}

/// A challenger that dies goes on where it was: with the witness that it opened, and with the verdict that it has won.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_that_dies_goes_on_where_it_was() -> Result<()> {
    let mut forge = Forge::start(200, TransactionFormat::V1).await?;
    commit(&mut forge).await?;
    let bad = forge.money_from_nowhere().await?;
    forge.commit(&bad, &DISHONEST).await?;
    let challenger = forge.network.funded_key(FUNDS).await?;

    let mut live = Live::challenging(&forge.network, &challenger)?;
    let opened = live.wait_action("opened").await?;
    live.kill()?;
    let witness: Address = serde_json::from_value(opened["witness"].clone())?;
    let is_there = forge.l1.witness(&witness, Level::Confirmed).await?.is_some();
    ensure!(is_there, "it was not killed in time");
    let mut live = Live::challenging(&forge.network, &challenger)?;
    live.wait_action("proved").await?;
    ensure!(forge.l1.witness(&witness, Level::Confirmed).await?.is_none(), "it is used");
    live.wait_action("slashed").await?;
    ensure!(!live.actions()?.contains(&"opened".to_owned()), "{:?}", live.actions()?);
    live.kill()?;

    let mut live = Live::challenging(&forge.network, &challenger)?;
    live.wait_action("verdict_closed").await?;
    ensure!(!live.actions()?.contains(&"prepared".to_owned()), "{:?}", live.actions()?);
    ensure!(forge.bonds().await?[..HONEST] == [0, 0, 0]);
    let lamports = forge.l1.lamports(&challenger.address(), Level::Confirmed).await?;
    ensure!(lamports > FUNDS + SOL, "{lamports}");
    Ok(())
}

/// The next honest batch, committed by those who will not stay so.
async fn commit(forge: &mut Forge) -> Result<Sealed> {
    let sealed = forge.honest().await?;
    forge.commit(&sealed, &DISHONEST).await?;
    Ok(sealed)
}
