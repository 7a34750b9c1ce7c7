//! The chain, natively: executes blocks and seals them into batches.

use std::collections::BTreeMap;

use asset_rollup_interface::instruction::Withdraw;
use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, chunk_hash, data_root},
    block::{BlockBody, Step, chain as chain_cell, execute_block},
    cell::{Cell, Chain as CellOfChain, Withdrawal},
    codec::{Tip, encode_batch},
    genesis::Genesis,
    inbox::InboxMessage,
    program::{Amount, Instruction, Program},
    receipt::Outcome,
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Hash, Key, Quote, Signature},
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
    pub(crate) tree: Tree,
    number: u64,
    height: u64,
    time_ms: u64,
    /// The state after each batch.
    states: BTreeMap<u64, Tree>,
}

impl Sealed {
    /// Makes the header name the chunks.
    pub(crate) fn reseal(&mut self) {
        let hashes: Vec<Hash> = self.chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        self.header.chunk_count = u32::try_from(hashes.len()).unwrap();
        self.header.data_root = data_root(&hashes);
    }
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

    /// A block after the state, and how it is executed honestly.
    fn block(&mut self, messages: Vec<InboxMessage>, transactions: Vec<Transaction>) -> BlockBody {
        self.height += 1;
        self.time_ms += 400;
        BlockBody { height: self.height, time_ms: self.time_ms, messages, transactions }
    }

    /// Executes a block in which everything succeeds. Gives its trace and the keys of what it wrote.
    fn execute(&mut self, body: &BlockBody) -> (Vec<Step>, Vec<Key>) {
        let output = execute_block(&mut self.tree, &self.id, self.chunk_bytes_max, body).unwrap();
        for receipt in &output.receipts {
            assert!(matches!(receipt.outcome, Outcome::Succeeded(_)), "{receipt:?}");
        }
        (output.trace, output.written)
    }

    /// Executes two blocks, one with `messages` and `transactions` and an empty one, and seals them.
    pub(crate) fn seal(
        &mut self,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
    ) -> Sealed {
        self.seal_tampered(messages, transactions, |_, _| {})
    }

    /// As [`Chain::seal`]; the state after the first block, of which the keys were written, is then changed by `tamper`.
    pub(crate) fn seal_tampered(
        &mut self,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
        tamper: impl FnOnce(&mut Tree, &[Key]),
    ) -> Sealed {
        self.seal_by(messages, transactions, |chain, body| {
            let (mut trace, written) = chain.execute(body);
            tamper(&mut chain.tree, &written);
            trace.last_mut().unwrap().post_root = chain.tree.root();
            trace
        })
    }

    /// As [`Chain::seal`] of messages of which some are rejected.
    pub(crate) fn seal_with_rejections(&mut self, messages: Vec<InboxMessage>) -> Sealed {
        self.seal_by(messages, vec![], |chain, body| {
            execute_block(&mut chain.tree, &chain.id, chain.chunk_bytes_max, body).unwrap().trace
        })
    }

    /// As [`Chain::seal`]; what the first block does to the state, and its trace, is up to `execute`.
    pub(crate) fn seal_by(
        &mut self,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
        execute: impl FnOnce(&mut Self, &BlockBody) -> Vec<Step>,
    ) -> Sealed {
        let tip = Tip::new(&chain_cell(&self.tree).unwrap(), self.tree.root());
        let first = self.block(messages, transactions);
        let trace = execute(self, &first);
        let second = self.block(vec![], vec![]);
        let (rest, _) = self.execute(&second);
        self.number += 1;
        self.states.insert(self.number, self.tree.clone());
        let chunks =
            encode_batch(&tip, &[first.clone(), second], &[trace, rest], self.chunk_bytes_max);
        let chain = chain_cell(&self.tree).unwrap();
        let header = BatchHeader {
            version: BATCH_VERSION,
            chain_id: self.id,
            number: self.number,
            first_height: first.height,
            last_height: self.height,
            prev_root: tip.root,
            post_root: self.tree.root(),
            chunk_count: 0,
            data_root: Hash::ZERO,
            inbox_cursor: chain.inbox_cursor,
            inbox_hash: chain.inbox_hash,
            time_ms: self.time_ms,
            withdrawals: chain.withdrawals,
            vm_version: VM_VERSION,
        };
        let mut sealed = Sealed { header, chunks: chunks.unwrap() };
        sealed.reseal();
        sealed
    }

    /// Begins a block and does nothing else: one segment of so many transactions or messages.
    pub(crate) fn only_begin(&mut self, body: &BlockBody) -> Vec<Step> {
        let mut chain = chain_cell(&self.tree).unwrap();
        (chain.height, chain.time_ms) = (body.height, body.time_ms);
        self.tree.put(CellOfChain::key(), Cell::Chain(chain)).unwrap();
        let length = body.messages.len() + body.transactions.len();
        vec![Step { length: u8::try_from(length).unwrap(), post_root: self.tree.root() }]
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

/// The index of the next message that a state consumes.
pub(crate) fn cursor(tree: &Tree) -> u64 {
    chain_cell(tree).unwrap().inbox_cursor
}
