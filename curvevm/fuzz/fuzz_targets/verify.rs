//! A module that the verifier accepts lives: a curve of it can be bought to graduation, migrated, and all of it be sold.
//!
//! Modules are near validity: made from the input by the reference's generator and then changed, or decoded from it.
#![no_main]

use curvevm::{
    cell::{Cell, Curve, Holding, Phase},
    curve::verify::verify,
    error::Error,
    module::Module,
    program::{Amount, BuyOrder, Claim, Instruction, SellOrder},
    types::{Base, CurveId, Quote},
};
use curvevm_reference::{
    random::{self, Bytes, Choices},
    world::{World, owner},
};
use libfuzzer_sys::fuzz_target;

/// Orders before the last purchase.
const ORDERS_MAX: u64 = 24;
/// What the account that buys the curve out has.
const FUNDS: u64 = u64::MAX - (1 << 50);

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let mut choices = Bytes(rest);
    let module = if first % 4 == 0 {
        let Ok(module) = borsh::from_slice::<Module>(rest) else { return };
        module
    } else {
        let partner = choices.once_in(2).then(|| owner(2));
        let mut module = random::module(&mut choices, partner);
        for _ in 0..choices.below(4) {
            module = random::broken(&mut choices, &module);
        }
        module
    };
    if verify(&module).is_err() {
        return;
    }
    if let Err(error) = live(&mut choices, &module) {
        panic!("{error}\n{module:?}");
    }
});

fn live(choices: &mut Bytes<'_>, module: &Module) -> Result<(), String> {
    // One account can buy nearly every curve out; the others have little, so that no balance overflows.
    let mut world = World::funded(|who| if who == 7 { FUNDS } else { 1 << 40 })?;
    let hash = world.publish(module)?.ok_or("accepted, and then refused")?;
    let id = world.launch(&owner(1), hash, 1)?;
    trade(choices, &mut world, &id)?;
    sell_all(&mut world.clone(), &id)?;
    if !graduate(&mut world, &id)? {
        return Ok(());
    }
    sell_all(&mut world.clone(), &id)?;
    let migrated = run(&mut world, 5, Instruction::MigrateToAmm { curve: id })?;
    if let Err(error) = migrated {
        return Err(format!("cannot be migrated: {error:?} of {:?}", curve(&world, &id)?));
    }
    trade(choices, &mut world, &id)?;
    world.context.time_ms += 1 << 50;
    for what in [
        Claim::CreatorFees,
        Claim::ProtocolFees,
        Claim::PartnerFees,
        Claim::Vested,
        Claim::Liquidity,
    ] {
        for who in 0..3 {
            let _nothing_or_not_entitled =
                run(&mut world, who, Instruction::Claim { curve: id, what })?;
        }
    }
    sell_all(&mut world, &id)
}

fn run(world: &mut World, who: u8, instruction: Instruction) -> Result<Result<(), Error>, String> {
    use curvevm::receipt::Outcome;
    match world.run(&owner(who), vec![instruction])? {
        Ok(Outcome::Succeeded(_)) => Ok(Ok(())),
        Ok(Outcome::Failed { error, .. } | Outcome::Rejected { error }) => Ok(Err(error)),
        Err(error) => Err(format!("rejected: {error:?}")),
    }
}

fn curve(world: &World, id: &CurveId) -> Result<Curve, String> {
    match world.tree.get(&Curve::key(id)) {
        Ok(Some(Cell::Curve(curve))) => Ok(curve.clone()),
        other => Err(format!("{other:?}")),
    }
}

fn held(world: &World, id: &CurveId, who: u8) -> u64 {
    match world.tree.get(&Holding::key(id, &owner(who))) {
        Ok(Some(Cell::Holding(holding))) => holding.amount.get(),
        Ok(_) | Err(_) => 0,
    }
}

/// Some purchases and sales, of any size and by two accounts.
fn trade(choices: &mut Bytes<'_>, world: &mut World, id: &CurveId) -> Result<(), String> {
    for _ in 0..choices.below(ORDERS_MAX) {
        let who = 5 + u8::try_from(choices.below(2)).unwrap_or(0);
        let instruction = if choices.once_in(3) {
            let order = random::sell_order(choices, &world.model, id, &owner(who));
            Instruction::Sell { curve: *id, order, referrer: None }
        } else {
            let order = random::buy_order(choices, &world.model, id, &owner(who));
            Instruction::Buy { curve: *id, order, referrer: None }
        };
        let _refused_or_not = run(world, who, instruction)?;
    }
    Ok(())
}

/// Buys all that is left, unless its fees are dearer than all that an account can have.
fn graduate(world: &mut World, id: &CurveId) -> Result<bool, String> {
    let now = curve(world, id)?;
    if now.phase == Phase::Complete {
        return Ok(true);
    }
    let order = BuyOrder::ExactIn { quote: Quote::new(FUNDS / 2), base_min: Base::ZERO };
    let bought = run(world, 7, Instruction::Buy { curve: *id, order, referrer: None })?;
    let now = curve(world, id)?;
    match bought {
        Ok(()) if now.phase == Phase::Complete => Ok(true),
        // A payment that is used up: fees and the curve are dearer.
        Ok(())
            if world.model.accounts[&owner(7)]
                .balances
                .values()
                .any(|left| *left <= (FUNDS / 2 + 1).into()) =>
        {
            Ok(false)
        }
        other => Err(format!("cannot be bought to graduation: {other:?}, {now:?}")),
    }
}

/// All holders sell all that they hold, on the curve or on the pool, until what is left is worth nothing.
fn sell_all(world: &mut World, id: &CurveId) -> Result<(), String> {
    for who in [0, 1, 2, 5, 6] {
        let amount = Amount::Base(*id, Base::new(held(world, id, who)));
        let _nothing_held = run(world, who, Instruction::Transfer { to: owner(7), amount })?;
    }
    let all = held(world, id, 7);
    for part in [all / 3, all / 3, all - all / 3 * 2] {
        let order = SellOrder::ExactIn { base: Base::new(part), quote_min: Quote::ZERO };
        match run(world, 7, Instruction::Sell { curve: *id, order, referrer: None })? {
            // Nothing to sell, or worth nothing.
            Ok(()) | Err(Error::ZeroAmount | Error::Dust) => {}
            Err(error) => {
                return Err(format!(
                    "{part} of {all} cannot be sold: {error:?}, {:?}",
                    curve(world, id)?
                ));
            }
        }
    }
    Ok(())
}
