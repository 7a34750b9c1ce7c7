//! `AUTHORIZE`, `REVOKE`, and what a session key may do.
//!
//! # Rules
//!
//! 1. A transaction that a session key signs acts on its owner's account, and uses a nonce of it. Without a session, or after its
//!    time, it is rejected.
//! 2. It carries `BUY`, `SELL`, `ADD_LIQUIDITY` and `REMOVE_LIQUIDITY` only.
//! 3. Quote that it pays for tokens or puts into a pool is of the session's asset, and is at most the limit in all, fees included.
//!    What it receives does not make room again.

use super::{Fault, Machine, State, name::Name};
use crate::{
    cell::{Cell, Session},
    error::{Error, StateError},
    program::Instruction,
    receipt::Event,
    types::{Address, AssetId, Quote},
};

impl<S: State> Machine<'_, S> {
    /// `AUTHORIZE`.
    pub(super) fn authorize(
        &mut self,
        key: &Address,
        expires_ms: u64,
        asset: AssetId,
        limit: Quote,
    ) -> Result<Event, Fault> {
        if *key == self.signer || expires_ms <= self.context.time_ms || limit.is_zero() {
            return Err(Error::InvalidSession.into());
        }
        let session = Session { version: 0, expires_ms, asset, limit, spent: Quote::ZERO };
        self.journal.put(Name::Session(self.signer, *key), Cell::Session(session))?;
        Ok(Event::Authorized { session: *key })
    }

    /// `REVOKE`.
    pub(super) fn revoke(&mut self, key: &Address) -> Result<Event, Fault> {
        match self.find_session(key)? {
            Some(session) if session.expires_ms != 0 => session.expires_ms = 0,
            Some(_) | None => return Err(Error::InvalidSession.into()),
        }
        Ok(Event::Revoked { session: *key })
    }

    /// Rule 2.
    pub(super) fn check_scope(&self, instruction: &Instruction) -> Result<(), Error> {
        let in_scope = match instruction {
            Instruction::Buy { .. }
            | Instruction::Sell { .. }
            | Instruction::AddLiquidity { .. }
            | Instruction::RemoveLiquidity { .. } => true,
            Instruction::MigrateToAmm { .. }
            | Instruction::Launch(_)
            | Instruction::Transfer { .. }
            | Instruction::Withdraw { .. }
            | Instruction::PublishModule(_)
            | Instruction::Claim { .. }
            | Instruction::Authorize { .. }
            | Instruction::Revoke { .. } => false,
        };
        if self.session.is_some() && !in_scope { Err(Error::SessionScope) } else { Ok(()) }
    }

    /// Takes quote from the signer for tokens or for a share of a pool (rule 3).
    pub(super) fn spend(&mut self, asset: &AssetId, amount: Quote) -> Result<(), Fault> {
        if let Some(key) = self.session {
            let session = self.find_session(&key)?.ok_or(StateError::Corrupt)?;
            let spent = session.spent.checked_add(amount).ok_or(Error::SpendLimit)?;
            if session.asset != *asset || spent > session.limit {
                return Err(Error::SpendLimit.into());
            }
            session.spent = spent;
        }
        self.debit(asset, amount)
    }
}
