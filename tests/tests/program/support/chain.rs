//! The chain, natively: executes blocks and seals them into batches.

use std::collections::BTreeMap;

use asset_rollup_interface::instruction::Withdraw;
use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, chunk_hash, data_root},
    block::{BlockBody, chain as chain_cell, execute_block},
    cell::{Cell, Withdrawal},
    codec::{Tip, encode_batch},
    genesis::Genesis,
    inbox::InboxMessage,
    program::{Amount, Instruction, Program},
    receipt::Outcome,
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Hash, Quote, Signature},
};

use super::{address, signing_key};

/// A signed transaction of a test user.
pub(crate) fn signed(seed: u8, nonce: u64, program: Program, chain_id: &Hash) -> Transaction {
    let body = Body {
        version: TX_VERSION,
        signer: address(seed),
        session: None,
        nonce,
        expires_at: NEVER_EXPIRES,
        program,
    };
    let signature = signing_key(seed).sign(body.digest(chain_id).as_bytes());
    Transaction { body, signature: Signature::new(signature.to_bytes()) }
}

/// An instruction that withdraws lamports.
pub(crate) fn withdraw(recipient: Address, lamports: u64) -> Instruction {
    let amount = Amount::Quote(AssetId::SOL, Quote::new(lamports));
    Instruction::Withdraw { amount, recipient }
}

/// How a claim names what was withdrawn.
pub(crate) const fn claimed(amount: &Amount) -> (AssetId, u64) {
    match amount {
        Amount::Quote(asset, quote) => (*asset, quote.get()),
        Amount::Base(curve, base) => (AssetId::new(curve.to_bytes()), base.get()),
    }
}

/// A batch that is ready to be posted and committed.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) header: BatchHeader,
    pub(crate) chunks: Vec<Vec<u8>>,
}

/// The chain.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) id: Hash,
    chunk_bytes_max: usize,
    tree: Tree,
    number: u64,
    height: u64,
    time_ms: u64,
    /// The state after each batch.
    states: BTreeMap<u64, Tree>,
}

impl Chain {
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let mut tree = genesis.tree().unwrap();
        tree.root();
        Self {
            id: genesis.hash(),
            chunk_bytes_max: usize::from(genesis.params.chunk_bytes_max),
            states: BTreeMap::from([(0, tree.clone())]),
            tree,
            number: 0,
            height: 0,
            time_ms: genesis.time_ms,
        }
    }

    /// A block over the state, with what executing it gave.
    fn block(
        &mut self,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
    ) -> (BlockBody, Vec<curvevm::block::Step>) {
        self.height += 1;
        self.time_ms += 400;
        let body = BlockBody { height: self.height, time_ms: self.time_ms, messages, transactions };
        let output = execute_block(&mut self.tree, &self.id, self.chunk_bytes_max, &body).unwrap();
        for receipt in &output.receipts {
            assert!(matches!(receipt.outcome, Outcome::Succeeded(_)), "{receipt:?}");
        }
        (body, output.trace)
    }

    /// Executes two blocks, one with `messages` and `transactions` and an empty one, and seals them.
    pub(crate) fn seal(
        &mut self,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
    ) -> Sealed {
        let tip = Tip::new(&chain_cell(&self.tree).unwrap(), self.tree.root());
        let first_height = self.height + 1;
        let (bodies, traces): (Vec<_>, Vec<_>) =
            [self.block(messages, transactions), self.block(vec![], vec![])].into_iter().unzip();
        let chunks = encode_batch(&tip, &bodies, &traces, self.chunk_bytes_max).unwrap();
        let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        let post_root = self.tree.root();
        let chain = chain_cell(&self.tree).unwrap();
        self.number += 1;
        self.states.insert(self.number, self.tree.clone());
        let header = BatchHeader {
            version: BATCH_VERSION,
            chain_id: self.id,
            number: self.number,
            first_height,
            last_height: self.height,
            prev_root: tip.root,
            post_root,
            chunk_count: u32::try_from(chunks.len()).unwrap(),
            data_root: data_root(&hashes),
            inbox_cursor: chain.inbox_cursor,
            inbox_hash: chain.inbox_hash,
            time_ms: self.time_ms,
            withdrawals: chain.withdrawals,
            vm_version: VM_VERSION,
        };
        Sealed { header, chunks }
    }

    /// The claim of a withdrawal, proved under the state after a batch, and its recipient.
    pub(crate) fn claim(&self, number: u64, index: u64) -> (Withdraw, Address) {
        let state = &self.states[&number];
        let key = Withdrawal::key(index);
        let Some(Cell::Withdrawal(withdrawal)) = state.get(&key).unwrap() else {
            panic!("no withdrawal {index} after batch {number}");
        };
        let (asset, amount) = claimed(&withdrawal.amount);
        let claim = Withdraw {
            root_number: number,
            index,
            asset,
            amount,
            witness: state.witness(&[key]).unwrap(),
        };
        (claim, withdrawal.recipient)
    }

    /// The state after a batch.
    pub(crate) fn state(&self, number: u64) -> &Tree {
        &self.states[&number]
    }
}
