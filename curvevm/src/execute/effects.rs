//! What each opcode does.

use alloc::{sync::Arc, vec::Vec};

use super::{Fault, State, journal::Journal};
use crate::{
    cell::{ASSETS_MAX, Account, Accrued, Cell, Chain, Curve, Holding, Phase, Withdrawal},
    curve::{self, Fill, Terms},
    error::{Error, StateError},
    module::Module,
    program::{Amount, Instruction, Launch, NAME_BYTES_MAX, SYMBOL_BYTES_MAX},
    receipt::{Event, Side, Trade, Venue},
    types::{Address, AssetId, Base, CurveId, Hash, Quote},
};

/// Executes one instruction of `signer`.
pub(super) fn execute<S: State>(
    signer: &Address,
    instruction: &Instruction,
    journal: &mut Journal<'_, S>,
) -> Result<Event, Fault> {
    match instruction {
        Instruction::Buy { curve, order, .. } => {
            trade(signer, curve, journal, Side::Buy, |module, cell| {
                curve::buy(module, cell, order, &Terms { time_ms: 0, referred: false })
            })
        }
        Instruction::Sell { curve, order, .. } => {
            trade(signer, curve, journal, Side::Sell, |module, cell| {
                curve::sell(module, cell, order, &Terms { time_ms: 0, referred: false })
            })
        }
        Instruction::Launch(launch) => self::launch(signer, launch, journal),
        Instruction::Transfer { to, amount } => transfer(signer, to, *amount, journal),
        Instruction::Withdraw { asset, amount, recipient } => {
            withdraw(signer, *asset, *amount, *recipient, journal)
        }
        Instruction::PublishModule(module) => publish(module, journal),
        Instruction::AddLiquidity { .. }
        | Instruction::MigrateToAmm { .. }
        | Instruction::RemoveLiquidity { .. }
        | Instruction::Claim { .. }
        | Instruction::Authorize { .. }
        | Instruction::Revoke { .. } => Err(Error::OpcodeInactive.into()),
    }
}

fn trade<S: State>(
    signer: &Address,
    id: &CurveId,
    journal: &mut Journal<'_, S>,
    side: Side,
    fill: impl FnOnce(&Module, &Curve) -> Result<Fill, Error>,
) -> Result<Event, Fault> {
    let mut curve = read_curve(journal, id)?;
    let module = read_module(journal, &curve.module)?;
    let fill = fill(&module, &curve)?;
    let mut account = read_account(journal, signer)?;
    let mut holding = read_holding(journal, id, signer)?;
    match side {
        Side::Buy => {
            debit(&mut account, &curve.quote_asset, fill.trader_quote)?;
            holding.amount = holding.amount.checked_add(fill.base).ok_or(Error::Overflow)?;
        }
        Side::Sell => {
            holding.amount =
                holding.amount.checked_sub(fill.base).ok_or(Error::InsufficientBalance)?;
            credit(&mut account, curve.quote_asset, fill.trader_quote)?;
        }
    }
    let trade = Trade {
        curve: *id,
        side,
        base: fill.base,
        quote: fill.quote,
        fees: fill.fees,
        trader_quote: fill.trader_quote,
        trader_base: fill.trader_base,
        partial: fill.partial,
        venue: Venue::Curve,
        base_after: fill.sold_after,
        reserve_after: fill.reserve_after,
    };
    fill.settle(&module, &mut curve)?;
    journal.put(Account::key(signer), Cell::Account(account));
    journal.put(Holding::key(id, signer), Cell::Holding(holding));
    journal.put(Curve::key(id), Cell::Curve(curve));
    Ok(Event::Traded(trade))
}

fn launch<S: State>(
    signer: &Address,
    launch: &Launch,
    journal: &mut Journal<'_, S>,
) -> Result<Event, Fault> {
    check_text(&launch.name, NAME_BYTES_MAX)?;
    check_text(&launch.symbol, SYMBOL_BYTES_MAX)?;
    check_asset(&launch.quote_asset)?;
    read_module(journal, &launch.module)?;
    let id = CurveId::derive(signer, launch.salt);
    if journal.get(&Curve::key(&id))?.is_some() {
        return Err(Error::CurveExists.into());
    }
    let curve = Curve {
        version: 0,
        module: launch.module,
        quote_asset: launch.quote_asset,
        creator: *signer,
        name: launch.name.clone(),
        symbol: launch.symbol.clone(),
        launched_ms: 0,
        sold: Base::ZERO,
        reserve: Quote::ZERO,
        sqrt_price: 0,
        marks: Vec::new(),
        fees: Accrued::default(),
        phase: Phase::Trading,
    };
    journal.put(Curve::key(&id), Cell::Curve(curve));
    Ok(Event::Launched { curve: id, module: launch.module, first_buy: None })
}

fn transfer<S: State>(
    signer: &Address,
    to: &Address,
    amount: Amount,
    journal: &mut Journal<'_, S>,
) -> Result<Event, Fault> {
    if signer == to {
        return Err(Error::SelfTransfer.into());
    }
    match amount {
        Amount::Quote(asset, quote) => transfer_quote(signer, to, asset, quote, journal)?,
        Amount::Base(curve, base) => transfer_base(signer, to, &curve, base, journal)?,
    }
    Ok(Event::Transferred { to: *to, amount })
}

fn transfer_quote<S: State>(
    signer: &Address,
    to: &Address,
    asset: AssetId,
    quote: Quote,
    journal: &mut Journal<'_, S>,
) -> Result<(), Fault> {
    if quote.is_zero() {
        return Err(Error::ZeroAmount.into());
    }
    let mut from = read_account(journal, signer)?;
    debit(&mut from, &asset, quote)?;
    let mut account = find_account(journal, to)?.unwrap_or_default();
    credit(&mut account, asset, quote)?;
    journal.put(Account::key(signer), Cell::Account(from));
    journal.put(Account::key(to), Cell::Account(account));
    Ok(())
}

fn transfer_base<S: State>(
    signer: &Address,
    to: &Address,
    curve: &CurveId,
    base: Base,
    journal: &mut Journal<'_, S>,
) -> Result<(), Fault> {
    if base.is_zero() {
        return Err(Error::ZeroAmount.into());
    }
    let mut from = read_holding(journal, curve, signer)?;
    from.amount = from.amount.checked_sub(base).ok_or(Error::InsufficientBalance)?;
    let mut holding = read_holding(journal, curve, to)?;
    holding.amount = holding.amount.checked_add(base).ok_or(Error::Overflow)?;
    // The recipient can sell only from an account; it may be the first that they hear of this chain.
    if find_account(journal, to)?.is_none() {
        journal.put(Account::key(to), Cell::Account(Account::default()));
    }
    journal.put(Holding::key(curve, signer), Cell::Holding(from));
    journal.put(Holding::key(curve, to), Cell::Holding(holding));
    Ok(())
}

fn withdraw<S: State>(
    signer: &Address,
    asset: AssetId,
    amount: Quote,
    recipient: Address,
    journal: &mut Journal<'_, S>,
) -> Result<Event, Fault> {
    if amount.is_zero() {
        return Err(Error::ZeroAmount.into());
    }
    let mut account = read_account(journal, signer)?;
    debit(&mut account, &asset, amount)?;
    let mut chain = read_chain(journal)?;
    let index = chain.withdrawals;
    chain.withdrawals = index.checked_add(1).ok_or(Error::Overflow)?;
    if journal.get(&Withdrawal::key(index))?.is_some() {
        return Err(StateError::Corrupt.into());
    }
    let withdrawal = Withdrawal { version: 0, index, asset, amount, recipient };
    journal.put(Account::key(signer), Cell::Account(account));
    journal.put(Chain::key(), Cell::Chain(chain));
    journal.put(Withdrawal::key(index), Cell::Withdrawal(withdrawal));
    Ok(Event::Withdrawn { index })
}

fn publish<S: State>(module: &Module, journal: &mut Journal<'_, S>) -> Result<Event, Fault> {
    curve::verify::verify(module).map_err(|_| Error::InvalidModule)?;
    let hash = module.hash();
    let key = Module::key(&hash);
    if journal.get(&key)?.is_some() {
        return Err(Error::ModuleExists.into());
    }
    journal.put(key, Cell::Module(Arc::new(module.clone())));
    Ok(Event::Published { module: hash })
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

fn debit(account: &mut Account, asset: &AssetId, amount: Quote) -> Result<(), Error> {
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

fn check_text(text: &str, bytes_max: usize) -> Result<(), Error> {
    let printable = text.chars().all(|char| !char.is_control());
    if text.trim().is_empty() || text.len() > bytes_max || !printable {
        return Err(Error::InvalidMetadata);
    }
    Ok(())
}

/// This version of the chain prices curves in SOL only.
fn check_asset(asset: &AssetId) -> Result<(), Error> {
    if *asset == AssetId::SOL { Ok(()) } else { Err(Error::UnknownAsset) }
}

fn find_account<S: State>(
    journal: &Journal<'_, S>,
    owner: &Address,
) -> Result<Option<Account>, StateError> {
    match journal.get(&Account::key(owner))? {
        Some(Cell::Account(account)) => Ok(Some(account.clone())),
        Some(_) => Err(StateError::Corrupt),
        None => Ok(None),
    }
}

fn read_account<S: State>(journal: &Journal<'_, S>, owner: &Address) -> Result<Account, Fault> {
    find_account(journal, owner)?.ok_or(Fault::Failed(Error::InsufficientBalance))
}

fn read_holding<S: State>(
    journal: &Journal<'_, S>,
    curve: &CurveId,
    owner: &Address,
) -> Result<Holding, StateError> {
    match journal.get(&Holding::key(curve, owner))? {
        Some(Cell::Holding(holding)) => Ok(holding.clone()),
        Some(_) => Err(StateError::Corrupt),
        None => Ok(Holding::default()),
    }
}

fn read_curve<S: State>(journal: &Journal<'_, S>, id: &CurveId) -> Result<Curve, Fault> {
    match journal.get(&Curve::key(id))? {
        Some(Cell::Curve(curve)) => Ok(curve.clone()),
        Some(_) => Err(StateError::Corrupt.into()),
        None => Err(Error::UnknownCurve.into()),
    }
}

fn read_module<S: State>(journal: &Journal<'_, S>, hash: &Hash) -> Result<Arc<Module>, Fault> {
    match journal.get(&Module::key(hash))? {
        Some(Cell::Module(module)) => Ok(module.clone()),
        Some(_) => Err(StateError::Corrupt.into()),
        None => Err(Error::UnknownModule.into()),
    }
}

fn read_chain<S: State>(journal: &Journal<'_, S>) -> Result<Chain, StateError> {
    match journal.get(&Chain::key())? {
        Some(Cell::Chain(chain)) => Ok(chain.clone()),
        Some(_) | None => Err(StateError::Corrupt),
    }
}
