//! The RPC server: JSON-RPC over HTTP and WebSocket on one address, with the methods of [`asset_sdk::rpc`].
//!
//! # Rules
//!
//! 1. Reads are of the last preconfirmed state and name its height and root.
//! 2. A subscriber that does not keep up is closed; the heights of blocks are its sequence numbers, by which it finds what it
//!    missed.

mod methods;
mod reads;
mod server;
mod status;
mod subscriptions;

pub(crate) use reads::Reads;
pub(crate) use server::{RpcServer, bind};
pub(crate) use status::StatusSource;
