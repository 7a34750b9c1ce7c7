//! Executes a block and records the cells that it wrote.

use curvevm::{
    block::{BlockBody, BlockError, execute_admitted},
    error::StateError,
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

/// Executes a block whose transactions were admitted under `ids` and whose signatures verify.
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
    let output = execute_admitted(tree, &spec.id, spec.chunk_bytes_max(), &body, &ids)?;
    let change = |key: Key| {
        let cell = tree.get(&key)?.ok_or(StateError::Corrupt)?.encode();
        Ok(Change { key, cell })
    };
    let changes = output.written.into_iter().map(change).collect::<Result<_, StateError>>()?;
    let block = Arc::new(BatchBlock::new(body, output.trace));
    let (receipts, post_root) = (output.receipts, output.post_root);
    Ok(ExecutedBlock { block, ids, receipts, changes, post_root })
}
