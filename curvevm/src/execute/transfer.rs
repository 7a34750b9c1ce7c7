//! `TRANSFER`: quote or launched tokens to another account, which is opened when there is none.

use super::{Fault, Machine, State};
use crate::{error::Error, program::Amount, receipt::Event, types::Address};

impl<S: State> Machine<'_, S> {
    pub(super) fn transfer(&mut self, to: &Address, amount: Amount) -> Result<Event, Fault> {
        if *to == self.signer {
            return Err(Error::SelfTransfer.into());
        }
        if amount.is_zero() {
            return Err(Error::ZeroAmount.into());
        }
        match amount {
            Amount::Quote(asset, quote) => {
                self.debit(&asset, quote)?;
                self.open_account(to)?;
                self.credit(to, asset, quote)?;
            }
            Amount::Base(curve, base) => {
                self.take_base(&curve, base)?;
                self.give_base(to, &curve, base)?;
                // They can sell only from an account; it may be the first that they hear of this chain.
                self.open_account(to)?;
            }
        }
        Ok(Event::Transferred { to: *to, amount })
    }
}
