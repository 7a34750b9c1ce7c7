//! Balances, transfers, deposits and withdrawals.

use curvevm::{
    cell::ASSETS_MAX,
    error::Error,
    program::Amount,
    receipt::Event,
    types::{Address, AssetId, CurveId},
};
use num_traits::Zero;

use super::{Account, Asset, Model, Withdrawal, units};
use crate::number::{Int, int};

impl Model {
    /// The account of an owner who is known.
    pub(super) fn account(&mut self, owner: &Address) -> &mut Account {
        self.accounts.entry(*owner).or_default()
    }

    /// Adds to a balance; adding nothing opens none.
    pub(super) fn credit(
        &mut self,
        owner: &Address,
        asset: AssetId,
        amount: &Int,
    ) -> Result<(), Error> {
        if amount.is_zero() {
            return Ok(());
        }
        let balances = &mut self.account(owner).balances;
        let sum = balances.get(&asset).cloned().unwrap_or_default() + amount;
        units(&sum)?;
        if !balances.contains_key(&asset) && balances.len() >= ASSETS_MAX {
            return Err(Error::TooManyAssets);
        }
        balances.insert(asset, sum);
        Ok(())
    }

    /// Takes from a balance.
    pub(super) fn debit(
        &mut self,
        owner: &Address,
        asset: AssetId,
        amount: &Int,
    ) -> Result<(), Error> {
        let balances = &mut self.account(owner).balances;
        let left = balances.get(&asset).cloned().unwrap_or_default() - amount;
        if left < Int::zero() {
            return Err(Error::InsufficientBalance);
        }
        if left.is_zero() {
            balances.remove(&asset);
        } else {
            balances.insert(asset, left);
        }
        Ok(())
    }

    /// Adds tokens to a holding.
    pub(super) fn give_tokens(
        &mut self,
        curve: &CurveId,
        owner: &Address,
        amount: &Int,
    ) -> Result<(), Error> {
        let sum = self.holdings.get(&(*curve, *owner)).cloned().unwrap_or_default() + amount;
        units(&sum)?;
        self.holdings.insert((*curve, *owner), sum);
        Ok(())
    }

    /// Takes tokens from a holding.
    pub(super) fn take_tokens(
        &mut self,
        curve: &CurveId,
        owner: &Address,
        amount: &Int,
    ) -> Result<(), Error> {
        let left = self.holdings.get(&(*curve, *owner)).cloned().unwrap_or_default() - amount;
        if left < Int::zero() {
            return Err(Error::InsufficientBalance);
        }
        self.holdings.insert((*curve, *owner), left);
        Ok(())
    }

    pub(super) fn transfer(
        &mut self,
        signer: &Address,
        to: &Address,
        amount: Amount,
    ) -> Result<Event, Error> {
        if signer == to {
            return Err(Error::SelfTransfer);
        }
        match amount {
            Amount::Quote(_, quote) if quote.is_zero() => return Err(Error::ZeroAmount),
            Amount::Base(_, base) if base.is_zero() => return Err(Error::ZeroAmount),
            Amount::Quote(asset, quote) => {
                let quote = int(quote.get());
                self.debit(signer, asset, &quote)?;
                self.account(to);
                self.credit(to, asset, &quote)?;
            }
            Amount::Base(curve, base) => {
                let base = int(base.get());
                self.take_tokens(&curve, signer, &base)?;
                self.account(to);
                self.give_tokens(&curve, to, &base)?;
            }
        }
        Ok(Event::Transferred { to: *to, amount })
    }

    pub(super) fn withdraw(
        &mut self,
        signer: &Address,
        amount: Amount,
        recipient: Address,
    ) -> Result<Event, Error> {
        let (asset, amount) = match amount {
            Amount::Quote(asset, quote) => (Asset::Quote(asset), int(quote.get())),
            Amount::Base(curve, base) => (Asset::Base(curve), int(base.get())),
        };
        if amount.is_zero() {
            return Err(Error::ZeroAmount);
        }
        match asset {
            Asset::Quote(asset) => self.debit(signer, asset, &amount)?,
            Asset::Base(curve) if !self.curves.contains_key(&curve) => {
                return Err(Error::UnknownCurve);
            }
            Asset::Base(curve) => self.take_tokens(&curve, signer, &amount)?,
        }
        let index = self.withdrawals.len() as u64;
        self.withdrawals.push(Withdrawal { asset, amount, recipient });
        Ok(Event::Withdrawn { index })
    }
}
