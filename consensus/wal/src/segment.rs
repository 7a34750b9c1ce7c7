//! The head of a segment file: what it is, whose, and which in the row.

use crate::WalError;
use asset_consensus::{ChainId, PublicKey};
use std::path::Path;

pub(crate) const FORMAT_VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"ASSETWAL";
const VERSION_AT: usize = 8;
const CHAIN_AT: usize = 10;
const KEY_AT: usize = 42;
const NUMBER_AT: usize = 74;
const SEQUENCE_AT: usize = 82;
const CRC_AT: usize = 90;
pub(crate) const HEAD_BYTES: usize = 94;

/// The fields of a segment's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub(crate) chain: ChainId,
    pub(crate) key: PublicKey,
    pub(crate) number: u64,
    /// Of the first frame.
    pub(crate) sequence: u64,
}

impl SegmentHead {
    pub(crate) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..VERSION_AT].copy_from_slice(MAGIC);
        bytes[VERSION_AT..CHAIN_AT].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[CHAIN_AT..KEY_AT].copy_from_slice(self.chain.as_bytes());
        bytes[KEY_AT..NUMBER_AT].copy_from_slice(&self.key.0);
        bytes[NUMBER_AT..SEQUENCE_AT].copy_from_slice(&self.number.to_le_bytes());
        bytes[SEQUENCE_AT..CRC_AT].copy_from_slice(&self.sequence.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a head and checks that it is of our format. A segment gets its name only once its head
    /// is durable, so a damaged head is corruption, whatever its length.
    pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Self, WalError> {
        let corrupt = |what| WalError::Corrupt { path: path.to_path_buf(), offset: 0, what };
        let head: &[u8; HEAD_BYTES] = bytes.first_chunk().ok_or_else(|| corrupt("segment head"))?;
        if !head.starts_with(MAGIC) {
            return Err(corrupt("segment magic"));
        }
        if field::<4>(head, CRC_AT) != crc32c::crc32c(&head[..CRC_AT]).to_le_bytes() {
            return Err(corrupt("segment head"));
        }
        let version = u16::from_le_bytes(field(head, VERSION_AT));
        if version != FORMAT_VERSION {
            let path = path.to_path_buf();
            return Err(WalError::Version { path, found: version, expected: FORMAT_VERSION });
        }
        Ok(Self {
            chain: ChainId::new(field(head, CHAIN_AT)),
            key: PublicKey(field(head, KEY_AT)),
            number: u64::from_le_bytes(field(head, NUMBER_AT)),
            sequence: u64::from_le_bytes(field(head, SEQUENCE_AT)),
        })
    }
}

fn field<const N: usize>(head: &[u8; HEAD_BYTES], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&head[at..at + N]);
    bytes
}
