//! Limits that the program enforces.

pub use curvevm::{batch::CHUNKS_MAX, genesis::MEMBERS_MAX, inbox::FORCED_BYTES_MAX};
use curvevm::{cell::ASSETS_MAX, inbox::KIND_BYTES_MAX, types::Address};

/// The longest body of a message, in bytes: that of the longest transaction that may be forced in. A longer message would fit no chunk
/// of some chains, which could then not go on.
pub const MESSAGE_BODY_BYTES_MAX: usize = KIND_BYTES_MAX;
/// A batch that consumes so many messages may leave out later ones, however old: more than fit a batch may wait.
pub const MESSAGES_CONSUMED_MIN: u64 = 32;
/// Finalized roots that can be proved against: the last so many batches.
pub const ROOTS_CAPACITY: usize = 64;
/// Withdrawals in a page of nullifiers.
pub const NULLIFIERS_PER_PAGE: u64 = 2_048;
/// The smallest deposit, in lamports. The chain executes each message, so that none may be free.
pub const DEPOSIT_LAMPORTS_MIN: u64 = 1_000;
/// The most quote assets besides SOL.
pub const QUOTE_ASSETS_MAX: usize = ASSETS_MAX - 1;
/// Where the bytes of a proof begin in an account that holds them: behind the header of a buffer of Solana's upgradeable loader,
/// which anybody can write.
pub const PROOF_OFFSET: usize = 37;

// Bounds of a genesis. They keep one that is wrong by a unit from locking funds up for good.

/// The longest challenge window, inbox delay and silence before a takeover, in slots: about 90 days.
pub const SLOTS_MAX: u64 = 90 * 24 * 60 * 60 * 5 / 2;
/// The longest challenge window and delay of the authority, in seconds: 90 days.
pub const SECS_MAX: u64 = 90 * 24 * 60 * 60;
/// The largest least bond and deposit of a challenger, in lamports: a million SOL.
pub const LAMPORTS_MAX: u64 = 1_000_000_000_000_000;

/// The longest pause, in seconds: 7 days. As long the rollup runs between two pauses.
pub const PAUSE_SECS_MAX: u64 = 7 * 24 * 60 * 60;
/// How long an action may be executed once it is ready, in seconds: 14 days.
pub const ACTION_SECS_MAX: u64 = 14 * 24 * 60 * 60;

/// Where lamports are sent to be burnt: `1nc1nerator11111111111111111111111111111111`.
pub const INCINERATOR: Address = Address::new([
    0x00, 0x33, 0x90, 0x72, 0x8d, 0x34, 0x11, 0x60, 0x79, 0xbd, 0xc9, 0x11, 0xbf, 0xff, 0x00, 0xdb,
    0xd4, 0x4d, 0x2e, 0xcd, 0xcc, 0xf7, 0x9c, 0xa6, 0xe1, 0x00, 0x38, 0xe1, 0x00, 0x00, 0x00, 0x00,
]);

/// SPL Token: `TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA`.
pub const TOKEN_PROGRAM: Address = Address::new([
    0x06, 0xdd, 0xf6, 0xe1, 0xd7, 0x65, 0xa1, 0x93, 0xd9, 0xcb, 0xe1, 0x46, 0xce, 0xeb, 0x79, 0xac,
    0x1c, 0xb4, 0x85, 0xed, 0x5f, 0x5b, 0x37, 0x91, 0x3a, 0x8c, 0xf5, 0x85, 0x7e, 0xff, 0x00, 0xa9,
]);

/// Token-2022: `TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb`.
pub const TOKEN_2022_PROGRAM: Address = Address::new([
    0x06, 0xdd, 0xf6, 0xe1, 0xee, 0x75, 0x8f, 0xde, 0x18, 0x42, 0x5d, 0xbc, 0xe4, 0x6c, 0xcd, 0xda,
    0xb6, 0x1a, 0xfc, 0x4d, 0x83, 0xb9, 0x0d, 0x27, 0xfe, 0xbd, 0xf9, 0x28, 0xd8, 0xa1, 0x8b, 0xfc,
]);

/// Associated token accounts: `ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL`.
pub const ASSOCIATED_TOKEN_PROGRAM: Address = Address::new([
    0x8c, 0x97, 0x25, 0x8f, 0x4e, 0x24, 0x89, 0xf1, 0xbb, 0x3d, 0x10, 0x29, 0x14, 0x8e, 0x0d, 0x83,
    0x0b, 0x5a, 0x13, 0x99, 0xda, 0xff, 0x10, 0x84, 0x04, 0x8e, 0x7b, 0xd8, 0xdb, 0xe9, 0xf8, 0x59,
]);

#[cfg(test)]
mod tests {
    use curvevm::types::Address;

    use super::{ASSOCIATED_TOKEN_PROGRAM, INCINERATOR, TOKEN_2022_PROGRAM, TOKEN_PROGRAM};

    #[test]
    fn addresses_are_those_of_solana() {
        for (address, text) in [
            (INCINERATOR, "1nc1nerator11111111111111111111111111111111"),
            (TOKEN_PROGRAM, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
            (TOKEN_2022_PROGRAM, "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
            (ASSOCIATED_TOKEN_PROGRAM, "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"),
        ] {
            assert_eq!(address, text.parse::<Address>().unwrap());
        }
    }
}
