//! Instructions, counted by Callgrind: the same on a busy machine and on an idle one, so that every run is compared with the last.
//!
//! Needs `valgrind`, and `gungraun-runner` of the version in `Cargo.lock` (`cargo install`).

#![allow(missing_docs, reason = "the macros of the framework document nothing")]

mod scene;
mod trades;

use std::hint::black_box;

use curvevm::{
    execute::apply_verified,
    meter::Meter,
    program::Instruction,
    receipt::Receipt,
    tree::Tree,
    tx::Body,
    types::{CurveId, Hash},
};
use gungraun::{library_benchmark, library_benchmark_group, main};
use scene::Scene;
use trades::{Cells, TRADER, body, buy, context, modules, next_nonce, pump, run, sell};

/// A state and what is executed on it.
type Trade = (Cells, Body);

/// A trade on a curve of which half is sold.
fn on_curve(name: &str, instruction: impl Fn(CurveId) -> Instruction) -> Trade {
    let (_, module) = modules().into_iter().find(|it| it.0 == name).expect("a module of this name");
    let (cells, curve) = trades::scene(&module, module.sale_end().get() / 2);
    trade(cells, instruction(curve))
}

fn on_pool(instruction: impl Fn(CurveId) -> Instruction) -> Trade {
    let (mut cells, curve) = trades::scene(&pump(), u64::MAX);
    run(&mut cells, TRADER, vec![Instruction::MigrateToAmm { curve }]);
    trade(cells, instruction(curve))
}

fn purchase(name: &str) -> Trade {
    let purchase = |curve| buy(curve, 1_000);
    if name == "pool" { on_pool(purchase) } else { on_curve(name, purchase) }
}

fn sale(name: &str) -> Trade {
    let sale = |curve| sell(curve, 100_000);
    if name == "pool" { on_pool(sale) } else { on_curve(name, sale) }
}

fn trade(cells: Cells, instruction: Instruction) -> Trade {
    let nonce = next_nonce(&cells, &TRADER);
    (cells, Body { nonce, ..body(TRADER, vec![instruction]) })
}

/// Gives back what it was given, so that no destructor is counted.
fn execute((mut cells, body): Trade) -> (Receipt, Trade) {
    let meter = &mut Meter::new();
    let receipt = apply_verified(black_box(&body), Hash::ZERO, &context(), &mut cells, meter);
    (receipt.expect("a trade that is admitted"), (cells, body))
}

#[library_benchmark(setup = purchase)]
#[bench::constant_product("constant_product")]
#[bench::constant_product_pump("constant_product_pump")]
#[bench::linear("linear")]
#[bench::linear_cumulative("linear_cumulative")]
#[bench::fixed_price("fixed_price")]
#[bench::constant_liquidity("constant_liquidity")]
#[bench::linear_64_pieces("linear_64_pieces")]
#[bench::pool("pool")]
fn trade_buy(trade: Trade) -> (Receipt, Trade) {
    execute(trade)
}

#[library_benchmark(setup = sale)]
#[bench::constant_product("constant_product")]
#[bench::constant_product_pump("constant_product_pump")]
#[bench::linear("linear")]
#[bench::linear_cumulative("linear_cumulative")]
#[bench::fixed_price("fixed_price")]
#[bench::constant_liquidity("constant_liquidity")]
#[bench::linear_64_pieces("linear_64_pieces")]
#[bench::pool("pool")]
fn trade_sell(trade: Trade) -> (Receipt, Trade) {
    execute(trade)
}

#[library_benchmark(setup = Scene::new)]
#[bench::of_10_000_cells(10_000)]
fn segment_replay_from_witness(scene: Scene) -> (Hash, Scene) {
    (black_box(&scene).replay(), scene)
}

/// A segment, and a tree that the scene shares.
fn shared(cells: u64) -> (Scene, Tree) {
    let scene = Scene::new(cells);
    let tree = scene.tree.clone();
    (scene, tree)
}

#[library_benchmark(setup = shared)]
#[bench::of_10_000_cells(10_000)]
fn segment_execute((scene, mut tree): (Scene, Tree)) -> (Hash, Scene, Tree) {
    (black_box(&scene).replay_on(&mut tree), scene, tree)
}

library_benchmark_group!(name = trade, benchmarks = [trade_buy, trade_sell]);
library_benchmark_group!(
    name = segment,
    benchmarks = [segment_replay_from_witness, segment_execute]
);
main!(library_benchmark_groups = trade, segment);
