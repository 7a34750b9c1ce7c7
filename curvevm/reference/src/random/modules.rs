//! Random modules: pieces of every kind, joined without a fall of the price, near what the verifier accepts.

use curvevm::{
    curve::liquidity_base,
    module::{
        Allotment, Fees, Graduation, LiquidityLock, MODULE_VERSION, Migration, Module, Piece,
        PieceKind, PoolTier, Rounding, Vault,
    },
    types::{Address, Base, Quote},
};
use num_traits::{ToPrimitive, Zero};

use super::{Choices, curve_fees, pick, pool_fees};
use crate::{
    curve::Place,
    number::{Int, Rat, ceil, floor, int, ratio, two_to, whole},
};

/// A module of 1 to a few pieces with random fees, graduation, vault, allotment and migration. Most are accepted.
pub fn module(choices: &mut dyn Choices, partner: Option<Address>) -> Module {
    let pieces = if choices.once_in(2) { 1 } else { choices.between(2, 6) };
    let extreme = choices.once_in(4);
    let length = choices.magnitude(if extreme { 1 << 62 } else { 1 << 48 });
    let length = length.max(1 << choices.below(12));
    let mut module = empty(partner);
    // Between 2^-40 and 2^22 quote for a token, or between 2^-62 and 2^44.
    let (scale, shift) =
        if extreme { (1 << 54, choices.below(84)) } else { (1 << 32, 10 + choices.below(50)) };
    let mut price = ratio(choices.between(scale >> 12, scale), int(1) << shift);
    let mut liquidity = Liquidity::Before;
    for _ in 0..pieces {
        let length = choices.between(length / 2 + 1, length.saturating_mul(2));
        match self::piece(choices, &mut module, &mut liquidity, &price, length) {
            Some(end) => price = end,
            None => break,
        }
    }
    if module.pieces.is_empty() {
        // The first kind did not fit the numbers that were chosen.
        let kind = PieceKind::FixedPrice { quote: Quote::new(1), base: Base::new(3) };
        module.pieces.push(Piece { end: Base::new(length), kind });
    }
    if let [piece] = module.pieces.as_mut_slice() {
        alone(choices, piece);
    }
    if !choices.once_in(5) {
        module.fees = curve_fees(choices, partner.is_some());
    }
    finish(choices, &mut module);
    module
}

/// The same module without any fee, on the curve and on the pool.
pub fn without_fees(module: &Module) -> Module {
    let mut module = with_fees(module, Fees::none());
    let tiers = vec![PoolTier { from: Quote::ZERO, fees: Fees::none() }];
    module.migration.tiers = tiers;
    module
}

/// The same module with other fees on the curve.
pub fn with_fees(module: &Module, fees: Fees) -> Module {
    Module { fees, ..module.clone() }
}

/// The module with one thing changed, so that it may or may not be valid.
pub fn broken(choices: &mut dyn Choices, module: &Module) -> Module {
    let mut module = module.clone();
    let at = usize::try_from(choices.below(module.pieces.len() as u64)).unwrap_or(0);
    match choices.below(8) {
        0 => module.supply = Base::new(choices.magnitude(u64::MAX)),
        1 => module.sqrt_start ^= 1 << choices.below(128),
        2 => module.pieces[at].end = Base::new(choices.magnitude(u64::MAX)),
        3 => module.graduation = Graduation::Raised(Quote::new(choices.magnitude(u64::MAX))),
        4 => module.allotment = Some(allotment(choices, u64::MAX)),
        5 => {
            let reserve_bps = u16::try_from(choices.below(12_000)).unwrap_or(0);
            module.vault = Some(Vault { reserve_bps });
        }
        6 if module.pieces.len() > 1 => {
            module.pieces.remove(at);
        }
        _ => module.pieces[at].kind = broken_kind(choices, &module.pieces[at].kind),
    }
    module
}

fn broken_kind(choices: &mut dyn Choices, kind: &PieceKind) -> PieceKind {
    let amount = choices.magnitude(u64::MAX);
    let wide = u128::from(amount) << choices.below(65);
    let first = choices.once_in(2);
    let mut kind = kind.clone();
    match &mut kind {
        PieceKind::ConstantProduct { virtual_quote, .. } if first => {
            *virtual_quote = Quote::new(amount)
        }
        PieceKind::ConstantProduct { virtual_base, .. } => *virtual_base = Base::new(amount),
        PieceKind::Linear { start, .. } if first => *start = wide,
        PieceKind::Linear { slope, .. } => *slope = wide,
        PieceKind::FixedPrice { quote, .. } if first => *quote = Quote::new(amount),
        PieceKind::FixedPrice { base, .. } => *base = Base::new(amount),
        PieceKind::ConstantLiquidity { liquidity, .. } if first => *liquidity = wide,
        PieceKind::ConstantLiquidity { sqrt_end, .. } => *sqrt_end = wide,
    }
    kind
}

fn empty(partner: Option<Address>) -> Module {
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::ZERO,
        sqrt_start: 0,
        pieces: Vec::new(),
        fees: Fees::none(),
        partner,
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: Migration { lock: LiquidityLock::Forever, tiers: Vec::new() },
    }
}

/// Where the pieces of constant liquidity are, which stand next to one another.
enum Liquidity {
    Before,
    Now(Int),
    After,
}

/// Adds a piece from `price` on; gives the price at its end.
fn piece(
    choices: &mut dyn Choices,
    module: &mut Module,
    liquidity: &mut Liquidity,
    price: &Rat,
    length: u64,
) -> Option<Rat> {
    // Often the next piece goes on at the same price, sometimes at a higher one.
    let price = if choices.once_in(3) {
        price * ratio(choices.between(100, 150), 100)
    } else {
        price.clone()
    };
    let start = module.sale_end().get();
    let kind = choices.below(4);
    if matches!(liquidity, Liquidity::Now(_)) && kind != 3 {
        *liquidity = Liquidity::After;
    }
    let (kind, length, end) = match kind {
        0 => product(choices, &price, length)?,
        1 => linear(choices, &price, length)?,
        2 => fixed(choices, &price, length)?,
        _ => match liquidity {
            Liquidity::After => linear(choices, &price, length)?,
            Liquidity::Before => {
                let sqrt: Int = ceil(&(price * whole(two_to(128)))).sqrt() + 1;
                module.sqrt_start = sqrt.to_u128()?;
                constant_liquidity(choices, liquidity, &sqrt, length)?
            }
            Liquidity::Now(sqrt) => {
                let sqrt = sqrt.clone();
                constant_liquidity(choices, liquidity, &sqrt, length)?
            }
        },
    };
    let end_base = start.checked_add(length)?;
    module.pieces.push(Piece { end: Base::new(end_base), kind });
    Some(end)
}

fn product(choices: &mut dyn Choices, price: &Rat, length: u64) -> Option<(PieceKind, u64, Rat)> {
    let base = length.checked_add(length / choices.between(1, 20) + 1)?;
    let quote = ceil(&(price * whole(base))).to_u64()?.max(1);
    let kind = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(quote),
        virtual_base: Base::new(base),
        rounding: *pick(choices, &[Rounding::Ceiling, Rounding::FloorPlusOne]),
    };
    let rest = int(base - length);
    Some((kind, length, ratio(int(quote) * int(base), &rest * &rest)))
}

fn linear(choices: &mut dyn Choices, price: &Rat, length: u64) -> Option<(PieceKind, u64, Rat)> {
    let start = ceil(&(price * whole(two_to(64)))).to_u128()?;
    let growth = ratio(choices.between(0, 300), 100);
    let slope = floor(&(ratio(start, 1) * growth * whole(two_to(64)) / whole(length))).to_u128()?;
    let end = ratio(start, two_to(64)) + ratio(int(slope) * int(length), two_to(128));
    Some((PieceKind::Linear { start, slope, rounding: Rounding::Ceiling }, length, end))
}

fn fixed(choices: &mut dyn Choices, price: &Rat, length: u64) -> Option<(PieceKind, u64, Rat)> {
    let base = choices.magnitude(1 << 40).max(1);
    let quote = ceil(&(price * whole(base))).to_u64()?.max(1);
    let kind = PieceKind::FixedPrice { quote: Quote::new(quote), base: Base::new(base) };
    Some((kind, length, ratio(quote, base)))
}

fn constant_liquidity(
    choices: &mut dyn Choices,
    place: &mut Liquidity,
    low: &Int,
    length: u64,
) -> Option<(PieceKind, u64, Rat)> {
    let high: Int = low * int(choices.between(101, 200)) / 100 + 1;
    let liquidity = floor(&ratio(int(length) * low * &high, &high - low));
    let (low, end, liquidity) = (low.to_u128()?, high.to_u128()?, liquidity.to_u128()?);
    let length = liquidity_base(low, end, liquidity).ok()?.get();
    *place = Liquidity::Now(high.clone());
    let kind = PieceKind::ConstantLiquidity { liquidity, sqrt_end: end };
    Some((kind, length, ratio(&high * &high, two_to(128))))
}

/// A linear piece that is the only one may be cumulative, and start at nothing as Raydium LaunchLab's does.
fn alone(choices: &mut dyn Choices, piece: &mut Piece) {
    let PieceKind::Linear { start, slope, rounding } = &mut piece.kind else { return };
    if choices.once_in(2) {
        *rounding = Rounding::Cumulative;
        if choices.once_in(2) && *slope > 0 {
            *start = 0;
        }
    }
}

/// Graduation, vault, allotment, migration, and a supply that suffices.
fn finish(choices: &mut dyn Choices, module: &mut Module) {
    let all = sold_out(module);
    if choices.once_in(3) {
        let raised = all.reserve.to_u64().unwrap_or(1).max(1);
        let part = choices.between(1, 1_000);
        let target = (u128::from(raised) * u128::from(part) / 1_000).to_u64().unwrap_or(1);
        module.graduation = Graduation::Raised(Quote::new(target.max(1)));
    }
    let end = sold_out(module);
    let price = end.price(module);
    let wanted =
        if price.is_zero() { int(1) } else { floor(&(whole(end.reserve.clone()) / &price)) + 1 };
    let mut spare = wanted.to_u64().unwrap_or(u64::MAX / 4);
    if choices.once_in(4) {
        // Less than needed, so that the reserve is more than the tokens are worth.
        spare = spare / 100 * choices.between(90, 100);
    } else {
        spare = spare.saturating_add(choices.magnitude(spare));
    }
    if choices.once_in(3) {
        module.allotment = Some(allotment(choices, spare.max(1)));
    }
    let supply = module.sale_end().get().saturating_add(spare);
    module.supply = Base::new(supply.saturating_add(module.allotted().get()));
    if choices.once_in(4) {
        module.vault = Some(vault(choices, &end, &price));
    }
    module.migration = migration(choices, module.partner.is_some());
}

fn sold_out(module: &Module) -> Place {
    let mut place = Place::start(module);
    place.take(module, &int(u64::MAX));
    place
}

/// At most what the end state keeps.
fn vault(choices: &mut dyn Choices, end: &Place, price: &Rat) -> Vault {
    let cap = price * whole(end.sold.clone());
    let most =
        if cap.is_zero() { int(1) } else { floor(&(whole(&end.reserve * int(10_000)) / cap)) };
    let most = most.to_u64().unwrap_or(1).clamp(1, 10_000);
    let low = if choices.once_in(2) { 1 } else { most / 10 * 9 + 1 };
    Vault { reserve_bps: u16::try_from(choices.between(low.min(most), most)).unwrap_or(1) }
}

fn allotment(choices: &mut dyn Choices, most: u64) -> Allotment {
    let secs = |choices: &mut dyn Choices| u32::try_from(choices.magnitude(1 << 22)).unwrap_or(0);
    Allotment {
        amount: Base::new(choices.magnitude(most).max(1)),
        cliff_secs: secs(choices),
        vesting_secs: secs(choices),
    }
}

fn migration(choices: &mut dyn Choices, partner: bool) -> Migration {
    let lock = if choices.once_in(2) {
        LiquidityLock::Forever
    } else {
        LiquidityLock::Term { secs: u32::try_from(choices.magnitude(1 << 20)).unwrap_or(0) }
    };
    let mut from = 0u64;
    let mut tiers = Vec::new();
    for _ in 0..choices.between(1, 4) {
        tiers.push(PoolTier { from: Quote::new(from), fees: pool_fees(choices, partner) });
        from = from.saturating_add(choices.magnitude(1 << 50).max(1));
    }
    Migration { lock, tiers }
}
