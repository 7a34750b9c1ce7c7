//! The transactions that name an account, page by page.

use std::ops::ControlFlow;

use futures::stream::{self, StreamExt, TryStreamExt};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::rpc_client::GetConfirmedSignaturesForAddress2Config;
use solana_rpc_client_api::response::RpcConfirmedTransactionStatusWithSignature;
use solana_signature::Signature;
use solana_transaction_status_client_types::TransactionConfirmationStatus;

use super::{History, HistoryError, transaction::Executed};
use crate::l1::{address::address, config::Level, error::L1Error};

/// Signatures in a page: the most that a node of the L1 gives at once.
pub const PAGE_MAX: usize = 1_000;
/// Pages of one account that are looked through.
pub const PAGES_MAX: usize = 100;
/// Transactions that are asked for at the same time.
const IN_FLIGHT: usize = 8;

impl History {
    /// Visits the transactions that name an account and were executed without an error, the newest first; from the one before
    /// `before` on, where that is given.
    pub(super) async fn walk(
        &self,
        account: &Pubkey,
        mut before: Option<Signature>,
        mut visit: impl FnMut(Executed) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        for _ in 0..PAGES_MAX {
            let page = self.page(account, before).await?;
            let is_last = page.len() < PAGE_MAX;
            before = page.last().map(|listed| listed.signature);
            let counted = page.into_iter().filter(|listed| listed.counts);
            let fetches = counted.map(|listed| self.transaction(listed.signature));
            let mut transactions = stream::iter(fetches).buffered(IN_FLIGHT);
            while let Some(transaction) = transactions.try_next().await? {
                // A list may say more than the transaction, and not the other way round.
                let Some(transaction) = transaction else { continue };
                if visit(transaction).is_break() {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
        }
        let max = PAGES_MAX.saturating_mul(PAGE_MAX);
        Err(HistoryError::TooMany { account: address(account), max })
    }

    async fn page(
        &self,
        account: &Pubkey,
        before: Option<Signature>,
    ) -> Result<Vec<Listed>, HistoryError> {
        let what = "getSignaturesForAddress";
        let config = GetConfirmedSignaturesForAddress2Config {
            before,
            until: None,
            limit: Some(PAGE_MAX),
            commitment: Some(CommitmentConfig::from(self.level)),
        };
        let rpc = self.client.rpc();
        let page = rpc.get_signatures_for_address_with_config(account, config).await;
        let page = page.map_err(|error| self.client.call_error(what, error))?;
        let listed = page.into_iter().map(|entry| Listed::new(&entry, self.level));
        let unreadable = || L1Error::Rejected { what, message: "it lists no signature".to_owned() };
        Ok(listed.collect::<Option<_>>().ok_or_else(unreadable)?)
    }
}

/// A line of the list.
struct Listed {
    signature: Signature,
    /// Whether it was executed without an error and is settled enough.
    counts: bool,
}

impl Listed {
    fn new(entry: &RpcConfirmedTransactionStatusWithSignature, level: Level) -> Option<Self> {
        let signature = entry.signature.parse().ok()?;
        // Some nodes list what is younger than what they were asked for.
        let settled = match (&entry.confirmation_status, level) {
            (Some(TransactionConfirmationStatus::Finalized) | None, _) => true,
            (Some(TransactionConfirmationStatus::Confirmed), level) => level != Level::Finalized,
            (Some(TransactionConfirmationStatus::Processed), level) => level == Level::Processed,
        };
        Some(Self { signature, counts: settled && entry.err.is_none() })
    }
}
