//! The inbox: the head of the message chain, and a ring of its last messages.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    inbox::{InboxMessage, MessageKind},
    types::{Address, AssetId, Hash, Quote},
};

use super::LayoutError;
use crate::constants::INBOX_CAPACITY;

/// Messages to a rollup.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Inbox {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// The rollup.
    pub rollup: Address,
    /// How many messages were appended; the index of the next.
    pub count: u64,
    /// The sum of all lamports deposited.
    pub deposited: u64,
    /// The hash of the chain after the last message.
    pub head: Hash,
    /// The last messages: that of index `i` at `i % INBOX_CAPACITY`.
    pub entries: [InboxEntry; INBOX_CAPACITY],
}

/// A message in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct InboxEntry {
    /// The hash of the chain up to and with this message.
    pub hash: Hash,
    /// The slot in which it was appended.
    pub slot: u64,
    /// How much was deposited, in base units.
    pub amount: u64,
    /// The asset.
    pub asset: AssetId,
    /// Who receives it on the chain.
    pub recipient: Address,
    /// The Borsh tag of [`MessageKind`].
    pub kind: u8,
    /// Zero.
    pub reserved: [u8; 7],
}

impl Inbox {
    /// `sha256("account:Inbox")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x29, 0x78, 0x4c, 0x8b, 0xa2, 0xa2, 0xa6, 0xf4];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 10_176;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// The entry of a message, when the ring still holds it.
    pub fn entry(&self, index: u64) -> Option<&InboxEntry> {
        let age = self.count.checked_sub(index)?;
        if age == 0 || age > INBOX_CAPACITY as u64 {
            return None;
        }
        let at = index.checked_rem(INBOX_CAPACITY as u64)?;
        self.entries.get(usize::try_from(at).ok()?)
    }

    /// The message of an index, when the ring still holds it.
    pub fn message(&self, index: u64) -> Option<InboxMessage> {
        let entry = self.entry(index)?;
        let kind = match entry.kind {
            InboxEntry::DEPOSIT => MessageKind::Deposit {
                asset: entry.asset,
                amount: Quote::new(entry.amount),
                recipient: entry.recipient,
            },
            _ => return None,
        };
        Some(InboxMessage { index, slot: entry.slot, kind })
    }

    /// The messages from `cursor` on, in order, or none when the ring has lost one of them.
    pub fn messages_from(&self, cursor: u64) -> Option<alloc::vec::Vec<InboxMessage>> {
        (cursor..self.count).map(|index| self.message(index)).collect()
    }
}

impl InboxEntry {
    /// The tag of a deposit.
    pub const DEPOSIT: u8 = 0;
}
