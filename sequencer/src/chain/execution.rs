//! Executes a block and records the cells that it wrote.

use curvevm::{
    block::{BlockBody, BlockError, MESSAGES_MAX, Segment, Step, replay_segment},
    cell::{Account, Cell, Chain},
    error::StateError,
    execute::{Context, Refusal, State, apply_verified},
    inbox::{InboxMessage, MessageKind},
    receipt::Receipt,
    tree::Tree,
    types::{Hash, Key},
};
use std::sync::Arc;

use super::{BatchBlock, ChainSpec};

/// A cell that a block wrote, with its value after the block.
#[derive(Clone, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub(crate) struct Change {
    pub(crate) key: Key,
    /// The encoded cell.
    pub(crate) cell: Vec<u8>,
}

/// A block and what executing it gave.
#[derive(Clone, Debug)]
pub(crate) struct ExecutedBlock {
    /// What its batch keeps of it.
    pub(crate) block: Arc<BatchBlock>,
    /// The ids of the transactions, in order.
    pub(crate) ids: Vec<Hash>,
    /// Of the transactions, in order.
    pub(crate) receipts: Vec<Receipt>,
    /// The cells that were written, in order of their keys.
    pub(crate) changes: Vec<Change>,
    pub(crate) post_root: Hash,
}

/// A tree that remembers which cells were written.
struct Recorder<'t> {
    tree: &'t mut Tree,
    written: &'t mut Vec<Key>,
}

impl State for Recorder<'_> {
    fn get(&self, key: &Key) -> Result<Option<&Cell>, StateError> {
        self.tree.get(key)
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.tree.put(key, cell)?;
        self.written.push(key);
        Ok(())
    }
}

/// Executes a block whose transactions were admitted under `ids` and whose signatures verify: what
/// [`curvevm::block::execute_admitted`] does, and the cells that were written.
///
/// # Errors
///
/// [`BlockError`]; the tree is then of no more use.
pub(crate) fn execute(
    tree: &mut Tree,
    spec: &ChainSpec,
    body: BlockBody,
    ids: Vec<Hash>,
) -> Result<ExecutedBlock, BlockError> {
    if body.messages.len() > MESSAGES_MAX {
        return Err(BlockError::MessageCount);
    }
    let (genesis, chunk_bytes_max) = (&spec.id, spec.chunk_bytes_max());
    let context = Context { genesis: *genesis, height: body.height, time_ms: body.time_ms };
    let mut written = vec![Chain::key()];
    let mut receipts = Vec::with_capacity(body.transactions.len());
    let mut trace = Vec::new();
    let mut pre_root = tree.root();
    for segment in body.segments(chunk_bytes_max) {
        match &segment {
            Segment::Begin { .. } => {
                replay_segment(tree, genesis, chunk_bytes_max, &segment)?;
            }
            Segment::Messages(messages) => {
                written.extend(messages.iter().map(credited));
                replay_segment(tree, genesis, chunk_bytes_max, &segment)?;
            }
            Segment::Transactions(transactions) => {
                for transaction in transactions {
                    let index = receipts.len();
                    let id = ids.get(index).copied().unwrap_or_default();
                    let mut state = Recorder { tree, written: &mut written };
                    let receipt = apply_verified(&transaction.body, id, &context, &mut state);
                    receipts.push(receipt.map_err(|refusal| refused(index, refusal))?);
                }
            }
        }
        let post_root = tree.root();
        trace.push(Step { pre_root, post_root });
        pre_root = post_root;
    }
    let changes = changes(tree, written)?;
    let block = Arc::new(BatchBlock::new(body, trace));
    Ok(ExecutedBlock { block, ids, receipts, changes, post_root: pre_root })
}

/// The account that a message writes.
fn credited(message: &InboxMessage) -> Key {
    match &message.kind {
        MessageKind::Deposit { recipient, .. } => Account::key(recipient),
    }
}

const fn refused(index: usize, refusal: Refusal) -> BlockError {
    match refusal {
        Refusal::Rejected(error) => BlockError::Transaction { index, error },
        Refusal::State(error) => BlockError::State(error),
    }
}

fn changes(tree: &Tree, mut written: Vec<Key>) -> Result<Vec<Change>, StateError> {
    written.sort_unstable();
    written.dedup();
    let change = |key: Key| {
        let cell = tree.get(&key)?.ok_or(StateError::Corrupt)?.encode();
        Ok(Change { key, cell })
    };
    written.into_iter().map(change).collect()
}
