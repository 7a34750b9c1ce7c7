//! Random orders and programs, in the neighbourhood of what the state has room for.

use curvevm::{
    cell::Phase,
    program::{Amount, BuyOrder, Claim, Instruction, Launch, Program, SellOrder},
    receipt::Side,
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares},
};
use num_traits::ToPrimitive;

use super::{Choices, broken, module, pick};
use crate::{fees::Charge, model::Model, number::Int};

/// Who and what a program may name.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Owners of accounts, and a stranger.
    pub owners: Vec<Address>,
    /// Quote assets, and one that the chain does not take.
    pub assets: Vec<AssetId>,
}

/// A purchase of any size, often one near an edge.
pub fn buy_order(
    choices: &mut dyn Choices,
    model: &Model,
    id: &CurveId,
    signer: &Address,
) -> BuyOrder {
    let curve = model.curves.get(id);
    let balance = curve
        .and_then(|curve| model.accounts.get(signer)?.balances.get(&curve.quote_asset))
        .and_then(Int::to_u64)
        .unwrap_or(0);
    let left = match (curve, model.pools.get(id)) {
        (_, Some(pool)) => small(&pool.base),
        (Some(curve), None) => {
            let module = &model.modules[&curve.module];
            module.sale_end().get().saturating_sub(small(&curve.place.sold))
        }
        (None, None) => 0,
    };
    if choices.once_in(2) {
        let quote = near(choices, balance);
        let base_min = if choices.once_in(4) { near(choices, left) } else { 0 };
        BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::new(base_min) }
    } else {
        let base = near(choices, left);
        let quote_max = if choices.once_in(4) { near(choices, balance) } else { u64::MAX };
        BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::new(quote_max) }
    }
}

/// A sale of any size, often one near an edge.
pub fn sell_order(
    choices: &mut dyn Choices,
    model: &Model,
    id: &CurveId,
    signer: &Address,
) -> SellOrder {
    let held = model.held(id, signer);
    let reserve = match (model.curves.get(id), model.pools.get(id)) {
        (_, Some(pool)) => small(&pool.quote),
        (Some(curve), None) => small(&curve.place.reserve),
        (None, None) => 0,
    };
    if choices.once_in(2) {
        let base = near(choices, held);
        let quote_min = if choices.once_in(4) { near(choices, reserve) } else { 0 };
        SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::new(quote_min) }
    } else {
        let quote =
            if choices.once_in(4) { rest(model, id, reserve) } else { near(choices, reserve) };
        let base_max = if choices.once_in(4) { near(choices, held) } else { u64::MAX };
        SellOrder::ExactOut { quote: Quote::new(quote), base_max: Base::new(base_max) }
    }
}

/// What a sale of the whole reserve leaves after the fee, without regard to a schedule.
fn rest(model: &Model, id: &CurveId, reserve: u64) -> u64 {
    let Some(curve) = model.curves.get(id) else { return reserve };
    let fees = &model.modules[&curve.module].fees;
    let charge = Charge { fees, side: Side::Sell, secs: 0, referred: false };
    charge.out_of(&Int::from(reserve)).map_or(0, |(rest, _)| small(&rest))
}

/// A program of one instruction, sometimes of several.
pub fn program(
    choices: &mut dyn Choices,
    model: &Model,
    cast: &Cast,
    (signer, hashes): (&Address, &[Hash]),
) -> Program {
    let count = if choices.once_in(6) { choices.between(2, 8) } else { 1 };
    (0..count).map(|_| instruction(choices, model, cast, (signer, hashes))).collect()
}

fn instruction(
    choices: &mut dyn Choices,
    model: &Model,
    cast: &Cast,
    (signer, hashes): (&Address, &[Hash]),
) -> Instruction {
    let curve = curve(choices, model, signer);
    let amount = |choices: &mut dyn Choices| Quote::new(choices.magnitude(u64::MAX >> 8));
    match choices.below(100) {
        0..40 => Instruction::Buy {
            order: buy_order(choices, model, &curve, signer),
            referrer: referrer(choices, cast),
            curve,
        },
        40..60 => Instruction::Sell {
            order: sell_order(choices, model, &curve, signer),
            referrer: referrer(choices, cast),
            curve,
        },
        60 => {
            let partner = choices.once_in(2).then(|| *pick(choices, &cast.owners));
            let module = module(choices, partner);
            let change = choices.once_in(3);
            Instruction::PublishModule(if change { broken(choices, &module) } else { module })
        }
        61..65 => Instruction::Launch(Launch {
            module: *pick(choices, hashes),
            quote_asset: *pick(choices, &cast.assets),
            name: (*pick(choices, &["Asset", "Another asset", "", "\u{7}", "ä"])).to_owned(),
            symbol: (*pick(choices, &["A", "ASSET", "TOOLONGSYMBOL", "AB"])).to_owned(),
            salt: choices.below(4),
            first_buy: choices
                .once_in(2)
                .then(|| BuyOrder::ExactIn { quote: amount(choices), base_min: Base::ZERO }),
        }),
        65..70 => transfer(choices, model, cast, (signer, &curve)),
        70..72 => Instruction::Withdraw {
            amount: if choices.once_in(2) {
                Amount::Quote(*pick(choices, &cast.assets), amount(choices))
            } else {
                let held = model.held(&curve, signer);
                Amount::Base(curve, Base::new(near(choices, held)))
            },
            recipient: *pick(choices, &cast.owners),
        },
        72..78 => Instruction::MigrateToAmm { curve },
        78..82 => add_liquidity(choices, model, (signer, curve)),
        82..86 => Instruction::RemoveLiquidity {
            shares: Shares::new(near(
                choices,
                model.stakes.get(&(curve, *signer)).map_or(0, small),
            )),
            quote_min: Quote::ZERO,
            base_min: Base::new(if choices.once_in(4) { choices.magnitude(1 << 40) } else { 0 }),
            curve,
        },
        86..94 => Instruction::Claim {
            curve,
            what: *pick(
                choices,
                &[
                    Claim::CreatorFees,
                    Claim::PartnerFees,
                    Claim::ProtocolFees,
                    Claim::Vested,
                    Claim::Liquidity,
                ],
            ),
        },
        94..98 => Instruction::Authorize {
            session: *pick(choices, &cast.owners),
            expires_ms: model.time_ms + choices.magnitude(100_000_000),
            asset: *pick(choices, &cast.assets),
            limit: amount(choices),
        },
        _ => Instruction::Revoke { session: *pick(choices, &cast.owners) },
    }
}

fn transfer(
    choices: &mut dyn Choices,
    model: &Model,
    cast: &Cast,
    (signer, curve): (&Address, &CurveId),
) -> Instruction {
    let to = *pick(choices, &cast.owners);
    let amount = if choices.once_in(2) {
        let asset = *pick(choices, &cast.assets);
        Amount::Quote(asset, Quote::new(choices.magnitude(1 << 40)))
    } else {
        Amount::Base(*curve, Base::new(near(choices, model.held(curve, signer))))
    };
    Instruction::Transfer { to, amount }
}

fn add_liquidity(
    choices: &mut dyn Choices,
    model: &Model,
    (signer, curve): (&Address, CurveId),
) -> Instruction {
    let most = model.pools.get(&curve).map_or(0, |pool| small(&pool.quote));
    let held = model.held(&curve, signer);
    Instruction::AddLiquidity {
        quote: Quote::new(near(choices, most)),
        base_max: Base::new(if choices.once_in(3) { near(choices, held) } else { u64::MAX }),
        shares_min: Shares::new(if choices.once_in(4) { choices.magnitude(1 << 40) } else { 0 }),
        curve,
    }
}

/// A curve that exists, preferably one of the first, so that they are traded to their ends; seldom none.
fn curve(choices: &mut dyn Choices, model: &Model, signer: &Address) -> CurveId {
    let ids: Vec<_> = model.curves.keys().copied().collect();
    if ids.is_empty() || choices.once_in(50) {
        return CurveId::derive(signer, 77);
    }
    // Curves that are complete are migrated soon, and those that have migrated are traded.
    let complete = ids.iter().find(|id| model.curves[*id].phase == Phase::Complete);
    match complete {
        Some(id) if choices.once_in(3) => *id,
        Some(_) | None => *pick(choices, &ids),
    }
}

fn referrer(choices: &mut dyn Choices, cast: &Cast) -> Option<Address> {
    choices.once_in(4).then(|| *pick(choices, &cast.owners))
}

/// An amount near or below `most`, seldom one far above.
fn near(choices: &mut dyn Choices, most: u64) -> u64 {
    match choices.below(16) {
        0 => most,
        1 => most.saturating_add(1),
        2 => most.saturating_sub(1),
        3 => choices.magnitude(u64::MAX),
        4 => choices.below(4),
        5..10 => choices.magnitude(most),
        _ => choices.below(most.saturating_add(1)),
    }
}

fn small(amount: &Int) -> u64 {
    amount.to_u64().unwrap_or(0)
}
