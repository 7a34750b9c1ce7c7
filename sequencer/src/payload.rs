//! The payload of a block: what the chain's members agree on, as consensus carries it.
//!
//! # Status
//!
//! Experimental; the format is versioned.
//!
//! ```text
//! payload = version u8 ‖ Borsh(body) ‖ post root (32) ‖ Borsh(Option<batch header>)
//! ```
//!
//! # Invariants
//!
//! 1. A block's `settlement` is the settlement digest of `seal`, and none where there is no seal.
//! 2. Bytes after the payload are refused, so that a payload has one encoding.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{batch::BatchHeader, block::BlockBody, types::Hash};

/// The version of the payload format.
pub const PAYLOAD_VERSION: u8 = 1;

/// What a block carries.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Payload {
    /// What is executed.
    pub body: BlockBody,
    /// The state root after it.
    pub post_root: Hash,
    /// The header of the batch that this block closes.
    pub seal: Option<BatchHeader>,
}

/// Why bytes are no payload.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Of another version, or empty.
    #[error("payload version {found:?}, expected {expected}", expected = PAYLOAD_VERSION)]
    Version {
        /// The version found, if there is one.
        found: Option<u8>,
    },
    /// Not the encoding of a payload.
    #[error("the payload cannot be decoded")]
    Malformed(#[source] borsh::io::Error),
}

impl Payload {
    /// The encoding.
    ///
    /// # Panics
    ///
    /// Never: writing to memory does not fail.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![PAYLOAD_VERSION];
        borsh::to_writer(&mut bytes, self).expect("writing to memory does not fail");
        bytes
    }

    /// Reads the encoding.
    ///
    /// # Errors
    ///
    /// [`PayloadError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, PayloadError> {
        match bytes.split_first() {
            Some((&PAYLOAD_VERSION, rest)) => {
                borsh::from_slice(rest).map_err(PayloadError::Malformed)
            }
            found => Err(PayloadError::Version { found: found.map(|(version, _)| *version) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> Payload {
        let body =
            BlockBody { height: 7, time_ms: 9, messages: Vec::new(), transactions: Vec::new() };
        Payload { body, post_root: Hash::new([3; 32]), seal: None }
    }

    #[test]
    fn decodes_what_it_encodes() {
        let bytes = payload().encode();
        assert_eq!(Payload::decode(&bytes).unwrap(), payload());
    }

    #[test]
    fn refuses_another_version_a_short_and_a_long_encoding() {
        let bytes = payload().encode();
        let mut other = bytes.clone();
        other[0] = 2;
        assert!(matches!(Payload::decode(&other), Err(PayloadError::Version { found: Some(2) })));
        assert!(matches!(Payload::decode(&[]), Err(PayloadError::Version { found: None })));
        let short = &bytes[..bytes.len() - 1];
        assert!(matches!(Payload::decode(short), Err(PayloadError::Malformed(_))));
        let mut long = bytes;
        long.push(0);
        assert!(matches!(Payload::decode(&long), Err(PayloadError::Malformed(_))));
    }
}
