//! Writing: sign, send, and follow a transaction until its fate is known.

use std::time::Duration;

use curvevm::types::Address;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash as Blockhash;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::{VersionedMessage, v0, v1};
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_status_client_types::TransactionStatus;
use tokio::time::{Instant, sleep};

use super::{address::address, client::L1Client, config::TransactionFormat, error::L1Error};
use crate::keys::Key;

/// The account data that one transaction may load, in bytes; the program itself counts.
const LOADED_BYTES_MAX: u32 = 4 * 1024 * 1024;
/// Between two looks at a transaction's status.
const POLL: Duration = Duration::from_millis(50);
/// Between two sends of the same bytes.
const RESEND: Duration = Duration::from_secs(2);
/// The address of the compute budget program.
const COMPUTE_BUDGET: &str = "ComputeBudget111111111111111111111111111111";

/// A write that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The Solana transaction.
    pub signature: Signature,
    /// The slot in which it was executed.
    pub slot: u64,
}

/// A write: one instruction, its name for people, and its compute bound.
pub(super) struct Write {
    pub(super) what: &'static str,
    pub(super) instruction: Instruction,
    pub(super) compute_units_max: u32,
}

/// What became of a signed transaction.
enum Fate {
    Landed(Landed),
    /// Its blockhash is no longer valid and it was not executed.
    Expired,
}

impl L1Client {
    /// Signs a write with `payer` and follows it until it succeeded or failed.
    pub(super) async fn write(&self, payer: &Key, write: Write) -> Result<Landed, L1Error> {
        let deadline = Instant::now() + self.config().write_timeout;
        while Instant::now() < deadline {
            let (blockhash, last_height) = self.blockhash().await?;
            let transaction = self.sign(payer, &write, blockhash)?;
            match self.follow(&transaction, &write, (last_height, deadline)).await? {
                Fate::Landed(landed) => return Ok(landed),
                Fate::Expired => {
                    tracing::debug!(what = write.what, "the blockhash expired, signing anew")
                }
            }
        }
        Err(L1Error::Timeout { what: write.what })
    }

    /// Waits until a transaction that somebody else sent is confirmed.
    pub(super) async fn wait_confirmed(
        &self,
        what: &'static str,
        signature: &Signature,
    ) -> Result<(), L1Error> {
        let deadline = Instant::now() + self.config().write_timeout;
        let wanted = CommitmentConfig::from(self.config().confirm_at);
        while Instant::now() < deadline {
            match self.status(signature).await? {
                Some(TransactionStatus { err: Some(error), .. }) => {
                    return Err(L1Error::Execution { what, message: error.to_string() });
                }
                Some(status) if status.satisfies_commitment(wanted) => return Ok(()),
                Some(_) | None => sleep(POLL).await,
            }
        }
        Err(L1Error::Timeout { what })
    }

    fn sign(
        &self,
        payer: &Key,
        write: &Write,
        blockhash: Blockhash,
    ) -> Result<VersionedTransaction, L1Error> {
        let failed = |message: String| L1Error::Signing { what: write.what, message };
        let fee_payer = payer.solana().pubkey();
        let message = match self.config().format {
            TransactionFormat::V0 => {
                let limit = compute_unit_limit(write.compute_units_max);
                v0::Message::try_compile(
                    &fee_payer,
                    &[limit, write.instruction.clone()],
                    &[],
                    blockhash,
                )
                .map(VersionedMessage::V0)
                .map_err(|error| failed(error.to_string()))?
            }
            TransactionFormat::V1 => {
                let config = v1::TransactionConfig::empty()
                    .with_compute_unit_limit(write.compute_units_max)
                    .with_loaded_accounts_data_size_limit(LOADED_BYTES_MAX);
                v1::Message::try_compile_with_config(
                    &fee_payer,
                    &[write.instruction.clone()],
                    blockhash,
                    config,
                )
                .map(VersionedMessage::V1)
                .map_err(|error| failed(error.to_string()))?
            }
        };
        // The signatures come on top of the message: a count and 64 bytes for the only signer.
        let found = message.serialize().len().saturating_add(65);
        let max = self.config().format.transaction_bytes_max();
        if found > max {
            return Err(L1Error::TooLong { what: write.what, found, max });
        }
        VersionedTransaction::try_new(message, &[payer.solana()])
            .map_err(|error| failed(error.to_string()))
    }

    /// Sends the same bytes until the status is known or the blockhash has expired.
    async fn follow(
        &self,
        transaction: &VersionedTransaction,
        write: &Write,
        (last_height, deadline): (u64, Instant),
    ) -> Result<Fate, L1Error> {
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let wanted = CommitmentConfig::from(self.config().confirm_at);
        let mut send_at = Instant::now();
        loop {
            if Instant::now() >= deadline {
                return Err(L1Error::Timeout { what: write.what });
            }
            if Instant::now() >= send_at {
                self.send(transaction, write).await?;
                send_at = Instant::now() + RESEND;
            }
            // The height is read before the status: a transaction that is unknown after its last height never lands.
            let height = self.height().await?;
            if let Some(status) = self.status(&signature).await? {
                if let Some(error) = status.err {
                    return Err(self.execution_error(write, &error.to_string()));
                }
                if status.satisfies_commitment(wanted) {
                    return Ok(Fate::Landed(Landed { signature, slot: status.slot }));
                }
            } else if height > last_height {
                return Ok(Fate::Expired);
            }
            sleep(POLL).await;
        }
    }

    async fn send(&self, transaction: &VersionedTransaction, write: &Write) -> Result<(), L1Error> {
        let config = RpcSendTransactionConfig {
            skip_preflight: false,
            preflight_commitment: Some(CommitmentConfig::processed().commitment),
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        match self.rpc().send_transaction_with_config(transaction, config).await {
            Ok(_) => Ok(()),
            Err(error) => self.send_error(write, error),
        }
    }

    /// What a refusal to take a transaction means; nothing when the status will tell.
    fn send_error(
        &self,
        write: &Write,
        error: solana_rpc_client_api::client_error::Error,
    ) -> Result<(), L1Error> {
        use solana_rpc_client_api::client_error::TransactionError;
        match error.kind().get_transaction_error() {
            Some(TransactionError::AlreadyProcessed | TransactionError::BlockhashNotFound) => {
                Ok(())
            }
            Some(TransactionError::InsufficientFundsForFee | TransactionError::AccountNotFound) => {
                let payer = write.instruction.accounts.iter().find(|meta| meta.is_signer);
                let payer = payer.map_or(Address::default(), |meta| address(&meta.pubkey));
                Err(L1Error::InsufficientFunds { payer, what: write.what })
            }
            Some(error) => Err(self.execution_error(write, &error.to_string())),
            None => Err(self.call_error(write.what, error)),
        }
    }

    fn execution_error(&self, write: &Write, message: &str) -> L1Error {
        match custom_number(message) {
            Some(number) => super::instructions::program_error(write.what, number),
            None => L1Error::Execution { what: write.what, message: message.to_owned() },
        }
    }
}

/// The number in `Error processing Instruction 1: custom program error: 0x1770`.
fn custom_number(message: &str) -> Option<u32> {
    let (_, number) = message.split_once("custom program error: 0x")?;
    u32::from_str_radix(number.trim(), 16).ok()
}

/// `SetComputeUnitLimit` of the compute budget program.
fn compute_unit_limit(units: u32) -> Instruction {
    let program_id: Pubkey = COMPUTE_BUDGET.parse().unwrap_or_default();
    let mut data = vec![2];
    data.extend_from_slice(&units.to_le_bytes());
    Instruction { program_id, accounts: Vec::<AccountMeta>::new(), data }
}

#[cfg(test)]
mod tests {
    use super::custom_number;

    #[test]
    fn finds_the_program_s_number() {
        let message = "Error processing Instruction 1: custom program error: 0x1770";
        assert_eq!(custom_number(message), Some(6_000));
        assert_eq!(custom_number("Blockhash not found"), None);
    }
}
