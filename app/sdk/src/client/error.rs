//! What can go wrong between a client and its nodes.

use curvevm::{
    error::Error as VmError,
    types::{CurveId, Hash},
};
use jsonrpsee::core::ClientError as TransportError;

use crate::rpc::{ErrorView, NodeError, RpcError, TransactionState};

/// A call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No address was given.
    #[error("no node address: give at least one, such as http://127.0.0.1:8899")]
    NoNodes,
    /// An address is none.
    #[error("`{url}` is no node address: write it as http://host:port")]
    BadUrl {
        /// What was given.
        url: String,
    },
    /// No node answers.
    #[error("no node answers at {urls}: check the address and that the node runs")]
    Unreachable {
        /// Where it was asked.
        urls: String,
        /// What the last of them said.
        #[source]
        source: Box<TransportError>,
    },
    /// A node of another chain.
    #[error(
        "the node at {url} serves chain {found}, the others serve {expected}: remove one of them"
    )]
    OtherChain {
        /// The node.
        url: String,
        /// Its chain.
        found: Hash,
        /// The chain of the nodes before it.
        expected: Hash,
    },
    /// The node refused, with a stable number.
    #[error("{message}")]
    Refused {
        /// The number.
        error: RpcError,
        /// What it means and what to do.
        message: String,
    },
    /// The node answered with an error that this version does not know.
    #[error(
        "the node answered with error {code}: {message}; its version may be newer than this client"
    )]
    UnknownError {
        /// The JSON-RPC code.
        code: i32,
        /// What it said.
        message: String,
    },
    /// The answer cannot be read.
    #[error("the node's answer cannot be read: its version may be newer than this client")]
    BadAnswer(#[source] Box<TransportError>),
    /// The transaction left the mempool without being executed.
    #[error("transaction {id} was dropped: {}", reason(error.as_ref()))]
    Dropped {
        /// The transaction.
        id: Hash,
        /// Why.
        error: Option<ErrorView>,
    },
    /// The transaction was executed and did nothing.
    #[error("transaction {id} failed at instruction {instruction}: {error}")]
    Failed {
        /// The transaction.
        id: Hash,
        /// The instruction, from zero.
        instruction: u8,
        /// Why.
        error: VmError,
    },
    /// A message that was forced in or deposited had no effect.
    #[error("{id} came in a message and was rejected: {error}")]
    Rejected {
        /// The transaction, or the message's hash.
        id: Hash,
        /// Why.
        error: VmError,
    },
    /// The state was not reached in time.
    #[error(
        "transaction {id} is {last} and not {wanted} yet: it may still get there, look again with `asset tx {id}`"
    )]
    WaitTimeout {
        /// The transaction.
        id: Hash,
        /// The state that was waited for.
        wanted: TransactionState,
        /// The last state that was seen.
        last: TransactionState,
    },
    /// Another wait was not over in time.
    #[error("waited too long for {what}: `asset status` says what the node waits for")]
    Timeout {
        /// What was waited for.
        what: String,
    },
    /// The transaction cannot be built.
    #[error(transparent)]
    Build(VmError),
    /// A proof does not lead to the root that the L1 holds.
    #[error(
        "the node's proof of withdrawal {index} does not lead to the finalized root of batch {batch}: ask another node"
    )]
    BadProof {
        /// The withdrawal.
        index: u64,
        /// The batch.
        batch: u64,
    },
    /// The withdrawal is not under a finalized root.
    #[error(
        "withdrawal {index} is not finalized on the L1 (the last finalized batch is {batch}): wait for its batch's challenge window"
    )]
    NotFinalized {
        /// The withdrawal.
        index: u64,
        /// The last finalized batch.
        batch: u64,
    },
    /// A proof of a curve and its module does not lead to the root that the L1 holds.
    #[error(
        "the node's proof of curve {curve} does not lead to the finalized root of batch {batch}: ask another node"
    )]
    BadCurveProof {
        /// The curve.
        curve: CurveId,
        /// The batch.
        batch: u64,
    },
    /// The curve is not under a finalized root.
    #[error(
        "curve {curve} is not finalized on the L1 (the last finalized batch is {batch}): wait for its batch's challenge window"
    )]
    CurveNotFinalized {
        /// The curve.
        curve: CurveId,
        /// The last finalized batch.
        batch: u64,
    },
}

fn reason(error: Option<&ErrorView>) -> &str {
    error.map_or("the node does not say why", |error| error.message.as_str())
}

impl ClientError {
    /// The class of a failed call at `urls`.
    pub(super) fn from_transport(error: TransportError, urls: &str) -> Self {
        match error {
            TransportError::Call(object) => match RpcError::from_object(&object) {
                Some(error) => Self::Refused { error, message: object.message().to_owned() },
                None => {
                    Self::UnknownError { code: object.code(), message: object.message().to_owned() }
                }
            },
            TransportError::ParseError(_) | TransportError::InvalidRequestId(_) => {
                Self::BadAnswer(Box::new(error))
            }
            other => Self::Unreachable { urls: urls.to_owned(), source: Box::new(other) },
        }
    }

    /// Whether the same bytes may succeed at another node or later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { error: RpcError::Node(error), .. } => error.is_transient(),
            _ => false,
        }
    }

    /// Whether the signer's nonce was taken by another transaction.
    pub const fn is_nonce_conflict(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                error: RpcError::Node(NodeError::NonceInUse) | RpcError::Vm(VmError::NonceUsed),
                ..
            }
        )
    }

    /// The stable number, when a node or the virtual machine gave one.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Refused { error, .. } => Some(error.number()),
            Self::Failed { error, .. } | Self::Build(error) => Some(u32::from(error.code())),
            Self::Dropped { error, .. } => error.as_ref().map(|error| error.number),
            _ => None,
        }
    }
}
