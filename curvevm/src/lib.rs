//! CurveVM: the state transition of Asset L2, native and on-chain from one source.
//!
//! # Status
//!
//! Experimental. Formats are versioned; see `docs/spec`.
//!
//! # Terms
//!
//! A *cell* is a typed value under a 32-byte key ([`cell`]); all cells form the *state tree* ([`tree`]), whose root commits
//! to them. A *transaction* ([`tx`]) is a signed *program* of 1 to 8 *instructions* ([`program`]). *Executing* it
//! ([`execute`]) gives a *receipt* ([`receipt`]). A *block* ([`block`]) is a list of *segments* with the state root after
//! each: the *trace*. A *batch* ([`batch`]) is a run of blocks that is settled on Solana at once, its data, which holds the trace, cut
//! into *chunks* ([`codec`]).
//!
//! ```text
//!  transaction -> execute -> receipt          tree: root after each segment -> trace
//!       \________ block ________/                                    /
//!                    \______ codec: chunks _________________________/
//!                                      \__ hashes -> data root -> batch header
//! ```
//!
//! # Invariants
//!
//! 1. No clock, randomness, floating point, or iteration in an order that is not defined.
//! 2. No input makes it panic: every outcome is a receipt or a declared error.
//! 3. Amounts are integers, arithmetic on them is checked, and rounding goes against the trader.
//! 4. What is compiled for Solana is the same source, but for the hash and signature primitives in [`host`].
#![no_std]
#![forbid(unsafe_op_in_unsafe_fn)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod batch;
pub mod block;
mod bounded;
pub mod cell;
pub mod codec;
pub mod curve;
pub mod error;
pub mod execute;
pub mod fees;
pub mod genesis;
pub mod host;
pub mod inbox;
pub mod math;
pub mod merkle;
pub mod meter;
pub mod module;
pub mod nonce;
pub mod pool;
pub mod program;
pub mod receipt;
#[cfg(not(target_os = "solana"))]
pub mod templates;
#[cfg(test)]
mod test_support;
pub mod tree;
pub mod tx;
pub mod types;
