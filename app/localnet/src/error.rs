//! Why a local network does not start or does not go on.

use std::{io, path::PathBuf};

use asset_sdk::{ClientError, keys::KeyError, l1::L1Error};

/// A local network failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalnetError {
    /// The program's ELF file is not there.
    #[error(
        "there is no program at {}: run `cargo xtask program build --arch v0 --update`, or set {variable} to the folder that \
         holds {file}",
        path.display()
    )]
    NoProgram {
        /// Where it was looked for.
        path: PathBuf,
        /// The environment variable that names another folder.
        variable: &'static str,
        /// The file's name.
        file: &'static str,
    },
    /// The embedded L1 does not start.
    #[error("the embedded L1 failed: {0}")]
    EmbeddedL1(String),
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder holds something.
    #[error(
        "the folder {} is not empty: the embedded L1 starts anew each time, so give a new folder for its network",
        path.display()
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Too few or too many members.
    #[error("a local network has 1 to {max} members, not {found}")]
    Members {
        /// Members asked for.
        found: usize,
        /// The most there can be.
        max: usize,
    },
    /// No free port.
    #[error("no free port was found between {first} and {last}: stop other local networks")]
    NoPort {
        /// The first port that was tried.
        first: u16,
        /// The last.
        last: u16,
    },
    /// A configuration cannot be written as text.
    #[error("the configuration of a member cannot be written: {0}")]
    Encode(String),
    /// A member's process ended.
    #[error("member {index} ended ({status}); its log {} ends with:\n{tail}", log.display())]
    MemberEnded {
        /// The member.
        index: usize,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// A member does not become ready.
    #[error("member {index} is not ready in time: {last}; its log is {}", log.display())]
    NotReady {
        /// The member.
        index: usize,
        /// What was last heard of it.
        last: String,
        /// Its log.
        log: PathBuf,
    },
    /// No member of this index.
    #[error("there is no member {index}")]
    NoMember {
        /// The index.
        index: usize,
    },
    /// The member runs already.
    #[error("member {index} runs already (process {pid})")]
    Running {
        /// The member.
        index: usize,
        /// Its process.
        pid: u32,
    },
    /// A key file failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The L1 refused.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// A member refused.
    #[error(transparent)]
    Client(#[from] ClientError),
}
