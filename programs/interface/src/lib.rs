//! Account layouts, seeds, instruction data and error numbers of the AssetRollup program.
//!
//! # Status
//!
//! Experimental. Every account starts with a format version; error numbers are append-only.
//!
//! # Rules
//!
//! 1. An account's data is its discriminator ([`state`]) and then the Borsh encoding of its struct; the program maps the same
//!    bytes without copying.
//! 2. An instruction's data is its discriminator and then the Borsh encoding of its arguments ([`instruction`]).
//! 3. Addresses derive from the seeds in [`seeds`]; deriving needs curve arithmetic and is the caller's.
//! 4. Parsing does not check who owns an account: compare the owner with the program's id before believing anything.
#![no_std]
#![forbid(unsafe_code)]
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

pub mod constants;
pub mod error;
pub mod instruction;
pub mod seeds;
pub mod state;
pub mod vote;
