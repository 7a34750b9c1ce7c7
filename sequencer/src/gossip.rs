//! What members tell each other outside consensus.
//!
//! ```text
//! message = version u8 ‖ Borsh(AppMessage)
//! ```

use asset_consensus::Signature;
use borsh::{BorshDeserialize, BorshSerialize};

/// The version of the messages.
const VERSION: u8 = 1;
/// The most bytes of transactions in one message.
pub(crate) const TRANSACTIONS_BYTES_MAX: usize = 256 * 1024;
/// The most transactions in one message.
pub(crate) const TRANSACTIONS_MAX: usize = 1_024;

/// A message of one member's application to another's. The order of the variants is the wire form; it is append-only.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum AppMessage {
    /// Waiting transactions in their wire form.
    Transactions(Vec<Vec<u8>>),
    /// Asks for the receiver's attestation of a closed batch.
    AttestationRequest {
        /// The batch.
        batch: u64,
    },
    /// The sender's signature over the settlement digest of a closed batch.
    Attestation {
        /// The batch.
        batch: u64,
        /// Over the digest itself.
        signature: Signature,
    },
}

impl AppMessage {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        borsh::to_writer(&mut bytes, self).expect("writing to memory does not fail");
        bytes
    }

    /// Reads a message; nothing for bytes that are none.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[VERSION])?;
        let message: Self = borsh::from_slice(rest).ok()?;
        match &message {
            Self::Transactions(list) if list.len() > TRANSACTIONS_MAX => None,
            Self::Transactions(_) | Self::AttestationRequest { .. } | Self::Attestation { .. } => {
                Some(message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encodes_and_nothing_else() {
        let message = AppMessage::AttestationRequest { batch: 7 };
        let bytes = message.encode();
        assert_eq!(AppMessage::decode(&bytes), Some(message));
        assert_eq!(AppMessage::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(AppMessage::decode(&[2, 1, 0, 0]), None);
        let many = AppMessage::Transactions(vec![Vec::new(); TRANSACTIONS_MAX + 1]);
        assert_eq!(AppMessage::decode(&many.encode()), None);
    }
}
