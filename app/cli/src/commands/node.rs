//! `asset node`: run a node.

use std::{io::IsTerminal, path::PathBuf};

use anyhow::{Context, Result};
use asset_sequencer::{Node, NodeConfig};
use clap::Args;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::{
    output::Output,
    signals::{stdin_closed, stop_requested},
};

/// Run a node until ctrl-c or SIGTERM.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// The configuration, see config.example.toml.
    #[arg(long, env = "ASSET_CONFIG", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Another L1 than the configuration's.
    #[arg(long = "l1", env = "ASSET_L1_URL", value_name = "URL")]
    pub(crate) l1: Option<String>,
    /// Write the log as JSON.
    #[arg(long)]
    pub(crate) log_json: bool,
    /// Stop when standard input is closed: for a process that starts nodes and may not outlive them.
    #[arg(long, hide = true)]
    pub(crate) stop_on_stdin_eof: bool,
}

#[derive(Serialize)]
struct Running {
    member: u16,
    rpc: String,
    ws: String,
    metrics: String,
    pid: u32,
}

pub(crate) async fn run(args: NodeArgs, output: &Output) -> Result<()> {
    start_log(args.log_json);
    let mut config = NodeConfig::load(&args.config)?;
    if let Some(url) = args.l1 {
        config.l1.url = url;
    }
    let mut node = Node::start(config).await?;
    let running = Running {
        member: node.member(),
        rpc: format!("http://{}", node.rpc_address()),
        ws: format!("ws://{}", node.rpc_address()),
        metrics: format!("http://{}", node.metrics_address()),
        pid: std::process::id(),
    };
    output.result(&running, || format!("member {} serves {}", running.member, running.rpc))?;
    let parent_gone = async {
        if args.stop_on_stdin_eof { stdin_closed().await } else { std::future::pending().await }
    };
    tokio::select! {
        stopped = node.stopped() => return stopped.context("the node stopped by itself"),
        asked = stop_requested() => asked?,
        () = parent_gone => {}
    }
    output.progress("stopping");
    node.shutdown().await.context("the node did not stop cleanly")
}

/// Logs to standard error, filtered by `RUST_LOG`.
fn start_log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal);
    if json { log.json().init() } else { log.init() }
}
