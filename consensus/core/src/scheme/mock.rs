//! A scheme without cryptography, for simulations: a signature is the hash of key and message.
//! Anyone can forge it; the simulator's faulty members do not.

use super::{PublicKey, Scheme, Signature, SignedItem, Signer};
use crate::types::Digest;
use sha2::{Digest as _, Sha256};

/// Checks mock signatures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mock;

impl Scheme for Mock {
    fn verify_batch(&self, items: &[SignedItem]) -> bool {
        items.iter().all(|item| mock_signature(&item.key, &item.digest) == item.signature)
    }
}

/// Makes mock signatures.
#[derive(Clone, Copy, Debug)]
pub struct MockSigner(pub PublicKey);

impl Signer for MockSigner {
    fn public_key(&self) -> PublicKey {
        self.0
    }

    fn sign(&self, digest: &Digest) -> Signature {
        mock_signature(&self.0, digest)
    }
}

fn mock_signature(key: &PublicKey, digest: &Digest) -> Signature {
    let half: [u8; 32] =
        Sha256::new().chain_update(key.0).chain_update(digest.as_bytes()).finalize().into();
    let mut bytes = [0; 64];
    let (left, right) = bytes.split_at_mut(32);
    left.copy_from_slice(&half);
    right.copy_from_slice(&half);
    Signature(bytes)
}
