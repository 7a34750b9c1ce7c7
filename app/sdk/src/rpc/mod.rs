//! The node's JSON-RPC: methods, types and errors, shared by the server and by clients.
//!
//! # Status
//!
//! Method names, field names and error numbers are stable; fields may be added.
//!
//! # Rules
//!
//! 1. Hashes and cell keys are lower-case hexadecimal, addresses and curve ids are base58, bytes are hexadecimal, amounts are
//!    integers in base units.
//! 2. Every read names the height and the state root it was taken at ([`At`]).
//! 3. An error object's code is `-33000 - number` and its data is `{name, number}`. Numbers below 1,000 are those of
//!    [`curvevm::error::Error`], the others are [`NodeError`]'s.

mod api;
mod error;
mod types;

pub use api::{AssetRpcClient, AssetRpcServer};
pub use error::{CODE_BASE, ErrorData, NodeError, RpcError};
pub use types::{
    AccountView, AccruedView, At, BalanceEntry, BalanceView, BatchState, BatchView, BlockState,
    BlockView, Bytes, CurvePhase, CurveView, ErrorView, GrantView, HoldingView, L1Status,
    MempoolStatus, ModuleView, MoneyView, PoolView, ProofView, Role, SendResult, SessionView,
    SimulationView, StakeView, StatusView, TransactionState, TransactionView,
};
