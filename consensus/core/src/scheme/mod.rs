//! Signature schemes: who can sign, and how many signatures are checked at once.

mod ed25519;
#[cfg(any(test, feature = "test-utils"))]
mod mock;

use crate::types::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

pub use ed25519::{Ed25519, Ed25519Signer, InvalidSecret};
#[cfg(any(test, feature = "test-utils"))]
pub use mock::{Mock, MockSigner};

/// A member's public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PublicKey(pub [u8; 32]);

/// A signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 64]);

/// One signature to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedItem {
    /// Who is said to have signed.
    pub key: PublicKey,
    /// What is said to have been signed.
    pub digest: Digest,
    /// The signature.
    pub signature: Signature,
}

/// Checks signatures. Single and batch checks agree on every input.
pub trait Scheme: Clone + fmt::Debug + Send + Sync + 'static {
    /// Whether every item is valid; true for none.
    fn verify_batch(&self, items: &[SignedItem]) -> bool;
}

/// Holds a secret key. Signatures are deterministic: signing the same digest again after a restart
/// gives the same bytes.
pub trait Signer: fmt::Debug + Send + 'static {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs exactly these 32 bytes.
    fn sign(&self, digest: &Digest) -> Signature;
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
