//! A member as a process of its own.

use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, Result};

use crate::files::MemberAddresses;

/// A member of the committee: its process, when it runs. The process is killed when this is dropped.
#[derive(Debug)]
pub struct Member {
    asset: PathBuf,
    config: PathBuf,
    log: PathBuf,
    addresses: MemberAddresses,
    process: Option<Child>,
}

impl Member {
    pub(crate) const fn new(
        asset: PathBuf,
        config: PathBuf,
        log: PathBuf,
        addresses: MemberAddresses,
    ) -> Self {
        Self { asset, config, log, addresses, process: None }
    }

    /// Starts the process; its output is appended to its log. Does nothing while it runs.
    ///
    /// # Errors
    ///
    /// When the binary or the log cannot be opened.
    pub fn start(&mut self) -> Result<()> {
        if self.is_running()? {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("open {}", self.log.display()))?;
        let process = Command::new(&self.asset)
            .args(["node", "--config"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", self.asset.display()))?;
        self.process = Some(process);
        Ok(())
    }

    /// Kills the process at once, as a crash would (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    ///
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().context("kill the member")?;
        process.wait().context("wait for the member")?;
        Ok(())
    }

    /// How the process ended, or nothing while it runs or was never started.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.process {
            Some(process) => process.try_wait().context("look at the member"),
            None => Ok(None),
        }
    }

    /// Whether the process runs.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.process.is_some() && self.exited()?.is_none())
    }

    /// The process id, when it was started.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Where it listens, also after a restart.
    pub const fn addresses(&self) -> &MemberAddresses {
        &self.addresses
    }

    /// Where its output goes.
    pub const fn log(&self) -> &PathBuf {
        &self.log
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // What cannot be killed is gone already.
        let _gone = self.kill();
    }
}
