//! Typed access to the cells that instructions work on.

use alloc::sync::Arc;

use super::{Fault, Machine, State, name::Name};
use crate::{
    cell::{
        ASSETS_MAX, Account, Cell, Chain, Curve, Holding, Pool, Rules, Session, Stake, Withdrawal,
    },
    error::{Error, StateError},
    module::Module,
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares},
};

/// A cell of another type than its key says is a fault of the state.
macro_rules! typed {
    ($cell:expr, $kind:ident) => {
        match $cell {
            Some(Cell::$kind(value)) => Ok(Some(value)),
            Some(_) => Err(Fault::State(StateError::Corrupt)),
            None => Ok(None),
        }
    };
}

impl<S: State> Machine<'_, S> {
    /// The account of `owner`, to be changed, if there is one.
    pub(super) fn find_account(&mut self, owner: &Address) -> Result<Option<&mut Account>, Fault> {
        typed!(self.journal.change(Name::Account(*owner), || None)?, Account)
    }

    /// The account of `owner`, opened when there is none.
    pub(super) fn open_account(&mut self, owner: &Address) -> Result<&mut Account, Fault> {
        let open = || Some(Cell::Account(Account::default()));
        typed!(self.journal.change(Name::Account(*owner), open)?, Account)?
            .ok_or(StateError::Corrupt.into())
    }

    /// Whether `owner` has an account.
    pub(super) fn has_account(&mut self, owner: &Address) -> Result<bool, Fault> {
        typed!(self.journal.get(Name::Account(*owner))?, Account).map(|account| account.is_some())
    }

    /// Takes quote from the signer.
    pub(super) fn debit(&mut self, asset: &AssetId, amount: Quote) -> Result<(), Fault> {
        let signer = self.signer;
        let account = self.find_account(&signer)?.ok_or(StateError::Corrupt)?;
        Ok(debit(account, asset, amount)?)
    }

    /// Gives quote to `owner`, who has an account.
    pub(super) fn credit(
        &mut self,
        owner: &Address,
        asset: AssetId,
        amount: Quote,
    ) -> Result<(), Fault> {
        if amount.is_zero() {
            return Ok(());
        }
        let account = self.find_account(owner)?.ok_or(StateError::Corrupt)?;
        Ok(credit(account, asset, amount)?)
    }

    /// Takes tokens from the signer.
    pub(super) fn take_base(&mut self, curve: &CurveId, amount: Base) -> Result<(), Fault> {
        let name = Name::Holding(*curve, self.signer);
        let Some(holding) = typed!(self.journal.change(name, || None)?, Holding)? else {
            return Err(Error::InsufficientBalance.into());
        };
        holding.amount = holding.amount.checked_sub(amount).ok_or(Error::InsufficientBalance)?;
        Ok(())
    }

    /// Gives tokens to `owner`.
    pub(super) fn give_base(
        &mut self,
        owner: &Address,
        curve: &CurveId,
        amount: Base,
    ) -> Result<(), Fault> {
        if amount.is_zero() {
            return Ok(());
        }
        let open = || Some(Cell::Holding(Holding::default()));
        let cell = self.journal.change(Name::Holding(*curve, *owner), open)?;
        let holding = typed!(cell, Holding)?.ok_or(StateError::Corrupt)?;
        holding.amount = holding.amount.checked_add(amount).ok_or(Error::Overflow)?;
        Ok(())
    }

    /// Takes shares from the signer.
    pub(super) fn take_shares(&mut self, curve: &CurveId, amount: Shares) -> Result<(), Fault> {
        let name = Name::Stake(*curve, self.signer);
        let Some(stake) = typed!(self.journal.change(name, || None)?, Stake)? else {
            return Err(Error::InsufficientShares.into());
        };
        stake.shares = stake.shares.checked_sub(amount).ok_or(Error::InsufficientShares)?;
        Ok(())
    }

    /// Gives shares to the signer.
    pub(super) fn give_shares(&mut self, curve: &CurveId, amount: Shares) -> Result<(), Fault> {
        if amount.is_zero() {
            return Ok(());
        }
        let open = || Some(Cell::Stake(Stake::default()));
        let cell = self.journal.change(Name::Stake(*curve, self.signer), open)?;
        let stake = typed!(cell, Stake)?.ok_or(StateError::Corrupt)?;
        stake.shares = stake.shares.checked_add(amount).ok_or(Error::Overflow)?;
        Ok(())
    }

    /// The curve, to be read.
    pub(super) fn curve(&mut self, id: &CurveId) -> Result<&Curve, Fault> {
        typed!(self.journal.get(Name::Curve(*id))?, Curve)?.ok_or(Error::UnknownCurve.into())
    }

    /// The curve, to be changed.
    pub(super) fn curve_mut(&mut self, id: &CurveId) -> Result<&mut Curve, Fault> {
        let cell = self.journal.change(Name::Curve(*id), || None)?;
        typed!(cell, Curve)?.ok_or(Error::UnknownCurve.into())
    }

    /// The pool of a curve, to be changed.
    pub(super) fn pool_mut(&mut self, id: &CurveId) -> Result<&mut Pool, Fault> {
        let cell = self.journal.change(Name::Pool(*id), || None)?;
        typed!(cell, Pool)?.ok_or(Error::NotMigrated.into())
    }

    /// The module of a hash, which is shared with the state.
    pub(super) fn module(&mut self, hash: &Hash) -> Result<Arc<Module>, Fault> {
        let module = typed!(self.journal.get(Name::Module(*hash))?, Module)?;
        module.cloned().ok_or(Error::UnknownModule.into())
    }

    /// What genesis says of money.
    pub(super) fn rules(&mut self) -> Result<&Rules, Fault> {
        typed!(self.journal.get(Name::Rules)?, Rules)?.ok_or(StateError::Corrupt.into())
    }

    /// The counters of the chain, to be changed.
    pub(super) fn chain_mut(&mut self) -> Result<&mut Chain, Fault> {
        typed!(self.journal.change(Name::Chain, || None)?, Chain)?.ok_or(StateError::Corrupt.into())
    }

    /// What the signer says of a key, to be changed.
    pub(super) fn find_session(
        &mut self,
        session: &Address,
    ) -> Result<Option<&mut Session>, Fault> {
        let name = Name::Session(self.signer, *session);
        typed!(self.journal.change(name, || None)?, Session)
    }

    /// Writes a cell that does not exist.
    pub(super) fn create(&mut self, name: Name, cell: Cell) -> Result<(), Fault> {
        if self.journal.get(name)?.is_some() {
            return Err(StateError::Corrupt.into());
        }
        self.journal.put(name, cell)
    }

    /// Writes a withdrawal under the next index.
    pub(super) fn record(&mut self, withdrawal: Withdrawal) -> Result<(), Fault> {
        self.create(Name::Withdrawal(withdrawal.index), Cell::Withdrawal(withdrawal))
    }
}

/// Adds to a balance; adding nothing does not open one.
///
/// # Errors
///
/// [`Error::Overflow`], [`Error::TooManyAssets`]; the account is then unchanged.
pub fn credit(account: &mut Account, asset: AssetId, amount: Quote) -> Result<(), Error> {
    if amount.is_zero() {
        return Ok(());
    }
    match account.balances.binary_search_by(|(held, _)| held.cmp(&asset)) {
        Ok(at) => {
            let (_, balance) = account.balances.get_mut(at).ok_or(Error::Overflow)?;
            *balance = balance.checked_add(amount).ok_or(Error::Overflow)?;
        }
        Err(_) if account.balances.len() >= ASSETS_MAX => return Err(Error::TooManyAssets),
        Err(at) => account.balances.insert(at, (asset, amount)),
    }
    Ok(())
}

/// Takes from a balance; one that is emptied leaves no entry.
fn debit(account: &mut Account, asset: &AssetId, amount: Quote) -> Result<(), Error> {
    if amount.is_zero() {
        return Ok(());
    }
    let at = account
        .balances
        .binary_search_by(|(held, _)| held.cmp(asset))
        .map_err(|_| Error::InsufficientBalance)?;
    let (_, balance) = account.balances.get_mut(at).ok_or(Error::InsufficientBalance)?;
    let left = balance.checked_sub(amount).ok_or(Error::InsufficientBalance)?;
    if left.is_zero() {
        account.balances.remove(at);
    } else {
        *balance = left;
    }
    Ok(())
}
