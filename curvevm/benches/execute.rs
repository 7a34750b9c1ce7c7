//! What a trade costs natively, without its signature and without the state tree: cells are in a map in memory.
//!
//! `trade/<kind of piece>/buy` executes a transaction of one exact-in purchase through [`apply_verified`]: admission by the nonce, the
//! price, the fees, and all cells written back. `keys/…` is the part of it that derives the cells' keys, which is SHA-256.

mod trades;

use std::{hint::black_box, time::Instant};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use curvevm::{
    cell::{Account, Curve, Holding},
    execute::apply_verified,
    meter::Meter,
    module::Module,
    program::Instruction,
    receipt::Outcome,
    types::{CurveId, Hash},
};
use trades::{Cells, TRADER, body, buy, context, modules, next_nonce, pump, run, scene, sell};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    keys(&mut criterion);
    let mut group = criterion.benchmark_group("trade");
    for (name, module) in modules() {
        trades(&mut group, name, &module);
    }
    pool(&mut group);
    group.finish();
    criterion.final_summary();
}

/// The keys of a trade: the account, the curve, its module, the holding.
fn keys(criterion: &mut Criterion) {
    let (curve, module) = (CurveId::new([3; 32]), Hash::new([4; 32]));
    criterion.bench_function("keys/of_a_trade", |bencher| {
        bencher.iter(|| {
            let account = Account::key(black_box(&TRADER));
            let curve_key = Curve::key(black_box(&curve));
            let module_key = Module::key(black_box(&module));
            (account, curve_key, module_key, Holding::key(&curve, &TRADER))
        });
    });
}

fn trades(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, module: &Module) {
    let (cells, curve) = scene(module, module.sale_end().get() / 2);
    measure(group, &format!("{name}/buy"), &cells, buy(curve, 1_000));
    measure(group, &format!("{name}/sell"), &cells, sell(curve, 100_000));
}

fn pool(group: &mut BenchmarkGroup<'_, WallTime>) {
    let (mut cells, curve) = scene(&pump(), u64::MAX);
    run(&mut cells, TRADER, vec![Instruction::MigrateToAmm { curve }]);
    measure(group, "pool/buy", &cells, buy(curve, 1_000));
    measure(group, "pool/sell", &cells, sell(curve, 100_000));
}

fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    cells: &Cells,
    instruction: Instruction,
) {
    let mut body = body(TRADER, vec![instruction]);
    let first = next_nonce(cells, &TRADER);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut cells = cells.clone();
            let start = Instant::now();
            for nonce in (first..).take(usize::try_from(iterations).unwrap_or(usize::MAX)) {
                body.nonce = nonce;
                let receipt =
                    apply_verified(&body, Hash::ZERO, &context(), &mut cells, &mut Meter::new());
                let outcome = black_box(receipt).map(|receipt| receipt.outcome);
                assert!(matches!(outcome, Ok(Outcome::Succeeded(_))), "{outcome:?}");
            }
            start.elapsed()
        });
    });
}
