//! `asset tx`: show where a transaction stands.

use anyhow::Result;
use clap::Args;
use curvevm::{receipt::Outcome, types::Hash};

use crate::{
    context::{NodeUrls, Until},
    output::Output,
};

/// Show where a transaction stands.
#[derive(Debug, Args)]
pub(crate) struct TxArgs {
    /// The transaction's id.
    pub(crate) id: Hash,
    /// Wait for this state first.
    #[arg(long, value_enum)]
    pub(crate) wait: Option<Until>,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

pub(crate) async fn run(args: TxArgs, output: &Output) -> Result<()> {
    let client = args.urls.connect().await?;
    let view = match args.wait {
        Some(until) => client.wait_for(args.id, until.into()).await?,
        None => client.transaction(args.id).await?,
    };
    output.result(&view, || {
        let mut lines = vec![format!("{} is {}", view.id, view.state)];
        if let (Some(height), Some(index)) = (view.height, view.index) {
            lines.push(format!("block {height}, place {index}"));
        }
        if let (Some(height), Some(message)) = (view.height, view.message) {
            lines.push(format!("block {height}, inbox message {message}"));
        }
        if let Some(batch) = view.batch {
            lines.push(format!("batch {batch}"));
        }
        match view.receipt.as_ref().map(|receipt| &receipt.outcome) {
            Some(Outcome::Succeeded(events)) => {
                lines.extend(events.iter().map(|event| format!("{event:?}")))
            }
            Some(Outcome::Failed { instruction, error }) => {
                lines.push(format!("failed at instruction {instruction}: {error}"));
            }
            Some(Outcome::Rejected { error }) => lines.push(format!("rejected: {error}")),
            None => {}
        }
        lines.extend(view.error.as_ref().map(|error| error.message.clone()));
        lines.join("\n")
    })
}
