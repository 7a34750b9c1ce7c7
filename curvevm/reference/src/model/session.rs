//! Session keys: who may sign for whom, what for, and up to how much.

use curvevm::{
    error::Error,
    program::Instruction,
    receipt::Event,
    tx::Body,
    types::{Address, AssetId, Quote},
};

use super::{Model, Session};
use crate::number::{Int, int};

impl Model {
    /// Whether the key that signs is known and valid; part of admission.
    pub(super) fn check_session(&self, body: &Body) -> Result<(), Error> {
        let Some(key) = body.session else { return Ok(()) };
        let session = self.sessions.get(&(body.signer, key)).ok_or(Error::UnknownSession)?;
        // Revoked.
        if session.expires_ms == 0 {
            return Err(Error::UnknownSession);
        }
        if self.time_ms >= session.expires_ms {
            return Err(Error::SessionExpired);
        }
        Ok(())
    }

    /// Whether the key that signs may do this at all.
    pub(super) fn check_scope(&self, body: &Body, instruction: &Instruction) -> Result<(), Error> {
        match instruction {
            Instruction::Buy { .. }
            | Instruction::Sell { .. }
            | Instruction::AddLiquidity { .. }
            | Instruction::RemoveLiquidity { .. } => Ok(()),
            Instruction::MigrateToAmm { .. }
            | Instruction::Launch(_)
            | Instruction::Transfer { .. }
            | Instruction::Withdraw { .. }
            | Instruction::PublishModule(_)
            | Instruction::Claim { .. }
            | Instruction::Authorize { .. }
            | Instruction::Revoke { .. } => {
                if body.session.is_some() {
                    Err(Error::SessionScope)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Counts what a session key spends.
    pub(super) fn spend(&mut self, body: &Body, asset: AssetId, amount: &Int) -> Result<(), Error> {
        let Some(key) = body.session else { return Ok(()) };
        let session = self.sessions.get_mut(&(body.signer, key)).ok_or(Error::UnknownSession)?;
        let spent = &session.spent + amount;
        if session.asset != asset || spent > session.limit {
            return Err(Error::SpendLimit);
        }
        session.spent = spent;
        Ok(())
    }

    pub(super) fn authorize(
        &mut self,
        signer: &Address,
        key: &Address,
        (expires_ms, asset, limit): (u64, AssetId, Quote),
    ) -> Result<Event, Error> {
        if key == signer || expires_ms <= self.time_ms || limit.is_zero() {
            return Err(Error::InvalidSession);
        }
        let limit = int(limit.get());
        let session = Session { expires_ms, asset, limit, spent: int(0) };
        self.sessions.insert((*signer, *key), session);
        Ok(Event::Authorized { session: *key })
    }

    pub(super) fn revoke(&mut self, signer: &Address, key: &Address) -> Result<Event, Error> {
        let session = self.sessions.get_mut(&(*signer, *key)).ok_or(Error::InvalidSession)?;
        // Revoked before.
        if session.expires_ms == 0 {
            return Err(Error::InvalidSession);
        }
        session.expires_ms = 0;
        Ok(Event::Revoked { session: *key })
    }

    /// Whether the chain takes the asset.
    pub(super) fn check_asset(&self, asset: &AssetId) -> Result<(), Error> {
        let known = *asset == AssetId::SOL || self.quote_assets.contains(asset);
        if known { Ok(()) } else { Err(Error::UnknownAsset) }
    }
}
