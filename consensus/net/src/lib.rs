//! The tokio driver and the libp2p transport of the consensus engine.
//!
//! [`HotShot`] runs the pure state machine of `asset-consensus`: it verifies what peers send, keeps the log, sets the
//! timers and calls the [`Application`]. It reaches its peers through a [`Transport`](transport::Transport), which is
//! [`Libp2pTransport`](libp2p::Libp2pTransport) outside tests.
//!
//! ```text
//!  peers ──► inbox ──► decode ──► is it useful? ──► verify ──┐
//!                                                            ▼
//!  timers ─────────────────────────────────────────────► core.step ──► actions
//!                                                            ▲            │
//!  log (one fdatasync for all that waits) ◄── Persist ───────┤◄───────────┤
//!  application: build, validate, commit ◄────────────────────┘            ▼
//!  peers ◄── send queues ◄──────────────────────── held until durable ◄── Broadcast, Send
//! ```

#![forbid(unsafe_code)]

mod application;
mod driver;
mod engine;
pub mod libp2p;
mod metrics;
pub mod transport;

pub use application::{Application, ApplicationError, BlockProposal, BuildRequest, CommittedBlock};
pub use driver::HotShot;
pub use engine::{
    ConsensusEngine, EngineConfig, EngineError, EngineHandle, EngineSetup, EngineStatus,
    TIMED_OUT_MAX,
};
pub use metrics::EngineMetrics;
