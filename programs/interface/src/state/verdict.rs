//! A verdict: who is guilty of what.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::LayoutError;
use crate::constants::MEMBERS_MAX;

/// A verdict, until it is executed on all that it accuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Verdict {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// [`Verdict::ROLLBACK`] or [`Verdict::EQUIVOCATION`].
    pub kind: u8,
    /// How many of `accused` there are.
    pub accused_count: u8,
    /// On whom it was executed: bit `i` is accused `i`.
    pub slashed: u32,
    /// The rollup.
    pub rollup: Address,
    /// Its index: how many verdicts were before.
    pub index: u64,
    /// The number of the batch that was rolled back first; zero for an equivocation.
    pub number: u64,
    /// Who proved it: gets half of each bond, and the rent of this account.
    pub challenger: Address,
    /// The keys of the guilty, then zeros.
    pub accused: [Address; MEMBERS_MAX],
}

impl Verdict {
    /// `sha256("account:Verdict")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0xa9, 0x01, 0xab, 0x45, 0x18, 0x6a, 0x42, 0xc1];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 1_120;
    /// A batch was proved wrong: its signers, or the poster of a takeover batch, are guilty.
    pub const ROLLBACK: u8 = 1;
    /// A member voted for two blocks in one view.
    pub const EQUIVOCATION: u8 = 2;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// The keys of the guilty.
    pub fn guilty(&self) -> &[Address] {
        self.accused.get(..usize::from(self.accused_count)).unwrap_or_default()
    }

    /// The indices of those on whom it was not executed yet.
    pub fn open(&self) -> impl Iterator<Item = u8> + '_ {
        let is_open = |index: &u8| {
            self.slashed.checked_shr(u32::from(*index)).is_some_and(|bits| bits & 1 == 0)
        };
        (0..self.accused_count).filter(is_open)
    }
}
