//! Every way in which a transaction can be refused or fail, with stable numbers.

use core::fmt;

/// Declares the error enum, its numbers and its messages in one table.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal;)*) => {
        /// Why a transaction was refused (numbers below 100) or failed (from 100 on).
        ///
        /// Numbers are append-only: they are part of receipts and of the RPC.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Error {
            $($(#[$doc])* $name = $code,)*
        }

        impl Error {
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
            pub const fn from_code(code: u16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

errors! {
    /// The bytes are no transaction.
    Malformed = 1, "the transaction cannot be decoded: encode it with this version's SDK";
    /// Longer than [`crate::tx::TX_BYTES_MAX`].
    Oversized = 2, "the transaction is too long: split its instructions over several transactions";
    /// A format version that this chain does not know.
    UnknownVersion = 3, "the transaction's version is not known to this chain: update the client";
    /// No instruction, or more than [`crate::tx::INSTRUCTIONS_MAX`].
    InstructionCount = 4, "a transaction carries 1 to 8 instructions";
    /// The signature does not fit the signed bytes; also when they were signed for another chain.
    BadSignature = 5, "the signature does not verify: check the signing key and that the transaction was made for this chain's genesis hash";
    /// The nonce was used, or lies below the window.
    NonceUsed = 6, "the nonce was used before or is older than the window of 256: take a new one";
    /// The nonce lies too far above the window.
    NonceTooDistant = 7, "the nonce is more than 511 above the account's base: read the account and take the next nonce";
    /// The chain is past the expiry height.
    Expired = 8, "the chain has passed the transaction's expiry height: sign it again with a later one";
    /// The signer has no account yet.
    UnknownAccount = 9, "the signer has no account on this chain: deposit or receive funds first";
    /// The transaction is signed by a session key that the owner has not authorized, or has revoked.
    UnknownSession = 11, "the session key is not authorized by this owner: authorize it first";
    /// The session key's time is over.
    SessionExpired = 12, "the session key has expired: authorize it again";

    /// The opcode is known and not active at this version.
    OpcodeInactive = 100, "this opcode is not active in this version of the chain";
    /// An amount is zero.
    ZeroAmount = 101, "the amount is zero";
    /// An amount or a sum does not fit.
    Overflow = 102, "an amount passes the limits of 64-bit base units";
    /// The account holds less than is asked for.
    InsufficientBalance = 103, "the balance is too small, fees included";
    /// No curve of this id.
    UnknownCurve = 104, "there is no curve with this id";
    /// The trade's limit, net of all fees, is not met.
    LimitNotMet = 105, "the price moved past the trade's limit (net of all fees): quote again or widen the limit";
    /// All tokens of the curve are sold, or its graduation target is met.
    CurveComplete = 106, "the curve is complete: buying is closed until it has migrated";
    /// More tokens are sold into the curve than were bought from it.
    SellExceedsSold = 107, "more tokens are sold than the curve has given out";
    /// The curve id is taken.
    CurveExists = 108, "the creator has launched a curve with this salt before: take another salt";
    /// No module of this hash.
    UnknownModule = 109, "no module with this hash is published: publish it first";
    /// The module is published already.
    ModuleExists = 110, "a module with this hash is published already";
    /// The module breaks a rule of the verifier.
    InvalidModule = 111, "the module does not pass verification: compile it again";
    /// Name or symbol is empty, too long or not printable.
    InvalidMetadata = 112, "a name is 1 to 32 and a symbol 1 to 10 printable characters";
    /// The trade is so small that nothing would be received.
    Dust = 113, "the amount is so small that nothing would be received";
    /// The account would hold too many kinds of quote assets.
    TooManyAssets = 114, "an account holds at most 8 quote assets";
    /// The chain does not take this quote asset.
    UnknownAsset = 115, "this quote asset is not enabled on this chain";
    /// A transfer to oneself.
    SelfTransfer = 116, "the recipient is the sender";
    /// The reserve cannot give what the trade asks for.
    InsufficientReserve = 117, "the reserve is smaller than what is asked for";
    /// After the purchase the reserve would cover too little of the market cap.
    VaultBreached = 118, "buying is halted until somebody sells: the reserve would cover less of the market cap than the vault asks for";
    /// The graduation rule does not hold yet.
    NotComplete = 119, "the curve is not complete yet: it migrates once its graduation rule holds";
    /// The curve is a pool already.
    AlreadyMigrated = 120, "the curve has migrated already: trade on its pool";
    /// The curve is no pool yet.
    NotMigrated = 121, "the curve has no pool yet: migrate it first";
    /// Nothing has accrued, vested or been released.
    NothingToClaim = 122, "there is nothing to claim yet";
    /// The signer is not who may claim.
    NotEntitled = 123, "the signer is not the one who may claim this";
    /// The session key would spend more than it may, or another asset.
    SpendLimit = 124, "the session key's spend limit does not allow this: authorize it with a higher one";
    /// The opcode is not for session keys.
    SessionScope = 125, "a session key only trades and moves liquidity: sign this with the owner's key";
    /// The referrer has no account.
    UnknownReferrer = 126, "the referrer has no account on this chain";
    /// The signer refers themself.
    SelfReferral = 127, "the referrer is the signer";
    /// The owner holds fewer shares.
    InsufficientShares = 128, "the owner holds fewer shares of the pool";
    /// The session would never be valid.
    InvalidSession = 129, "a session needs a key other than the owner's, an expiry in the future and a limit above zero";
    /// The transaction passes [`crate::meter::TRANSACTION_CU_MAX`].
    TooExpensive = 130, "the transaction passes the compute bound of a segment: split it over several";
}

impl Error {
    /// The stable number.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Whether it keeps a transaction out of a block, rather than making it fail inside.
    pub const fn is_rejection(self) -> bool {
        self.code() < 100
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}

impl borsh::BorshSerialize for Error {
    fn serialize<W: borsh::io::Write>(&self, writer: &mut W) -> borsh::io::Result<()> {
        self.code().serialize(writer)
    }
}

impl borsh::BorshDeserialize for Error {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let code = u16::deserialize_reader(reader)?;
        Self::from_code(code)
            .ok_or_else(|| borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, "error number"))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.code())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Error {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <u16 as serde::Deserialize>::deserialize(deserializer)?;
        Self::from_code(code).ok_or_else(|| serde::de::Error::custom("unknown error number"))
    }
}

/// A fault of the machinery around a transaction, never of the transaction itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateError {
    /// The cell is not part of the witness, so nothing can be said about it.
    NotInWitness,
    /// A cell holds another type than its key says, or cannot be decoded.
    Corrupt,
    /// The witness cannot be decoded.
    BadWitness,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInWitness => "the witness does not cover a cell that is touched",
            Self::Corrupt => "a cell of the state cannot be decoded",
            Self::BadWitness => "the witness cannot be decoded",
        })
    }
}

impl core::error::Error for StateError {}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn numbers_are_unique_and_found_again() {
        for pair in Error::ALL.windows(2) {
            assert!(pair[0].code() < pair[1].code());
        }
        for error in Error::ALL {
            assert_eq!(Error::from_code(error.code()), Some(*error));
        }
        assert_eq!(Error::from_code(99), None);
    }

    #[test]
    fn numbers_do_not_move() {
        assert_eq!(Error::Malformed.code(), 1);
        assert_eq!(Error::SessionExpired.code(), 12);
        assert_eq!(Error::OpcodeInactive.code(), 100);
        assert_eq!(Error::LimitNotMet.code(), 105);
        assert_eq!(Error::InsufficientReserve.code(), 117);
        assert_eq!(Error::TooExpensive.code(), 130);
    }
}
