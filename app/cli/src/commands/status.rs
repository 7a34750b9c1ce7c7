//! `asset status`: show what a node does and what it waits for.

use anyhow::Result;
use asset_sdk::rpc::StatusView;
use clap::Args;

use crate::{context::NodeUrls, output::Output};

/// Show what a node does and what it waits for.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

pub(crate) async fn run(args: StatusArgs, output: &Output) -> Result<()> {
    let status = args.urls.connect().await?.status().await?;
    output.result(&status, || text(&status))
}

fn text(status: &StatusView) -> String {
    let member =
        status.member.map_or_else(|| "no member".to_owned(), |member| format!("member {member}"));
    let l1 = match (&status.l1.error, status.l1.reachable) {
        (Some(error), _) => error.message.clone(),
        (None, true) => format!("slot {}", status.l1.slot),
        (None, false) => "does not answer".to_owned(),
    };
    let waiting = if status.waiting_for.is_empty() {
        "waits for    nothing".to_owned()
    } else {
        format!("waits for    {}", status.waiting_for.join("; "))
    };
    let lines = [
        format!("chain        {} {}", status.name, status.chain_id),
        format!(
            "node         {member} of {}, {} connected, version {}",
            status.members, status.peers, status.version
        ),
        format!(
            "height       {} (view {}), root {}",
            status.at.height, status.view, status.at.root
        ),
        format!(
            "batches      {} closed, {} committed, {} finalized",
            status.batch_closed, status.batch_committed, status.batch_finalized
        ),
        format!(
            "inbox        {} of {} messages consumed",
            status.inbox_cursor, status.l1.inbox_count
        ),
        format!(
            "mempool      {} of {}",
            status.mempool.transactions, status.mempool.transactions_max
        ),
        format!("L1           {} {l1}", status.l1.url),
        waiting,
    ];
    lines.join("\n")
}
