//! Writing: sign, send, and follow a transaction until its fate is known.

use std::{iter, time::Duration};

use curvevm::types::Address;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash as Blockhash;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_message::{VersionedMessage, v0, v1};
use solana_pubkey::Pubkey;
use solana_rpc_client_api::{
    client_error::{Error as RpcClientError, TransactionError},
    config::RpcSendTransactionConfig,
};
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_status_client_types::TransactionStatus;
use tokio::time::{Instant, sleep};

use super::{
    address::address,
    client::L1Client,
    config::TransactionFormat,
    error::L1Error,
    tokens::{is_of_tokens, token_error},
};
use crate::keys::Key;

/// The account data that one transaction may load, in bytes; the program itself counts.
const LOADED_BYTES_MAX: u32 = 4 * 1024 * 1024;
/// Between two looks at a transaction's status.
const POLL: Duration = Duration::from_millis(50);
/// Between two sends of the same bytes.
const RESEND: Duration = Duration::from_secs(2);
/// The system program's error number when an account has too few lamports.
const SYSTEM_INSUFFICIENT: u32 = 1;
/// The address of the compute budget program.
const COMPUTE_BUDGET: &str = "ComputeBudget111111111111111111111111111111";
/// Numbers of its instructions: `RequestHeapFrame`, `SetComputeUnitLimit`, `SetLoadedAccountsDataSizeLimit`.
const HEAP_FRAME: u8 = 1;
const COMPUTE_UNIT_LIMIT: u8 = 2;
const LOADED_BYTES_LIMIT: u8 = 4;

/// A write that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The Solana transaction.
    pub signature: Signature,
    /// The slot in which it was executed.
    pub slot: u64,
}

/// A write: its instructions, their name for people, and what they may use in all.
pub(super) struct Write {
    pub(super) what: &'static str,
    pub(super) instructions: Vec<Instruction>,
    pub(super) compute_units_max: u32,
    /// The heap of each instruction in bytes, where Solana's own is too small.
    pub(super) heap_bytes: Option<u32>,
    /// Who signs besides the payer.
    pub(super) signer: Option<Key>,
    /// The format that it is sent in where it fits; the configured one otherwise.
    pub(super) format: Option<TransactionFormat>,
}

impl Write {
    pub(super) const fn new(
        what: &'static str,
        instructions: Vec<Instruction>,
        compute_units_max: u32,
    ) -> Self {
        Self { what, instructions, compute_units_max, heap_bytes: None, signer: None, format: None }
    }
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
        Err(L1Error::Timeout { what: write.what, signature: String::new() })
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
        Err(L1Error::Timeout { what, signature: signature.to_string() })
    }

    /// Signs a write, in the format that it names where it fits that.
    pub(super) fn sign(
        &self,
        payer: &Key,
        write: &Write,
        blockhash: Blockhash,
    ) -> Result<VersionedTransaction, L1Error> {
        let configured = self.config().format;
        match sign(payer, write, (blockhash, write.format.unwrap_or(configured))) {
            Err(L1Error::TooLong { .. }) if write.format.is_some() => {
                sign(payer, write, (blockhash, configured))
            }
            signed => signed,
        }
    }

    /// Sends the same bytes until the status is known or the blockhash has expired.
    async fn follow(
        &self,
        transaction: &VersionedTransaction,
        write: &Write,
        (last_height, deadline): (u64, Instant),
    ) -> Result<Fate, L1Error> {
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let mut send_at = Instant::now();
        while Instant::now() < deadline {
            if Instant::now() >= send_at {
                self.send(transaction, write).await?;
                send_at = Instant::now() + RESEND;
            }
            match self.fate(&signature, write, last_height).await {
                Ok(Some(fate)) => return Ok(fate),
                Ok(None) => {}
                // The L1 has the transaction or not; only its status tells.
                Err(error @ L1Error::Unreachable { .. }) => {
                    tracing::debug!(%error, what = write.what, "looking again");
                }
                Err(error) => return Err(error),
            }
            sleep(POLL).await;
        }
        Err(L1Error::Timeout { what: write.what, signature: signature.to_string() })
    }

    /// What became of a transaction, when that is known.
    async fn fate(
        &self,
        signature: &Signature,
        write: &Write,
        last_height: u64,
    ) -> Result<Option<Fate>, L1Error> {
        // The height is read before the status: a transaction that is unknown after its last height never lands.
        let height = self.height().await?;
        let Some(status) = self.status(signature).await? else {
            return Ok((height > last_height).then_some(Fate::Expired));
        };
        let wanted = CommitmentConfig::from(self.config().confirm_at);
        if !status.satisfies_commitment(wanted) {
            // What failed on one fork may succeed on another, and the caller may send it anew.
            return Ok(None);
        }
        match status.err {
            Some(error) => Err(execution_error(write, &error)),
            None => Ok(Some(Fate::Landed(Landed { signature: *signature, slot: status.slot }))),
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
    fn send_error(&self, write: &Write, error: RpcClientError) -> Result<(), L1Error> {
        match error.kind().get_transaction_error() {
            Some(TransactionError::AlreadyProcessed | TransactionError::BlockhashNotFound) => {
                Ok(())
            }
            Some(error) => Err(execution_error(write, &error)),
            None => match self.call_error(write.what, error) {
                // It may have arrived all the same.
                error @ L1Error::Unreachable { .. } => {
                    tracing::debug!(%error, what = write.what, "sending again");
                    Ok(())
                }
                error => Err(error),
            },
        }
    }
}

/// Signs a write over a blockhash, in a format.
fn sign(
    payer: &Key,
    write: &Write,
    (blockhash, format): (Blockhash, TransactionFormat),
) -> Result<VersionedTransaction, L1Error> {
    let failed = |message: String| L1Error::Signing { what: write.what, message };
    let fee_payer = payer.solana().pubkey();
    let message = match format {
        TransactionFormat::V0 => {
            let mut instructions = budget(write);
            instructions.extend_from_slice(&write.instructions);
            v0::Message::try_compile(&fee_payer, &instructions, &[], blockhash)
                .map(VersionedMessage::V0)
                .map_err(|error| failed(error.to_string()))?
        }
        TransactionFormat::V1 => {
            let mut config = v1::TransactionConfig::empty()
                .with_compute_unit_limit(write.compute_units_max)
                .with_loaded_accounts_data_size_limit(LOADED_BYTES_MAX);
            if let Some(bytes) = write.heap_bytes {
                config = config.with_heap_size(bytes);
            }
            v1::Message::try_compile_with_config(&fee_payer, &write.instructions, blockhash, config)
                .map(VersionedMessage::V1)
                .map_err(|error| failed(error.to_string()))?
        }
    };
    // The signatures come on top of the message: a count and 64 bytes for each signer.
    let signatures = usize::from(message.header().num_required_signatures).saturating_mul(64);
    let found = message.serialize().len().saturating_add(1).saturating_add(signatures);
    let max = format.transaction_bytes_max();
    if found > max {
        return Err(L1Error::TooLong { what: write.what, found, max });
    }
    let signers: Vec<&Keypair> = iter::once(payer).chain(&write.signer).map(Key::solana).collect();
    VersionedTransaction::try_new(message, &signers).map_err(|error| failed(error.to_string()))
}

/// What a failed execution means.
fn execution_error(write: &Write, error: &TransactionError) -> L1Error {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(SYSTEM_INSUFFICIENT))
        | TransactionError::InsufficientFundsForFee
        | TransactionError::AccountNotFound => {
            let mut accounts = write.instructions.iter().flat_map(|it| &it.accounts);
            let payer = accounts.find(|meta| meta.is_signer);
            let payer = payer.map_or(Address::default(), |meta| address(&meta.pubkey));
            L1Error::InsufficientFunds { payer, what: write.what }
        }
        TransactionError::InstructionError(_, InstructionError::Custom(number)) => {
            match token_error(*number).filter(|_| is_of_tokens(write)) {
                Some(message) => L1Error::Token { what: write.what, message },
                None => super::instructions::program_error(write.what, *number),
            }
        }
        other => L1Error::Execution { what: write.what, message: other.to_string() },
    }
}

/// What a write may use, as instructions of the compute budget program. The short format has room for all of them where nothing long is
/// carried.
fn budget(write: &Write) -> Vec<Instruction> {
    let units = budget_instruction(COMPUTE_UNIT_LIMIT, write.compute_units_max);
    match write.heap_bytes {
        None => vec![units],
        Some(bytes) => {
            let loaded = budget_instruction(LOADED_BYTES_LIMIT, LOADED_BYTES_MAX);
            vec![budget_instruction(HEAP_FRAME, bytes), units, loaded]
        }
    }
}

fn budget_instruction(number: u8, argument: u32) -> Instruction {
    let program_id: Pubkey = COMPUTE_BUDGET.parse().unwrap_or_default();
    let mut data = vec![number];
    data.extend_from_slice(&argument.to_le_bytes());
    Instruction { program_id, accounts: Vec::<AccountMeta>::new(), data }
}

#[cfg(test)]
mod tests {
    use asset_rollup_interface::{
        constants::{TOKEN_2022_PROGRAM, TOKEN_PROGRAM},
        state::Message,
    };
    use curvevm::types::{Address, Hash};
    use solana_instruction::{AccountMeta, Instruction};
    use solana_pubkey::Pubkey;

    use super::{
        Blockhash, InstructionError, L1Client, L1Error, TransactionError, TransactionFormat, Write,
        budget, execution_error,
    };
    use crate::{
        keys::Key,
        l1::{CLOSED_MESSAGES_MAX, L1Config, address::pubkey, instructions::close_messages},
    };

    /// `AccountFrozen` of the token programs.
    const TOKEN_FROZEN: u32 = 17;

    fn write() -> Write {
        let instruction =
            Instruction { program_id: Pubkey::default(), accounts: Vec::new(), data: Vec::new() };
        Write::new("withdraw", vec![instruction], 1)
    }

    fn failed(error: InstructionError) -> L1Error {
        execution_error(&write(), &TransactionError::InstructionError(1, error))
    }

    #[test]
    fn failures_are_told_apart() {
        let program = failed(InstructionError::Custom(6_038));
        assert_eq!(program.program_number(), Some(6_038));
        assert!(program.to_string().contains("AlreadyWithdrawn (6038)"), "{program}");
        assert_eq!(failed(InstructionError::Custom(9_999)).program_number(), Some(9_999));
        assert!(matches!(failed(InstructionError::Custom(1)), L1Error::InsufficientFunds { .. }));
        assert!(matches!(
            failed(InstructionError::ComputationalBudgetExceeded),
            L1Error::Execution { .. }
        ));
        let broke = execution_error(&write(), &TransactionError::AccountNotFound);
        assert!(matches!(broke, L1Error::InsufficientFunds { .. }));
    }

    #[test]
    fn errors_of_the_token_programs_are_named_where_they_can_be_met() {
        let frozen = TransactionError::InstructionError(0, InstructionError::Custom(TOKEN_FROZEN));
        let mut write = write();
        let number = execution_error(&write, &frozen).program_number();
        assert_eq!(number, Some(TOKEN_FROZEN), "without a token program it is somebody else's");
        for program in [TOKEN_PROGRAM, TOKEN_2022_PROGRAM] {
            write.instructions[0].accounts =
                vec![AccountMeta::new_readonly(pubkey(&program), false)];
            let error = execution_error(&write, &frozen);
            assert!(matches!(error, L1Error::Token { .. }), "{error}");
            let ours = TransactionError::InstructionError(0, InstructionError::Custom(6_038));
            assert_eq!(execution_error(&write, &ours).program_number(), Some(6_038));
        }
    }

    #[test]
    fn as_many_messages_as_may_be_closed_fit_the_shorter_format() {
        let (program, chain) = (Address::new([1; 32]), Hash::new([2; 32]));
        let mut config = L1Config::new("http://127.0.0.1:1", program, chain);
        config.format = TransactionFormat::V0;
        let client = L1Client::new(config);
        let message = |index: u64| Message {
            version: 1,
            bump: 255,
            reserved: [0; 6],
            rollup: Address::new([3; 32]),
            payer: Address::new([u8::try_from(index).unwrap(); 32]),
            hash: Hash::ZERO,
            slot: 0,
            index,
            body: Vec::new(),
        };
        let messages: Vec<Message> = (10..).map(message).take(CLOSED_MESSAGES_MAX).collect();
        let write = close_messages(&client, &messages);
        client.sign(&Key::from_seed([4; 32]), &write, Blockhash::default()).unwrap();
    }

    #[test]
    fn the_budget_is_the_budget_program_s() {
        assert_eq!(budget(&write())[0].data, [2, 1, 0, 0, 0]);
        let write = Write { heap_bytes: Some(0x0102_0304), ..write() };
        let budget = budget(&write);
        let data: Vec<&[u8]> = budget.iter().map(|it| &it.data[..]).collect();
        assert_eq!(data, [&[1, 4, 3, 2, 1], &[2, 1, 0, 0, 0], &[4, 0, 0, 64, 0]]);
        assert!(budget.iter().all(|it| it.program_id.to_string() == super::COMPUTE_BUDGET));
    }
}
