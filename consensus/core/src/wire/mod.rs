//! The messages and their canonical, length-bounded encoding: a version, then Borsh.

use crate::limits::{MEMBERS_MAX, MESSAGE_BYTES_MAX, PAYLOAD_BYTES_MAX, RANGE_BLOCKS_MAX};
use crate::types::{
    BlockId, Cert1, Cert2, CommittedRange, Height, Proposal, SealedBlock, TimeoutCert, TimeoutVote,
    Vote1, Vote2,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// The version in front of every message and in every signed digest.
pub const PROTOCOL_VERSION: u16 = 1;

/// What members send each other.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Msg {
    /// The leader's block.
    Proposal(Box<Proposal>),
    /// A phase-1 vote.
    Vote1(Vote1),
    /// A phase-2 vote.
    Vote2(Vote2),
    /// A vote to abandon a view.
    Timeout(Box<TimeoutVote>),
    /// A phase-1 certificate, to enter the next view and to lock.
    Cert1(Box<Cert1>),
    /// A phase-2 certificate: a block is final.
    Cert2(Box<Cert2>),
    /// A quorum of timeouts, to enter the next view.
    TimeoutCert(Box<TimeoutCert>),
    /// Asks for an uncommitted block.
    BlockRequest(BlockId),
    /// Answers a [`BlockRequest`](Self::BlockRequest).
    BlockAnswer(SealedBlock),
    /// Asks for committed blocks from this height on.
    RangeRequest(Height),
    /// Answers a [`RangeRequest`](Self::RangeRequest).
    Range(Box<CommittedRange>),
}

/// Why bytes are not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Longer than any message.
    #[error("{found} bytes are more than the {max} of a message", max = MESSAGE_BYTES_MAX)]
    Oversized {
        /// How many bytes there are.
        found: usize,
    },
    /// Of another version, or too short to tell.
    #[error("protocol version {found:?}, expected {expected}", expected = PROTOCOL_VERSION)]
    Version {
        /// The version found, if there is one.
        found: Option<u16>,
    },
    /// Truncated, with bytes left over, or not in the format.
    #[error("malformed message")]
    Malformed(#[source] std::io::Error),
    /// A list or payload is longer than its bound, or a list of signers is not ascending.
    #[error("{what} is out of bounds")]
    OutOfBounds {
        /// Which part.
        what: &'static str,
    },
}

/// Encodes a message.
pub fn encode(msg: &Msg) -> Vec<u8> {
    let mut bytes = PROTOCOL_VERSION.to_le_bytes().to_vec();
    bytes.extend(to_bytes(msg));
    bytes
}

/// Decodes a message and checks its bounds. `encode` of the result gives the same bytes.
///
/// # Errors
///
/// Where the bytes are oversized, of another version, malformed or out of bounds.
pub fn decode(bytes: &[u8]) -> Result<Msg, DecodeError> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(DecodeError::Oversized { found: bytes.len() });
    }
    let (version, body) =
        bytes.split_first_chunk::<2>().ok_or(DecodeError::Version { found: None })?;
    let found = u16::from_le_bytes(*version);
    if found != PROTOCOL_VERSION {
        return Err(DecodeError::Version { found: Some(found) });
    }
    let msg = Msg::try_from_slice(body).map_err(DecodeError::Malformed)?;
    match bound_violation(&msg) {
        Some(what) => Err(DecodeError::OutOfBounds { what }),
        None => Ok(msg),
    }
}

/// Borsh into memory, which cannot fail for our types: their lengths fit into 32 bits.
pub(crate) fn to_bytes<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).unwrap_or_default()
}

fn bound_violation(msg: &Msg) -> Option<&'static str> {
    match msg {
        Msg::Proposal(proposal) => block_violation(&proposal.block)
            .or_else(|| cert1_violation(&proposal.justify))
            .or_else(|| proposal.timeout.as_ref().and_then(timeout_cert_violation)),
        Msg::Timeout(vote) => cert1_violation(&vote.lock),
        Msg::Cert1(cert) => cert1_violation(cert),
        Msg::Cert2(cert) => cert2_violation(cert),
        Msg::TimeoutCert(cert) => timeout_cert_violation(cert),
        Msg::BlockAnswer(block) => block_violation(block),
        Msg::Range(range) => range_violation(range),
        Msg::Vote1(_) | Msg::Vote2(_) | Msg::BlockRequest(_) | Msg::RangeRequest(_) => None,
    }
}

fn block_violation(block: &SealedBlock) -> Option<&'static str> {
    (block.block().payload.len() > PAYLOAD_BYTES_MAX).then_some("the payload")
}

fn cert1_violation(cert: &Cert1) -> Option<&'static str> {
    members_violation(cert.signatures.iter().map(|entry| entry.member.get()))
}

fn cert2_violation(cert: &Cert2) -> Option<&'static str> {
    members_violation(cert.signatures.iter().map(|entry| entry.member.get()))
}

fn timeout_cert_violation(cert: &TimeoutCert) -> Option<&'static str> {
    members_violation(cert.signatures.iter().map(|entry| entry.member.get()))
        .or_else(|| cert1_violation(&cert.lock))
}

fn range_violation(range: &CommittedRange) -> Option<&'static str> {
    if range.blocks.is_empty() || range.blocks.len() > RANGE_BLOCKS_MAX {
        return Some("the number of blocks");
    }
    range.blocks.iter().find_map(block_violation).or_else(|| cert2_violation(&range.proof))
}

fn members_violation(members: impl ExactSizeIterator<Item = u16>) -> Option<&'static str> {
    if members.len() > MEMBERS_MAX {
        return Some("the number of signers");
    }
    let mut last = None;
    for member in members {
        if last.is_some_and(|last| last >= member) {
            return Some("the order of signers");
        }
        last = Some(member);
    }
    None
}

#[cfg(test)]
mod tests;
