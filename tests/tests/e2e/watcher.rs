//! A watcher as a process, and what it says.

use std::{
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Result, bail, ensure};
use asset_localnet::{Layout, Localnet};
use asset_sdk::Key;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::support::asset_binary;

/// How long a watcher may take until it says what is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at what it said.
const POLL: Duration = Duration::from_millis(5);

/// The command of a watcher of a network, whose L1 is at `l1`.
pub(crate) fn watch(layout: &Layout, l1: &str) -> Result<Command> {
    let mut command = Command::new(asset_binary()?);
    command.args(["--json", "watch", "--l1", l1, "--genesis"]);
    command.arg(layout.genesis());
    Ok(command)
}

/// A watcher that follows a chain and challenges what is wrong. Killed on drop.
pub(crate) struct Live {
    process: Child,
    lines: PathBuf,
}

impl Live {
    /// Starts one whose key is `key`.
    pub(crate) fn challenging(network: &Localnet, key: &Key) -> Result<Self> {
        let root = network.layout().root();
        let file = root.join(format!("{}.json", key.address()));
        if !file.exists() {
            key.write(&file)?;
        }
        // One that starts anew with the same key has lines of its own.
        let lines = |run: u32| root.join(format!("{}-{run}.jsonl", key.address()));
        let lines = (0..).map(lines).find(|lines| !lines.exists()).unwrap_or_default();
        let process = watch(network.layout(), network.l1().url())?
            .args(["--interval-ms", "50", "--key"])
            .arg(file)
            .stdout(std::fs::File::create(&lines)?)
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { process, lines })
    }

    /// What it has said.
    pub(crate) fn said(&self) -> Result<Vec<Value>> {
        let text = std::fs::read_to_string(&self.lines)?;
        // The last line may not be written to its end.
        let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
        Ok(whole.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// Waits until it says something of which `is_it` holds.
    pub(crate) async fn wait(
        &mut self,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.said()?;
            if let Some(event) = said.iter().find(|event| is_it(event)) {
                return Ok(event.clone());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("the watcher ended with {status} before {what}: {said:?}");
            }
            ensure!(Instant::now() < deadline, "waited for {what}; it said {said:?}");
            sleep(POLL).await;
        }
    }

    /// Waits for an action of its challenge.
    pub(crate) async fn wait_action(&mut self, action: &str) -> Result<Value> {
        self.wait(action, |event| event["action"] == action).await
    }

    /// The names of the actions it has taken.
    pub(crate) fn actions(&self) -> Result<Vec<String>> {
        let said = self.said()?;
        let actions = said.iter().filter_map(|event| event["action"].as_str());
        Ok(actions.map(str::to_owned).collect())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.process.id().to_string();
        ensure!(Command::new("kill").args([signal, &pid]).status()?.success());
        Ok(())
    }

    /// Kills it, as a loss of power would.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Asks it to stop. Gives how it ended, and what it said.
    pub(crate) fn stop(mut self) -> Result<(ExitStatus, Vec<Value>)> {
        self.signal("-TERM")?;
        let ended = self.process.wait()?;
        Ok((ended, self.said()?))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
