//! Random sequences of operations by ten accounts: no unit of any asset comes or goes.

use std::{collections::BTreeSet, vec, vec::Vec};

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

use super::world::{
    Launched, PARTNER, SOL, TREASURY, USD, USERS, World, add, authorize, claim, dear, get, give,
    hand_over, launch, migrate, pay_in, raised, referred, remove, revoke, rich, spend, take,
    withdraw, withdraw_tokens,
};
use crate::{
    cell::Phase,
    error::Error,
    program::{Amount, BuyOrder, Claim, Instruction},
    receipt::{Event, Outcome, Venue},
    test_support::pump_module,
    types::{AssetId, Base, Quote},
};

/// Operations in a sequence.
const OPS: usize = 220;
/// The most curves of a sequence; launches beyond are left out.
const CURVES_MAX: usize = 8;

/// One random operation; the amount is scaled to what the user has.
#[derive(Clone, Copy, Debug)]
struct Op {
    user: u8,
    other: u8,
    kind: u8,
    curve: prop::sample::Index,
    part: u32,
    secs: u64,
    referred: bool,
    by_key: bool,
}

fn any_op() -> impl Strategy<Value = Op> {
    let flags = (prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let who = (0..USERS, 0..USERS);
    let kind = prop_oneof![4 => 0u8..5, 1 => 5u8..8, 4 => 8u8..15, 1 => 15u8..17];
    (who, kind, any::<prop::sample::Index>(), any::<[u32; 2]>(), 0u64..300, flags).prop_map(
        |((user, other), kind, curve, [a, b], secs, (referred, by_key))| {
            let part = ((u64::from(a) * u64::from(b)) >> 32) as u32;
            Op { user, other, kind, curve, part, secs, referred, by_key }
        },
    )
}

impl Op {
    /// Who signs: claims are made by who is entitled to one of them, and liquidity is removed by who has some.
    fn signer(self, world: &World) -> u8 {
        let id = self.curve.get(&world.curves).id;
        match self.kind {
            9 => (0..USERS).find(|user| world.stake(*user, &id) > 0).unwrap_or(self.user),
            10 => [0, PARTNER, TREASURY, 0, 0][self.part as usize % 5],
            _ => self.user,
        }
    }

    /// Who has a partner, an allotment and a term has all three.
    fn claimed(self, world: &World) -> Instruction {
        let what = [
            Claim::CreatorFees,
            Claim::PartnerFees,
            Claim::ProtocolFees,
            Claim::Vested,
            Claim::Liquidity,
        ][self.part as usize % 5];
        let any = matches!(what, Claim::CreatorFees | Claim::ProtocolFees);
        let fits = |launched: &&Launched| any || launched.module.partner.is_some();
        let curves: Vec<_> = world.curves.iter().filter(fits).collect();
        claim(self.curve.get(&curves).id, what)
    }

    fn instruction(self, world: &World) -> Instruction {
        let Launched { id, asset, ref module, .. } = *self.curve.get(&world.curves);
        let part = |whole: u64| ((u128::from(whole) * u128::from(self.part)) >> 32) as u64;
        let curve = world.curve(&id);
        let left = module.sale_end().get() - curve.sold.get();
        let (held, balance) = (world.held(self.user, &id), world.balance(self.user, asset));
        let reserve = world.find_pool(&id).map_or(curve.reserve, |pool| pool.quote).get();
        let trade = match self.kind {
            // One tenth more than there is, so that some fail.
            0 => spend(id, part(balance + balance / 10)),
            1 => take(id, part(left + left / 10).max(1)),
            2 => give(id, part(held + held / 10)),
            3 => get(id, part(reserve / 4)),
            4 => take(id, 1 + u64::from(self.part >> 28)),
            _ => return self.other_instruction(world, id),
        };
        if self.referred { referred(trade, self.other) } else { trade }
    }

    fn other_instruction(self, world: &World, id: crate::types::CurveId) -> Instruction {
        let part = |whole: u64| ((u128::from(whole) * u128::from(self.part)) >> 32) as u64;
        let Launched { asset, ref module, .. } = *self.curve.get(&world.curves);
        let stake = world.stake(self.signer(world), &id);
        match self.kind {
            5 => pay_in(asset, self.other, part(world.balance(self.user, asset) / 4)),
            6 => hand_over(id, self.other, part(world.held(self.user, &id))),
            7 if self.referred => withdraw_tokens(id, part(world.held(self.user, &id) / 4)),
            7 => withdraw(part(world.sol(self.user) / 8)),
            8 => add(id, part(world.balance(self.user, asset) / 2)),
            9 => remove(id, part(stake + stake / 10)),
            10 => self.claimed(world),
            11 => authorize(60 + self.other, world.context.time_ms + 200_000, 100 * SOL),
            12 => revoke(60 + self.other),
            // Of what is complete, when something is.
            13 | 14 => {
                let complete =
                    |launched: &&Launched| world.curve(&launched.id).phase == Phase::Complete;
                migrate(world.curves.iter().find(complete).map_or(id, |launched| launched.id))
            }
            15 => Instruction::PublishModule(crate::module::Module {
                decimals: (self.part >> 28) as u8,
                ..module.clone()
            }),
            _ => {
                let salt = 100 + world.curves.len() as u64;
                let mut instruction = launch(module, asset, salt);
                let Instruction::Launch(launch) = &mut instruction else { return instruction };
                launch.first_buy = self.referred.then_some(BuyOrder::ExactIn {
                    quote: Quote::new(part(100 * SOL)),
                    base_min: Base::ZERO,
                });
                instruction
            }
        }
    }
}

/// What happened in a sequence.
#[derive(Default)]
struct Seen(BTreeSet<&'static str>);

impl Seen {
    fn note(&mut self, events: &[Event]) {
        for event in events {
            self.0.insert(match event {
                Event::Traded(trade) if trade.venue == Venue::Pool => "pool",
                Event::Traded(_) => "curve",
                Event::Launched { first_buy: Some(_), .. } => "first buy",
                Event::Launched { .. } => "launch",
                Event::Published { .. } => "publish",
                Event::Transferred { .. } => "transfer",
                Event::Withdrawn { .. } => "withdraw",
                Event::LiquidityAdded(_) => "add",
                Event::LiquidityRemoved(_) => "remove",
                Event::Migrated(_) => "migrate",
                Event::Claimed { what, .. } => match what {
                    Claim::CreatorFees => "creator",
                    Claim::PartnerFees => "partner",
                    Claim::ProtocolFees => "protocol",
                    Claim::Vested => "vested",
                    Claim::Liquidity => "liquidity",
                },
                Event::Authorized { .. } => "authorize",
                Event::Revoked { .. } => "revoke",
                Event::Deposited { .. } => "deposit",
            });
        }
    }
}

/// Five curves in two assets, and a session key of each user.
fn start() -> World {
    let mut world = World::new(vec![pump_module(), raised(), dear(SOL / 3), rich()]);
    world.launch(raised(), USD);
    for user in 0..USERS {
        world.succeed(user, vec![authorize(60 + user, 1 << 60, 100 * SOL)]);
    }
    world
}

/// Executes the operations, checking the state after every few.
fn play(world: &mut World, ops: &[Op], seen: &mut Seen) {
    for (step, op) in ops.iter().enumerate() {
        world.pass_secs(op.secs);
        let signer = op.signer(world);
        let first = op.instruction(world);
        // Every third transaction has a second instruction.
        let mut program = vec![first];
        if step % 3 == 0 {
            program.push(Op { kind: op.kind / 2, ..*op }.instruction(world));
        }
        program.truncate(if world.curves.len() < CURVES_MAX || op.kind < 16 { 2 } else { 0 });
        let key = op.by_key.then_some(60 + signer);
        let Ok(outcome) = world.run(signer, key, program.clone()) else { continue };
        if let Outcome::Succeeded(events) = outcome {
            seen.note(&events);
            if op.by_key {
                seen.0.insert("by key");
            }
            if program.iter().any(is_withdrawal_of_tokens) {
                seen.0.insert("withdraw tokens");
            }
            adopt(world, &program, &events);
        }
        if step % 8 == 0 {
            world.check();
        }
    }
    world.check();
}

fn is_withdrawal_of_tokens(instruction: &Instruction) -> bool {
    matches!(instruction, Instruction::Withdraw { amount: Amount::Base(..), .. })
}

/// Takes note of curves that were launched.
fn adopt(world: &mut World, program: &[Instruction], events: &[Event]) {
    for (instruction, event) in program.iter().zip(events) {
        let (Instruction::Launch(launch), Event::Launched { curve, .. }) = (instruction, event)
        else {
            continue;
        };
        let mut known = world.curves.iter();
        let module = known.find(|known| known.module.hash() == launch.module).unwrap();
        let launched = Launched {
            id: *curve,
            asset: launch.quote_asset,
            module: module.module.clone(),
            nobodys: 0,
        };
        world.curves.push(launched);
    }
}

/// Everybody leaves: fees are claimed, and all tokens and shares given back, in any order of the holders.
fn leave(world: &mut World) {
    for Launched { id, .. } in world.curves.clone() {
        for user in (0..USERS).rev().chain([TREASURY]) {
            let claims = [Claim::CreatorFees, Claim::PartnerFees, Claim::ProtocolFees];
            for what in claims {
                let _paid_or_not = world.run(user, None, vec![claim(id, what)]).unwrap();
            }
            let stake = world.stake(user, &id);
            let left = world.run(user, None, vec![remove(id, stake)]).unwrap();
            assert!(stake == 0 || left_or_dust(&left), "{left:?}");
            let held = world.held(user, &id);
            let left = world.run(user, None, vec![give(id, held)]).unwrap();
            assert!(held == 0 || left_or_dust(&left), "{left:?}");
        }
    }
    world.check();
}

fn left_or_dust(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Succeeded(_))
        || *outcome == Outcome::Failed { instruction: 0, error: Error::Dust }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Sums of balances, reserves, fees, pools and withdrawals per asset; tokens held, pooled, burnt and locked per curve.
    #[test]
    fn value_is_conserved(ops in prop::collection::vec(any_op(), OPS)) {
        let mut world = start();
        play(&mut world, &ops, &mut Seen::default());
        leave(&mut world);
    }
}

/// The sequences do what they are made for.
#[test]
fn sequences_reach_every_opcode() {
    let mut runner = TestRunner::deterministic();
    let mut seen = Seen::default();
    for _ in 0..8 {
        let ops = prop::collection::vec(any_op(), OPS).new_tree(&mut runner).unwrap().current();
        let mut world = start();
        play(&mut world, &ops, &mut seen);
        assert_eq!(world.units(AssetId::SOL), u64::from(USERS) * super::world::DEPOSIT);
    }
    let all: Vec<&str> = seen.0.into_iter().collect();
    let expected = [
        "add",
        "authorize",
        "by key",
        "creator",
        "curve",
        "first buy",
        "launch",
        "liquidity",
        "migrate",
        "partner",
        "pool",
        "protocol",
        "publish",
        "remove",
        "revoke",
        "transfer",
        "vested",
        "withdraw",
        "withdraw tokens",
    ];
    assert_eq!(all, expected);
}
