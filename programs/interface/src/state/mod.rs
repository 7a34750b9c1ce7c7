//! Accounts of the program.

mod action;
mod batch;
mod data;
mod inbox;
mod member;
mod message;
mod nullifiers;
mod rollup;
mod verdict;
mod witness;

use core::fmt;

use borsh::BorshDeserialize;

pub use action::Action;
pub use batch::Batch;
pub use data::Data;
pub use inbox::Inbox;
pub use member::Member;
pub use message::Message;
pub use nullifiers::{Nullifiers, nullifier_bit};
pub use rollup::{FinalizedRoot, Rollup};
pub use verdict::Verdict;
pub use witness::{Parts, Witness};

/// The length of a discriminator, in bytes.
pub const DISCRIMINATOR_BYTES: usize = 8;
/// The version of every account format.
pub const ACCOUNT_VERSION: u8 = 1;

/// Why bytes are not an account of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutError {
    /// The discriminator is another one's, or missing.
    Discriminator,
    /// The bytes are too few.
    Length,
    /// The format version is unknown.
    Version(u8),
    /// The body of a message is of no known kind.
    Body,
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discriminator => f.write_str("the account has another discriminator"),
            Self::Length => f.write_str("the account is too short for its layout"),
            Self::Version(version) => {
                write!(f, "the account's format version {version} is unknown")
            }
            Self::Body => f.write_str("the message is of no kind that this version knows"),
        }
    }
}

impl core::error::Error for LayoutError {}

/// Reads an account. Bytes after the layout are left to later versions.
fn parse<T: BorshDeserialize>(data: &[u8], discriminator: [u8; 8]) -> Result<T, LayoutError> {
    let (found, mut body) =
        data.split_first_chunk::<DISCRIMINATOR_BYTES>().ok_or(LayoutError::Discriminator)?;
    if *found != discriminator {
        return Err(LayoutError::Discriminator);
    }
    match body.first() {
        Some(&ACCOUNT_VERSION) => {}
        Some(version) => return Err(LayoutError::Version(*version)),
        None => return Err(LayoutError::Length),
    }
    T::deserialize(&mut body).map_err(|_| LayoutError::Length)
}

#[cfg(test)]
mod tests;
