//! The consensus protocol as a pure state machine: HotShot fast finality, rule set R2.
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
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss
    )
)]

mod chain;
mod committee;
mod durable;
mod fetch;
mod guard;
mod io;
mod limits;
mod machine;
mod pacemaker;
mod safety;
pub mod scheme;
mod signed;
mod tally;
#[cfg(test)]
mod testing;
mod types;
mod verify;
pub mod wire;

pub use committee::{Committee, CommitteeError, Member};
pub use durable::{DurableState, Record};
pub use io::{Action, Config, Head, Input, PacemakerConfig, PeerFault, TimerKind, ViewCause};
pub use limits::*;
pub use machine::{Core, RecoverError, Status};
#[cfg(any(test, feature = "test-utils"))]
pub use safety::Guard;
pub use scheme::{Ed25519, Ed25519Signer, PublicKey, Scheme, Signature, Signer};
pub use signed::SigningContext;
pub use types::*;
pub use verify::{Verified, Verifier, VerifyError};
pub use wire::{DecodeError, Msg, PROTOCOL_VERSION};
