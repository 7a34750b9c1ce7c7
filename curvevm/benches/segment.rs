//! What a segment of 8 trades costs natively, signatures included.
//!
//! `replay_from_witness` is what a challenge does: the witness is read and hashed, the signatures are verified one by one, the trades
//! are executed, and the root is taken. In `execute` the state of 10,000 cells is there already and shared with an older version, as the
//! first segment of a block finds it. `witness` is what a challenger does to find out what it has to upload.
#![allow(clippy::print_stdout, reason = "the length of the witness is a result beside the times")]

mod scene;

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use curvevm::{block::segment_witness, codec::CHUNK_BYTES_MAX};
use scene::Scene;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let scene = Scene::new(10_000);
    println!("segment_of_8_trades: a witness of {} bytes", scene.witness.len());
    let mut group = criterion.benchmark_group("segment_of_8_trades");
    group.bench_function("replay_from_witness", |bencher| {
        bencher.iter(|| black_box(&scene).replay());
    });
    group.bench_function("execute", |bencher| {
        let tree = || scene.tree.clone();
        bencher.iter_batched_ref(tree, |tree| scene.replay_on(tree), BatchSize::SmallInput);
    });
    group.bench_function("witness", |bencher| {
        bencher.iter(|| {
            let Scene { tree, chain_id, placed, .. } = black_box(&scene);
            segment_witness(tree, chain_id, CHUNK_BYTES_MAX, placed)
        });
    });
    group.finish();
    criterion.final_summary();
}
