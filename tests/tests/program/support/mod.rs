//! A rollup on LiteSVM, beside a native chain that makes its batches.

mod bonds;
mod chain;
mod challenge;
pub(crate) mod modules;
pub(crate) mod orders;
mod relay;
mod replay;
pub(crate) mod scene;
pub(crate) mod tokens;
mod world;

use std::path::{Path, PathBuf};

use asset_rollup_interface::error::RollupError;
use curvevm::types::Address;
use ed25519_zebra::{SigningKey, VerificationKey};
use litesvm::types::TransactionMetadata;
use solana_transaction::{InstructionError, TransactionError};

pub(crate) use bonds::{BOND, sign, statement};
pub(crate) use chain::{Chain, Sealed, claimed, cursor, signed, withdraw};
pub(crate) use challenge::{CHALLENGER, Exhibit, Upload, account_of, exhibits, trace};
pub(crate) use replay::{Answer, Case, Replayer, advance, chunks, chunks_of, touched};
pub(crate) use world::{
    MEMBERS_FROM, World, budget, genesis, heap, key_of, keypair, program_id, pubkey,
};

/// Lamports in one SOL.
pub(crate) const SOL: u64 = 1_000_000_000;

/// A build of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// sBPF v0.
    V0,
    /// sBPF v3.
    V3,
}

impl Build {
    /// The file of the build.
    pub(crate) fn path(self) -> PathBuf {
        let folder = std::env::var_os("ASSET_ROLLUP_SO_DIR").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/artifacts"),
            PathBuf::from,
        );
        folder.join(match self {
            Self::V0 => "asset_rollup-v0.so",
            Self::V3 => "asset_rollup-v3.so",
        })
    }
}

/// What became of a transaction.
pub(crate) type Outcome = Result<TransactionMetadata, TransactionError>;

/// Asserts that the program refused with an error of its own.
#[track_caller]
pub(crate) fn assert_refused(outcome: Outcome, expected: RollupError) {
    match outcome {
        Err(TransactionError::InstructionError(_, InstructionError::Custom(code))) => {
            let found = RollupError::from_code(code);
            assert_eq!(found, Some(expected), "custom error {code}");
        }
        other => panic!("expected {expected:?}, found {other:?}"),
    }
}

/// Asserts that an instruction failed with an error of the runtime or of Anchor.
#[track_caller]
pub(crate) fn assert_failed(outcome: Outcome, expected: InstructionError) {
    match outcome {
        Err(TransactionError::InstructionError(_, found)) => assert_eq!(found, expected),
        other => panic!("expected {expected:?}, found {other:?}"),
    }
}

/// Anchor: an account is not writable, or not the address that was asked for.
pub(crate) mod anchor {
    use solana_transaction::InstructionError;

    /// An account must be writable.
    pub(crate) const NOT_WRITABLE: InstructionError = InstructionError::Custom(2000);
    /// A signature is missing on an account that pays (`Signer` and `mut`).
    pub(crate) const NOT_SIGNER: InstructionError = InstructionError::MissingRequiredSignature;
    /// The account's length is another than that of the instruction.
    pub(crate) const SPACE: InstructionError = InstructionError::Custom(2019);
    /// The account is no program.
    pub(crate) const NOT_EXECUTABLE: InstructionError = InstructionError::Custom(2007);
    /// One account was passed as two that are written.
    pub(crate) const DUPLICATE: InstructionError = InstructionError::Custom(2040);
}

/// The key of a test user or member.
pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from([seed.wrapping_add(1); 32])
}

/// The address of a test user or member.
pub(crate) fn address(seed: u8) -> Address {
    Address::new(VerificationKey::from(&signing_key(seed)).into())
}
