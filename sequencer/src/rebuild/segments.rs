//! The segments of a batch, and what is compared for each: the only place here that knows the codec.

use curvevm::{
    batch::chunk_hash,
    block::{BlockError, Content, replay_segment},
    codec::Placed,
    inbox::{InboxMessage, MessageKind},
    receipt::Receipt,
    tree::Tree,
    types::Hash,
};

use super::fault::{Difference, Side};
use crate::chain::ChainSpec;

/// The height of the last block in a segment.
pub(super) fn height(placed: &Placed) -> u64 {
    placed.segment.begins.last().map_or(placed.height, |begin| begin.height)
}

/// What was replayed of a batch.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) segments: u32,
    pub(super) transactions: u64,
}

impl Trace {
    /// Replays a segment on the state before it, and compares the roots around it with what its chunk claims.
    pub(super) fn replay(
        &mut self,
        tree: &mut Tree,
        spec: &ChainSpec,
        placed: &Placed,
    ) -> Result<(), Difference> {
        Difference::root(Side::Before, &placed.pre_root, &tree.root())?;
        let replayed = replay_segment(tree, &spec.id, spec.chunk_bytes_max(), placed)
            .map_err(|error: BlockError| Difference::Segment { reason: error.to_string() })?;
        Difference::root(Side::After, &placed.post_root, &replayed.post_root)?;
        let executed = executed(&placed.segment.content, &replayed.receipts);
        self.transactions = self.transactions.saturating_add(executed as u64);
        self.segments = self.segments.saturating_add(1);
        Ok(())
    }
}

/// How many transactions of a segment were executed, those that came in messages among them.
fn executed(content: &Content, receipts: &[Receipt]) -> usize {
    match content {
        Content::Nothing => 0,
        Content::Transactions(transactions) => transactions.len(),
        Content::Messages(messages) => {
            let executed = |(message, receipt): &(&InboxMessage, &Receipt)| match &message.kind {
                MessageKind::Transaction { .. } => !receipt.outcome.is_rejected(),
                MessageKind::Deposit { .. } | MessageKind::DepositBase { .. } => false,
            };
            messages.iter().zip(receipts).filter(executed).count()
        }
    }
}

/// The root that a header names for these chunks.
pub(super) fn data_root(chunks: &[Vec<u8>]) -> Hash {
    let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
    curvevm::batch::data_root(&hashes)
}
