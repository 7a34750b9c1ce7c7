//! Deterministic simulation of the consensus engine: the production core, its wire format and its
//! log format, in one thread, under one seed.
//!
//! # Status
//!
//! Experimental; a tool for tests.
//!
//! # Terms
//!
//! A *slot* is a running member: usually one for each member, two for a member that is run twice
//! with one key (*twins*, the simplest Byzantine member that does not forge). *Released* means
//! handed to the network, which is when others may act on it.
//!
//! # Rules
//!
//! * Every choice (latency, loss, duplication, torn writes, whom a twin talks to) is drawn from one
//!   ChaCha8 stream; events are ordered by (time, number). The same seed gives the same trace hash.
//! * A crash loses what the disk had not confirmed: any prefix of the unsynced bytes may survive,
//!   and the log is read back by the production reader.
//! * The application keeps committed blocks; a crash loses what it had not made durable.
//! * The [`Checker`] sees what members release and commit, and judges by rules of its own: it shares
//!   no code with the core but the message types.
#![forbid(unsafe_code)]

mod app;
mod checker;
mod disk;
mod network;
mod slot;
mod world;

pub use checker::{Checker, Violation};
pub use network::NetworkConfig;
pub use world::{Mutation, SimConfig, World};
