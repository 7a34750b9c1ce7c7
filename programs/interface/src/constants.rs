//! Limits that the program enforces.

pub use curvevm::{batch::CHUNKS_MAX, genesis::MEMBERS_MAX};
use curvevm::{inbox::KIND_BYTES_MAX, types::Address};

/// The longest body of a message, in bytes: that of the longest transaction that may be forced in. A longer message would fit no chunk
/// of some chains, which could then not go on.
pub const MESSAGE_BODY_BYTES_MAX: usize = KIND_BYTES_MAX;
/// Finalized roots that can be proved against: the last so many batches.
pub const ROOTS_CAPACITY: usize = 64;
/// Withdrawals in a page of nullifiers.
pub const NULLIFIERS_PER_PAGE: u64 = 2_048;
/// The smallest deposit, in lamports. The chain executes each message, so that none may be free.
pub const DEPOSIT_LAMPORTS_MIN: u64 = 1_000;

// Bounds of a genesis. They keep one that is wrong by a unit from locking funds up for good.

/// The longest challenge window, inbox delay and silence before a takeover, in slots: about 90 days.
pub const SLOTS_MAX: u64 = 90 * 24 * 60 * 60 * 5 / 2;
/// The longest challenge window and delay of the authority, in seconds: 90 days.
pub const SECS_MAX: u64 = 90 * 24 * 60 * 60;
/// The largest least bond and deposit of a challenger, in lamports: a million SOL.
pub const LAMPORTS_MAX: u64 = 1_000_000_000_000_000;

/// Where lamports are sent to be burnt: `1nc1nerator11111111111111111111111111111111`.
pub const INCINERATOR: Address = Address::new([
    0x00, 0x33, 0x90, 0x72, 0x8d, 0x34, 0x11, 0x60, 0x79, 0xbd, 0xc9, 0x11, 0xbf, 0xff, 0x00, 0xdb,
    0xd4, 0x4d, 0x2e, 0xcd, 0xcc, 0xf7, 0x9c, 0xa6, 0xe1, 0x00, 0x38, 0xe1, 0x00, 0x00, 0x00, 0x00,
]);

#[cfg(test)]
mod tests {
    use curvevm::types::Address;

    use super::INCINERATOR;

    #[test]
    fn the_incinerator_is_that_of_solana() {
        let address: Address = "1nc1nerator11111111111111111111111111111111".parse().unwrap();
        assert_eq!(INCINERATOR, address);
    }
}
