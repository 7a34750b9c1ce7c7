//! Instructions of the authority. None of them moves funds.

use alloc::{vec, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::{Meta, SYSTEM_PROGRAM, instruction};

/// The loader of programs that can be upgraded: `BPFLoaderUpgradeab1e11111111111111111111111`.
pub const LOADER: Address = Address::new([
    0x02, 0xa8, 0xf6, 0x91, 0x4e, 0x88, 0xa1, 0xb0, 0xe2, 0x10, 0x15, 0x3e, 0xf7, 0x63, 0xae, 0x2b,
    0x00, 0xc2, 0xb9, 0x3d, 0x16, 0xc1, 0x24, 0xd2, 0xc0, 0x53, 0x7a, 0x10, 0x04, 0x80, 0x00, 0x00,
]);
/// The sysvar of rent: `SysvarRent111111111111111111111111111111111`.
pub const RENT: Address = Address::new([
    0x06, 0xa7, 0xd5, 0x17, 0x19, 0x2c, 0x5c, 0x51, 0x21, 0x8c, 0xc9, 0x4c, 0x3d, 0x4a, 0xf1, 0x7f,
    0x58, 0xda, 0xee, 0x08, 0x9b, 0xa1, 0xfd, 0x44, 0xe3, 0xdb, 0xd9, 0x8a, 0x00, 0x00, 0x00, 0x00,
]);
/// The sysvar of the clock: `SysvarC1ock11111111111111111111111111111111`.
pub const CLOCK: Address = Address::new([
    0x06, 0xa7, 0xd5, 0x17, 0x18, 0xc7, 0x74, 0xc9, 0x28, 0x56, 0x63, 0x98, 0x69, 0x1d, 0x5e, 0xb6,
    0x8b, 0x5e, 0xb8, 0xa3, 0x9b, 0x4b, 0x6d, 0x5c, 0x73, 0x55, 0x5b, 0x21, 0x00, 0x00, 0x00, 0x00,
]);

/// What the authority does. The order of the variants is the wire form; it is append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Act {
    /// Pauses deposits and commits, for at most [`crate::constants::PAUSE_SECS_MAX`]; never challenges, finalization or withdrawals.
    Pause {
        /// For how long, in seconds.
        secs: u64,
    },
    /// Ends a pause.
    Resume,
    /// Sets the windows and delays, within the bounds that a genesis has.
    SetWindows(Windows),
    /// Hands the authority over; to zero for nobody.
    SetAuthority {
        /// The next authority.
        authority: Address,
    },
    /// Replaces the program by what is in a buffer, whose authority is the rollup's upgrade address already, so that nobody changes it.
    Upgrade {
        /// The buffer.
        buffer: Address,
    },
}

/// Windows and delays, as in [`crate::state::Rollup`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Windows {
    /// The challenge window, in slots,
    pub challenge_slots: u64,
    /// and in seconds.
    pub challenge_secs: u64,
    /// After how many slots a message may not be left out any more.
    pub inbox_delay_slots: u64,
    /// After how many slots of silence anybody with a bond may commit.
    pub takeover_slots: u64,
}

/// Schedules an action. It may be executed after [`crate::state::Rollup::authority_delay_secs`], and never before a challenge window has
/// passed, so that whoever does not agree can leave; a [`Act::Resume`] at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ScheduleAction {
    /// What is to be done.
    pub act: Act,
}

instruction!(ScheduleAction, "schedule_action", [0xab, 0x6a, 0x40, 0xcb, 0xf0, 0xec, 0x19, 0x1c]);

/// Accounts of [`ScheduleAction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleActionAccounts {
    /// The program, which stands for an account that is left out.
    pub program: Address,
    /// `[signer, writable]` The authority, who pays for the action.
    pub authority: Address,
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// `[writable]` The next action, created.
    pub action: Address,
    /// The buffer of an upgrade.
    pub buffer: Option<Address>,
}

impl ScheduleActionAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.authority),
            Meta::writable(self.rollup),
            Meta::writable(self.action),
            Meta::readonly(self.buffer.unwrap_or(self.program)),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Gives up an action; its rent goes to the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CancelAction {
    /// The action's index.
    pub index: u64,
}

instruction!(CancelAction, "cancel_action", [0xe4, 0x90, 0xaa, 0x92, 0x42, 0x58, 0x85, 0x80]);

/// Accounts of [`CancelAction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelActionAccounts {
    /// `[signer, writable]` The authority, repaid.
    pub authority: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The action, closed.
    pub action: Address,
}

impl CancelActionAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::payer(self.authority), Meta::readonly(self.rollup), Meta::writable(self.action)]
    }
}

/// Does what was scheduled, when its delay is over and not for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ExecuteAction {
    /// The action's index.
    pub index: u64,
}

instruction!(ExecuteAction, "execute_action", [0xf6, 0x89, 0x69, 0x71, 0xf7, 0x06, 0xdf, 0xae]);

/// Accounts of [`ExecuteAction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecuteActionAccounts {
    /// The program; it stands for what is left out too.
    pub program: Address,
    /// `[signer, writable]` The authority, repaid.
    pub authority: Address,
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// `[writable]` The action, closed.
    pub action: Address,
    /// What an upgrade needs.
    pub upgrade: Option<UpgradeAccounts>,
}

/// Accounts of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeAccounts {
    /// `[writable]` The program's data: the loader's address of the program.
    pub program_data: Address,
    /// `[writable]` The buffer, closed; the authority gets what is left.
    pub buffer: Address,
    /// The rollup's upgrade address.
    pub upgrader: Address,
}

impl ExecuteActionAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        let mut metas = vec![
            Meta::payer(self.authority),
            Meta::writable(self.rollup),
            Meta::writable(self.action),
        ];
        if let Some(upgrade) = &self.upgrade {
            metas.extend([
                Meta::writable(upgrade.program_data),
                Meta::writable(self.program),
                Meta::writable(upgrade.buffer),
                Meta::readonly(upgrade.upgrader),
                Meta::readonly(RENT),
                Meta::readonly(CLOCK),
                Meta::readonly(LOADER),
            ]);
        } else {
            metas.extend([Meta::readonly(self.program); 7]);
        }
        metas
    }
}

#[cfg(test)]
mod tests {
    use curvevm::types::Address;

    use super::{CLOCK, LOADER, RENT};

    #[test]
    fn addresses_are_those_of_solana() {
        for (address, text) in [
            (LOADER, "BPFLoaderUpgradeab1e11111111111111111111111"),
            (RENT, "SysvarRent111111111111111111111111111111111"),
            (CLOCK, "SysvarC1ock11111111111111111111111111111111"),
        ] {
            assert_eq!(Ok(address), text.parse::<Address>().map_err(drop));
        }
    }
}
