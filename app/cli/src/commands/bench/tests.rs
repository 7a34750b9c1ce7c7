//! Tests of the benchmark: what it computes, and that its workload passes the production pipeline.

use std::time::Duration;

use clap::Parser;

use super::{
    BenchArgs, node,
    quantiles::Quantiles,
    report::{Report, grouped},
    scrape::Scrape,
    sizes::{NodeSizes, Sizes},
    workload::{Workload, data_size},
};
use crate::{
    args::{Cli, Command},
    output::Output,
};

const TINY: NodeSizes =
    NodeSizes { curves: 3, accounts: 70, trades: 400, block_trades: 60, rounds: 2 };

const METRICS: &str = "\
# HELP asset_times Times.
# TYPE asset_times histogram
asset_times_sum 0.9
asset_times_count 10
asset_times_bucket{le=\"0.02\"} 2
asset_times_bucket{le=\"0.04\"} 4
asset_times_bucket{le=\"0.08\"} 8
asset_times_bucket{le=\"+Inf\"} 10
asset_times_other_bucket{le=\"0.01\"} 7
# EOF
";

fn args(line: &str) -> BenchArgs {
    match Cli::try_parse_from(line.split_whitespace()).unwrap().command {
        Command::Bench(args) => args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sizes_are_the_targets_unless_asked_for_otherwise() {
    let full = Sizes::of(&args("asset bench"));
    assert_eq!((full.node.curves, full.node.accounts, full.network.members), (1_000, 100_000, 4));
    let quick = Sizes::of(&args("asset bench --quick --accounts 7"));
    assert_eq!(quick.node.accounts, 7);
    assert!(quick.node.trades < full.node.trades && quick.network.seconds < full.network.seconds);
    assert!(Cli::try_parse_from(["asset", "bench", "--trades", "0"]).is_err());
}

#[test]
fn quantiles_are_by_nearest_rank() {
    let times = (1..=200).rev().map(Duration::from_millis).collect();
    let quantiles = Quantiles::of(times).unwrap();
    assert_eq!((quantiles.p50_ms, quantiles.p90_ms, quantiles.p99_ms), (100.0, 180.0, 198.0));
    let one = Quantiles::of(vec![Duration::from_micros(1_234)]).unwrap();
    assert_eq!((one.count, one.p50_ms, one.p99_ms), (1, 1.23, 1.23));
    assert_eq!(Quantiles::of(Vec::new()), None);
}

#[test]
fn a_histogram_is_read_and_interpolated() {
    let times = Scrape::parse(METRICS).histogram("asset_times");
    let quantiles = times.quantiles().unwrap();
    // The fifth of ten is a quarter into the bucket from 40 to 80 ms; the last bucket is known by its start only.
    assert_eq!((quantiles.count, quantiles.p50_ms, quantiles.p99_ms), (10, 50.0, 80.0));
    assert_eq!(times.mean_ms(), Some(90.0));
    assert_eq!(times.and(&times).since(&times), times);
    let none = times.since(&times);
    assert_eq!((none.quantiles(), none.mean_ms()), (None, None));
    assert_eq!(Scrape::parse(METRICS).histogram("asset").quantiles(), None);
}

#[test]
fn numbers_are_grouped() {
    let texts = [0.0, 999.4, 1_000.0, 1_234_567.0].map(grouped);
    assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
}

#[test]
fn the_pipeline_takes_the_whole_workload() {
    let folder = tempfile::tempdir().unwrap();
    let measured = node::measure(TINY, &folder.path().join("node"), Output::new(true)).unwrap();
    assert_eq!((measured.trades, measured.rounds.len()), (400, 2));
    let mut report = Report::new();
    report.node = Some(measured);
    assert!(report.text().contains("pipeline trades"), "{}", report.text());
}

#[test]
fn the_size_of_data_counts_whole_batches() {
    let mut workload = Workload::new(TINY).unwrap();
    workload.scene().unwrap();
    // 20 ms to a block and 1,000 ms to a batch: the first seal among these blocks ends a batch that began before them.
    let size = data_size(&workload.round(60 * 200).unwrap().batches);
    let trades = size.transactions;
    assert!(trades > 0 && trades.is_multiple_of(60) && trades < 60 * 200);
    let bytes = size.bytes / trades;
    assert!((64..160).contains(&bytes), "{bytes} bytes to a trade");
}
