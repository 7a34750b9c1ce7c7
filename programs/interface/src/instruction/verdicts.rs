//! Instructions that follow from guilt: evidence, execution, and what a rollback leaves behind.

use alloc::{vec, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::{Meta, SYSTEM_PROGRAM, instruction};
use crate::{constants::INCINERATOR, vote::Vote};

/// Proves that a member cast two phase-2 votes for one view that say different things, and writes a verdict against it.
///
/// The view is of the present epoch or of the one before, and the member was in that epoch's committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReportEquivocation {
    /// The member's key.
    pub member: Address,
    /// The epoch of both votes.
    pub epoch: u64,
    /// The view of both votes.
    pub view: u64,
    /// One vote.
    pub first: Vote,
    /// The other.
    pub second: Vote,
}

instruction!(
    ReportEquivocation,
    "report_equivocation",
    [0x8c, 0xfa, 0x88, 0xc7, 0x09, 0x31, 0x29, 0x10]
);

/// Accounts of [`ReportEquivocation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportEquivocationAccounts {
    /// `[signer, writable]` Pays for the verdict, and gets what a challenger gets.
    pub challenger: Address,
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// `[writable]` The next verdict, created.
    pub verdict: Address,
}

impl ReportEquivocationAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.challenger),
            Meta::writable(self.rollup),
            Meta::writable(self.verdict),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Executes a verdict on one of those that it accuses; anyone may. Half of the bond, rounded down, goes to the challenger, the
/// rest is burnt.
///
/// A key without a bond, or whose bond is gone already, is only marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Slash {
    /// The verdict's index.
    pub index: u64,
    /// The index of the accused in the verdict.
    pub accused: u8,
}

instruction!(Slash, "slash", [0xcc, 0x8d, 0x12, 0xa1, 0x08, 0xb1, 0x5c, 0x8e]);

/// Accounts of [`Slash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlashAccounts {
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// `[writable]` The verdict.
    pub verdict: Address,
    /// `[writable]` The accused's member; there need be no account at the address.
    pub member: Address,
    /// `[writable]` The verdict's challenger, paid. Solana refuses a payment that leaves an account below its rent minimum: whoever
    /// sends this may raise it first.
    pub challenger: Address,
}

impl SlashAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::writable(self.rollup),
            Meta::writable(self.verdict),
            Meta::writable(self.member),
            Meta::writable(self.challenger),
            Meta::writable(INCINERATOR),
        ]
    }
}

/// Closes a verdict that was executed on all that it accuses; anyone may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseVerdict {}

instruction!(CloseVerdict, "close_verdict", [0x69, 0xfa, 0x98, 0x6e, 0xc7, 0x62, 0xc3, 0x28]);

/// Accounts of [`CloseVerdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseVerdictAccounts {
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The verdict, closed.
    pub verdict: Address,
    /// `[writable]` Its challenger, repaid.
    pub challenger: Address,
}

impl CloseVerdictAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::readonly(self.rollup),
            Meta::writable(self.verdict),
            Meta::writable(self.challenger),
        ]
    }
}

/// Closes a batch account that a rollback left behind, so that another batch of its number can be committed; anyone may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseBatch {}

instruction!(CloseBatch, "close_batch", [0xa6, 0xae, 0x23, 0xfd, 0xd1, 0xd3, 0xb5, 0x1c]);

/// Accounts of [`CloseBatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseBatchAccounts {
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The batch, closed.
    pub batch: Address,
    /// `[writable]` Who committed it, repaid.
    pub poster: Address,
}

impl CloseBatchAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::readonly(self.rollup), Meta::writable(self.batch), Meta::writable(self.poster)]
    }
}
