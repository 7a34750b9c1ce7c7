//! `WITHDRAW`: quote or launched tokens leave this chain, and a cell proves to the program on Solana who is to be paid.
//!
//! Tokens come out of a holding: what is burnt, not sold yet or not vested yet is in none, and cannot leave. Tokens on Solana are in
//! circulation as those in a holding are. The vault rule counts them without knowing where they are, for it counts what the curve has
//! sold, and after migration what is neither in the pool nor burnt nor unclaimed.

use super::{Fault, Machine, State};
use crate::{cell::Withdrawal, error::Error, program::Amount, receipt::Event, types::Address};

impl<S: State> Machine<'_, S> {
    pub(super) fn withdraw(&mut self, amount: Amount, recipient: Address) -> Result<Event, Fault> {
        if amount.is_zero() {
            return Err(Error::ZeroAmount.into());
        }
        match amount {
            Amount::Quote(asset, quote) => self.debit(&asset, quote)?,
            Amount::Base(id, base) => {
                self.curve(&id)?;
                self.take_base(&id, base)?;
            }
        }
        let chain = self.chain_mut()?;
        let index = chain.withdrawals;
        chain.withdrawals = index.checked_add(1).ok_or(Error::Overflow)?;
        self.record(Withdrawal { version: 0, index, amount, recipient })?;
        Ok(Event::Withdrawn { index })
    }
}
