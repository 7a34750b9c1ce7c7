//! Whether a state of `curvevm` is the state of the model.

use std::{collections::BTreeMap, sync::Arc};

use curvevm::{
    cell::{self, Cell, Rules, Stake},
    error::Error,
    nonce::{AHEAD_MAX, NonceWindow},
    program::Amount,
    tree::Tree,
    types::{Address, Base, CurveId, Hash, Key, Quote, Shares},
};

use super::{Account, Accrued, Asset, Curve, Model, Money, Pool, Session, Withdrawal, units};

impl Model {
    /// Compares every cell of the tree with the model.
    ///
    /// # Errors
    ///
    /// The first cell that is different, in words.
    pub fn compare(&self, tree: &Tree) -> Result<(), String> {
        let mut cells = BTreeMap::new();
        tree.for_each(|key, cell| {
            cells.insert(*key, cell.clone());
        });
        for (owner, account) in &self.accounts {
            match cells.remove(&cell::Account::key(owner)) {
                Some(Cell::Account(found)) => account.compare(&found)?,
                found => return Err(format!("account {owner}: {found:?}")),
            }
        }
        for (key, wanted) in self.expected().map_err(|error| format!("model: {error}"))? {
            let found = cells.remove(&key);
            if found.as_ref() != Some(&wanted) && !(found.is_none() && is_empty(&wanted)) {
                return Err(format!("cell {key}:\n  curvevm {found:?}\nreference {wanted:?}"));
            }
        }
        match cells.remove(&cell::Chain::key()) {
            Some(Cell::Chain(chain)) if chain.withdrawals == self.withdrawals.len() as u64 => {}
            found => {
                return Err(format!("chain: {found:?}, withdrawals {}", self.withdrawals.len()));
            }
        }
        match cells.into_iter().find(|(_, cell)| !is_empty(cell)) {
            None => Ok(()),
            Some((key, cell)) => Err(format!("cell {key} is not in the reference: {cell:?}")),
        }
    }

    /// All cells but accounts and the chain's counters.
    fn expected(&self) -> Result<Vec<(Key, Cell)>, Error> {
        let mut cells = vec![(
            Rules::key(),
            Cell::Rules(Rules {
                version: 0,
                treasury: self.treasury,
                quote_assets: self.quote_assets.clone(),
            }),
        )];
        for ((curve, owner), amount) in &self.holdings {
            let amount = Base::new(units(amount)?);
            let holding = cell::Holding { version: 0, amount };
            cells.push((cell::Holding::key(curve, owner), Cell::Holding(holding)));
        }
        for ((curve, owner), shares) in &self.stakes {
            let shares = Shares::new(units(shares)?);
            cells.push((Stake::key(curve, owner), Cell::Stake(Stake { version: 0, shares })));
        }
        for (id, curve) in &self.curves {
            cells.push((cell::Curve::key(id), Cell::Curve(curve_cell(curve)?)));
        }
        for (id, pool) in &self.pools {
            cells.push((cell::Pool::key(id), Cell::Pool(pool_cell(pool)?)));
        }
        for (hash, module) in &self.modules {
            let module = Cell::Module(Arc::new(module.clone()));
            cells.push((module_key(hash), module));
        }
        for ((owner, key), session) in &self.sessions {
            let key = cell::Session::key(owner, key);
            cells.push((key, Cell::Session(session_cell(session)?)));
        }
        for (index, withdrawal) in (0u64..).zip(&self.withdrawals) {
            let cell = withdrawal_cell(index, withdrawal)?;
            cells.push((cell::Withdrawal::key(index), Cell::Withdrawal(cell)));
        }
        Ok(cells)
    }

    /// The cell of a curve, for whoever wants to ask `curvevm` for a quote on it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCurve`]; [`Error::Overflow`] when an amount does not fit.
    pub fn curve_cell(&self, id: &CurveId) -> Result<cell::Curve, Error> {
        curve_cell(self.curves.get(id).ok_or(Error::UnknownCurve)?)
    }

    /// The cell of a pool, for whoever wants to ask `curvevm` for a quote on it.
    ///
    /// # Errors
    ///
    /// [`Error::NotMigrated`]; [`Error::Overflow`] when an amount does not fit.
    pub fn pool_cell(&self, id: &CurveId) -> Result<cell::Pool, Error> {
        pool_cell(self.pools.get(id).ok_or(Error::NotMigrated)?)
    }

    /// What an owner holds of a curve's tokens.
    pub fn held(&self, id: &CurveId, owner: &Address) -> u64 {
        let held = self.holdings.get(&(*id, *owner));
        held.and_then(|held| units(held).ok()).unwrap_or(0)
    }
}

impl Account {
    fn compare(&self, found: &cell::Account) -> Result<(), String> {
        let wanted: Vec<_> =
            self.balances.iter().map(|(asset, amount)| (*asset, amount.clone())).collect();
        let balances: Vec<_> =
            found.balances.iter().map(|(asset, amount)| (*asset, amount.get().into())).collect();
        if wanted != balances {
            return Err(format!("balances:\n  curvevm {balances:?}\nreference {wanted:?}"));
        }
        self.compare_nonces(&found.nonces)
    }

    fn compare_nonces(&self, found: &NonceWindow) -> Result<(), String> {
        if found.base() != self.base {
            return Err(format!("nonce base {} is not {}", found.base(), self.base));
        }
        for nonce in self.base..=self.base.saturating_add(AHEAD_MAX + 1) {
            let (found, wanted) = (found.check(nonce), self.check(nonce));
            if found != wanted {
                return Err(format!("nonce {nonce}: curvevm {found:?}, reference {wanted:?}"));
            }
        }
        Ok(())
    }
}

/// Cells that may as well be absent.
fn is_empty(cell: &Cell) -> bool {
    match cell {
        Cell::Holding(holding) => holding.amount.is_zero(),
        Cell::Stake(stake) => stake.shares.is_zero(),
        Cell::Chain(_)
        | Cell::Account(_)
        | Cell::Curve(_)
        | Cell::Module(_)
        | Cell::Withdrawal(_)
        | Cell::Rules(_)
        | Cell::Pool(_)
        | Cell::Session(_) => false,
    }
}

fn module_key(hash: &Hash) -> Key {
    curvevm::module::Module::key(hash)
}

fn curve_cell(curve: &Curve) -> Result<cell::Curve, Error> {
    let marks = curve.place.marks.iter().map(|mark| units(mark).map(Base::new));
    Ok(cell::Curve {
        version: 0,
        module: curve.module,
        quote_asset: curve.quote_asset,
        creator: curve.creator,
        name: curve.name.clone(),
        symbol: curve.symbol.clone(),
        launched_ms: curve.launched_ms,
        sold: Base::new(units(&curve.place.sold)?),
        reserve: Quote::new(units(&curve.place.reserve)?),
        sqrt_price: crate::number::to_u128(&curve.place.sqrt).ok_or(Error::Overflow)?,
        marks: marks.collect::<Result<_, _>>()?,
        fees: accrued(&curve.fees)?,
        phase: curve.phase,
    })
}

fn pool_cell(pool: &Pool) -> Result<cell::Pool, Error> {
    Ok(cell::Pool {
        version: 0,
        quote: Quote::new(units(&pool.quote)?),
        base: Base::new(units(&pool.base)?),
        shares: Shares::new(units(&pool.shares)?),
        term_locked: Shares::new(units(&pool.term_locked)?),
        migrated_ms: pool.migrated_ms,
        burnt: Base::new(units(&pool.burnt)?),
        vested: Base::new(units(&pool.vested)?),
        fees: accrued(&pool.fees)?,
    })
}

fn accrued(fees: &Accrued) -> Result<cell::Accrued, Error> {
    Ok(cell::Accrued {
        protocol: money(&fees.protocol)?,
        creator: money(&fees.creator)?,
        partner: money(&fees.partner)?,
    })
}

fn money(money: &Money) -> Result<cell::Money, Error> {
    Ok(cell::Money {
        quote: Quote::new(units(&money.quote)?),
        base: Base::new(units(&money.base)?),
    })
}

fn session_cell(session: &Session) -> Result<cell::Session, Error> {
    Ok(cell::Session {
        version: 0,
        expires_ms: session.expires_ms,
        asset: session.asset,
        limit: Quote::new(units(&session.limit)?),
        spent: Quote::new(units(&session.spent)?),
    })
}

fn withdrawal_cell(index: u64, withdrawal: &Withdrawal) -> Result<cell::Withdrawal, Error> {
    let units = units(&withdrawal.amount)?;
    let amount = match withdrawal.asset {
        Asset::Quote(asset) => Amount::Quote(asset, Quote::new(units)),
        Asset::Base(curve) => Amount::Base(curve, Base::new(units)),
    };
    Ok(cell::Withdrawal { version: 0, index, amount, recipient: withdrawal.recipient })
}
