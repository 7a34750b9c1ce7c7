//! Ed25519 under the ZIP-215 rule, with batch verification.

use super::{PublicKey, Scheme, Signature, SignedItem, Signer};
use crate::types::Digest;
use core::fmt;
use ed25519_zebra::{SigningKey, VerificationKey, VerificationKeyBytes, batch};
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest as _, Sha256};

const BATCH_DOMAIN: &[u8] = b"asset-l2/consensus/batch/v1";

/// Ed25519 under ZIP-215, under which batch and single verification agree.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519;

impl Scheme for Ed25519 {
    fn verify_batch(&self, items: &[SignedItem]) -> bool {
        if let [item] = items {
            return verify_single(item);
        }
        let mut batch = batch::Verifier::new();
        for item in items {
            let key = VerificationKeyBytes::from(item.key.0);
            let signature = ed25519_zebra::Signature::from(item.signature.0);
            batch.queue((key, signature, item.digest.as_bytes()));
        }
        batch.verify(Transcript::new(items)).is_ok()
    }
}

fn verify_single(item: &SignedItem) -> bool {
    let signature = ed25519_zebra::Signature::from(item.signature.0);
    VerificationKey::try_from(item.key.0)
        .is_ok_and(|key| key.verify(&signature, item.digest.as_bytes()).is_ok())
}

/// The batch coefficients, derived from everything that is checked: whoever chose the signatures
/// could not know the coefficients before, which is all that batch verification asks of them. It
/// keeps this crate free of a random source.
struct Transcript {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Transcript {
    fn new(items: &[SignedItem]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(BATCH_DOMAIN);
        for item in items {
            hasher.update(item.key.0);
            hasher.update(item.digest.as_bytes());
            hasher.update(item.signature.0);
        }
        Self { seed: hasher.finalize().into(), counter: 0, block: [0; 32], used: 32 }
    }

    fn next_byte(&mut self) -> u8 {
        if self.used >= self.block.len() {
            let counter = self.counter.to_le_bytes();
            self.block =
                Sha256::new().chain_update(self.seed).chain_update(counter).finalize().into();
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let byte = self.block.get(self.used).copied().unwrap_or_default();
        self.used = self.used.saturating_add(1);
        byte
    }
}

impl RngCore for Transcript {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        dest.iter_mut().for_each(|byte| *byte = self.next_byte());
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Transcript {}

/// An Ed25519 secret key. Its `Debug` shows the public half only.
pub struct Ed25519Signer {
    secret: SigningKey,
    public: PublicKey,
}

/// The bytes are not an Ed25519 secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not an Ed25519 secret key")]
pub struct InvalidSecret;

impl Ed25519Signer {
    /// Expands the 32-byte secret seed.
    ///
    /// # Errors
    ///
    /// Where the bytes are refused as a secret.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, InvalidSecret> {
        let secret = SigningKey::try_from(seed.as_slice()).map_err(|_| InvalidSecret)?;
        let public = PublicKey(VerificationKeyBytes::from(&secret).into());
        Ok(Self { secret, public })
    }
}

impl Signer for Ed25519Signer {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, digest: &Digest) -> Signature {
        Signature(self.secret.sign(digest.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ed25519Signer").field(&self.public).finish()
    }
}
