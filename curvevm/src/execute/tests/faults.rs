//! Rule 3: faults of the state.

use std::{vec, vec::Vec};

use super::world::{
    World, add, authorize, claim, give, hand_over, launch, migrate, raised, referred, remove, rich,
    spend, take, withdraw, withdraw_tokens,
};
use crate::{
    cell::{Account, Cell, Chain, Curve, Holding, Pool, Rules, Session, Stake, Withdrawal},
    codec::CHUNK_BYTES_MAX,
    error::StateError,
    execute::{Refusal, State, apply},
    meter::Meter,
    module::Module,
    program::{Claim, Program},
    receipt::Outcome,
    test_support::address,
    tree::{Found, Tree},
    tx::Transaction,
    types::{AssetId, CurveId, Key},
};

/// A state of which some cells cannot be told.
struct Holed<'t> {
    tree: &'t mut Tree,
    hole: Key,
}

impl State for Holed<'_> {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        if *key == self.hole { Err(StateError::NotInWitness) } else { self.tree.find(key) }
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        if key == self.hole { Err(StateError::NotInWitness) } else { self.tree.put(key, cell) }
    }
}

/// A transaction of user 9 and the cells that it touches.
struct Scene {
    world: World,
    transaction: Transaction,
    touched: Vec<Key>,
}

fn scene(world: World, key: Option<u8>, program: Program, touched: Vec<Key>) -> Scene {
    let transaction = world.transaction(9, key, program);
    Scene { world, transaction, touched: [touched, vec![Account::key(&address(9))]].concat() }
}

/// Together they touch a cell of every type.
fn scenes() -> Vec<Scene> {
    let world = World::new(vec![rich()]);
    let (curve, module) = (world.id(), Module::key(&rich().hash()));
    let trade = vec![
        referred(take(curve, 1_000_000), 3),
        hand_over(curve, 42, 10),
        withdraw(1),
        withdraw_tokens(curve, 5),
    ];
    let keys = vec![
        Curve::key(&curve),
        module,
        Holding::key(&curve, &address(9)),
        Holding::key(&curve, &address(3)),
        Holding::key(&curve, &address(42)),
        Account::key(&address(42)),
        Account::key(&address(3)),
        Chain::key(),
        Withdrawal::key(0),
        Withdrawal::key(1),
    ];
    let first = scene(world, None, trade, keys);

    let mut world = World::new(vec![raised()]);
    world.graduate(0);
    let (curve, module) = (world.id(), Module::key(&raised().hash()));
    let pools = vec![migrate(curve), add(curve, 1_000_000), give(curve, 1_000)];
    let keys = vec![
        Curve::key(&curve),
        module,
        Pool::key(&curve),
        Holding::key(&curve, &address(9)),
        Stake::key(&curve, &address(9)),
    ];
    let second = scene(world, None, pools, keys);

    let mut world = World::migrated(raised());
    let (curve, module) = (world.id(), Module::key(&raised().hash()));
    world.succeed(9, vec![authorize(60, 1 << 50, 1 << 40), add(curve, 1_000_000)]);
    let program = vec![spend(curve, 1_000), remove(curve, 10)];
    let keys = vec![
        Curve::key(&curve),
        module,
        Pool::key(&curve),
        Stake::key(&curve, &address(9)),
        Holding::key(&curve, &address(9)),
        Session::key(&address(9), &address(60)),
    ];
    let third = scene(world, Some(60), program, keys);

    let mut world = World::new(vec![raised()]);
    let curve = CurveId::derive(&address(9), 2);
    world.succeed(9, vec![launch(&raised(), AssetId::SOL, 2)]);
    world.succeed(1, vec![spend(curve, 1 << 30)]);
    let module = Module::key(&raised().hash());
    let other = Curve::key(&CurveId::derive(&address(9), 3));
    let program = vec![claim(curve, Claim::CreatorFees), launch(&raised(), AssetId::SOL, 3)];
    let fourth = scene(world, None, program, vec![Curve::key(&curve), Rules::key(), module, other]);
    vec![first, second, third, fourth]
}

#[test]
fn a_cell_that_cannot_be_told_stops_execution_without_a_write() {
    for Scene { mut world, transaction, touched } in scenes() {
        let before = world.tree.root();
        for hole in touched {
            let mut state = Holed { tree: &mut world.tree, hole };
            let refusal =
                apply(&transaction, CHUNK_BYTES_MAX, &world.context, &mut state, &mut Meter::new());
            assert_eq!(refusal, Err(Refusal::State(StateError::NotInWitness)), "{hole}");
            assert_eq!(world.tree.root(), before);
        }
        let outcome = world.apply(&transaction);
        assert!(matches!(outcome, Ok(Outcome::Succeeded(_))), "{outcome:?}");
    }
}

#[test]
fn a_cell_of_another_type_is_a_fault() {
    for Scene { world, transaction, touched } in scenes() {
        for key in touched {
            let mut tree = world.tree.clone();
            let wrong = if key == Chain::key() {
                Cell::Holding(Holding::default())
            } else {
                Cell::Chain(Chain::default())
            };
            tree.put(key, wrong).unwrap();
            let before = tree.root();
            let refusal =
                apply(&transaction, CHUNK_BYTES_MAX, &world.context, &mut tree, &mut Meter::new());
            // A curve that is there, whatever it is, is not launched again.
            let exists = matches!(
                refusal,
                Ok(crate::receipt::Receipt {
                    outcome: Outcome::Failed { error: crate::error::Error::CurveExists, .. },
                    ..
                })
            );
            if !exists {
                assert_eq!(refusal, Err(Refusal::State(StateError::Corrupt)), "{key}");
                assert_eq!(tree.root(), before);
            }
        }
    }
}
