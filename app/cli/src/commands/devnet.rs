//! `asset devnet`: run an L1 and a committee on this machine.

use std::{io::IsTerminal, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use asset_localnet::{Localnet, LocalnetConfig};
use clap::Args;
use curvevm::types::{Address, AssetId, Hash};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use tracing_subscriber::EnvFilter;

use super::demo;
use crate::{output::Output, signals::stop_requested};

/// Between two looks at the members' processes.
const WATCH: Duration = Duration::from_millis(250);
/// The embedded L1's own log would drown everything else.
const QUIET: &str = "warn,surfpool_core=off,surfpool_sdk=off,surfnet=off";

/// Run an L1 and a committee on this machine, until ctrl-c or SIGTERM.
///
/// Nothing leaves the machine. The L1 keeps its state in memory, so that every network is a new one.
#[derive(Debug, Args)]
pub(crate) struct DevnetArgs {
    /// Members of the committee, each a process of its own.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) members: u8,
    /// An empty or new folder for genesis, keys, logs and data; a temporary one that is removed at the end when not given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Quote assets besides SOL, by their mints of SPL Token or Token-2022; at most seven. They may be created later.
    #[arg(long, value_delimiter = ',', value_name = "MINT")]
    pub(crate) quote: Vec<AssetId>,
    /// The time of an L1 slot, in milliseconds.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(10..=1_000))]
    pub(crate) slot_ms: u64,
    /// A tour that ends by itself: deposits, a launch, trades, settlement, and a withdrawal that is paid on the L1.
    #[arg(long)]
    pub(crate) demo: bool,
    /// The filter of the members' logs, as in RUST_LOG.
    #[arg(long, default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
}

/// A network that is ready.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    /// From the start of the command until every member was ready.
    ready_ms: u64,
    chain_id: Hash,
    program_id: Address,
    dir: PathBuf,
    /// A key file with lamports on the L1.
    faucet: PathBuf,
    l1: L1Addresses,
    members: Vec<MemberAddresses>,
}

#[derive(Debug, Serialize)]
struct L1Addresses {
    rpc: String,
    ws: String,
}

#[derive(Debug, Serialize)]
struct MemberAddresses {
    index: usize,
    rpc: String,
    ws: String,
    metrics: String,
    pid: Option<u32>,
    log: PathBuf,
}

pub(crate) async fn run(args: DevnetArgs, output: &Output) -> Result<()> {
    let started = Instant::now();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(QUIET));
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(terminal).init();
    let binary = std::env::current_exe().context("cannot tell where this command is")?;
    let mut config = LocalnetConfig::new(binary);
    config.members = usize::from(args.members);
    config.dir = args.dir;
    config.quote_assets = args.quote;
    config.quote_assets.sort_unstable();
    config.slot_ms = args.slot_ms;
    config.log = args.log;
    output.progress(&format!("starting the L1 and {} members", config.members));
    let mut localnet = tokio::select! {
        localnet = Localnet::start(&config) => localnet?,
        stop = stop_requested() => return stop,
    };
    let ready = ready(&mut localnet, started);
    if args.demo {
        output.progress(&text(&ready));
        let summary = tokio::select! {
            summary = demo::run(&mut localnet, started, output) => summary,
            stop = stop_requested() => return stop,
        };
        // The error of a member that died says more than that of the client that missed it.
        localnet.check_members()?;
        let summary = summary?;
        localnet.shutdown().await?;
        return output.result(&summary, || summary.text());
    }
    output.result(&ready, || text(&ready))?;
    output.progress("running; stop with ctrl-c");
    tokio::select! {
        ended = watch(&mut localnet) => ended?,
        stop = stop_requested() => stop?,
    }
    output.progress("stopping");
    Ok(localnet.shutdown().await?)
}

/// Ends when the network cannot go on. Members that are killed from outside are reported, and the others go on.
async fn watch(localnet: &mut Localnet) -> Result<()> {
    loop {
        if let Err(error) = localnet.check_members() {
            tracing::warn!("{error}");
        }
        if localnet.members().iter().all(|member| member.pid().is_none()) {
            anyhow::bail!("no member runs any more");
        }
        sleep(WATCH).await;
    }
}

fn ready(localnet: &mut Localnet, started: Instant) -> Ready {
    let members = localnet.members().iter().map(|member| MemberAddresses {
        index: member.index(),
        rpc: member.addresses().rpc_url.clone(),
        ws: member.addresses().ws_url.clone(),
        metrics: member.addresses().metrics_url.clone(),
        pid: member.pid(),
        log: member.log(),
    });
    let members = members.collect();
    Ready {
        ready_ms: demo::millis(started.elapsed()),
        chain_id: localnet.genesis().hash(),
        program_id: localnet.genesis().program_id,
        dir: localnet.layout().root().to_owned(),
        faucet: localnet.layout().faucet(),
        l1: L1Addresses {
            rpc: localnet.l1().url().to_owned(),
            ws: localnet.l1().ws_url().to_owned(),
        },
        members,
    }
}

fn text(ready: &Ready) -> String {
    let mut lines = vec![
        format!("ready after {} ms", ready.ready_ms),
        format!("chain     {}", ready.chain_id),
        format!("program   {}", ready.program_id),
        format!("L1        {}  {}", ready.l1.rpc, ready.l1.ws),
    ];
    for member in &ready.members {
        let pid = member.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        lines
            .push(format!("member {}  {}  {}  process {pid}", member.index, member.rpc, member.ws));
    }
    lines.push(format!("folder    {}", ready.dir.display()));
    if let Some(first) = ready.members.first() {
        let (url, key) = (&first.rpc, ready.faucet.display());
        lines.push(format!("try       asset deposit 1.5sol --url {url} --key {key}"));
    }
    lines.join("\n")
}
