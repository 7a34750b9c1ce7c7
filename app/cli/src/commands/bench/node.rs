//! One node without a committee: how fast it takes blocks, and how fast it could if it only verified their signatures.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use asset_sequencer::pipeline::{BatchSize, Pipeline};
use curvevm::host::verify_batch;
use serde::Serialize;

use super::{
    sizes::NodeSizes,
    workload::{Round, Workload, data_size},
};
use crate::output::Output;

/// What one node reaches.
#[derive(Debug, Serialize)]
pub(super) struct NodeReport {
    pub(super) curves: u32,
    pub(super) accounts: u32,
    pub(super) trades: u64,
    pub(super) block_trades: u32,
    /// Signatures verified in batches on all cores and nothing else: the bound.
    pub(super) signatures_per_second: f64,
    /// Trades decoded, verified, executed and stored durably.
    pub(super) trades_per_second: f64,
    /// The pipeline's rate over the bound.
    pub(super) ratio: f64,
    pub(super) rounds: Vec<RoundReport>,
    /// Bytes of a trade in its batch's data, its signature included.
    pub(super) posted_bytes_per_trade: Option<f64>,
}

/// A turn of the bound and of the pipeline on the same trades.
#[derive(Debug, Serialize)]
pub(super) struct RoundReport {
    trades: u64,
    verify_ms: u64,
    pipeline_ms: u64,
}

/// Measures, with the node's store in `dir`.
pub(super) fn measure(sizes: NodeSizes, dir: &Path, output: Output) -> Result<NodeReport> {
    let NodeSizes { curves, accounts, trades, block_trades, rounds } = sizes;
    output.progress(&format!("node: {accounts} accounts deposit, {curves} curves are launched"));
    std::fs::create_dir_all(dir)?;
    let mut workload = Workload::new(sizes)?;
    let scene = workload.scene()?;
    let mut pipeline = Pipeline::open(workload.genesis().clone(), dir)?;
    let report = pipeline.run(scene)?;
    ensure!(report.failed == 0, "{} transactions of the scene failed", report.failed);
    let mut reports: Vec<(RoundReport, Times)> = Vec::new();
    let mut size = BatchSize::default();
    for number in 0..rounds {
        output.progress(&format!("node: round {} of {rounds}", number + 1));
        let round = workload.round(share(trades, rounds, number))?;
        if number == 0 {
            size = data_size(&round.batches);
        }
        reports.push(turn(&mut pipeline, round)?);
    }
    ensure!(pipeline.root() == workload.root(), "the pipeline's root is not the leader's");
    let (rounds, times): (Vec<RoundReport>, Vec<Times>) = reports.into_iter().unzip();
    let times = times.iter().fold(Times::default(), |all, one| all.and(*one));
    let trades: u64 = rounds.iter().map(|round| round.trades).sum();
    Ok(NodeReport {
        curves,
        accounts,
        trades,
        block_trades,
        signatures_per_second: trades as f64 / times.verify.as_secs_f64(),
        trades_per_second: trades as f64 / times.pipeline.as_secs_f64(),
        ratio: times.verify.as_secs_f64() / times.pipeline.as_secs_f64(),
        rounds,
        posted_bytes_per_trade: (size.transactions > 0)
            .then(|| size.bytes as f64 / size.transactions as f64),
    })
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    verify: Duration,
    pipeline: Duration,
}

impl Times {
    fn and(self, other: Self) -> Self {
        Self { verify: self.verify + other.verify, pipeline: self.pipeline + other.pipeline }
    }
}

/// First the signatures alone, then the whole work on the same trades.
fn turn(pipeline: &mut Pipeline, round: Round) -> Result<(RoundReport, Times)> {
    let Round { blocks, signatures, .. } = round;
    let started = Instant::now();
    let valid = verify_batch(&signatures);
    let verify = started.elapsed();
    ensure!(valid.iter().all(|valid| *valid), "a signature of the workload does not verify");
    let report = pipeline.run(blocks)?;
    ensure!(
        report.failed == 0,
        "{} trades failed: take more curves or fewer trades",
        report.failed
    );
    ensure!(report.transactions == valid.len() as u64, "the pipeline left trades out");
    let times = Times { verify, pipeline: report.elapsed };
    let whole = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (verify_ms, pipeline_ms) = (whole(times.verify), whole(times.pipeline));
    Ok((RoundReport { trades: report.transactions, verify_ms, pipeline_ms }, times))
}

/// The trades of round `number`: as even as can be, at least one.
fn share(trades: u32, rounds: u32, number: u32) -> usize {
    let more = u32::from(number < trades % rounds);
    (trades / rounds + more).max(1) as usize
}
