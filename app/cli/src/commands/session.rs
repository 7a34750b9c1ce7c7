//! `asset session`: let another key trade for this account.

use anyhow::{Context, Result, bail};
use asset_sdk::{amount::parse_sol, rpc::SessionView, tx::Grant};
use clap::{Args, Subcommand};
use curvevm::types::{Address, AssetId, Quote};
use serde::Serialize;

use crate::{
    context::{NodeUrls, Sent, Signer, Until, finish, format_quote},
    output::Output,
};

/// Units of durations and their milliseconds.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Let another key trade for this account: buy, sell, add and remove liquidity, and nothing else.
#[derive(Debug, Args)]
pub(crate) struct SessionArgs {
    #[command(subcommand)]
    pub(crate) command: SessionCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Let a key trade; replaces what was said of it before.
    Authorize(AuthorizeArgs),
    /// No longer let a key trade.
    Revoke(RevokeArgs),
    /// Show what a key may do.
    Show(ShowArgs),
}

/// Let a key trade; replaces what was said of it before.
#[derive(Debug, Args)]
pub(crate) struct AuthorizeArgs {
    /// The session key's address.
    pub(crate) session: Address,
    /// How much it may spend in all, fees included, such as 5sol; of another asset in base units.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT")]
    pub(crate) limit: Quote,
    /// For how long, such as 30min, 12h or 7d.
    #[arg(long = "for", value_parser = parse_duration, value_name = "DURATION")]
    pub(crate) duration_ms: u64,
    /// The quote asset that it may spend; SOL when not given.
    #[arg(long, value_name = "MINT")]
    pub(crate) asset: Option<AssetId>,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

/// No longer let a key trade.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The session key's address.
    pub(crate) session: Address,
    /// The state to wait for.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

/// Show what a key may do.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The account that it trades for.
    pub(crate) owner: Address,
    /// The session key's address.
    pub(crate) session: Address,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
}

#[derive(Serialize)]
struct Authorized {
    session: Address,
    expires_ms: u64,
    asset: AssetId,
    limit: Quote,
    transaction: Sent,
}

#[derive(Serialize)]
struct Revoked {
    session: Address,
    transaction: Sent,
}

pub(crate) async fn run(args: SessionArgs, output: &Output) -> Result<()> {
    match args.command {
        SessionCommand::Authorize(args) => authorize(&args, output).await,
        SessionCommand::Revoke(args) => revoke(&args, output).await,
        SessionCommand::Show(args) => show(&args, output).await,
    }
}

async fn authorize(args: &AuthorizeArgs, output: &Output) -> Result<()> {
    let wallet = args.signer.wallet(&args.urls).await?;
    // The chain's clock decides.
    let now_ms = wallet.client().status().await?.time_ms;
    let expires_ms =
        now_ms.checked_add(args.duration_ms).context("the duration passes the end of time")?;
    let (session, limit, asset) = (args.session, args.limit, args.asset.unwrap_or(AssetId::SOL));
    let submitted = wallet.authorize(Grant { session, expires_ms, asset, limit }).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    let authorized = Authorized { session, expires_ms, asset, limit, transaction };
    output.result(&authorized, || {
        format!(
            "{session} may spend {} until {expires_ms} ms\n{}",
            format_quote(limit, &asset),
            authorized.transaction.text()
        )
    })
}

async fn revoke(args: &RevokeArgs, output: &Output) -> Result<()> {
    let wallet = args.signer.wallet(&args.urls).await?;
    let submitted = wallet.revoke(args.session).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    let revoked = Revoked { session: args.session, transaction };
    output.result(&revoked, || {
        format!("{} may no longer trade\n{}", revoked.session, revoked.transaction.text())
    })
}

async fn show(args: &ShowArgs, output: &Output) -> Result<()> {
    let view = args.urls.connect().await?.session(args.owner, args.session).await?;
    output.result(&view, || describe(&view))
}

fn describe(view: &SessionView) -> String {
    let Some(grant) = view.grant else {
        return format!("{} was never authorized by {}", view.session, view.owner);
    };
    if grant.expires_ms == 0 {
        return format!("{} was revoked by {}", view.session, view.owner);
    }
    format!(
        "{} has spent {} of {} for {}, until {} ms",
        view.session,
        format_quote(grant.spent, &grant.asset),
        format_quote(grant.limit, &grant.asset),
        view.owner,
        grant.expires_ms
    )
}

/// Milliseconds from a whole number with its unit.
pub(crate) fn parse_duration(text: &str) -> Result<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let Some((_, ms)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        bail!("`{text}` is no duration: write for example 90s, 30min, 12h or 7d");
    };
    let number: u64 = number.parse().with_context(|| format!("`{text}` is no duration"))?;
    number.checked_mul(*ms).with_context(|| format!("`{text}` is too long"))
}
