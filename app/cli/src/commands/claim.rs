//! `asset claim`: have a finalized withdrawal paid out on the L1, or take what a curve holds for an account.

use std::str::FromStr;

use anyhow::{Result, bail};
use asset_sdk::{
    Client, Key, amount::format_decimal, l1::L1Client, payout::pay_withdrawal, rpc::CurveView,
};
use clap::Args;
use curvevm::{
    program::{Amount, Claim as Accrued},
    receipt::Event,
    types::{Address, AssetId, CurveId},
};
use serde::Serialize;

use crate::{
    context::{
        L1Url, NodeUrls, Sent, Signer, Until, decimals, finish, format_amount, format_asset,
        format_quote,
    },
    output::Output,
};

/// Have a finalized withdrawal paid out on the L1, or take what a curve holds for this account.
///
/// Anybody may claim a withdrawal; its recipient is paid. Tokens go to the recipient's associated token account. That account and a launched
/// asset's mint are created when they are missing, and the key pays for them.
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
    /// The mint of tokens that were paid, into the recipient's associated token account.
    pub(crate) mint: Option<Address>,
    /// Whether the mint was created for it.
    pub(crate) mint_created: bool,
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
    let amount = amount_text(&client, &l1, &paid.amount).await;
    output.result(&paid, || paid.text(&amount))
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

/// Proves a withdrawal under the last finalized root and claims it, whatever it is of.
pub(crate) async fn claim(client: &Client, l1: &L1Client, payer: &Key, index: u64) -> Result<Paid> {
    let payout = pay_withdrawal(client, l1, payer, index).await?;
    let amount = payout.withdrawal.amount;
    Ok(Paid {
        index,
        amount,
        recipient: payout.withdrawal.recipient,
        batch: payout.batch,
        mint: match amount {
            Amount::Quote(AssetId::SOL, _) => None,
            Amount::Quote(..) | Amount::Base(..) => Some(l1.mint_of(&amount)),
        },
        mint_created: payout.created.is_some(),
        signature: payout.landed.signature.to_string(),
        slot: payout.landed.slot,
    })
}

impl Paid {
    /// `paid 1.5sol to .. on the L1 in slot 7`
    pub(crate) fn text(&self, amount: &str) -> String {
        let mut text =
            format!("paid {amount} to {} on the L1 in slot {}", self.recipient, self.slot);
        if let (Some(mint), Amount::Base(..)) = (self.mint, self.amount) {
            let created = if self.mint_created { ", which was created" } else { "" };
            text.push_str(&format!("\nthe mint is {mint}{created}"));
        }
        text
    }
}

/// An amount for people, with the decimals and the symbol as far as the node and the L1 tell.
pub(crate) async fn amount_text(client: &Client, l1: &L1Client, amount: &Amount) -> String {
    match amount {
        Amount::Quote(AssetId::SOL, quote) => format_quote(*quote, &AssetId::SOL),
        Amount::Quote(asset, quote) => format_asset(*quote, asset, decimals(l1, asset).await),
        Amount::Base(id, base) => match client.curve(*id).await {
            Ok(curve) => format!("{} {}", format_decimal(base.get(), curve.decimals), curve.symbol),
            Err(_) => format_amount(amount),
        },
    }
}
