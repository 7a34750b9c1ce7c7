//! A user gets everything out alone, after every member is gone for good.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use asset_sdk::{Key, TransactionState, Wallet, l1::Level, tx::TxBuilder};
use curvevm::{
    program::{BuyOrder, SellOrder},
    types::{Address, AssetId, Base, CurveId, Quote},
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::support::{DEPOSIT, SOL, Scene, asset_binary};

/// What the user's purchases cost, in lamports.
const SPENT: u64 = 3 * SOL;
/// How long a step of an exit may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_user_gets_everything_out_when_every_member_is_gone() -> Result<()> {
    let mut scene = Scene::start_with(3, |config| config.params.takeover_slots = 200).await?;
    let curves = scene.launch(2).await?;
    trade(&scene.wallet(2, 1).await?, &curves).await?;
    trade(&scene.wallet(1, 0).await?, &curves).await?;
    let tokens = scene.client.holding(curves[1], scene.keys[2].address()).await?.amount.get();
    let owner = scene.keys[1].address();
    let state = scene.client.balance(owner, AssetId::SOL).await?.amount.get();
    for member in scene.network.members() {
        member.kill()?;
    }

    let recipient = Key::generate().address();
    let command = Exit::new(&scene, 1, recipient).await?;
    let inbox = scene.network.l1_client().inbox(Level::Confirmed).await?.count;
    let planned = command.run(&[])?;
    ensure!(planned["actions"].as_array().is_some_and(|it| it.len() == 3), "{planned}");
    let l1 = scene.network.l1_client();
    ensure!(l1.inbox(Level::Confirmed).await?.count == inbox, "nothing is done without --yes");

    // It goes on where it was after a loss of power.
    command.killed_after_forcing(&scene, inbox).await?;
    let done = command.run(&["--yes"])?;
    ensure!(done["event"] == "done", "{done}");

    let paid = l1.lamports(&recipient, Level::Confirmed).await?;
    // Both sides of every trade paid 1.25%, which the state's balance has in it once.
    let (least, most) = (DEPOSIT - SPENT / 30, DEPOSIT);
    ensure!(paid > state && (least..most).contains(&paid), "{paid}, the balance was {state}");
    let poster = command.poster.address();
    ensure!(l1.member(&poster, Level::Confirmed).await?.is_none(), "the bond is back");
    let left = l1.lamports(&poster, Level::Confirmed).await?;
    // Fees, and the page of the nullifiers, which is never closed.
    ensure!(left > 10 * SOL - SOL / 50, "{left}");

    // Once more: nothing is left.
    let done = command.run(&["--yes"])?;
    ensure!(done["paid_lamports"] == 0, "{done}");
    ensure!(l1.lamports(&recipient, Level::Confirmed).await? == paid);
    tokens_as_they_are(&scene, curves[1], tokens).await
}

/// Another user takes tokens out as tokens: the asset's mint is created, and the recipient has all of it.
async fn tokens_as_they_are(scene: &Scene, curve: CurveId, held: u64) -> Result<()> {
    let recipient = Key::generate().address();
    let command = Exit::new(scene, 2, recipient).await?;
    let done = command.run(&["--yes", "--keep-tokens"])?;
    ensure!(done["event"] == "done", "{done}");
    let l1 = scene.network.l1_client();
    let mint = l1.mint(&l1.launched_mint(&curve), Level::Confirmed).await?.expect("a mint");
    let paid = l1.tokens(&recipient, &mint, Level::Confirmed).await?;
    ensure!(held > 0 && (paid, mint.supply) == (held, held), "{paid} of {held}, {mint:?}");
    Ok(())
}

/// Buys on two curves and sells on one; all of it is committed.
async fn trade(wallet: &Wallet, curves: &[CurveId]) -> Result<()> {
    let buy = |quote: u64| BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO };
    for (curve, quote) in curves.iter().zip([2 * SOL, SOL]) {
        let order = TxBuilder::new().buy(*curve, buy(quote));
        wallet.execute(&order, TransactionState::Preconfirmed).await?;
    }
    let sell = SellOrder::ExactIn { base: Base::new(1_000_000), quote_min: Quote::ZERO };
    let order = TxBuilder::new().sell(curves[0], sell);
    wallet.execute(&order, TransactionState::Committed).await?;
    Ok(())
}

/// The command of an exit.
struct Exit {
    asset: PathBuf,
    args: Vec<String>,
    poster: Key,
}

impl Exit {
    /// The exit of an account.
    async fn new(scene: &Scene, account: usize, recipient: Address) -> Result<Self> {
        let poster = scene.network.funded_key(10 * SOL).await?;
        let layout = scene.network.layout();
        let (user_file, poster_file) = (
            layout.root().join(format!("user-{account}.json")),
            layout.root().join(format!("exit-{account}.json")),
        );
        scene.keys[account].write(&user_file)?;
        poster.write(&poster_file)?;
        let path = |path: PathBuf| path.display().to_string();
        let args = [
            ("--l1", scene.network.l1().url().to_owned()),
            ("--genesis", path(layout.genesis())),
            ("--key", path(user_file)),
            ("--poster-key", path(poster_file)),
            ("--recipient", recipient.to_string()),
            ("--interval-ms", "50".to_owned()),
        ];
        let args = args.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        Ok(Self { asset: asset_binary()?, args, poster })
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(&self.asset);
        command.args(["--json", "exit"]).args(&self.args).args(more);
        command
    }

    /// Runs it to its end. Gives the last line that it says.
    fn run(&self, more: &[&str]) -> Result<Value> {
        let output = tokio::task::block_in_place(|| self.command(more).output())?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{stderr}");
        let stdout = String::from_utf8(output.stdout)?;
        let last = stdout.lines().last().with_context(|| format!("it says nothing: {stderr}"))?;
        Ok(serde_json::from_str(last)?)
    }

    /// Kills it once all that it forces is in the inbox, which held `before` messages.
    async fn killed_after_forcing(&self, scene: &Scene, before: u64) -> Result<()> {
        let mut process =
            self.command(&["--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let deadline = Instant::now() + PATIENCE;
        let l1 = scene.network.l1_client();
        while l1.inbox(Level::Confirmed).await?.count < before + 2 && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
        process.kill()?;
        process.wait()?;
        let now = l1.inbox(Level::Confirmed).await?.count;
        ensure!(now >= before + 2, "{now} messages, there were {before}");
        Ok(())
    }
}
