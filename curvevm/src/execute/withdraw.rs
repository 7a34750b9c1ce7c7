//! `WITHDRAW`: quote leaves this chain, and a cell proves to the program on Solana who is to be paid.

use super::{Fault, Machine, State};
use crate::{
    cell::Withdrawal,
    error::Error,
    receipt::Event,
    types::{Address, AssetId, Quote},
};

impl<S: State> Machine<'_, S> {
    pub(super) fn withdraw(
        &mut self,
        asset: AssetId,
        amount: Quote,
        recipient: Address,
    ) -> Result<Event, Fault> {
        if amount.is_zero() {
            return Err(Error::ZeroAmount.into());
        }
        self.debit(&asset, amount)?;
        let chain = self.chain_mut()?;
        let index = chain.withdrawals;
        chain.withdrawals = index.checked_add(1).ok_or(Error::Overflow)?;
        self.record(Withdrawal { version: 0, index, asset, amount, recipient })?;
        Ok(Event::Withdrawn { index })
    }
}
