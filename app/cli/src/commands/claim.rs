//! `asset claim`: have a finalized withdrawal paid out on the L1, or take what a curve holds for an account.

use std::str::FromStr;

use anyhow::{Result, bail};
use asset_sdk::{
    Client, Key,
    amount::format_decimal,
    l1::{Claim, L1Client, Level},
    rpc::CurveView,
};
use clap::Args;
use curvevm::{
    program::{Amount, Claim as Accrued},
    receipt::Event,
    types::{Address, CurveId},
};
use serde::Serialize;

use crate::{
    context::{L1Url, NodeUrls, Sent, Signer, Until, finish, format_amount, format_quote},
    output::Output,
};

/// Have a finalized withdrawal paid out on the L1, or take what a curve holds for this account.
///
/// Anybody may claim a withdrawal; its recipient is paid.
#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    /// A withdrawal's index; or, with --curve, the fees of the creator, partner or protocol, what has vested, or the liquidity.
    #[arg(value_name = "INDEX|creator|partner|protocol|vested|liquidity")]
    pub(crate) what: What,
    /// The curve that holds it.
    #[arg(long, value_name = "CURVE")]
    pub(crate) curve: Option<CurveId>,
    /// The state to wait for, of a claim on a curve.
    #[arg(long, value_enum, default_value = "preconfirmed")]
    pub(crate) wait: Until,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
    #[command(flatten)]
    pub(crate) l1: L1Url,
}

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The withdrawal of this index, on the L1.
    Withdrawal(u64),
    /// What a curve holds.
    Accrued(Accrued),
}

#[derive(Serialize)]
struct Claimed {
    curve: CurveId,
    transaction: Sent,
}

/// A withdrawal that was paid.
#[derive(Debug, Serialize)]
pub(crate) struct Paid {
    pub(crate) index: u64,
    pub(crate) amount: Amount,
    pub(crate) recipient: Address,
    /// The finalized batch that it was proved under.
    pub(crate) batch: u64,
    pub(crate) signature: String,
    pub(crate) slot: u64,
}

pub(crate) async fn run(args: ClaimArgs, output: &Output) -> Result<()> {
    let index = match (args.what, args.curve) {
        (What::Withdrawal(index), None) => index,
        (What::Accrued(what), Some(curve)) => {
            return claim_accrued(&args, curve, what, output).await;
        }
        (What::Withdrawal(_), Some(_)) => bail!("a withdrawal is of no curve: leave --curve out"),
        (What::Accrued(_), None) => bail!("say which curve holds it: --curve CURVE"),
    };
    let key = args.signer.read()?;
    let client = args.urls.connect().await?;
    let l1 = args.l1.connect(&client).await?;
    let paid = claim(&client, &l1, &key, index).await?;
    output.result(&paid, || {
        format!(
            "paid {} to {} on the L1 in slot {}",
            format_amount(&paid.amount),
            paid.recipient,
            paid.slot
        )
    })
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "creator" => Self::Accrued(Accrued::CreatorFees),
            "partner" => Self::Accrued(Accrued::PartnerFees),
            "protocol" => Self::Accrued(Accrued::ProtocolFees),
            "vested" => Self::Accrued(Accrued::Vested),
            "liquidity" => Self::Accrued(Accrued::Liquidity),
            index => Self::Withdrawal(index.parse().map_err(|_| {
                "write a withdrawal's index, creator, partner, protocol, vested or liquidity"
                    .to_owned()
            })?),
        })
    }
}

/// Takes what a curve holds for the account.
async fn claim_accrued(
    args: &ClaimArgs,
    curve: CurveId,
    what: Accrued,
    output: &Output,
) -> Result<()> {
    let wallet = args.signer.wallet(&args.urls).await?;
    let view = wallet.client().curve(curve).await?;
    let submitted = wallet.claim(curve, what).await?;
    let transaction = finish(submitted, args.wait, output).await?;
    let claimed = Claimed { curve, transaction };
    output.result(&claimed, || {
        let paid = claimed.transaction.events.iter().find_map(paid_text(&view));
        let paid = paid.map(|text| format!("{text}\n")).unwrap_or_default();
        format!("{paid}{}", claimed.transaction.text())
    })
}

/// What a claim paid, for people.
fn paid_text(curve: &CurveView) -> impl Fn(&Event) -> Option<String> {
    |event| match event {
        Event::Claimed { quote, base, shares, .. } => Some(format!(
            "claimed {}, {} {} and {shares} shares",
            format_quote(*quote, &curve.quote_asset),
            format_decimal(base.get(), curve.decimals),
            curve.symbol
        )),
        Event::Traded(_)
        | Event::Launched { .. }
        | Event::Published { .. }
        | Event::Transferred { .. }
        | Event::Withdrawn { .. }
        | Event::LiquidityAdded(_)
        | Event::LiquidityRemoved(_)
        | Event::Migrated(_)
        | Event::Authorized { .. }
        | Event::Revoked { .. }
        | Event::Deposited { .. } => None,
    }
}

/// Proves a withdrawal under the last finalized root and claims it.
pub(crate) async fn claim(client: &Client, l1: &L1Client, payer: &Key, index: u64) -> Result<Paid> {
    let rollup = l1.rollup(Level::Confirmed).await?;
    let batch = rollup.finalized_number;
    let root = rollup.finalized_root(batch).unwrap_or_default();
    let proven = client.prove_withdrawal(index, batch, root).await?;
    let claim = Claim { batch, withdrawal: &proven.withdrawal, witness: &proven.witness };
    let landed = l1.withdraw(payer, claim).await?;
    Ok(Paid {
        index,
        amount: proven.withdrawal.amount,
        recipient: proven.withdrawal.recipient,
        batch,
        signature: landed.signature.to_string(),
        slot: landed.slot,
    })
}
