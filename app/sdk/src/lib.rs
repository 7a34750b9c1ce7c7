//! The Rust client SDK of Asset L2.
//!
//! # Status
//!
//! Experimental. The RPC's method names, the error numbers and the key file format are stable; Rust names may still move.
//!
//! # Terms
//!
//! A *node* answers the RPC of [`rpc`]. A [`Client`] speaks to one or several nodes. A [`Wallet`] is a key with a nonce
//! manager, so that many orders of one key can be in flight. The *L1* is a Solana cluster; [`l1`] reads and writes the
//! AssetRollup program there. A transaction is `preconfirmed` by the committee, then `committed` on the L1, then `finalized`
//! there; never call something settled that is only preconfirmed.
//!
//! ```text
//!  Wallet --sign--> Transaction --Client::send--> node ... preconfirmed -> committed -> finalized
//!     \--l1::L1Client::deposit--> AssetRollup           payout::pay_withdrawal <--/
//! ```
//!
//! # Invariants
//!
//! 1. A transaction is signed once; retries and other nodes get the same bytes, so that it can never execute twice.
//! 2. A nonce that was given out is never given out again by the same [`nonce::NonceManager`].
//! 3. An L1 transaction counts only when its status was read and holds no execution error.
#![forbid(unsafe_code)]

pub mod amount;
pub mod client;
pub mod keys;
pub mod l1;
pub mod nonce;
pub mod payout;
pub mod rpc;
pub mod tx;
pub mod wallet;

pub use client::{Client, ClientConfig, ClientError};
pub use keys::Key;
pub use rpc::TransactionState;
pub use wallet::Wallet;
