//! Newtypes of counters and identifiers.

use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize,
            BorshDeserialize,
        )]
        pub struct $name($int);

        impl $name {
            /// Zero, the value at genesis.
            pub const ZERO: Self = Self(0);

            /// Wraps a plain number.
            pub const fn new(value: $int) -> Self {
                Self(value)
            }

            /// The plain number.
            pub const fn get(self) -> $int {
                self.0
            }

            /// The following value; the largest one is its own successor.
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// The preceding value, `None` for zero.
            pub const fn checked_prev(self) -> Option<Self> {
                match self.0.checked_sub(1) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }

            /// The value `n` further, at most the largest one.
            pub const fn saturating_add(self, n: $int) -> Self {
                Self(self.0.saturating_add(n))
            }

            /// The value `n` before, at least zero.
            pub const fn saturating_sub(self, n: $int) -> Self {
                Self(self.0.saturating_sub(n))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

counter!(
    /// A round of the protocol with one leader. Genesis is view 0; members act from view 1 on.
    View, u64
);
counter!(
    /// The position of a block in the chain. Heights have no gaps; views may.
    Height, u64
);
counter!(
    /// The span of views under one committee.
    Epoch, u64
);
counter!(
    /// The position of a batch of records in the write-ahead log. Zero means "nothing to wait for".
    Seq, u64
);
counter!(
    /// A member's index in the committee. As the sender of a message, an index past the committee
    /// names an observer, numbered by the transport.
    MemberIx, u16
);

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize,
            BorshDeserialize,
        )]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    };
}

bytes32!(
    /// The identity of a block: see [`SealedBlock::seal`](super::SealedBlock::seal).
    BlockId
);
bytes32!(
    /// The identity of a chain, in every signed message and in every block id.
    ChainId
);
bytes32!(
    /// A SHA-256 digest that is signed.
    Digest
);
