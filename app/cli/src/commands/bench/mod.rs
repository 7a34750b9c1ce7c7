//! `asset bench`: what this machine reaches, next to what the design asks for.
//!
//! # Terms
//!
//! The *bound* is the rate at which the cores can verify the trades' signatures in batches and do nothing else. The *pipeline*
//! is a node's whole work on blocks: decode, verify, execute with a root per segment, store durably. The *network* is an
//! embedded L1 and a committee of `asset node` processes.
//!
//! ```text
//!  node      scene ─► round: bound, pipeline ─► round ..            in this process
//!  network   scene ─► single trades: finality ─► load: bytes and lamports of a posted trade
//! ```
//!
//! # Invariants
//!
//! 1. Everything measured is production code on real parts; nothing is left out of the path.
//! 2. A ratio is of figures that were taken in turns on the same trades, so that a noisy machine disturbs both alike.
//! 3. A trade that fails, or a root that differs, ends the command with an error: no figure is printed for work not done.

mod finality;
mod network;
mod node;
mod orders;
mod quantiles;
mod report;
mod scrape;
mod settlement;
mod sizes;
#[cfg(test)]
mod tests;
mod workload;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use self::{report::Report, sizes::Sizes};
use crate::{output::Output, signals::stop_requested};

/// The embedded L1's own log would drown everything else.
const QUIET: &str = "warn,surfpool_core=off,surfpool_sdk=off,surfnet=off";

/// Measure this machine: the pipeline of a node against the bound, the committee's finality, and what a posted trade costs.
///
/// Takes a few minutes. Build with `--release`, and leave the machine alone meanwhile.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Much smaller sizes, to see that it works: the figures say little.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure one part only.
    #[arg(long, value_enum)]
    pub(crate) only: Option<Part>,
    /// Curves under the pipeline's trades [default: 1000, quick: 50].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) curves: Option<u32>,
    /// Accounts under the pipeline's trades [default: 100000, quick: 2000].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    pub(crate) accounts: Option<u32>,
    /// Trades through the pipeline; not many more than 2,000 for each curve [default: 200000, quick: 10000].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(crate) trades: Option<u32>,
    /// Trades in a block of the pipeline [default: 1000].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_900))]
    pub(crate) block_trades: Option<u32>,
    /// Turns between the bound and the pipeline [default: 5, quick: 2].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: Option<u32>,
    /// Members of the committee.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) members: u8,
    /// Single trades a second while finality is measured [default: 20].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rate: Option<u32>,
    /// How long finality is measured, in seconds [default: 30, quick: 5].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) seconds: Option<u32>,
    /// Trades under load whose posting is counted [default: 10000, quick: 500].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) load_trades: Option<u32>,
    /// Trades that are on their way at one time under load [default: 512].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=8_192))]
    pub(crate) in_flight: Option<u32>,
    /// Accounts that trade under load [default: 50, quick: 10].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) traders: Option<u32>,
    /// Curves that are traded under load [default: 5, quick: 2].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) load_curves: Option<u32>,
    /// A folder on the disk to be measured; everything written there is removed at the end. The system's temporary folder when
    /// not given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The bound and the pipeline of one node.
    Node,
    /// Finality, and the cost of a posted trade, in a committee.
    Network,
}

pub(crate) async fn run(args: BenchArgs, output: &Output) -> Result<()> {
    let output = *output;
    if cfg!(debug_assertions) {
        output.progress("this is a debug build: its figures say nothing about speed");
    }
    let sizes = Sizes::of(&args);
    let parent = args.dir.unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("asset-bench-").tempdir_in(&parent);
    let folder = folder.with_context(|| format!("cannot make a folder in {}", parent.display()))?;
    let mut report = Report::new();
    if args.only != Some(Part::Network) {
        let path = folder.path().join("node");
        let work = move || node::measure(sizes.node, &path, output);
        let measured = tokio::task::spawn_blocking(work).await.context("the pipeline panicked")?;
        report.node = Some(measured.context("the pipeline cannot be measured")?);
    }
    if args.only != Some(Part::Node) {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(QUIET));
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
        let measured = tokio::select! {
            measured = network::measure(sizes.network, folder.path().join("network"), output) => measured,
            stop = stop_requested() => { stop?; bail!("stopped before the end") }
        };
        report.network = Some(measured.context("the network cannot be measured")?);
    }
    output.result(&report, || report.text())
}
