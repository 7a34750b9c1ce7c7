//! The primitives that differ between a native build and Solana: SHA-256 and ed25519 under ZIP-215.
//!
//! Both sides accept exactly the same signatures. ZIP-215 (Zcash improvement proposal 215): `s` is canonical, the encodings
//! of `A` and `R` may be non-canonical, and `8·s·B = 8·R + 8·k·A`.

#[cfg(all(feature = "std", target_arch = "x86_64", not(target_os = "solana")))]
mod lanes;
#[cfg(not(target_os = "solana"))]
mod native;
pub mod scalar;
#[cfg(target_os = "solana")]
mod solana;

#[cfg(not(target_os = "solana"))]
use native as imp;
#[cfg(all(feature = "std", not(target_os = "solana")))]
pub use native::{BatchItem, MESSAGES_AT_ONCE, sha256_each, verify_batch};
#[cfg(target_os = "solana")]
use solana as imp;

use crate::types::{Address, Hash, Signature};

/// SHA-256 over the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    Hash::new(imp::sha256(parts))
}

/// Whether `signature` is `signer`'s over the 32 bytes of `digest`, under ZIP-215.
// SHA-512 for Solana is unrolled and long: one copy of it is enough.
#[cfg_attr(target_os = "solana", inline(never))]
pub fn verify(signer: &Address, digest: &Hash, signature: &Signature) -> bool {
    imp::verify(signer.as_bytes(), digest.as_bytes(), signature.as_bytes())
}
