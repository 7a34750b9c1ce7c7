//! Which withdrawals of a page are paid.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::LayoutError;
use crate::{constants::NULLIFIERS_PER_PAGE, seeds::nullifier_page};

/// A page of nullifiers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Nullifiers {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// The rollup.
    pub rollup: Address,
    /// The page's number.
    pub page: u64,
    /// Bit `i % 8` of byte `i / 8` is the withdrawal `page * NULLIFIERS_PER_PAGE + i`.
    pub bits: [u8; 256],
}

impl Nullifiers {
    /// `sha256("account:Nullifiers")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0xab, 0xb3, 0x89, 0x6b, 0x04, 0xbd, 0x0d, 0xac];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 312;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// Whether a withdrawal of this page is paid; none for another page's.
    pub fn is_paid(&self, withdrawal: u64) -> Option<bool> {
        if nullifier_page(withdrawal) != self.page {
            return None;
        }
        let (byte, mask) = nullifier_bit(withdrawal);
        self.bits.get(byte).map(|bits| bits & mask != 0)
    }
}

/// The byte of a withdrawal's nullifier in its page, and the mask of its bit.
pub const fn nullifier_bit(withdrawal: u64) -> (usize, u8) {
    #[expect(clippy::cast_possible_truncation, reason = "below the withdrawals of a page")]
    let bit = withdrawal.wrapping_rem(NULLIFIERS_PER_PAGE) as u16;
    (bit.wrapping_div(8) as usize, 1u8.wrapping_shl(bit.wrapping_rem(8) as u32))
}
