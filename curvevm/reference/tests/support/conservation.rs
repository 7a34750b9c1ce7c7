//! Whether all quote and all tokens are somewhere, once.

use std::collections::BTreeMap;

use curvevm::{
    cell::{Accrued, Cell, Curve, Holding, Phase, Pool, Withdrawal},
    module::Module,
    program::Amount,
    tree::Tree,
    types::{Address, AssetId, CurveId},
};

/// What came in.
#[derive(Clone)]
pub(crate) struct Books {
    /// Of each quote asset.
    pub(crate) deposited: BTreeMap<AssetId, u128>,
    /// Of each curve's tokens, which had left before.
    pub(crate) returned: BTreeMap<CurveId, u64>,
}

/// Compares what is in the cells of a state with what was deposited and supplied.
///
/// `curves` and `owners` are all there are: cells do not say whose they are.
pub(crate) fn check(
    tree: &Tree,
    books: &Books,
    (curves, owners): (&[CurveId], &[Address]),
) -> Result<(), String> {
    let mut quote: BTreeMap<AssetId, u128> = BTreeMap::new();
    let mut add =
        |asset: AssetId, amount: u64| *quote.entry(asset).or_default() += u128::from(amount);
    tree.for_each(|_, cell| match cell {
        Cell::Account(account) => {
            account.balances.iter().for_each(|(asset, amount)| add(*asset, amount.get()));
        }
        Cell::Withdrawal(withdrawal) => match withdrawal.amount {
            Amount::Quote(asset, amount) => add(asset, amount.get()),
            // Counted with the tokens of its curve.
            Amount::Base(..) => {}
        },
        Cell::Curve(curve) => {
            add(curve.quote_asset, curve.reserve.get());
            fees(&curve.fees).for_each(|money| add(curve.quote_asset, money.0));
        }
        Cell::Chain(_)
        | Cell::Holding(_)
        | Cell::Module(_)
        | Cell::Rules(_)
        | Cell::Pool(_)
        | Cell::Stake(_)
        | Cell::Session(_) => {}
    });
    for id in curves {
        let curve = curve(tree, id)?;
        let pool = pool(tree, id);
        if let Some(pool) = &pool {
            add(curve.quote_asset, pool.quote.get());
            fees(&pool.fees).for_each(|money| add(curve.quote_asset, money.0));
        }
        let back = books.returned.get(id).copied().unwrap_or(0);
        let outside =
            withdrawn(tree, id).checked_sub(back.into()).ok_or("more came back than left")?;
        tokens(tree, (id, &curve, pool.as_ref()), owners, outside)?;
    }
    let deposited = books.deposited.iter().filter(|(_, amount)| **amount > 0);
    let deposited: BTreeMap<AssetId, u128> =
        deposited.map(|(asset, amount)| (*asset, *amount)).collect();
    if quote == deposited { Ok(()) } else { Err(format!("{quote:?} is not {deposited:?}")) }
}

/// Before migration, those that were sold are held, are on Solana or wait as fees; after it, all of the supply is held, is on Solana,
/// waits as fees, is in the pool, is burnt, or is yet to be vested and claimed.
fn tokens(
    tree: &Tree,
    (id, curve, pool): (&CurveId, &Curve, Option<&Pool>),
    owners: &[Address],
    outside: u128,
) -> Result<(), String> {
    let held = |owner: &Address| match tree.get(&Holding::key(id, owner)) {
        Ok(Some(Cell::Holding(holding))) => u128::from(holding.amount.get()),
        Ok(_) | Err(_) => 0,
    };
    let mut found: u128 = owners.iter().map(held).sum();
    found += outside;
    found += fees(&curve.fees).map(|money| u128::from(money.1)).sum::<u128>();
    let Some(Cell::Module(module)) = tree.get(&Module::key(&curve.module)).ok().flatten() else {
        return Err("no module".to_owned());
    };
    let wanted = match pool {
        None => u128::from(curve.sold.get()),
        Some(pool) => {
            found += fees(&pool.fees).map(|money| u128::from(money.1)).sum::<u128>();
            found += u128::from(pool.base.get()) + u128::from(pool.burnt.get());
            found += u128::from(module.allotted().get() - pool.vested.get());
            u128::from(module.supply.get())
        }
    };
    let migrated = curve.phase == Phase::Migrated;
    if found == wanted && migrated == pool.is_some() {
        Ok(())
    } else {
        Err(format!("curve {id}: {found} tokens of {wanted}, {:?}", curve.phase))
    }
}

/// Tokens that have left for Solana.
pub(crate) fn withdrawn(tree: &Tree, id: &CurveId) -> u128 {
    let mut sum = 0;
    tree.for_each(|_, cell| {
        if let Cell::Withdrawal(Withdrawal { amount: Amount::Base(of, amount), .. }) = cell {
            sum += if of == id { u128::from(amount.get()) } else { 0 };
        }
    });
    sum
}

fn curve(tree: &Tree, id: &CurveId) -> Result<Curve, String> {
    match tree.get(&Curve::key(id)) {
        Ok(Some(Cell::Curve(curve))) => Ok(curve.clone()),
        other => Err(format!("{other:?}")),
    }
}

fn pool(tree: &Tree, id: &CurveId) -> Option<Pool> {
    match tree.get(&Pool::key(id)) {
        Ok(Some(Cell::Pool(pool))) => Some(pool.clone()),
        Ok(_) | Err(_) => None,
    }
}

/// Quote and tokens of each recipient.
fn fees(fees: &Accrued) -> impl Iterator<Item = (u64, u64)> + use<> {
    [fees.protocol, fees.creator, fees.partner]
        .map(|money| (money.quote.get(), money.base.get()))
        .into_iter()
}
