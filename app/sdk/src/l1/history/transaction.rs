//! One transaction: fetched, checked against its signature, and cut into calls of the program.

use ed25519_zebra::{Signature as ZebraSignature, VerificationKey};
use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use solana_message::compiled_instruction::CompiledInstruction;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::{config::RpcTransactionConfig, request::RpcRequest};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiLoadedAddresses, UiTransactionEncoding,
    UiTransactionStatusMeta, option_serializer::OptionSerializer,
};

use super::{History, HistoryError};

/// The newest format of a transaction that is read (SIMD-0385).
const VERSION_MAX: u8 = 1;

/// A transaction that was executed without an error.
#[derive(Clone, Debug)]
pub(super) struct Executed {
    pub(super) signature: Signature,
    pub(super) slot: u64,
    /// In seconds since 1970, where the L1's node knows it.
    pub(super) unix_time: Option<i64>,
    /// Its calls of the program, in order.
    pub(super) calls: Vec<Call>,
}

/// A top-level instruction of the program.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) accounts: Vec<Pubkey>,
    pub(super) data: Vec<u8>,
}

impl History {
    /// The transaction of a signature; nothing when it failed.
    pub(super) async fn transaction(
        &self,
        signature: Signature,
    ) -> Result<Option<Executed>, HistoryError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(CommitmentConfig::from(self.level)),
            max_supported_transaction_version: Some(VERSION_MAX),
        };
        let params = json!([signature.to_string(), config]);
        // The client's own call for it does not tell a missing transaction from an answer that cannot be read.
        let found: Result<Option<EncodedConfirmedTransactionWithStatusMeta>, _> =
            self.client.rpc().send(RpcRequest::GetTransaction, params).await;
        let found = found.map_err(|error| self.client.call_error("getTransaction", error))?;
        let found =
            found.ok_or_else(|| HistoryError::Pruned { signature: signature.to_string() })?;
        let (encoded, meta) = (found.transaction.transaction, found.transaction.meta);
        if meta.as_ref().is_some_and(|meta| meta.err.is_some()) {
            return Ok(None);
        }
        let altered = |reason| HistoryError::Altered { signature: signature.to_string(), reason };
        let transaction = encoded.decode().ok_or_else(|| altered("it cannot be decoded"))?;
        check_signature(&transaction, &signature).map_err(altered)?;
        let calls = calls(&transaction, meta.as_ref(), &self.client.addresses().program());
        let (slot, unix_time) = (found.slot, found.block_time);
        Ok(Some(Executed { signature, slot, unix_time, calls }))
    }
}

/// The signature is the transaction's, by the key that pays for it.
fn check_signature(
    transaction: &VersionedTransaction,
    signature: &Signature,
) -> Result<(), &'static str> {
    if transaction.signatures.first() != Some(signature) {
        return Err("its signature is another");
    }
    let payer = transaction.message.static_account_keys().first().ok_or("it has no payer")?;
    let key = VerificationKey::try_from(payer.to_bytes()).map_err(|_| "its payer is no key")?;
    let message = transaction.message.serialize();
    let signature = ZebraSignature::from(<[u8; 64]>::from(*signature));
    key.verify(&signature, &message).map_err(|_| "its signature does not verify")
}

/// The top-level instructions of `program`.
fn calls(
    transaction: &VersionedTransaction,
    meta: Option<&UiTransactionStatusMeta>,
    program: &Pubkey,
) -> Vec<Call> {
    let message = &transaction.message;
    let mut keys: Vec<Pubkey> = message.static_account_keys().to_vec();
    if let Some(OptionSerializer::Some(loaded)) = meta.map(|meta| &meta.loaded_addresses) {
        keys.extend(loaded_keys(loaded));
    }
    let call = |instruction: &CompiledInstruction| {
        let called = keys.get(usize::from(instruction.program_id_index))?;
        let accounts = instruction.accounts.iter().map(|index| keys.get(usize::from(*index)));
        let accounts = accounts.map(|key| key.copied()).collect::<Option<_>>()?;
        (called == program).then(|| Call { accounts, data: instruction.data.clone() })
    };
    message.instructions().iter().filter_map(call).collect()
}

/// Keys from lookup tables, in the order in which instructions count them.
fn loaded_keys(loaded: &UiLoadedAddresses) -> Vec<Pubkey> {
    let keys = loaded.writable.iter().chain(&loaded.readonly);
    // A key that cannot be read keeps its place, and is that of no account of the rollup.
    keys.map(|key| key.parse().unwrap_or_default()).collect()
}
