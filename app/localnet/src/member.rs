//! A member: an `asset node` process.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::error::LocalnetError;

/// How long a member may take to stop when it is asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks at a process.
const POLL: Duration = Duration::from_millis(20);
/// Lines of the log that an error shows.
const TAIL_LINES: usize = 20;

/// A member of a local network. Its process is killed on drop.
#[derive(Debug)]
pub struct Member {
    index: usize,
    asset: PathBuf,
    folder: PathBuf,
    addresses: MemberAddresses,
    log_filter: String,
    process: Option<Child>,
}

/// Where a member serves, also after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberAddresses {
    /// JSON-RPC over HTTP.
    pub rpc_url: String,
    /// JSON-RPC over WebSocket, on the same port.
    pub ws_url: String,
    /// Metrics and health over HTTP.
    pub metrics_url: String,
}

/// What a member is started with.
pub(crate) struct MemberSetup {
    pub(crate) index: usize,
    pub(crate) asset: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) addresses: MemberAddresses,
    pub(crate) log_filter: String,
}

impl Member {
    pub(crate) fn new(setup: MemberSetup) -> Self {
        let MemberSetup { index, asset, folder, addresses, log_filter } = setup;
        Self { index, asset, folder, addresses, log_filter, process: None }
    }

    /// Its index in the committee.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Where it serves.
    pub const fn addresses(&self) -> &MemberAddresses {
        &self.addresses
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its log, of all its runs.
    pub fn log(&self) -> PathBuf {
        self.folder.join("node.log")
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.join("node.toml")
    }

    /// Its process, when it was started and is not known to have ended.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Starts the process, with its folder and addresses of before; its output is appended to its log.
    /// [`crate::Localnet::wait_ready`] waits for it.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::Running`], [`LocalnetError::Io`].
    pub fn start(&mut self) -> Result<(), LocalnetError> {
        self.exited()?;
        if let Some(pid) = self.pid() {
            return Err(LocalnetError::Running { index: self.index, pid });
        }
        let path = self.log();
        let failed = |source| LocalnetError::Io { action: "open", path: path.clone(), source };
        let out = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let err = out.try_clone().map_err(failed)?;
        let process = Command::new(&self.asset)
            .args(["node", "--stop-on-stdin-eof", "--config"])
            .arg(self.config())
            .env("RUST_LOG", &self.log_filter)
            // The member stops when this end of the pipe is closed, also when this process is killed.
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|source| self.failed("run", source))?;
        self.process = Some(process);
        Ok(())
    }

    /// Kills the process at once, as a crash would (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::Io`].
    pub fn kill(&mut self) -> Result<(), LocalnetError> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().map_err(|source| self.failed("kill", source))?;
        process.wait().map(|_| ()).map_err(|source| self.failed("wait for", source))
    }

    /// Asks the process to stop, by closing its standard input, and kills it when it does not.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::Io`].
    pub async fn stop(&mut self) -> Result<(), LocalnetError> {
        let Some(process) = self.process.as_mut() else { return Ok(()) };
        drop(process.stdin.take());
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            if self.exited()?.is_some() {
                return Ok(());
            }
            sleep(POLL).await;
        }
        tracing::warn!(member = self.index, "the member does not stop and is killed");
        self.kill()
    }

    /// How the process ended, told once; nothing while it runs and when it was not started.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::Io`].
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, LocalnetError> {
        let Some(process) = self.process.as_mut() else { return Ok(None) };
        let status = process.try_wait();
        let status = status.map_err(|source| self.failed("wait for", source))?;
        if status.is_some() {
            self.process = None;
        }
        Ok(status)
    }

    /// The error of a member that ended when it should not.
    pub(crate) fn exited_error(&self, status: ExitStatus) -> LocalnetError {
        let log = self.log();
        let tail = tail(&log);
        LocalnetError::MemberEnded { index: self.index, status: status.to_string(), log, tail }
    }

    fn failed(&self, action: &'static str, source: std::io::Error) -> LocalnetError {
        LocalnetError::Io { action, path: self.asset.clone(), source }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::warn!(member = self.index, %error, "the member may still run");
        }
    }
}

/// The last lines of a log.
fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
}
