//! The state machine.

use crate::durable::DurableState;
use crate::io::{Action, Config, Head, Input};
use crate::scheme::{PublicKey, Signer};
use crate::types::{Height, MemberIx, View};
use crate::wire::Msg;

/// Why a member cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// The log is empty but the chain has blocks: the key may have voted before.
    #[error(
        "the log is empty but the application is at height {height}: restore the log, or set \
         allow_missing_log if this key has never voted"
    )]
    MissingLog {
        /// The application's height.
        height: Height,
    },
    /// The signer's key is not in the committee.
    #[error("the key {0:?} is not in the committee; start without a signer to observe")]
    NotAMember(PublicKey),
    /// The timers do not fit together.
    #[error("pacemaker: {0}")]
    Pacemaker(&'static str),
}

/// A look at the core from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The current view.
    pub view: View,
    /// Its leader.
    pub leader: MemberIx,
    /// The height of the last committed block.
    pub committed: Height,
    /// The view of the lock.
    pub lock_view: View,
    /// Whether a committed block is missing and asked for.
    pub syncing: bool,
}

/// The state machine of one member, or of an observer, who follows without a key.
#[derive(Debug)]
pub struct Core {
    config: Config,
    signer: Option<Box<dyn Signer>>,
}

impl Core {
    /// Starts from what the log and the application hold. The actions are what a restarted member
    /// does first: timers, commits the application has not applied, its last votes once more.
    ///
    /// # Errors
    ///
    /// Where it would be unsafe or useless to start.
    pub fn recover(
        config: Config,
        signer: Option<Box<dyn Signer>>,
        _durable: DurableState,
        _head: Head,
    ) -> Result<(Self, Vec<Action>), RecoverError> {
        Ok((Self { config, signer }, Vec::new()))
    }

    /// Takes one input and appends what is to be done to `out`.
    pub fn step(&mut self, _input: Input, _out: &mut Vec<Action>) {}

    /// Whether verifying this message can change anything. The driver asks before it pays for the
    /// signatures; a message that is not useful is dropped without blame.
    pub fn is_useful(&self, _msg: &Msg) -> bool {
        self.signer.is_some()
    }

    /// A look at the core.
    pub fn status(&self) -> Status {
        let view = View::ZERO;
        let leader = self.config.committee.leader(view);
        Status { view, leader, committed: Height::ZERO, lock_view: view, syncing: false }
    }
}
