//! What the authority has scheduled.

use anchor_lang::prelude::*;
use asset_rollup_interface::{
    constants::ACTION_SECS_MAX,
    instruction::{Act, Windows},
};
use curvevm::types::Address as Key;

use crate::error::{RollupError, ensure, fail};

/// A scheduled action; fields as in `asset_rollup_interface::state::Action`.
#[account]
pub struct Action {
    pub version: u8,
    pub bump: u8,
    pub kind: u8,
    pub reserved: [u8; 5],
    pub rollup: Address,
    pub index: u64,
    pub ready_at: i64,
    pub values: [u64; 4],
    pub address: [u8; 32],
}

const PAUSE: u8 = 0;
const RESUME: u8 = 1;
const SET_WINDOWS: u8 = 2;
const SET_AUTHORITY: u8 = 3;
const UPGRADE: u8 = 4;

impl Action {
    /// Records what is to be done.
    pub fn set(&mut self, act: &Act) {
        let none = ([0; 4], [0; 32]);
        (self.kind, (self.values, self.address)) = match act {
            Act::Pause { secs } => (PAUSE, ([*secs, 0, 0, 0], none.1)),
            Act::Resume => (RESUME, none),
            Act::SetWindows(it) => {
                let slots = [it.challenge_slots, it.challenge_secs];
                let delays = [it.inbox_delay_slots, it.takeover_slots];
                (SET_WINDOWS, ([slots[0], slots[1], delays[0], delays[1]], none.1))
            }
            Act::SetAuthority { authority } => (SET_AUTHORITY, (none.0, authority.to_bytes())),
            Act::Upgrade { buffer } => (UPGRADE, (none.0, buffer.to_bytes())),
        };
    }

    /// What is to be done.
    ///
    /// # Errors
    ///
    /// [`RollupError::Corrupt`].
    pub fn act(&self) -> Result<Act> {
        let [first, second, third, fourth] = self.values;
        match self.kind {
            PAUSE => Ok(Act::Pause { secs: first }),
            RESUME => Ok(Act::Resume),
            SET_WINDOWS => Ok(Act::SetWindows(Windows {
                challenge_slots: first,
                challenge_secs: second,
                inbox_delay_slots: third,
                takeover_slots: fourth,
            })),
            SET_AUTHORITY => Ok(Act::SetAuthority { authority: Key::new(self.address) }),
            UPGRADE => Ok(Act::Upgrade { buffer: Key::new(self.address) }),
            _ => Err(fail(RollupError::Corrupt)),
        }
    }

    /// It is ready, and not for too long.
    ///
    /// # Errors
    ///
    /// [`RollupError::ActionNotReady`], [`RollupError::ActionExpired`].
    pub fn check_time(&self, now: i64) -> Result<()> {
        ensure(now >= self.ready_at, RollupError::ActionNotReady)?;
        let since = now.saturating_sub(self.ready_at).unsigned_abs();
        ensure(since <= ACTION_SECS_MAX, RollupError::ActionExpired)
    }
}
