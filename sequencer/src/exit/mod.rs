//! Exit: how somebody gets out everything that is theirs with the L1 and its data alone, when no member of the committee answers.
//!
//! # Status
//!
//! Experimental. The fields of [`Event`] are stable; some may be added.
//!
//! # Terms
//!
//! What *waits* is in the inbox and in no committed batch. The state *ahead* is that after what waits.
//!
//! ```text
//!  L1 ─► history ─► rebuild ─► state ─► what waits ─► state ahead ─► plan ─► forced ─┐
//!                                 ▲                                                  │
//!                                 └── finalized ◄── committed ◄── takeover ◄── built ◄┘
//!                                         └─► claims, bond back
//! ```
//!
//! # Rules
//!
//! 1. What is to be done next follows from the L1 alone each time: an exit that ends anywhere goes on when it is started again.
//! 2. What is forced is what [`plan()`] finds on the state ahead: what fills the owner's balances first, and withdrawals once that is in
//!    the inbox. Their amounts are known to the unit then, and nothing but the owner's own signature makes a balance smaller.
//! 3. Blocks of a takeover are a millisecond apart. The batch of given messages is therefore the same, whoever builds it.
//! 4. A batch is replayed as a challenge would replay it before its poster answers for it with a bond.
//! 5. When the committee comes back and consumes what waits, the exit goes on from its batch.
//!
//! # Invariants
//!
//! 1. Nothing is asked of any node of the chain.
//! 2. Nothing is signed for the owner but what [`plan()`] says.

mod build;
mod driver;
mod error;
mod event;
mod plan;
mod settle;
mod states;
#[cfg(test)]
mod tests;

pub use build::{BATCHES_MAX, Built, build, build_all};
pub use driver::{Exit, ExitConfig, Outlook};
pub use error::ExitError;
pub use event::Event;
pub use plan::{Action, Left, Plan, Step, Wish, plan};
