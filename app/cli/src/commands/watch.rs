//! `asset watch`: rebuild the chain from the L1 alone and check it.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use asset_sdk::{Key, l1::Level};
use asset_sequencer::watch::{Event, Progress, Watch, WatchConfig};
use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio::time::Instant;

use crate::{output::Output, signals::stop_requested};

/// The shortest time between two lines about batches that are right.
const LINE_PAUSE: Duration = Duration::from_secs(1);

/// Rebuild the chain from the L1 alone, and check every batch as it is committed, until ctrl-c or SIGTERM.
///
/// No node is asked: the data of every batch is in the L1's transactions. A batch whose data does not lead to what its header
/// claims is a fault, which is said again and again as long as it stands. With a key it is proved to the program as well, which rolls the
/// batch back; those who committed it are slashed.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The L1's JSON-RPC; its node must keep the transactions since the rollup's start.
    #[arg(long = "l1", env = "ASSET_L1_URL", value_name = "URL")]
    pub(crate) l1: String,
    /// The genesis file that the committee uses.
    #[arg(long, env = "ASSET_GENESIS", value_name = "FILE")]
    pub(crate) genesis: PathBuf,
    /// Check what is committed at present, then end; a fault ends it with an error.
    #[arg(long, conflicts_with = "key")]
    pub(crate) once: bool,
    /// Challenge what is wrong with this key: a Solana JSON key file, see `asset keygen`. It pays the deposit and rent on the L1, and gets
    /// half of each bond.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// How settled on the L1 a commit must be to be checked.
    #[arg(long, value_enum, default_value_t = Settled::Confirmed)]
    pub(crate) level: Settled,
    /// The pause between two looks, in milliseconds.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub(crate) interval_ms: u64,
}

/// How settled a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Settled {
    /// Voted for by a supermajority of the L1.
    Confirmed,
    /// Rooted: no fork of the L1 takes it back.
    Finalized,
}

/// What `--once` found.
#[derive(Debug, Serialize)]
struct Summary {
    event: &'static str,
    #[serde(flatten)]
    progress: Progress,
    elapsed_ms: u64,
    batches_per_second: f64,
    transactions_per_second: f64,
}

impl From<Settled> for Level {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Confirmed => Self::Confirmed,
            Settled::Finalized => Self::Finalized,
        }
    }
}

pub(crate) async fn run(args: WatchArgs, output: &Output) -> Result<()> {
    let mut lines = Lines { output: *output, said: None };
    let once = args.once;
    let key = args.key.as_deref().map(Key::read).transpose();
    let config = WatchConfig {
        genesis_file: args.genesis,
        l1: args.l1,
        level: args.level.into(),
        interval: Duration::from_millis(args.interval_ms),
        key: key.context("no usable key: make one with `asset keygen --out FILE`")?,
    };
    let watching = async {
        let mut watch = Watch::open(config).await?;
        if !once {
            return Ok(watch.follow(|event| lines.say(event)).await?);
        }
        let started = Instant::now();
        let progress = watch.catch_up(|event| lines.say(event)).await?;
        let summary = Summary::new(progress, started.elapsed());
        output.result(&summary, || summary.text())
    };
    tokio::select! {
        ended = watching => ended,
        asked = stop_requested() => {
            asked?;
            output.progress("stopping");
            Ok(())
        }
    }
}

/// Writes events: each as JSON where that is wanted, and for people not more than they can read.
struct Lines {
    output: Output,
    said: Option<Instant>,
}

impl Lines {
    fn say(&mut self, event: &Event) {
        self.output.event(event);
        let is_frequent = matches!(event, Event::Checked(_));
        if is_frequent && self.said.is_some_and(|said| said.elapsed() < LINE_PAUSE) {
            return;
        }
        self.said = Some(Instant::now());
        self.output.progress(&event.to_string());
    }
}

impl Summary {
    fn new(progress: Progress, elapsed: Duration) -> Self {
        let rate = |count: u64| count as f64 / elapsed.as_secs_f64().max(f64::EPSILON);
        Self {
            event: "summary",
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            batches_per_second: rate(progress.checked),
            transactions_per_second: rate(progress.transactions),
            progress,
        }
    }

    fn text(&self) -> String {
        let Progress { checked, root, transactions, .. } = &self.progress;
        format!(
            "{checked} batches with {transactions} transactions lead to root {root}; checked in {} ms",
            self.elapsed_ms
        )
    }
}
