//! Instructions of the program: arguments, accounts, data.
//!
//! Each instruction is a struct of its arguments with `data()`, and a struct of its accounts with `metas()`. In the lists of
//! accounts, `[writable]` and `[signer]` say how the program takes them.

mod authority;
mod challenge;
mod committee;
mod tokens;
mod verdicts;

use alloc::{vec, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    batch::BatchHeader,
    genesis::Genesis,
    types::{Address, AssetId, Hash, Signature},
};

pub use authority::{
    Act, CLOCK, CancelAction, CancelActionAccounts, ExecuteAction, ExecuteActionAccounts, LOADER,
    RENT, ScheduleAction, ScheduleActionAccounts, UpgradeAccounts, Windows,
};
pub use challenge::{
    Challenge, ChallengeAccounts, ChallengeTrace, CloseWitness, CloseWitnessAccounts, InitWitness,
    InitWitnessAccounts, TraceFault, WriteWitness, WriteWitnessAccounts,
};
pub use committee::{
    BeginUnbond, BeginUnbondAccounts, FinishUnbond, FinishUnbondAccounts, RegisterMember,
    RegisterMemberAccounts, RotateCommittee, RotateCommitteeAccounts, Rotation,
};
pub use tokens::{
    CreateMint, CreateMintAccounts, DepositToken, DepositTokenAccounts, WithdrawToken,
    WithdrawTokenAccounts,
};
pub use verdicts::{
    CloseBatch, CloseBatchAccounts, CloseVerdict, CloseVerdictAccounts, ReportEquivocation,
    ReportEquivocationAccounts, Slash, SlashAccounts,
};

/// The system program.
pub const SYSTEM_PROGRAM: Address = Address::new([0; 32]);

/// An account of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its address.
    pub address: Address,
    /// Whether it signs.
    pub signer: bool,
    /// Whether it may be written.
    pub writable: bool,
}

impl Meta {
    /// An account that is only read.
    pub const fn readonly(address: Address) -> Self {
        Self { address, signer: false, writable: false }
    }

    /// An account that is written.
    pub const fn writable(address: Address) -> Self {
        Self { address, signer: false, writable: true }
    }

    /// An account that signs.
    pub const fn signer(address: Address) -> Self {
        Self { address, signer: true, writable: false }
    }

    /// An account that signs and pays.
    pub const fn payer(address: Address) -> Self {
        Self { address, signer: true, writable: true }
    }
}

/// Declares the discriminator and the encoding of an instruction.
macro_rules! instruction {
    ($name:ident, $text:literal, $discriminator:expr) => {
        impl $name {
            #[doc = concat!("`sha256(\"global:", $text, "\")`, first eight bytes.")]
            pub const DISCRIMINATOR: [u8; 8] = $discriminator;

            /// The instruction's data.
            pub fn data(&self) -> Vec<u8> {
                let mut data = Self::DISCRIMINATOR.to_vec();
                data.extend(borsh::to_vec(self).unwrap_or_default());
                data
            }

            /// The arguments in an instruction's data, or none when it is another instruction's.
            pub fn parse(data: &[u8]) -> Option<Self> {
                let arguments = data.strip_prefix(&Self::DISCRIMINATOR)?;
                borsh::from_slice(arguments).ok()
            }
        }
    };
}
use instruction;

/// Starts a rollup from its genesis.
///
/// The chain id is the genesis hash, and everything that matters is in the genesis, so that whoever comes first can only start
/// the rollup that all agree on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Initialize {
    /// The Borsh encoding of [`Genesis`].
    pub genesis: Vec<u8>,
}

instruction!(Initialize, "initialize", [0xaf, 0xaf, 0x6d, 0x1f, 0x0d, 0x98, 0x9b, 0xed]);

impl Initialize {
    /// Starts the rollup of a genesis.
    pub fn new(genesis: &Genesis) -> Self {
        Self { genesis: borsh::to_vec(genesis).unwrap_or_default() }
    }
}

/// Accounts of [`Initialize`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitializeAccounts {
    /// `[signer, writable]` Pays for the accounts; anyone may.
    pub payer: Address,
    /// `[writable]` The rollup, created.
    pub rollup: Address,
    /// `[writable]` The inbox, created.
    pub inbox: Address,
    /// `[writable]` The vault, funded to the rent minimum.
    pub vault: Address,
}

impl InitializeAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.payer),
            Meta::writable(self.rollup),
            Meta::writable(self.inbox),
            Meta::writable(self.vault),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Moves lamports into the vault and appends a deposit to the inbox.
///
/// When another message was appended first, it is refused as [`crate::error::RollupError::WrongMessageIndex`]: send it again
/// with the next index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DepositSol {
    /// The index of the message: the inbox's count.
    pub index: u64,
    /// Who receives the deposit on the chain.
    pub recipient: Address,
    /// Lamports, at least [`crate::constants::DEPOSIT_LAMPORTS_MIN`].
    pub amount: u64,
}

instruction!(DepositSol, "deposit_sol", [0x6c, 0x51, 0x4e, 0x75, 0x7d, 0x9b, 0x38, 0xc8]);

/// Accounts of [`DepositSol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositSolAccounts {
    /// `[signer, writable]` Pays the deposit and, until the message is closed, the rent of its account.
    pub depositor: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` Its inbox.
    pub inbox: Address,
    /// `[writable]` The message, created.
    pub message: Address,
    /// `[writable]` Its vault.
    pub vault: Address,
}

impl DepositSolAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.depositor),
            Meta::readonly(self.rollup),
            Meta::writable(self.inbox),
            Meta::writable(self.message),
            Meta::writable(self.vault),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Appends a transaction to the inbox, which the chain executes where it consumes the message, whatever the committee thinks of it.
///
/// The program does not read it. What is wrong with it leaves a receipt on the chain. A message that was appended first is met
/// as by [`DepositSol`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ForceTransaction {
    /// The index of the message: the inbox's count.
    pub index: u64,
    /// The Borsh encoding of a signed [`curvevm::tx::Transaction`]: 1 to [`crate::constants::FORCED_BYTES_MAX`] bytes.
    pub bytes: Vec<u8>,
}

instruction!(
    ForceTransaction,
    "force_transaction",
    [0xec, 0x5d, 0x45, 0x46, 0xe3, 0x20, 0xcd, 0xe6]
);

/// Accounts of [`ForceTransaction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForceTransactionAccounts {
    /// `[signer, writable]` Pays the rent of the message until it is closed. Need not be who signed the transaction.
    pub payer: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` Its inbox.
    pub inbox: Address,
    /// `[writable]` The message, created.
    pub message: Address,
}

impl ForceTransactionAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.payer),
            Meta::readonly(self.rollup),
            Meta::writable(self.inbox),
            Meta::writable(self.message),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Posts a chunk of a batch's data; in any order, and again without harm.
///
/// Another chunk count than the first one's is refused as Anchor's `ConstraintSpace` (2019).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PostData {
    /// The batch's number.
    pub number: u64,
    /// The chunk's index.
    pub chunk_index: u16,
    /// How many chunks the batch has; the same in each instruction.
    pub chunk_count: u16,
    /// The chunk.
    pub bytes: Vec<u8>,
}

instruction!(PostData, "post_data", [0x27, 0x40, 0x21, 0x08, 0x3d, 0x68, 0x54, 0x53]);

/// Accounts of [`PostData`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostDataAccounts {
    /// `[signer, writable]` Pays for the data account.
    pub poster: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The poster's data account for the batch, created at first.
    pub data: Address,
}

impl PostDataAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.poster),
            Meta::readonly(self.rollup),
            Meta::writable(self.data),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Commits the next batch under a quorum of the active members' signatures over its settlement digest; or, when the committee has
/// committed nothing for long, without signatures under the poster's own bond.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitBatch {
    /// The encoding of [`BatchHeader`].
    pub header: Vec<u8>,
    /// Member indices, strictly increasing, with the members' signatures; none in a takeover.
    pub signatures: Vec<(u8, Signature)>,
}

instruction!(CommitBatch, "commit_batch", [0x1b, 0xea, 0x64, 0xe0, 0x86, 0x1f, 0xa8, 0x8e]);

impl CommitBatch {
    /// Commits the batch of a header.
    pub fn new(header: &BatchHeader, signatures: Vec<(u8, Signature)>) -> Self {
        Self { header: header.encode(), signatures }
    }
}

/// Accounts of [`CommitBatch`].
///
/// A message that the header does not ask for is not looked at, so that one may be named that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitBatchAccounts {
    /// The program, which stands for accounts that are left out.
    pub program: Address,
    /// `[signer, writable]` Pays for the batch account; anyone may.
    pub poster: Address,
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// Its inbox.
    pub inbox: Address,
    /// The data account with all chunks, anyone's.
    pub data: Address,
    /// `[writable]` The batch, created.
    pub batch: Address,
    /// The message before the header's cursor; needed when the cursor has moved past the committed one.
    pub last: Option<Address>,
    /// The message at the header's cursor; needed when the inbox has one.
    pub next: Option<Address>,
    /// The poster's member, in a takeover.
    pub member: Option<Address>,
}

impl CommitBatchAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        let optional = |address: Option<Address>| Meta::readonly(address.unwrap_or(self.program));
        vec![
            Meta::payer(self.poster),
            Meta::writable(self.rollup),
            Meta::readonly(self.inbox),
            Meta::readonly(self.data),
            Meta::writable(self.batch),
            optional(self.last),
            optional(self.next),
            Meta::readonly(SYSTEM_PROGRAM),
            Meta::readonly(self.member.unwrap_or(self.program)),
        ]
    }
}

/// Finalizes the next batch when its window is over; anyone may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FinalizeBatch {
    /// The batch's number.
    pub number: u64,
}

instruction!(FinalizeBatch, "finalize_batch", [0xff, 0xd3, 0x82, 0x51, 0xa1, 0xef, 0x1b, 0x0b]);

/// Accounts of [`FinalizeBatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalizeBatchAccounts {
    /// The program, which stands for accounts that are left out.
    pub program: Address,
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// `[writable]` The batch, closed.
    pub batch: Address,
    /// `[writable]` Who committed it, repaid.
    pub poster: Address,
    /// `[writable]` The data account that it was committed with, closed, and its poster, repaid; may be left out.
    pub data: Option<(Address, Address)>,
}

impl FinalizeBatchAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        let (data, data_poster) = match self.data {
            Some((data, poster)) => (Meta::writable(data), Meta::writable(poster)),
            None => (Meta::readonly(self.program), Meta::readonly(self.program)),
        };
        vec![
            Meta::writable(self.rollup),
            Meta::writable(self.batch),
            Meta::writable(self.poster),
            data,
            data_poster,
        ]
    }
}

/// Closes a data account whose batch number is finalized; anyone may. Its poster may also when no batch of the number is
/// committed: after a rollback, or to start anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseData {}

instruction!(CloseData, "close_data", [0x0f, 0xca, 0xd9, 0x4c, 0xcb, 0xf8, 0x95, 0x2d]);

/// Accounts of [`CloseData`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseDataAccounts {
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The data account, closed.
    pub data: Address,
    /// `[writable]` Its poster, repaid.
    pub poster: Address,
}

impl CloseDataAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::readonly(self.rollup), Meta::writable(self.data), Meta::writable(self.poster)]
    }

    /// The accounts in order, for a batch that is not committed: the poster signs.
    pub fn uncommitted_metas(&self) -> Vec<Meta> {
        vec![Meta::readonly(self.rollup), Meta::writable(self.data), Meta::payer(self.poster)]
    }
}

/// Closes a message that a finalized batch has consumed; anyone may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseMessage {
    /// The message's index.
    pub index: u64,
}

instruction!(CloseMessage, "close_message", [0x35, 0x30, 0x64, 0xf9, 0xcf, 0xbc, 0x60, 0x16]);

/// Accounts of [`CloseMessage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseMessageAccounts {
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The message, closed.
    pub message: Address,
    /// `[writable]` Who paid for it, repaid.
    pub payer: Address,
}

impl CloseMessageAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::readonly(self.rollup), Meta::writable(self.message), Meta::writable(self.payer)]
    }
}

/// Pays a withdrawal that is proved under a finalized root; anyone may send it.
///
/// The runtime refuses to leave a new account below its rent minimum, so that a small withdrawal to a new address fails, and
/// can be claimed once the address holds enough. A proof deeper than about 60 levels needs a heap above 32 KiB
/// (`RequestHeapFrame`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Withdraw {
    /// The batch after which the root stood.
    pub root_number: u64,
    /// The withdrawal's index.
    pub index: u64,
    /// Its asset.
    pub asset: AssetId,
    /// Its amount, in base units.
    pub amount: u64,
    /// A [`curvevm::tree::witness`] that opens the withdrawal's cell.
    pub witness: Vec<u8>,
}

instruction!(Withdraw, "withdraw", [0xb7, 0x12, 0x46, 0x9c, 0x94, 0x6d, 0xa1, 0x22]);

/// Accounts of [`Withdraw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawAccounts {
    /// `[signer, writable]` Pays for the page of nullifiers when it is new.
    pub payer: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` Its vault.
    pub vault: Address,
    /// `[writable]` The page of the withdrawal's nullifier, created at first.
    pub nullifiers: Address,
    /// `[writable]` The withdrawal's recipient, paid. May be the payer.
    pub recipient: Address,
}

impl WithdrawAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.payer),
            Meta::readonly(self.rollup),
            Meta::writable(self.vault),
            Meta::writable(self.nullifiers),
            Meta::writable(self.recipient),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Replays one segment from a witness of the state before it, whose root is in the chunk. It changes nothing: it returns, by Solana's return data,
/// `root after ‖ sha256(Borsh of the receipts)`, 64 bytes, or fails with the rule that the segment breaks, see
/// [`crate::error::rejection`].
///
/// The witness and the chunk are in the arguments when they are short, else in an account ([`crate::state::Witness`]), and both
/// arguments are empty. The heap must be requested: [`REPLAY_HEAP_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReplaySegment {
    /// The chain id.
    pub chain_id: Hash,
    /// The chain's bound on the length of a chunk, in bytes.
    pub chunk_bytes_max: u16,
    /// Where the segment starts in the chunk.
    pub offset: u32,
    /// A [`curvevm::tree::witness`] that opens the cells that the segment touches.
    pub witness: Vec<u8>,
    /// The chunk that holds the segment.
    pub chunk: Vec<u8>,
}

instruction!(ReplaySegment, "replay_segment", [0x56, 0x48, 0xa2, 0x9f, 0xaf, 0x06, 0x4d, 0x5c]);

/// The heap that [`ReplaySegment`] is given, in bytes (`RequestHeapFrame`): Solana's most.
pub const REPLAY_HEAP_BYTES: u32 = 256 * 1024;
/// The length of what [`ReplaySegment`] returns, in bytes.
pub const REPLAY_RETURN_BYTES: usize = 64;

/// Accounts of [`ReplaySegment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaySegmentAccounts {
    /// The program, which stands for an account that is left out.
    pub program: Address,
    /// The witness account, when the arguments have none.
    pub witness: Option<Address>,
}

impl ReplaySegmentAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::readonly(self.witness.unwrap_or(self.program))]
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use curvevm::{
        batch::HEADER_BYTES,
        host::sha256,
        types::{Address, AssetId, Signature},
    };

    use super::{
        BeginUnbond, CancelAction, Challenge, ChallengeTrace, CloseBatch, CloseData, CloseMessage,
        CloseVerdict, CloseWitness, CommitBatch, CommitBatchAccounts, CreateMint, DepositSol,
        DepositToken, ExecuteAction, FinalizeBatch, FinishUnbond, ForceTransaction, InitWitness,
        Initialize, Meta, PostData, RegisterMember, ReplaySegment, ReportEquivocation,
        RotateCommittee, ScheduleAction, Slash, TraceFault, Withdraw, WithdrawToken, WriteWitness,
    };

    #[test]
    fn discriminators_are_those_of_anchor() {
        for (name, discriminator) in [
            ("initialize", Initialize::DISCRIMINATOR),
            ("deposit_sol", DepositSol::DISCRIMINATOR),
            ("post_data", PostData::DISCRIMINATOR),
            ("commit_batch", CommitBatch::DISCRIMINATOR),
            ("finalize_batch", FinalizeBatch::DISCRIMINATOR),
            ("close_data", CloseData::DISCRIMINATOR),
            ("close_message", CloseMessage::DISCRIMINATOR),
            ("withdraw", Withdraw::DISCRIMINATOR),
            ("replay_segment", ReplaySegment::DISCRIMINATOR),
            ("register_member", RegisterMember::DISCRIMINATOR),
            ("begin_unbond", BeginUnbond::DISCRIMINATOR),
            ("finish_unbond", FinishUnbond::DISCRIMINATOR),
            ("rotate_committee", RotateCommittee::DISCRIMINATOR),
            ("slash", Slash::DISCRIMINATOR),
            ("close_verdict", CloseVerdict::DISCRIMINATOR),
            ("report_equivocation", ReportEquivocation::DISCRIMINATOR),
            ("close_batch", CloseBatch::DISCRIMINATOR),
            ("init_witness", InitWitness::DISCRIMINATOR),
            ("write_witness", WriteWitness::DISCRIMINATOR),
            ("close_witness", CloseWitness::DISCRIMINATOR),
            ("challenge", Challenge::DISCRIMINATOR),
            ("challenge_trace", ChallengeTrace::DISCRIMINATOR),
            ("schedule_action", ScheduleAction::DISCRIMINATOR),
            ("cancel_action", CancelAction::DISCRIMINATOR),
            ("execute_action", ExecuteAction::DISCRIMINATOR),
            ("force_transaction", ForceTransaction::DISCRIMINATOR),
            ("deposit_token", DepositToken::DISCRIMINATOR),
            ("withdraw_token", WithdrawToken::DISCRIMINATOR),
            ("create_mint", CreateMint::DISCRIMINATOR),
        ] {
            let hash = sha256(&[format!("global:{name}").as_bytes()]);
            assert_eq!(hash.as_bytes()[..8], discriminator, "{name}");
        }
    }

    #[test]
    fn data_is_read_back() {
        let withdraw = Withdraw {
            root_number: 1,
            index: 2,
            asset: AssetId::SOL,
            amount: 3,
            witness: vec![0, 1],
        };
        assert_eq!(Withdraw::parse(&withdraw.data()), Some(withdraw.clone()));
        assert_eq!(withdraw.data().len(), 8 + 8 + 8 + 32 + 8 + 4 + 2);
        assert_eq!(DepositSol::parse(&withdraw.data()), None);
        let commit = CommitBatch {
            header: vec![1; HEADER_BYTES],
            signatures: vec![(3, Signature::new([7; 64]))],
        };
        assert_eq!(CommitBatch::parse(&commit.data()), Some(commit.clone()));
        assert_eq!(commit.data().len(), 8 + 4 + HEADER_BYTES + 4 + 65);
        let deposit = DepositSol { index: 7, recipient: Address::new([1; 32]), amount: 5 };
        assert_eq!(DepositSol::parse(&deposit.data()), Some(deposit));
        assert_eq!(deposit.data()[8..16], 7u64.to_le_bytes());
        let close = CloseMessage { index: 9 };
        assert_eq!(CloseMessage::parse(&close.data()), Some(close));
        assert_eq!(CloseData {}.data(), CloseData::DISCRIMINATOR);
        for fault in TraceFault::ALL {
            let trace = ChallengeTrace { number: 1, chunk: 2, fault };
            assert_eq!(trace.data()[8 + 8 + 2..], [fault as u8]);
            assert_eq!(ChallengeTrace::parse(&trace.data()), Some(trace));
            assert_eq!(TraceFault::from_number(fault as u8), Some(fault));
        }
        assert_eq!(TraceFault::from_number(5), None);
    }

    #[test]
    fn a_message_that_is_left_out_is_the_program() {
        let of = |byte: u8| Address::new([byte; 32]);
        let accounts = CommitBatchAccounts {
            program: of(1),
            poster: of(2),
            rollup: of(3),
            inbox: of(4),
            data: of(5),
            batch: of(6),
            last: Some(of(7)),
            next: None,
            member: Some(of(8)),
        };
        let metas = accounts.metas();
        assert_eq!(metas[5..7], [Meta::readonly(of(7)), Meta::readonly(of(1))]);
        assert_eq!(metas[8..], [Meta::readonly(of(8))]);
    }
}
