//! Instructions that prove a batch wrong.

use alloc::{vec, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::{Meta, SYSTEM_PROGRAM, instruction};
use crate::constants::INCINERATOR;

/// Takes an account, which the system program made for this program and which is zero, as a witness against a live batch.
///
/// The owner pays [`crate::state::Rollup::challenge_lamports`] as a deposit. In the last quarter of the batch's window this extends
/// the window by a quarter, in all by no more than one whole window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct InitWitness {
    /// The batch's number.
    pub number: u64,
    /// The lengths of the state witness, the chunk and the chunk after it, in bytes.
    pub lengths: [u32; 3],
}

instruction!(InitWitness, "init_witness", [0xf9, 0x32, 0xbc, 0xad, 0x8b, 0x32, 0x22, 0xeb]);

/// Accounts of [`InitWitness`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitWitnessAccounts {
    /// `[signer, writable]` Pays the deposit, and owns the witness.
    pub owner: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The batch.
    pub batch: Address,
    /// `[writable]` The account that becomes the witness.
    pub witness: Address,
}

impl InitWitnessAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.owner),
            Meta::readonly(self.rollup),
            Meta::writable(self.batch),
            Meta::writable(self.witness),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Writes bytes into a witness, as often as is wanted and in any order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WriteWitness {
    /// Where in the body.
    pub offset: u32,
    /// What.
    pub bytes: Vec<u8>,
}

instruction!(WriteWitness, "write_witness", [0x5a, 0x26, 0xca, 0x70, 0x55, 0xde, 0xc5, 0x27]);

/// Accounts of [`WriteWitness`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteWitnessAccounts {
    /// `[signer]` The witness's owner.
    pub owner: Address,
    /// `[writable]` The witness.
    pub witness: Address,
}

impl WriteWitnessAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::signer(self.owner), Meta::writable(self.witness)]
    }
}

/// Closes a witness; its rent goes to its owner. The deposit too, when the batch was rolled back; otherwise it is burnt.
///
/// A rollback is seen while no batch of the number is committed, while another one is live, and while the root after another one is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseWitness {}

instruction!(CloseWitness, "close_witness", [0x9a, 0x43, 0x2d, 0x22, 0xc5, 0x0e, 0x47, 0x9f]);

/// Accounts of [`CloseWitness`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseWitnessAccounts {
    /// `[signer, writable]` The witness's owner, repaid.
    pub owner: Address,
    /// The rollup.
    pub rollup: Address,
    /// The address of batches of the number; there need be no account.
    pub batch: Address,
    /// `[writable]` The witness, closed.
    pub witness: Address,
}

impl CloseWitnessAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.owner),
            Meta::readonly(self.rollup),
            Meta::readonly(self.batch),
            Meta::writable(self.witness),
            Meta::writable(INCINERATOR),
        ]
    }
}

/// Replays one segment of a live batch from a witness. When it does not lead to the root that the chunk claims, or to none, the batch and
/// all after it are rolled back and whoever committed it is convicted; the deposit returns. When it does, the deposit is burnt. The witness
/// is closed in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Challenge {
    /// The batch's number.
    pub number: u64,
    /// The index of the chunk.
    pub chunk: u16,
    /// Where the segment starts in the chunk.
    pub offset: u32,
}

instruction!(Challenge, "challenge", [0x10, 0x6b, 0x0e, 0x27, 0xf4, 0x96, 0x51, 0xbb]);

/// Proves that the chunks of a live batch do not make up the batch. Ends as [`Challenge`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChallengeTrace {
    /// The batch's number.
    pub number: u64,
    /// The index of the chunk; of the first of two; zero for [`TraceFault::Chain`].
    pub chunk: u16,
    /// What is wrong.
    pub fault: TraceFault,
}

instruction!(ChallengeTrace, "challenge_trace", [0x29, 0x7b, 0x34, 0x9c, 0x46, 0x0e, 0x52, 0x69]);

/// What is wrong with the chunks of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum TraceFault {
    /// A chunk cannot be decoded.
    Malformed = 0,
    /// The first chunk does not begin at the state, height and time before the batch.
    First = 1,
    /// A chunk does not end where the one after it begins.
    Join = 2,
    /// The last chunk does not end at the header's root, height and time.
    Last = 3,
    /// The chain's cell under the header's root is not what the header says.
    Chain = 4,
}

impl TraceFault {
    /// Every fault.
    pub const ALL: [Self; 5] = [Self::Malformed, Self::First, Self::Join, Self::Last, Self::Chain];

    /// The fault of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| *fault as u8 == number)
    }
}

/// Accounts of [`Challenge`] and of [`ChallengeTrace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeAccounts {
    /// `[signer, writable]` The witness's owner: pays for the verdict, and gets half of each bond.
    pub challenger: Address,
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// The batch.
    pub batch: Address,
    /// The data account that it was committed with.
    pub data: Address,
    /// `[writable]` The witness, closed.
    pub witness: Address,
    /// `[writable]` The next verdict; created when the batch is wrong.
    pub verdict: Address,
}

impl ChallengeAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.challenger),
            Meta::writable(self.rollup),
            Meta::readonly(self.batch),
            Meta::readonly(self.data),
            Meta::writable(self.witness),
            Meta::writable(self.verdict),
            Meta::writable(INCINERATOR),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}
