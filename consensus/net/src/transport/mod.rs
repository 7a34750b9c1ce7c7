//! The seam between the driver and whatever carries its bytes.
//!
//! A transport moves opaque frames between the members of one committee. It promises little, because the protocol needs
//! little: frames of one class from one member arrive in order or not at all, the sender of an inbound frame is the
//! committee member it claims to be, and sending never blocks. When a queue is full, the frame of the lowest view goes first.
//!
//! # Invariants
//!
//! 1. `T1` Every queue is bounded, in frames and in bytes.
//! 2. `T2` Classes do not share a queue: application traffic never delays a vote.
//! 3. `T3` An inbound frame carries the index of the member that proved the key of that index.

mod interface;
mod memory;
mod queue;

pub use interface::{AppSender, Class, ConsensusInbox, Inbound, Inbox, QueueFull, Rank, Transport};
pub(crate) use interface::{InboxSender, inbox};
pub use memory::{MemoryNetwork, MemoryTransport};
pub use queue::{QueueLimits, SendQueue};
