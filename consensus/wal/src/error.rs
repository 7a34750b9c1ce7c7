//! Why the log cannot be opened or written.

use asset_consensus::{ChainId, PublicKey};
use std::path::PathBuf;

/// Every one of these stops the member; none is to be retried without an operator, but `Locked`
/// once the other process is gone.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The operating system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another process has the log open.
    #[error("{path} is locked: another process runs with this data folder; stop it first")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The log belongs to another chain.
    #[error("{path} belongs to chain {found}, not {expected}")]
    WrongChain {
        /// The segment.
        path: PathBuf,
        /// Whose it is.
        found: ChainId,
        /// Whose it should be.
        expected: ChainId,
    },
    /// The log belongs to another member.
    #[error("{path} belongs to the key {found:?}, not {expected:?}")]
    WrongKey {
        /// The segment.
        path: PathBuf,
        /// Whose it is.
        found: PublicKey,
        /// Whose it should be.
        expected: PublicKey,
    },
    /// The log is of another version of this program.
    #[error("{path} has format version {found}, this program reads {expected}")]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// Ours.
        expected: u16,
    },
    /// The log is damaged, and not by a crash.
    #[error(
        "{path} is corrupt at byte {offset} ({what}): restore it from a copy taken while the \
         member was stopped; a member without its log must not vote"
    )]
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What does not check out.
        what: &'static str,
    },
    /// An earlier write failed.
    #[error("an earlier write to {path} failed; the log takes no more")]
    Poisoned {
        /// The segment.
        path: PathBuf,
    },
}

impl WalError {
    pub(crate) fn io(
        action: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
