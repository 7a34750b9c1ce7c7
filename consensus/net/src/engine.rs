//! The door of a consensus engine: how it is started, watched and stopped. Another engine can stand behind it.

use std::{future::Future, path::PathBuf, sync::Arc};

use asset_consensus::{Config, Evidence, Height, MemberIx, PublicKey, RecoverError, Signer, View};
use asset_consensus_wal::WalError;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    application::{Application, ApplicationError},
    metrics::EngineMetrics,
    transport::{ConsensusInbox, Transport},
};

/// A consensus engine: orders the blocks of an [`Application`] among the members behind a [`Transport`].
pub trait ConsensusEngine {
    /// Recovers from the log and the application's head, and runs until it is stopped or cannot go on.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where it cannot start safely.
    fn start<A: Application, T: Transport>(
        setup: EngineSetup<A, T>,
    ) -> impl Future<Output = Result<EngineHandle, EngineError>> + Send;
}

/// Configuration of an engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The chain, the committee, and the timers.
    pub consensus: Config,
    /// The folder of the write-ahead log, and of nothing else.
    pub wal_dir: PathBuf,
    /// The size at which a segment of the log is replaced by its fold, in bytes.
    pub wal_segment_bytes_max: u64,
    /// How many committed blocks may wait for the application before the engine stops listening to its peers.
    pub commits_waiting_max: usize,
}

/// What an engine runs with.
#[derive(Debug)]
pub struct EngineSetup<A, T> {
    /// Configuration.
    pub config: EngineConfig,
    /// The member's key.
    pub signer: Box<dyn Signer>,
    /// The replicated state machine.
    pub application: Arc<A>,
    /// The way to the other members.
    pub transport: Arc<T>,
    /// The way from the other members.
    pub inbox: ConsensusInbox,
    /// Metrics.
    pub metrics: EngineMetrics,
}

/// Where an engine stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineStatus {
    /// The current view.
    pub view: View,
    /// Its leader.
    pub leader: MemberIx,
    /// The height of the last block that consensus committed.
    pub committed: Height,
    /// The height of the last block that the application holds.
    pub applied: Height,
    /// The view of the lock.
    pub lock_view: View,
    /// Whether committed blocks are missing and asked for.
    pub syncing: bool,
    /// How many views in a row were abandoned.
    pub timeouts_in_a_row: u64,
    /// The leaders of those views, oldest first, the latest [`TIMED_OUT_MAX`] of them.
    pub timed_out: Vec<MemberIx>,
    /// The members that frames can be sent to.
    pub connected: Vec<MemberIx>,
}

/// How many leaders [`EngineStatus::timed_out`] names.
pub const TIMED_OUT_MAX: usize = 16;

/// Why an engine does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The log cannot be opened or written. Votes would not be durable.
    #[error("the write-ahead log failed")]
    Wal(#[from] WalError),
    /// It would be unsafe or useless to start.
    #[error("consensus cannot start")]
    Recover(#[from] RecoverError),
    /// The application failed.
    #[error("the application failed")]
    Application(#[from] ApplicationError),
    /// A quorum committed what this member's application refuses, so its state differs from theirs.
    #[error(
        "the application refuses block {block} at height {height}, which the committee committed: the state differs"
    )]
    Diverged {
        /// The height.
        height: Height,
        /// The block.
        block: asset_consensus::BlockId,
    },
    /// More members are faulty than the protocol bears.
    #[error("more members are faulty than the protocol bears; evidence: {0:?}")]
    Halted(Box<Evidence>),
    /// The key at the transport's index is another one than the signer's.
    #[error("the transport runs as member {transport}, but the signer's key is {signer:?}")]
    ForeignTransport {
        /// The transport's index.
        transport: MemberIx,
        /// The signer's key.
        signer: PublicKey,
    },
    /// A task of the engine panicked.
    #[error("a task of the engine panicked: {0}")]
    Panicked(String),
}

/// A running engine. Dropping it stops the engine in the background.
#[derive(Debug)]
pub struct EngineHandle {
    status: watch::Receiver<EngineStatus>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), EngineError>>,
}

impl EngineHandle {
    /// A handle of an engine that runs in `task`, publishes `status`, and ends when `stop` turns true or is dropped.
    pub const fn new(
        status: watch::Receiver<EngineStatus>,
        stop: watch::Sender<bool>,
        task: JoinHandle<Result<(), EngineError>>,
    ) -> Self {
        Self { status, stop, task }
    }

    /// Where the engine stands.
    pub fn status(&self) -> EngineStatus {
        self.status.borrow().clone()
    }

    /// Changes of the status.
    pub fn watch(&self) -> watch::Receiver<EngineStatus> {
        self.status.clone()
    }

    /// Stops the engine: a running commit of the application ends first, and the log is closed.
    ///
    /// # Errors
    ///
    /// The error with which the engine had stopped before.
    pub async fn shutdown(self) -> Result<(), EngineError> {
        self.stop.send_replace(true);
        joined(self.task.await)
    }

    /// Waits until the engine stops by itself, which it does only for an error. Cancel-safe; call it once to the end.
    ///
    /// # Errors
    ///
    /// Why it stopped.
    pub async fn stopped(&mut self) -> Result<(), EngineError> {
        joined((&mut self.task).await)
    }
}

fn joined(
    result: Result<Result<(), EngineError>, tokio::task::JoinError>,
) -> Result<(), EngineError> {
    result.unwrap_or_else(|error| Err(EngineError::Panicked(error.to_string())))
}
