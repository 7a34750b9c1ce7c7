//! Native primitives: `sha2` with the processor's SHA extensions, or several messages at once in its vectors; `ed25519-zebra`
//! with batches.

#[cfg(feature = "std")]
use std::vec::Vec;

#[cfg(feature = "std")]
use crate::types::{Address, Hash, Signature};

#[cfg(not(feature = "std"))]
compile_error!("a native build of curvevm needs the feature `std`");

/// Signatures verified together by one core: large enough to amortize, small enough to bisect.
#[cfg(feature = "std")]
const BATCH: usize = 64;

/// How many messages to gather for [`sha256_each`], where one has to wait for others.
#[cfg(feature = "std")]
pub const MESSAGES_AT_ONCE: usize = 16;

/// A signature to verify.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
pub struct BatchItem {
    /// Who signed.
    pub signer: Address,
    /// What was signed.
    pub digest: Hash,
    /// The signature.
    pub signature: Signature,
}

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The SHA-256 of each of `messages`.
///
/// Where the processor has wide vectors, [`MESSAGES_AT_ONCE`] messages of the same length take little longer than one.
#[cfg(feature = "std")]
pub fn sha256_each<M: AsRef<[u8]>>(messages: &[M]) -> Vec<Hash> {
    #[cfg(target_arch = "x86_64")]
    if let Some(digests) = super::lanes::sha256_each(messages) {
        return digests;
    }
    messages.iter().map(|message| super::sha256(&[message.as_ref()])).collect()
}

pub(super) fn verify(signer: &[u8; 32], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    ed25519_zebra::VerificationKey::try_from(*signer)
        .and_then(|key| key.verify(&ed25519_zebra::Signature::from(*signature), digest))
        .is_ok()
}

/// Which of `items` verify, on all cores, in batches; a batch that fails is verified one by one.
///
/// ZIP-215 is the rule under which a batch accepts exactly what single verification accepts.
#[cfg(feature = "std")]
pub fn verify_batch(items: &[BatchItem]) -> Vec<bool> {
    use rayon::prelude::*;
    items.par_chunks(BATCH).flat_map_iter(verify_chunk).collect()
}

#[cfg(feature = "std")]
fn verify_chunk(items: &[BatchItem]) -> Vec<bool> {
    let mut batch = ed25519_zebra::batch::Verifier::new();
    for item in items {
        batch.queue((
            item.signer.to_bytes().into(),
            ed25519_zebra::Signature::from(*item.signature.as_bytes()),
            item.digest.as_bytes(),
        ));
    }
    if batch.verify(ed25519_zebra_rng()).is_ok() {
        return std::vec![true; items.len()];
    }
    items.iter().map(|item| super::verify(&item.signer, &item.digest, &item.signature)).collect()
}

/// The blinding of a batch must not be known to whoever made its signatures.
#[cfg(feature = "std")]
fn ed25519_zebra_rng() -> rand_core::OsRng {
    rand_core::OsRng
}
