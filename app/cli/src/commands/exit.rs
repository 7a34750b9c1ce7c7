//! `asset exit`: get everything out with the L1 alone, when no member of the committee answers.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use asset_sdk::{Key, amount::format_sol};
use asset_sequencer::exit::{Action, Event, Exit, ExitConfig, Left, Outlook};
use clap::Args;
use curvevm::types::{Address, Quote};
use serde::Serialize;

use crate::{context::Signer, output::Output, signals::stop_requested};

/// Get everything out with the L1 alone, when no member of the committee answers.
///
/// The chain is rebuilt from the data on the L1. What has to be done is forced in through the inbox; when the committee does not consume it
/// in time, a batch is built and committed here, under a bond of the poster. After the challenge window the withdrawals are claimed, and the
/// bond is taken back. Started again, it goes on where it was. Without --yes it only says what it would do.
#[derive(Debug, Args)]
pub(crate) struct ExitArgs {
    /// The L1's JSON-RPC; its node must keep the transactions since the rollup's start.
    #[arg(long = "l1", env = "ASSET_L1_URL", value_name = "URL")]
    pub(crate) l1: String,
    /// The genesis file that the committee used.
    #[arg(long, env = "ASSET_GENESIS", value_name = "FILE")]
    pub(crate) genesis: PathBuf,
    #[command(flatten)]
    pub(crate) signer: Signer,
    /// Who pays on the L1, posts, and locks the bond; the account's own key when not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) poster_key: Option<PathBuf>,
    /// The Solana address that is paid; that of the account's key when not given.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) recipient: Option<Address>,
    /// Withdraw tokens as they are; otherwise they are sold.
    #[arg(long)]
    pub(crate) keep_tokens: bool,
    /// Do it.
    #[arg(long)]
    pub(crate) yes: bool,
    /// The pause between two looks, in milliseconds.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub(crate) interval_ms: u64,
}

/// What will be done.
#[derive(Debug, Serialize)]
struct Planned {
    event: &'static str,
    owner: Address,
    poster: Address,
    recipient: Address,
    /// The last committed batch, from which the state is.
    batch: u64,
    /// What is forced in, in order.
    actions: Vec<Action>,
    left: Vec<Left>,
    /// Messages in the inbox that no batch has consumed, and those of them that carry a transaction of the owner.
    waiting: usize,
    own_waiting: usize,
    /// Withdrawals that are committed and not paid.
    unpaid: usize,
    slot: u64,
    /// The slot after which anybody with a bond may commit.
    takeover_slot: u64,
    bond_lamports: u64,
    challenge_slots: u64,
    challenge_secs: u64,
}

pub(crate) async fn run(args: ExitArgs, output: &Output) -> Result<()> {
    let user = args.signer.read()?;
    let poster = args.poster_key.as_deref().map(Key::read).transpose();
    let poster = poster.context("no usable key: make one with `asset keygen --out FILE`")?;
    let poster = poster.unwrap_or_else(|| user.clone());
    let recipient = args.recipient.unwrap_or(user.address());
    let (owner, payer) = (user.address(), poster.address());
    let config = ExitConfig {
        genesis_file: args.genesis,
        l1: args.l1,
        user,
        poster,
        recipient,
        keep_tokens: args.keep_tokens,
        interval: Duration::from_millis(args.interval_ms),
    };
    let exiting = async {
        output.progress("rebuilding the chain from the L1");
        let mut exit = Exit::open(config).await?;
        let outlook = exit.look().await?;
        let planned = Planned::new(&outlook, (owner, payer, recipient));
        if !args.yes {
            return output.result(&planned, || {
                format!("{}\nnothing is done yet: say --yes to do it", planned.text())
            });
        }
        output.event(&planned);
        output.progress(&planned.text());
        exit.run(|event: &Event| {
            output.event(event);
            output.progress(&event.to_string());
        })
        .await?;
        Ok(())
    };
    tokio::select! {
        ended = exiting => ended,
        asked = stop_requested() => {
            asked?;
            output.progress("stopping; started again it goes on where it is");
            Ok(())
        }
    }
}

impl Planned {
    fn new(outlook: &Outlook, (owner, poster, recipient): (Address, Address, Address)) -> Self {
        let rollup = &outlook.rollup;
        Self {
            event: "planned",
            owner,
            poster,
            recipient,
            batch: rollup.committed_number,
            actions: outlook.plan.steps.iter().map(|step| step.action).collect(),
            left: outlook.plan.left.clone(),
            waiting: outlook.waiting,
            own_waiting: outlook.own_waiting,
            unpaid: outlook.unpaid.len(),
            slot: outlook.slot,
            takeover_slot: outlook.takeover_slot(),
            bond_lamports: rollup.bond_lamports,
            challenge_slots: rollup.challenge_slots,
            challenge_secs: rollup.challenge_secs,
        }
    }

    fn text(&self) -> String {
        let Self { owner, poster, recipient, batch, waiting, own_waiting, unpaid, .. } = self;
        let bond = format_sol(Quote::new(self.bond_lamports));
        let mut lines = vec![
            format!(
                "everything of {owner}, after batch {batch}, goes to {recipient}; {poster} pays the L1"
            ),
            format!(
                "{waiting} messages wait in the inbox, {own_waiting} of them forced in by {owner}; {unpaid} withdrawals are not paid"
            ),
        ];
        lines.extend(self.actions.iter().map(|action| format!("  force in: {action}")));
        lines.extend(
            self.left
                .iter()
                .map(|Left { action, reason }| format!("  NOT DONE: {action}: {reason}")),
        );
        if !self.actions.is_empty() || *own_waiting > 0 {
            let Self { slot, takeover_slot, .. } = self;
            lines.push(format!("  wait for the committee until slot {takeover_slot} (now {slot}), then lock a bond of {bond} for {poster} and commit a batch"));
        }
        if !self.actions.is_empty() || *own_waiting > 0 || *unpaid > 0 {
            let Self { challenge_slots, challenge_secs, .. } = self;
            lines.push(format!("  wait for the challenge window of {challenge_slots} slots and {challenge_secs} s, finalize, and claim"));
        }
        lines.push(format!(
            "  take back the bond of {poster}, if there is one, after two more windows"
        ));
        lines.join("\n")
    }
}
