//! A client of one or several nodes.
//!
//! # Rules
//!
//! 1. A call goes to the preferred node; when that does not answer or answers with a transient error, to the next one, and
//!    the node that answered becomes the preferred one.
//! 2. What is sent again is the same bytes; a transaction has one id, so that it executes once at most.
//! 3. A client speaks to one chain: nodes of another genesis are refused when they are connected to.

mod config;
mod error;
mod merge;
mod methods;
mod nodes;
mod wait;

pub use config::ClientConfig;
pub use error::ClientError;
pub use methods::{Client, ProvenCurve, ProvenWithdrawal};
pub use wait::succeeded;
