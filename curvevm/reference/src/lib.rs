//! A second implementation of CurveVM, slow and meant to be obviously right, to test the first against.
//!
//! # Status
//!
//! Test equipment; nothing depends on it but tests and fuzz targets.
//!
//! # Rules
//!
//! 1. It is written from the documentation of `curvevm`'s types and modules and from what the launchpads publish, not from the code
//!    of `curvevm`. It takes from `curvevm` only what is written down: the types of transactions, modules, cells, receipts and
//!    errors, and the derivation of hashes and ids.
//! 2. Numbers have no bounds ([`number`]). Values are exact fractions, and are rounded where the specification says. What the
//!    specification says as "the most tokens that cost no more" is a search for them, not the inverse of a formula.
//! 3. State is a set of maps, copied for each transaction ([`model`]).
//! 4. Whether a module is valid is `curvevm`'s word. The verifier is judged by what becomes of the modules that it accepts.
//!
//! # Limits
//!
//! Amounts are checked to fit 64 bits where they are kept or given out. Where `curvevm` says [`Overflow`] of an amount in between, the
//! two may disagree on which error it is; the differential test states where that is allowed.
//!
//! [`Overflow`]: curvevm::error::Error::Overflow

pub mod curve;
pub mod fees;
pub mod fill;
pub mod inbox;
pub mod model;
pub mod number;
pub mod pool;
pub mod random;
pub mod world;

pub use model::Model;
