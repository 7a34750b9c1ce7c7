//! For the tests: an L1 that answers from a ledger which a test writes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, chunk_hash, data_root},
    types::{Address, Hash},
};
use jsonrpsee::{
    RpcModule,
    server::{Server, ServerHandle},
    types::Params,
};
use serde_json::{Value, json};
use solana_hash::Hash as Blockhash;
use solana_instruction::Instruction;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0, v1};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

use super::History;
use crate::{
    keys::Key,
    l1::{
        Chunk, Commit, L1Client, L1Config, Level, TransactionFormat, address::pubkey,
        instructions as ix,
    },
};

pub(super) const CHAIN: Hash = Hash::new([3; 32]);
const PROGRAM: Address = Address::new([9; 32]);

/// A transaction in the ledger, in the order of the chain.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) signature: String,
    pub(super) slot: u64,
    /// Whether the list says that it failed.
    pub(super) listed_failed: bool,
    /// Whether its metadata say that it failed.
    pub(super) failed: bool,
    /// `processed`, `confirmed` or `finalized`.
    pub(super) status: &'static str,
    pub(super) bytes: Option<Vec<u8>>,
    /// The accounts that it names, and those of them that come from a lookup table.
    keys: Vec<Pubkey>,
    loaded: Vec<Pubkey>,
}

/// What the L1 holds.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) entries: Vec<Entry>,
    /// Data of the program's accounts.
    pub(super) accounts: BTreeMap<String, Vec<u8>>,
    /// Lists that were asked for.
    pub(super) lists: usize,
}

/// An L1 that answers from a ledger.
pub(super) struct ScriptedL1 {
    ledger: Arc<Mutex<Ledger>>,
    pub(super) client: Arc<L1Client>,
    format: TransactionFormat,
    _server: ServerHandle,
}

/// A key from a number.
pub(super) fn key(number: u8) -> Key {
    Key::from_seed([number; 32])
}

/// The header of a batch with these chunks; the test's `mark` makes it different from others.
pub(super) fn header(number: u64, mark: u8, chunks: &[Vec<u8>]) -> BatchHeader {
    let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
    BatchHeader {
        version: BATCH_VERSION,
        chain_id: CHAIN,
        number,
        first_height: number,
        last_height: number,
        prev_root: Hash::ZERO,
        post_root: Hash::new([mark; 32]),
        chunk_count: u32::try_from(chunks.len()).unwrap(),
        data_root: data_root(&hashes),
        inbox_cursor: 0,
        inbox_hash: Hash::ZERO,
        time_ms: number,
        withdrawals: 0,
        vm_version: VM_VERSION,
    }
}

impl ScriptedL1 {
    pub(super) async fn start(format: TransactionFormat) -> Self {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let mut module = RpcModule::new(Arc::clone(&ledger));
        type Method = fn(&mut Ledger, &Params<'_>) -> Value;
        let methods: [(&'static str, Method); 3] = [
            ("getSignaturesForAddress", list),
            ("getTransaction", transaction),
            ("getMultipleAccounts", accounts),
        ];
        for (name, answer) in methods {
            let answer = move |params: Params<'_>, ledger: &Arc<Mutex<Ledger>>, _: &_| {
                answer(&mut ledger.lock().unwrap(), &params)
            };
            module.register_method(name, answer).unwrap();
        }
        let server = Server::builder().build("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", server.local_addr().unwrap());
        let client = Arc::new(L1Client::new(L1Config::new(url, PROGRAM, CHAIN)));
        Self { ledger, client, format, _server: server.start(module) }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    pub(super) fn history(&self, level: Level) -> History {
        History::new(Arc::clone(&self.client), level)
    }

    pub(super) fn post_instruction(&self, poster: &Key, chunk: Chunk<'_>) -> Instruction {
        only(ix::post_data(&self.client, poster, &chunk).instructions)
    }

    pub(super) fn commit_instruction(
        &self,
        poster: &Key,
        data_poster: &Key,
        header: &BatchHeader,
    ) -> Instruction {
        let data_poster = data_poster.address();
        let commit = Commit {
            header,
            signatures: &[],
            data_poster: &data_poster,
            committed_inbox_cursor: header.inbox_cursor,
            member: None,
        };
        only(ix::commit_batch(&self.client, poster, &commit).instructions)
    }

    /// Posts all chunks of a batch, each in a transaction.
    pub(super) fn post(&self, poster: &Key, number: u64, chunks: &[Vec<u8>]) {
        for (index, bytes) in (0..).zip(chunks) {
            let count = u16::try_from(chunks.len()).unwrap();
            let chunk = Chunk { number, index, count, bytes };
            self.send(poster, &[self.post_instruction(poster, chunk)]);
        }
    }

    /// Commits a batch whose data the same key posted. Gives the transaction's place.
    pub(super) fn commit(&self, poster: &Key, header: &BatchHeader) -> usize {
        self.send(poster, &[self.commit_instruction(poster, poster, header)])
    }

    /// Executes instructions in one transaction, in a slot of its own. Gives its place.
    pub(super) fn send(&self, payer: &Key, instructions: &[Instruction]) -> usize {
        let fee_payer = payer.solana().pubkey();
        let message = match self.format {
            TransactionFormat::V0 => VersionedMessage::V0(
                v0::Message::try_compile(&fee_payer, instructions, &[], Blockhash::default())
                    .unwrap(),
            ),
            TransactionFormat::V1 => VersionedMessage::V1(
                v1::Message::try_compile_with_config(
                    &fee_payer,
                    instructions,
                    Blockhash::default(),
                    v1::TransactionConfig::empty(),
                )
                .unwrap(),
            ),
        };
        self.push(payer, message, Vec::new())
    }

    /// As [`Self::send`] of one instruction, whose accounts come from a lookup table.
    pub(super) fn send_with_table(&self, payer: &Key, instruction: &Instruction) -> usize {
        let addresses: Vec<Pubkey> = instruction.accounts.iter().map(|meta| meta.pubkey).collect();
        let table = AddressLookupTableAccount { key: pubkey(&Address::new([7; 32])), addresses };
        let fee_payer = payer.solana().pubkey();
        let instructions = std::slice::from_ref(instruction);
        let message = v0::Message::try_compile(
            &fee_payer,
            instructions,
            std::slice::from_ref(&table),
            Blockhash::default(),
        )
        .unwrap();
        let lookup = &message.address_table_lookups[0];
        let indexes = lookup.writable_indexes.iter().chain(&lookup.readonly_indexes);
        let loaded = indexes.map(|index| table.addresses[usize::from(*index)]).collect();
        self.push(payer, VersionedMessage::V0(message), loaded)
    }

    fn push(&self, payer: &Key, message: VersionedMessage, loaded: Vec<Pubkey>) -> usize {
        let transaction = VersionedTransaction::try_new(message, &[payer.solana()]).unwrap();
        let mut keys = transaction.message.static_account_keys().to_vec();
        keys.extend(&loaded);
        let mut ledger = self.ledger();
        let place = ledger.entries.len();
        ledger.entries.push(Entry {
            signature: transaction.signatures[0].to_string(),
            slot: u64::try_from(place).unwrap(),
            listed_failed: false,
            failed: false,
            status: "finalized",
            bytes: Some(encode(&transaction)),
            keys,
            loaded,
        });
        place
    }

    /// Adds transactions that failed and name an account.
    pub(super) fn fail(&self, account: Pubkey, count: usize) {
        let mut ledger = self.ledger();
        for _ in 0..count {
            let place = u64::try_from(ledger.entries.len()).unwrap();
            let mut signature = [8; 64];
            signature[..8].copy_from_slice(&place.to_le_bytes());
            ledger.entries.push(Entry {
                signature: Signature::from(signature).to_string(),
                slot: place,
                listed_failed: true,
                failed: true,
                status: "finalized",
                bytes: None,
                keys: vec![account],
                loaded: Vec::new(),
            });
        }
    }
}

/// The wire form: in the first format the signatures come first, in the second last.
fn encode(transaction: &VersionedTransaction) -> Vec<u8> {
    let signature: [u8; 64] = transaction.signatures[0].into();
    let message = transaction.message.serialize();
    match transaction.message {
        VersionedMessage::V1(_) => [message.as_slice(), &signature].concat(),
        VersionedMessage::Legacy(_) | VersionedMessage::V0(_) => {
            [&[1], signature.as_slice(), &message].concat()
        }
    }
}

fn error(failed: bool) -> Value {
    if failed { json!({"InstructionError": [0, {"Custom": 6_000}]}) } else { Value::Null }
}

fn list(ledger: &mut Ledger, params: &Params<'_>) -> Value {
    let (account, config): (String, Value) = params.parse().unwrap();
    ledger.lists += 1;
    let named = |entry: &&Entry| entry.keys.iter().any(|key| key.to_string() == account);
    let newest_first = ledger.entries.iter().rev().filter(named);
    let before = config["before"].as_str();
    let limit = usize::try_from(config["limit"].as_u64().unwrap()).unwrap();
    let mut entries: Vec<&Entry> = newest_first.collect();
    if let Some(before) = before {
        let at = entries.iter().position(|entry| entry.signature == before);
        entries.drain(..=at.unwrap());
    }
    let view = |entry: &Entry| {
        json!({
            "signature": entry.signature,
            "slot": entry.slot,
            "err": error(entry.listed_failed),
            "memo": null,
            "blockTime": 1_000 + entry.slot,
            "confirmationStatus": entry.status,
        })
    };
    entries.into_iter().take(limit).map(view).collect()
}

fn transaction(ledger: &mut Ledger, params: &Params<'_>) -> Value {
    let (signature, config): (String, Value) = params.parse().unwrap();
    assert_eq!(config["maxSupportedTransactionVersion"], 1);
    let entry = ledger.entries.iter().find(|entry| entry.signature == signature).unwrap();
    let Some(bytes) = &entry.bytes else { return Value::Null };
    let status = if entry.failed { json!({"Err": error(true)}) } else { json!({"Ok": null}) };
    let loaded: Vec<String> = entry.loaded.iter().map(ToString::to_string).collect();
    json!({
        "slot": entry.slot,
        "blockTime": 1_000 + entry.slot,
        "version": 0,
        "transaction": [bs58::encode(bytes).into_string(), "base58"],
        "meta": {
            "err": error(entry.failed),
            "status": status,
            "fee": 5_000,
            "preBalances": [],
            "postBalances": [],
            "loadedAddresses": {"writable": loaded, "readonly": []},
        },
    })
}

fn accounts(ledger: &mut Ledger, params: &Params<'_>) -> Value {
    let (keys, _): (Vec<String>, Value) = params.parse().unwrap();
    let view = |data: &Vec<u8>| {
        json!({
            "lamports": 1,
            "data": [bs58::encode(data).into_string(), "base58"],
            "owner": PROGRAM.to_string(),
            "executable": false,
            "rentEpoch": 0,
            "space": data.len(),
        })
    };
    let value: Vec<Option<Value>> =
        keys.iter().map(|key| ledger.accounts.get(key).map(view)).collect();
    json!({"context": {"slot": 1}, "value": value})
}

/// The instruction of a write that has one.
fn only(mut instructions: Vec<Instruction>) -> Instruction {
    assert_eq!(instructions.len(), 1);
    instructions.remove(0)
}
