//! The write-ahead log of the consensus engine: a vote leaves the member only after its record is
//! here, and here means on disk.
//!
//! # Status
//!
//! Experimental; the format is versioned.
//!
//! # Terms
//!
//! A *frame* is what one call of [`Wal::append`] writes: the batches of records of one group
//! commit, with one `fdatasync`. A *segment* is a file of frames. The *owner* of a log is a chain
//! and a public key.
//!
//! # Rules
//!
//! * There is one live segment. Once it is full the fold of the log is written as the first frame
//!   of the next one, under a temporary name, made durable, renamed, and the old one is deleted.
//!   A crash at any point leaves one of the two whole.
//! * A frame is written only after the one before it is durable. So an incomplete frame can only be
//!   the last: it is a write that a crash cut short, nothing depended on it, and it is cut off.
//!   Everything else that does not check out is corruption, and the log refuses to open: a member
//!   that forgets a vote is worse than one that is down.
//! * After a failed write nothing is known about the file, so the log takes no more.
//!
//! ```text
//! segment  magic 8 | version u16 | chain 32 | key 32 | number u64 | sequence u64 | crc32c u32 | frame*
//! frame    body length u32 | sequence u64 | crc32c of these u32 | crc32c of body u32 | body
//! body     borsh Vec<Record>
//! ```
//!
//! # Invariants
//!
//! 1. Sequence numbers of frames have no gaps across segments.
//! 2. One process at a time has the log open.
//! 3. `state()` is the fold of exactly the durable frames.
#![forbid(unsafe_code)]

mod error;
pub mod frame;
mod segment;
mod wal;

pub use error::WalError;
pub use wal::{Wal, WalConfig};
