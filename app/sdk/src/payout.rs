//! Paying withdrawals of every kind on the L1: SOL, quote assets, and launched assets, whose mint is created when it is missing.

use asset_rollup_interface::error::RollupError;
use curvevm::{
    cell::Withdrawal,
    program::Amount,
    types::{Address, AssetId, CurveId},
};

use crate::{
    client::{Client, ClientError},
    keys::Key,
    l1::{Claim, L1Client, L1Error, Landed, Level, MintProof},
};

/// A withdrawal could not be paid.
#[derive(Debug, thiserror::Error)]
pub enum PayoutError {
    /// The node did not prove it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The L1 did not pay it.
    #[error(transparent)]
    L1(#[from] L1Error),
}

/// A withdrawal that was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The withdrawal.
    pub withdrawal: Withdrawal,
    /// The finalized batch that it was proved under.
    pub batch: u64,
    /// The mint that was created for it.
    pub created: Option<Address>,
    /// The payment.
    pub landed: Landed,
}

/// Proves a withdrawal under the last finalized root and has it paid to its recipient. `payer` pays what it costs on the L1, and for the
/// accounts that are missing.
///
/// # Errors
///
/// [`PayoutError`], among them that the withdrawal is not finalized, or was paid before.
pub async fn pay_withdrawal(
    client: &Client,
    l1: &L1Client,
    payer: &Key,
    index: u64,
) -> Result<Payout, PayoutError> {
    let rollup = l1.rollup(Level::Confirmed).await?;
    let batch = rollup.finalized_number;
    let root = rollup.finalized_root(batch).unwrap_or_default();
    let proven = client.prove_withdrawal(index, batch, root).await?;
    let claim = Claim { batch, withdrawal: &proven.withdrawal, witness: &proven.witness };
    let mut created = None;
    let landed = match proven.withdrawal.amount {
        Amount::Quote(AssetId::SOL, _) => l1.withdraw(payer, claim).await?,
        Amount::Quote(..) => l1.withdraw_token(payer, claim).await?,
        Amount::Base(curve, _) => match l1.withdraw_token(payer, claim).await {
            Err(L1Error::MintMissing { .. }) => {
                created = ensure_mint(client, l1, payer, curve).await?;
                l1.withdraw_token(payer, claim).await?
            }
            landed => landed?,
        },
    };
    Ok(Payout { withdrawal: proven.withdrawal, batch, created, landed })
}

/// Creates the mint of a launched asset, proved under the last finalized root; nothing when somebody else was first.
///
/// # Errors
///
/// [`PayoutError`].
pub async fn ensure_mint(
    client: &Client,
    l1: &L1Client,
    payer: &Key,
    curve: CurveId,
) -> Result<Option<Address>, PayoutError> {
    let rollup = l1.rollup(Level::Confirmed).await?;
    let batch = rollup.finalized_number;
    let root = rollup.finalized_root(batch).unwrap_or_default();
    let proven = client.prove_curve(curve, batch, root).await?;
    let proof = MintProof { batch, curve, witness: &proven.witness };
    match l1.create_mint(payer, proof).await {
        Ok(_) => Ok(Some(l1.launched_mint(&curve))),
        Err(error) if error.program_number() == Some(RollupError::MintExists.code()) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
