//! Keys, hashes and amounts: newtypes that cannot be mixed up.

use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// Declares a 32-byte newtype.
macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
        )]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps the bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The bytes, by value.
            pub const fn to_bytes(self) -> [u8; 32] {
                self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
    };
}

bytes32!(
    /// A SHA-256 digest. Text form: lower-case hexadecimal.
    Hash
);
bytes32!(
    /// The key of a cell in the state tree. Text form: lower-case hexadecimal.
    Key
);
bytes32!(
    /// An ed25519 public key: the owner of an account, and a Solana address. Text form: base58.
    Address
);
bytes32!(
    /// A launched curve, see [`CurveId::derive`]. Text form: base58.
    CurveId
);
bytes32!(
    /// A quote asset: the address of its SPL mint, or [`AssetId::SOL`]. Text form: base58.
    AssetId
);

/// Hexadecimal text form, without allocation.
macro_rules! hex_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        #[cfg(feature = "std")]
        impl core::str::FromStr for $name {
            type Err = ParseKeyError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if text.len() != 64 || !text.is_ascii() {
                    return Err(ParseKeyError);
                }
                let mut bytes = [0u8; 32];
                for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    let pair = core::str::from_utf8(pair).map_err(|_| ParseKeyError)?;
                    *byte = u8::from_str_radix(pair, 16).map_err(|_| ParseKeyError)?;
                }
                Ok(Self(bytes))
            }
        }
    };
}

/// Base58 text form, as Solana's addresses have.
macro_rules! base58_form {
    ($name:ident) => {
        #[cfg(feature = "std")]
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&bs58::encode(&self.0).into_string())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                #[cfg(feature = "std")]
                return write!(f, concat!(stringify!($name), "({})"), self);
                #[cfg(not(feature = "std"))]
                f.write_str(stringify!($name))
            }
        }

        #[cfg(feature = "std")]
        impl core::str::FromStr for $name {
            type Err = ParseKeyError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0u8; 32];
                match bs58::decode(text).onto(&mut bytes) {
                    Ok(32) => Ok(Self(bytes)),
                    Ok(_) | Err(_) => Err(ParseKeyError),
                }
            }
        }
    };
}

hex_form!(Hash);
hex_form!(Key);
base58_form!(Address);
base58_form!(CurveId);
base58_form!(AssetId);

/// A text that is not the text form of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseKeyError;

impl fmt::Display for ParseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the text form of a 32-byte key or hash")
    }
}

impl core::error::Error for ParseKeyError {}

impl AssetId {
    /// The native asset of Solana, in lamports.
    pub const SOL: Self = Self([0; 32]);
}

impl Hash {
    /// The hash of an empty subtree, and the hash before any.
    pub const ZERO: Self = Self([0; 32]);
}

impl CurveId {
    /// The id of the curve that `creator` launches with `salt`.
    pub fn derive(creator: &Address, salt: u64) -> Self {
        let salt = salt.to_le_bytes();
        Self::new(crate::host::sha256(&[b"asset-l2/curve/v1", creator.as_ref(), &salt]).to_bytes())
    }
}

/// Declares an amount in base units with checked arithmetic only.
macro_rules! amount {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
        )]
        pub struct $name(u64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest amount.
            pub const MAX: Self = Self(u64::MAX);

            /// An amount of base units.
            pub const fn new(units: u64) -> Self {
                Self(units)
            }

            /// The base units.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Whether it is nothing.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The sum, or nothing when it does not fit.
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// The difference, or nothing when it is negative.
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <u64 as serde::Deserialize>::deserialize(deserializer).map(Self)
            }
        }
    };
}

amount!(
    /// An amount of a quote asset, in its base units (lamports for SOL).
    Quote
);
amount!(
    /// An amount of a launched asset, in its base units.
    Base
);
amount!(
    /// Shares of a pool's liquidity.
    Shares
);

/// Text forms in serde.
#[cfg(feature = "serde")]
mod text {
    use super::{Address, AssetId, CurveId, Hash, Key};
    use std::string::{String, ToString};

    macro_rules! as_text {
        ($($name:ident),*) => {$(
            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(&self.to_string())
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    <String as serde::Deserialize>::deserialize(deserializer)?
                        .parse()
                        .map_err(serde::de::Error::custom)
                }
            }
        )*};
    }

    as_text!(Hash, Key, Address, CurveId, AssetId);
}

/// An ed25519 signature, R then s.
#[derive(Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps the bytes.
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}
