//! The program's error numbers, as Solana reports them: `custom program error: 0x1770` is 6000.

use core::fmt;

/// Numbers of errors that the program does not give any more. They are never given again.
///
/// 6007 was `InboxFull`: the inbox had a capacity. 6019 was `NoSegments`: headers counted their segments.
pub const RETIRED: &[u32] = &[6007, 6019];

/// Declares the error enum, its numbers and its messages in one table.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal;)*) => {
        /// Why the program refused an instruction. Numbers are append-only; what has no error any more is in [`RETIRED`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum RollupError {
            $($(#[$doc])* $name = $code,)*
        }

        impl RollupError {
            /// Every error, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What went wrong, and what to do.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }

            /// The name of the error, as in the documentation.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The error of a number.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

errors! {
    /// The genesis cannot be decoded, or its version is unknown.
    InvalidGenesis = 6000, "the genesis cannot be decoded or its version is unknown";
    /// The genesis names another program.
    WrongProgram = 6001, "the genesis names another program";
    /// No member, too many, or one of them twice.
    InvalidCommittee = 6002, "a committee has 1 to 32 different members";
    /// A parameter is out of its bounds.
    InvalidParams = 6003, "a parameter of the genesis is out of its bounds";
    /// An account belongs to another rollup.
    WrongRollup = 6004, "an account belongs to another rollup";
    /// Below [`crate::constants::DEPOSIT_LAMPORTS_MIN`].
    DepositTooSmall = 6005, "a deposit is at least 1,000 lamports";
    /// The sum of all deposits does not fit 64 bits.
    DepositOverflow = 6006, "the sum of all deposits would pass 64 bits";
    /// Zero chunks, too many, or another count than the first chunk had.
    ChunkCount = 6008, "the chunk count is out of bounds or differs from the one first posted";
    /// The chunk's index is not below the count.
    ChunkIndex = 6009, "the chunk's index is not below the chunk count";
    /// The chunk is empty or longer than the rollup allows.
    ChunkSize = 6010, "the chunk is empty or too long";
    /// Another chunk was posted at this index.
    ChunkConflict = 6011, "another chunk was posted at this index";
    /// The batch of this number is finalized already.
    BatchSettled = 6012, "the batch of this number is finalized already";
    /// The header cannot be decoded.
    InvalidHeader = 6013, "the batch header cannot be decoded";
    /// The header's format version or VM version is unknown.
    UnknownVersion = 6014, "the header's format or VM version is unknown";
    /// The header is of another chain.
    WrongChain = 6015, "the header is of another chain";
    /// The batch does not follow the last one.
    WrongNumber = 6016, "the batch's number does not follow";
    /// The header's previous root is not the committed one.
    WrongPreviousRoot = 6017, "the header's previous root is not the committed root";
    /// The heights do not follow.
    WrongHeights = 6018, "the batch's heights do not follow";
    /// A chunk is missing.
    DataIncomplete = 6020, "the data account misses chunks";
    /// The posted chunks are not what the header names.
    WrongDataRoot = 6021, "the posted chunks are not those of the header";
    /// The inbox cursor goes back, or past the inbox's end.
    WrongInboxCursor = 6022, "the inbox cursor goes back or past the end of the inbox";
    /// The inbox hash is not that of the inbox at the cursor.
    WrongInboxHash = 6023, "the inbox hash is not that of the inbox at the cursor";
    /// A message that is older than the delay is left out.
    MessageLeftOut = 6024, "the batch leaves out an inbox message that is past its delay";
    /// The batch's time is before the last one's.
    WrongTime = 6025, "the batch's time is before that of the last batch";
    /// The number of withdrawals goes back.
    WrongWithdrawals = 6026, "the number of withdrawals goes back";
    /// Fewer signatures than a quorum.
    NoQuorum = 6027, "fewer signatures than a quorum of the committee";
    /// The members are not strictly increasing.
    MemberOrder = 6028, "signatures come in strictly increasing order of members";
    /// There is no member of this index.
    UnknownMember = 6029, "there is no member of this index";
    /// A signature does not verify.
    BadSignature = 6030, "a signature of a member does not verify";
    /// The challenge window is not over in slots and seconds.
    WindowOpen = 6031, "the challenge window is not over";
    /// The account that would get the rent is not the recorded poster.
    WrongPoster = 6032, "the account to be repaid is not the recorded poster";
    /// The data account is not the one that the batch was committed with.
    WrongData = 6033, "the data account is not that of the batch";
    /// The root is not finalized, or too old to be kept.
    RootNotFinalized = 6034, "no finalized root of this number is kept: prove against a newer one";
    /// The witness cannot be decoded, or leads to another root.
    InvalidProof = 6035, "the witness does not lead to the finalized root";
    /// The proved cell is not the claimed withdrawal.
    WrongWithdrawal = 6036, "the proved cell is not the claimed withdrawal";
    /// The asset is not of the kind that the instruction moves: `withdraw` pays lamports, `withdraw_token` everything else.
    UnsupportedAsset = 6037, "the instruction does not move this asset";
    /// The withdrawal was paid before.
    AlreadyWithdrawn = 6038, "the withdrawal was paid before";
    /// The vault holds too little.
    VaultShort = 6039, "the vault holds less than the withdrawal";
    /// The data is still needed: its batch is not finalized.
    NotFinalized = 6040, "the batch of this number is not finalized yet";
    /// A number does not fit.
    Overflow = 6041, "a number passes 64 bits";
    /// The clock of Solana reads before the time at which the batch was committed.
    Clock = 6042, "the clock is not usable";
    /// An account of the program breaks one of its own invariants.
    Corrupt = 6043, "an account of the program breaks an invariant";
    /// The account that should hold a witness is another's, or its layout is not a witness's.
    InvalidWitnessAccount = 6044, "the account holds no witness of this program";
    /// The witness cannot be decoded.
    BadWitness = 6045, "the witness cannot be decoded";
    /// The witness leads to another root than the chunk's before the segment, or than the header's for the chain's cell.
    WrongPreRoot = 6046, "the witness does not lead to the root that it should open";
    /// The chunk cannot be decoded.
    BadChunk = 6047, "the chunk cannot be decoded";
    /// No segment starts at the offset.
    NoSegment = 6048, "no segment of the chunk starts at this offset";
    /// The segment touches a cell that the witness does not open.
    CellNotInWitness = 6049, "the witness does not open a cell that the segment touches";
    /// A cell of the state is not of the type that its key says. No chain has such a state.
    CorruptState = 6050, "a cell of the state is of another type than its key says";
    /// The height or time of a block does not follow, or what the chunk says of them is not what the state has.
    WrongBlock = 6051, "a height or a time of the segment does not follow";
    /// An inbox message does not follow the cursor.
    WrongMessage = 6052, "an inbox message of the segment does not follow the cursor";
    /// The segment holds more than fits by the meter, or more transactions than it may.
    SegmentFull = 6053, "the segment's transactions pass the bound of a segment";
    /// Another message was appended first, or the index is not there yet.
    WrongMessageIndex = 6054, "the next message of the inbox has another index: read the inbox and try again";
    /// The message has no bytes, or more than [`crate::constants::MESSAGE_BODY_BYTES_MAX`].
    MessageSize = 6055, "the message is empty or too long";
    /// The message before the header's cursor, or the one at it, was not passed.
    MessageMissing = 6056, "the batch needs the account of a message that was not passed";
    /// The account is not the message that the header's cursor asks for.
    WrongMessageAccount = 6057, "the account is not the message of this rollup and index";
    /// The message's index is not below the finalized inbox cursor.
    MessageNotFinalized = 6058, "no finalized batch has consumed the message yet";
    /// The account that would get the rent is not who paid for the message.
    WrongPayer = 6059, "the account to be repaid is not the payer that the message names";
    /// The member was convicted by a verdict.
    MemberConvicted = 6060, "the member was convicted by a verdict";
    /// The member has no live bond of the size that genesis asks for.
    NotBonded = 6061, "the member has no live bond of the size that genesis asks for";
    /// The bond is smaller than the one that genesis asks for.
    BondTooSmall = 6062, "the bond is smaller than the one that genesis asks for";
    /// The account belongs to another owner.
    WrongOwner = 6063, "the account belongs to another owner";
    /// The bond is being withdrawn.
    Unbonding = 6064, "the bond is being withdrawn";
    /// The bond was slashed.
    BondSlashed = 6065, "the bond was slashed: close the account and register again";
    /// The bond of an active member of the committee stays.
    MemberActive = 6066, "an active member of the committee cannot withdraw its bond";
    /// `begin_unbond` comes first.
    NotUnbonding = 6067, "the bond is not being withdrawn: begin first";
    /// The time of unbonding is not over in slots and seconds.
    UnbondingOpen = 6068, "the time of unbonding is not over";
    /// A batch that was live when unbonding began may still be live.
    BatchesLive = 6069, "a batch that was live when unbonding began may still be live";
    /// A verdict is younger than a window.
    RecentVerdict = 6070, "a verdict is younger than a window: no bond is paid out before it can be executed";
    /// The account is not that of the member.
    WrongMember = 6071, "the account is not that of the member";
    /// A live batch is of the committee before the present one.
    EpochLive = 6072, "a live batch is of the committee before the present one";
    /// The committee's silence is not long enough for a takeover.
    TakeoverTooSoon = 6073, "the committee may still commit: a takeover needs a longer silence";
    /// The verdict accuses fewer members.
    UnknownAccused = 6074, "the verdict accuses no member of this index";
    /// The verdict was executed on the member before.
    AlreadySlashed = 6075, "the verdict was executed on this member before";
    /// The verdict is not executed on all that it accuses.
    VerdictOpen = 6076, "the verdict is not executed on all that it accuses";
    /// The account to be paid is not the recorded challenger.
    WrongChallenger = 6077, "the account to be paid is not the recorded challenger";
    /// The account is not the incinerator.
    WrongIncinerator = 6078, "the account is not the incinerator";
    /// Both votes say the same.
    SameVote = 6079, "both votes say the same";
    /// The epoch is neither that of the present committee nor that of the one before.
    WrongEpoch = 6080, "the epoch is neither that of the present committee nor of the one before";
    /// The key is not in the committee.
    NotInCommittee = 6081, "the key is not in the committee of this epoch";
    /// The batch of this number is committed.
    BatchCommitted = 6082, "the batch of this number is committed";
    /// The batch is finalized, or not committed.
    BatchNotLive = 6083, "the batch is not live";
    /// The account is not as long as the witness's parts together, or a part is too long.
    WitnessSize = 6084, "the account is not as long as the parts of the witness";
    /// The account is not zero, or not this program's.
    WitnessNotZero = 6085, "the account for the witness is not zero, or not of this program";
    /// The bytes do not fit the witness at this offset.
    WitnessRange = 6086, "the bytes do not fit the witness at this offset";
    /// The witness is of another owner, rollup or batch.
    WrongWitness = 6087, "the witness is of another owner, rollup or batch";
    /// The uploaded chunk is not the one that the batch has at this index.
    WrongChunk = 6088, "the chunk is not the one that the batch has at this index";
    /// There is no fault of this number.
    UnknownFault = 6089, "there is no fault of this number";
    /// The forced transaction has no bytes, or more than [`crate::constants::FORCED_BYTES_MAX`].
    ForcedSize = 6090, "a forced transaction has 1 to 700 bytes";
    /// The mint is no quote asset of the genesis, and its account is not named as that of a launched asset.
    UnknownAsset = 6091, "the mint is no quote asset of this rollup";
    /// The mint has an extension under which the vault could not answer for its tokens.
    UnsupportedMint = 6092, "the mint has an extension that the program does not take";
    /// The account is neither SPL Token nor Token-2022, or the mint is of the other.
    WrongTokenProgram = 6093, "the account is not the token program of the mint";
    /// The account is not the mint of the asset.
    WrongMint = 6094, "the account is not the mint of the asset";
    /// The account is not the associated token account of its owner, or was given away.
    WrongTokenAccount = 6095, "the account is not the associated token account of its owner";
    /// The amount is zero, or the mint's fee took all of it.
    NothingDeposited = 6096, "nothing is deposited";
    /// The launched asset has no mint.
    MintMissing = 6097, "the asset has no mint yet: create it first";
    /// The launched asset has a mint.
    MintExists = 6098, "the mint of the asset was created before";
    /// The proved cells are not the curve and its module.
    WrongCurve = 6099, "the proved cells are not those of the curve and its module";
    /// Deposits and commits are paused.
    Paused = 6100, "deposits and commits are paused";
    /// The signer is not the rollup's authority.
    NotAuthority = 6101, "the signer is not the authority of the rollup";
    /// The action's delay is not over.
    ActionNotReady = 6102, "the delay of the action is not over";
    /// The action was ready for too long.
    ActionExpired = 6103, "the action was ready for too long: cancel it and schedule it again";
    /// A value of the action is out of its bounds.
    InvalidAction = 6104, "a value of the action is out of its bounds";
    /// The rollup has not run for long enough since the last pause.
    PauseTooSoon = 6105, "the rollup has not run for long enough since the last pause";
    /// The buffer is not the loader's, or somebody can still change it.
    WrongBuffer = 6106, "the buffer is not the loader's, or its authority is not the rollup's upgrade address";
    /// An account that an upgrade needs was not passed, or is another one.
    WrongUpgrade = 6107, "an account of the upgrade is missing or another one";
    /// Another program made the call.
    CalledByProgram = 6108, "data and commits are sent by transactions themselves, where everybody finds them, and not by another program";
}

/// The first number of [`rejection`].
pub const REJECTIONS_FROM: u32 = 7_000;
/// Numbers for each transaction of a segment.
const REJECTIONS_EACH: u32 = 100;

/// The number by which `replay_segment` says that a segment holds a transaction that no block may hold: 7000, and 100 for each
/// transaction before it, and the number of CurveVM's error.
pub fn rejection(index: usize, error: curvevm::error::Error) -> u32 {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let before = index.saturating_mul(REJECTIONS_EACH);
    REJECTIONS_FROM.saturating_add(before).saturating_add(u32::from(error.code()))
}

/// The transaction and the error that [`rejection`] stands for, or none when `code` is no such number.
pub fn rejected(code: u32) -> Option<(usize, curvevm::error::Error)> {
    let number = code.checked_sub(REJECTIONS_FROM)?;
    let index = usize::try_from(number.checked_div(REJECTIONS_EACH)?).ok()?;
    let error = u16::try_from(number.checked_rem(REJECTIONS_EACH)?).ok()?;
    Some((index, curvevm::error::Error::from_code(error)?))
}

impl RollupError {
    /// The number, as in `custom program error`.
    pub const fn code(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for RollupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for RollupError {}

#[cfg(test)]
mod tests {
    use curvevm::{error::Error, meter::SEGMENT_TRANSACTIONS_MAX};

    use super::{RETIRED, RollupError, rejected, rejection};

    #[test]
    fn numbers_follow_and_are_found_again() {
        let numbers = (6000..).filter(|code| !RETIRED.contains(code));
        for (code, error) in numbers.zip(RollupError::ALL) {
            assert_eq!(error.code(), code);
            assert_eq!(RollupError::from_code(code), Some(*error));
        }
        for code in RETIRED.iter().chain(&[5999]) {
            assert_eq!(RollupError::from_code(*code), None);
        }
    }

    #[test]
    fn numbers_do_not_move() {
        assert_eq!(RollupError::InvalidGenesis.code(), 6000);
        assert_eq!(RollupError::DepositOverflow.code(), 6006);
        assert_eq!(RollupError::ChunkCount.code(), 6008);
        assert_eq!(RollupError::ChunkConflict.code(), 6011);
        assert_eq!(RollupError::WrongNumber.code(), 6016);
        assert_eq!(RollupError::WrongHeights.code(), 6018);
        assert_eq!(RollupError::DataIncomplete.code(), 6020);
        assert_eq!(RollupError::WrongDataRoot.code(), 6021);
        assert_eq!(RollupError::MessageLeftOut.code(), 6024);
        assert_eq!(RollupError::BadSignature.code(), 6030);
        assert_eq!(RollupError::WindowOpen.code(), 6031);
        assert_eq!(RollupError::AlreadyWithdrawn.code(), 6038);
        assert_eq!(RollupError::Corrupt.code(), 6043);
        assert_eq!(RollupError::SegmentFull.code(), 6053);
        assert_eq!(RollupError::WrongMessageIndex.code(), 6054);
        assert_eq!(RollupError::WrongPayer.code(), 6059);
        assert_eq!(RollupError::MemberConvicted.code(), 6060);
        assert_eq!(RollupError::BatchNotLive.code(), 6083);
        assert_eq!(RollupError::UnknownFault.code(), 6089);
        assert_eq!(RollupError::WrongCurve.code(), 6099);
        assert_eq!(RollupError::CalledByProgram.code(), 6108);
    }

    #[test]
    fn rejections_are_found_again() {
        for error in Error::ALL.iter().filter(|error| error.is_rejection()) {
            for index in 0..SEGMENT_TRANSACTIONS_MAX {
                assert_eq!(rejected(rejection(index, *error)), Some((index, *error)));
            }
        }
        assert_eq!(rejection(2, Error::BadSignature), 7205);
        for code in [6053, 6108, 7000, 7099] {
            assert_eq!(rejected(code), None);
        }
    }
}
