//! The tokio driver of the state machine: executes its actions and feeds it what happens.
//!
//! # Status
//!
//! Experimental.
//!
//! # Rules
//!
//! * One task owns the core. It never waits for the log, the application or the network; each answers by an event.
//! * A message is decoded, asked for its use, and verified away from that task, in batches, one batch of each class at a time.
//! * All records that gather while the log is writing become one write and one `fdatasync`.
//! * A frame with `after` leaves once that batch is durable.
//! * The application commits one block at a time, in height order. Each block was validated in this run before.
//! * Where commits or the log lag behind too far, the driver stops listening; its timers go on.
//!
//! # Invariants
//!
//! 1. `D1` No frame that embodies a signature is sent before its record is durable.
//! 2. `D2` Every queue of the driver is bounded.
//! 3. `D3` A height is committed once in a run, without gaps.
//! 4. `D4` Bad input never ends the driver; a failed log, a failed application, a diverged state or too many faults do.

mod calls;
mod event;
mod hotshot;
mod ingress;
mod log;
mod outbox;
mod range;
mod task;
mod timers;

pub use hotshot::HotShot;
