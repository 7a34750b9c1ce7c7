//! Errors of the RPC: stable numbers, and the error objects that carry them.

use curvevm::error::Error as VmError;
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};
use serde::{Deserialize, Serialize};

use super::types::ErrorView;

/// An error object's code is this less the error's number.
pub const CODE_BASE: i32 = -33_000;

/// Declares the node's errors, their numbers and their messages in one table.
macro_rules! node_errors {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $message:literal;)*) => {
        /// Why a node cannot answer. Numbers are append-only and at least 1,000.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum NodeError {
            $($(#[$doc])* $name = $number,)*
        }

        impl NodeError {
            /// Every error, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What went wrong, and what to do.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }

            /// The error's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The error of a number.
            pub const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

node_errors! {
    /// No room for another transaction.
    MempoolFull = 1000, "the mempool is full: send the same transaction again in a moment";
    /// The node has not caught up.
    Syncing = 1001, "the node is fetching blocks that it missed: ask another node or wait";
    /// The L1 does not answer.
    L1Unreachable = 1002, "the L1 does not answer: check l1.url and that the cluster runs";
    /// No executable program at the program id.
    L1WrongProgram = 1003, "there is no executable program at the program id on this L1: check program_id in genesis and that the program is deployed";
    /// The program does not know this chain.
    RollupNotInitialized = 1004, "the program on the L1 has no rollup of this chain id: initialize it first";
    /// No such block, batch or module here.
    NotFound = 1005, "the node does not have it: check the number, or ask a node that has kept it";
    /// The root is too old or not reached yet.
    ProofUnavailable = 1006, "the node cannot prove against this root: ask for a batch it still keeps, or the latest";
    /// The transaction was refused before under another id, or by policy.
    NonceInUse = 1007, "another transaction of this signer with the same nonce is waiting: wait for it or take another nonce";
    /// The signer has too many waiting transactions.
    SignerLimit = 1008, "this signer has as many waiting transactions as one signer may: wait for some to be executed";
    /// The store failed.
    Storage = 1009, "the node could not write to its data folder: check its disk";
    /// The node is stopping.
    ShuttingDown = 1010, "the node is stopping: send to another node";
    /// A broken promise of the node itself.
    Internal = 1011, "the node failed internally: see its log";
    /// Too many subscriptions.
    SubscriptionLimit = 1012, "the node serves no more subscriptions: close some or ask another node";
}

impl NodeError {
    /// The stable number.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Whether the same bytes may succeed later or at another node.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::MempoolFull
            | Self::Syncing
            | Self::L1Unreachable
            | Self::SignerLimit
            | Self::Storage
            | Self::ShuttingDown
            | Self::Internal
            | Self::SubscriptionLimit => true,
            Self::L1WrongProgram
            | Self::RollupNotInitialized
            | Self::NotFound
            | Self::ProofUnavailable
            | Self::NonceInUse => false,
        }
    }
}

/// The data of an error object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// The error's name.
    pub name: String,
    /// Its stable number.
    pub number: u32,
}

/// An error with a stable number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The virtual machine's.
    #[error("{0}")]
    Vm(VmError),
    /// The node's.
    #[error("{}", .0.message())]
    Node(NodeError),
}

impl RpcError {
    /// The stable number.
    pub fn number(self) -> u32 {
        match self {
            Self::Vm(error) => u32::from(error.code()),
            Self::Node(error) => error.number(),
        }
    }

    /// The error's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vm(error) => error.name(),
            Self::Node(error) => error.name(),
        }
    }

    /// The error of a number.
    pub fn from_number(number: u32) -> Option<Self> {
        let vm = u16::try_from(number).ok().and_then(VmError::from_code).map(Self::Vm);
        vm.or_else(|| NodeError::from_number(number).map(Self::Node))
    }

    /// Reads an error object; nothing when it is none of ours.
    pub fn from_object(object: &ErrorObject<'_>) -> Option<Self> {
        let number = CODE_BASE.checked_sub(object.code())?;
        Self::from_number(u32::try_from(number).ok()?)
    }

    /// As a part of an answer.
    pub fn view(self) -> ErrorView {
        ErrorView { number: self.number(), name: self.name().to_owned(), message: self.to_string() }
    }

    /// The error object with details after the message, such as the number that was asked for.
    pub fn with_details(self, details: &str) -> ErrorObjectOwned {
        let number = self.number();
        let code = CODE_BASE.saturating_sub(i32::try_from(number).unwrap_or(i32::MAX));
        let data = ErrorData { name: self.name().to_owned(), number };
        let message =
            if details.is_empty() { self.to_string() } else { format!("{self} ({details})") };
        ErrorObject::owned(code, message, Some(data))
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        error.with_details("")
    }
}

impl From<VmError> for RpcError {
    fn from(error: VmError) -> Self {
        Self::Vm(error)
    }
}

impl From<NodeError> for RpcError {
    fn from(error: NodeError) -> Self {
        Self::Node(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeError, RpcError, VmError};

    #[test]
    fn error_objects_are_read_back() {
        let vm = VmError::ALL.iter().copied().map(RpcError::Vm);
        let node = NodeError::ALL.iter().copied().map(RpcError::Node);
        for error in vm.chain(node) {
            let object = error.with_details("details");
            assert_eq!(object.code(), -33_000 - i32::try_from(error.number()).unwrap());
            assert_eq!(RpcError::from_object(&object), Some(error));
        }
    }

    #[test]
    fn numbers_do_not_move() {
        assert_eq!(NodeError::MempoolFull.number(), 1000);
        assert_eq!(NodeError::SubscriptionLimit.number(), 1012);
        assert_eq!(NodeError::ALL.len(), 13);
    }
}
