//! A watcher that is given the L1 and the genesis alone comes to the members' roots, and notices when it is lied to.

use std::{
    collections::BTreeSet,
    process::Output,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use asset_sdk::{TransactionState, l1::Level};
use curvevm::types::Quote;
use futures::future::try_join_all;
use jsonrpsee::{
    RpcModule,
    core::{client::ClientT, params::ArrayParams},
    http_client::{HttpClient, HttpClientBuilder},
    server::{Server, ServerHandle},
    types::{ErrorObjectOwned, Params},
};
use serde_json::Value;

use crate::{
    support::{SOL, Scene, Trader},
    watcher::{Live, watch},
};

const TRADERS: usize = 8;
const TRADES: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_agrees_with_the_members_from_the_l1_alone() -> Result<()> {
    let mut scene = Scene::start(TRADERS).await?;
    let challenger = scene.network.funded_key(SOL).await?;
    let live = Live::challenging(&scene.network, &challenger)?;
    let curves = scene.launch(2).await?;
    let traders = (0..TRADERS).map(|account| {
        let (scene, curves) = (&scene, &curves);
        async move {
            let wallet = scene.wallet(account, account).await?;
            let mut trader = Trader::new(wallet, curves, account as u64);
            trader.trade(TRADES / TRADERS).await
        }
    });
    try_join_all(traders).await?;
    let withdrawal = scene.wallet(1, 1).await?;
    let withdrawal = withdrawal.withdraw_sol(scene.keys[1].address(), Quote::new(SOL)).await?;
    let view = withdrawal.wait(TransactionState::Committed).await?;
    let last = view.batch.context("a committed transaction is in a batch")?;

    // While the accounts of most batches are on the L1, and when those of all up to the last one are closed.
    let trades = agrees(&mut scene, last).await?;
    ensure!(trades >= TRADES as u64, "{trades} transactions were found");
    let finalized = |status: &asset_sdk::rpc::StatusView| status.batch_finalized >= last;
    scene.client.wait_status("the last batch to be finalized", finalized).await?;
    let l1 = scene.network.l1_client();
    for number in 1..=last {
        ensure!(l1.batch(number, Level::Confirmed).await?.is_none(), "batch {number} is closed");
    }
    agrees(&mut scene, last).await?;

    is_lied_to(&scene).await?;
    let (ended, said) = live.stop()?;
    ensure!(ended.success(), "the watcher ended with {ended}");
    let checked = said.iter().filter(|event| event["event"] == "checked");
    let checked: BTreeSet<u64> = checked.filter_map(|event| event["checked"].as_u64()).collect();
    ensure!((1..=last).all(|number| checked.contains(&number)), "{checked:?} of {last}");
    ensure!(said.iter().all(|event| event["event"] != "fault"), "{said:?}");
    // An honest chain is never challenged: the challenger has paid for nothing.
    let actions: Vec<&Value> = said.iter().filter(|event| event["event"] == "challenge").collect();
    ensure!(actions.len() == 1 && actions[0]["action"] == "ready", "{actions:?}");
    let left = l1.lamports(&challenger.address(), Level::Confirmed).await?;
    ensure!(left == SOL, "{left} lamports are left");
    Ok(())
}

/// Checks the chain once; it has the root that every member has. Gives how many transactions are in it.
async fn agrees(scene: &mut Scene, last: u64) -> Result<u64> {
    let output = once(scene, scene.network.l1().url()).await?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8(output.stdout)?;
    let summary: Value = serde_json::from_str(stdout.lines().last().context("no result")?)?;
    let checked = summary["checked"].as_u64().context("no batch")?;
    ensure!(checked >= last && summary["event"] == "summary", "{summary}");
    for member in 0..4 {
        let client = scene.member(member).await?;
        let batch = client.batch(checked).await?;
        ensure!(summary["root"] == batch.header.post_root.to_string(), "member {member}");
    }
    summary["transactions"].as_u64().context("no transactions")
}

/// A node of the L1 that changes one byte of one transaction is caught.
async fn is_lied_to(scene: &Scene) -> Result<()> {
    let liar = Liar::start(scene.network.l1().url()).await?;
    let output = once(scene, &liar.url).await?;
    ensure!(!output.status.success(), "the changed byte was not noticed");
    let changed = liar.changed.lock().expect("no test panicked").clone();
    let changed = changed.context("no transaction was changed")?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = format!("something else than transaction {changed}");
    ensure!(stderr.contains(&said), "it said: {stderr}");
    Ok(())
}

async fn once(scene: &Scene, l1: &str) -> Result<Output> {
    let mut command = tokio::process::Command::from(watch(scene.network.layout(), l1)?);
    command.args(["--once", "--interval-ms", "50"]);
    Ok(command.output().await?)
}

/// A node of the L1 between the watcher and the real one.
struct Liar {
    url: String,
    /// The transaction that it changes.
    changed: Arc<Mutex<Option<String>>>,
    _server: ServerHandle,
}

/// What the liar works with.
struct Lie {
    l1: HttpClient,
    asked: Mutex<Vec<String>>,
    changed: Arc<Mutex<Option<String>>>,
}

/// Transactions that the liar leaves as they are.
const HONEST: usize = 6;

impl Liar {
    async fn start(l1: &str) -> Result<Self> {
        let changed = Arc::new(Mutex::new(None));
        let l1 = HttpClientBuilder::default().request_timeout(Duration::from_secs(10)).build(l1)?;
        let lie = Lie { l1, asked: Mutex::new(Vec::new()), changed: Arc::clone(&changed) };
        let mut module = RpcModule::new(lie);
        for method in ["getMultipleAccounts", "getSignaturesForAddress", "getTransaction"] {
            module.register_async_method(
                method,
                move |params: Params<'static>, lie, _| async move {
                    let params: Vec<Value> = params.parse()?;
                    let answer = lie.forward(method, &params).await;
                    answer.map_err(|error| {
                        ErrorObjectOwned::owned(-32_000, error.to_string(), None::<()>)
                    })
                },
            )?;
        }
        let server = Server::builder().build("127.0.0.1:0").await?;
        let url = format!("http://{}", server.local_addr()?);
        Ok(Self { url, changed, _server: server.start(module) })
    }
}

impl Lie {
    async fn forward(&self, method: &str, params: &[Value]) -> Result<Value> {
        let mut array = ArrayParams::new();
        for param in params {
            array.insert(param)?;
        }
        let mut answer: Value = self.l1.request(method, array).await?;
        let signature = params.first().and_then(Value::as_str).unwrap_or_default();
        if method == "getTransaction" && self.changes(signature) {
            change(&mut answer["transaction"][0])?;
        }
        Ok(answer)
    }

    /// Whether this is the transaction that is changed, each time it is asked for.
    fn changes(&self, signature: &str) -> bool {
        let mut asked = self.asked.lock().expect("no test panicked");
        let mut changed = self.changed.lock().expect("no test panicked");
        if !asked.iter().any(|known| known == signature) {
            asked.push(signature.to_owned());
        }
        if asked.len() > HONEST && changed.is_none() {
            *changed = Some(signature.to_owned());
        }
        changed.as_deref() == Some(signature)
    }
}

/// Changes a byte in the middle of a base64 text.
fn change(text: &mut Value) -> Result<()> {
    let Value::String(encoded) = text else { bail!("no transaction: {text}") };
    let at = encoded.len() / 2;
    let other = if encoded.as_bytes()[at] == b'A' { "B" } else { "A" };
    encoded.replace_range(at..=at, other);
    Ok(())
}
