//! Executes a block and records the cells that it wrote.

use curvevm::{
    block::{BlockBody, BlockError, execute_admitted},
    error::StateError,
    inbox::{InboxMessage, MessageKind},
    receipt::{Outcome, Receipt},
    tree::Tree,
    tx::Transaction,
    types::{Address, Hash, Key},
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
    /// The ids and signers of the transactions that came in messages and were executed.
    pub(crate) forced: Vec<(Hash, Address)>,
    /// Of the messages, then of the transactions, in order.
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
    let (receipts, post_root) = (output.receipts, output.post_root);
    let forced = body.messages.iter().zip(&receipts).filter_map(executed).collect();
    let block = Arc::new(BatchBlock::new(body, output.trace));
    Ok(ExecutedBlock { block, ids, forced, receipts, changes, post_root })
}

/// The id and the signer of a transaction that a message carried, when it was executed.
fn executed((message, receipt): (&InboxMessage, &Receipt)) -> Option<(Hash, Address)> {
    match &message.kind {
        MessageKind::Transaction { bytes } if !receipt.outcome.is_rejected() => {
            let transaction = Transaction::decode(bytes).ok()?;
            Some((receipt.id, transaction.body.signer))
        }
        MessageKind::Transaction { .. }
        | MessageKind::Deposit { .. }
        | MessageKind::DepositBase { .. } => None,
    }
}

impl ExecutedBlock {
    /// The receipts of the messages, and those of the transactions.
    pub(crate) fn receipts_apart(&self) -> (&[Receipt], &[Receipt]) {
        self.receipts.split_at(self.block.body.messages.len().min(self.receipts.len()))
    }

    /// The ids of the receipts of the messages, in order.
    pub(crate) fn message_ids(&self) -> Vec<Hash> {
        self.receipts_apart().0.iter().map(|receipt| receipt.id).collect()
    }

    /// How many transactions were executed, those that came in messages among them, and how many of them failed.
    pub(crate) fn tally(&self) -> (u64, u64) {
        let failed = |receipt: &&Receipt| matches!(receipt.outcome, Outcome::Failed { .. });
        let failed = self.receipts.iter().filter(failed).count();
        ((self.ids.len() + self.forced.len()) as u64, failed as u64)
    }
}
