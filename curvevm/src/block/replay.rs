//! The replay of one segment on the state before it: what a challenge runs on Solana.

use alloc::vec::Vec;

use super::{BlockError, Content, begin, chain, consume::consume, refused};
use crate::{
    cell::Chain,
    codec::Placed,
    execute::{self, Context, State},
    meter::{Meter, SEGMENT_MESSAGES_MAX, SEGMENT_TRANSACTIONS_MAX},
    receipt::Receipt,
    tree::Tree,
    tx::Transaction,
    types::Hash,
};

/// What replaying a segment gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The root after the segment.
    pub post_root: Hash,
    /// A receipt for each of its messages or transactions, in order.
    pub receipts: Vec<Receipt>,
}

/// Replays one segment on the tree before it, signatures included. This is what a challenge runs on Solana. `chunk_bytes_max` is
/// the chain's. Whoever calls it has compared the tree's root with the segment's.
///
/// # Errors
///
/// [`BlockError`]: no root follows from this segment, so that any claimed root is wrong.
pub fn replay_segment(
    tree: &mut Tree,
    genesis: &Hash,
    chunk_bytes_max: usize,
    placed: &Placed,
) -> Result<Replayed, BlockError> {
    let receipts = run(tree, genesis, chunk_bytes_max, placed)?;
    Ok(Replayed { post_root: tree.root(), receipts })
}

/// Does what the segment does, and gives its receipts.
pub(super) fn run<S: State>(
    state: &mut S,
    genesis: &Hash,
    chunk_bytes_max: usize,
    placed: &Placed,
) -> Result<Vec<Receipt>, BlockError> {
    check_place(&chain(state)?, placed)?;
    if !placed.segment.begins.is_empty() {
        begin(state, &placed.segment.begins)?;
    }
    match &placed.segment.content {
        Content::Nothing => Ok(Vec::new()),
        Content::Messages(messages) if messages.len() > SEGMENT_MESSAGES_MAX => {
            Err(BlockError::MessageCount)
        }
        Content::Messages(messages) => consume(state, genesis, messages),
        Content::Transactions(transactions) if transactions.len() > SEGMENT_TRANSACTIONS_MAX => {
            Err(BlockError::SegmentFull { index: SEGMENT_TRANSACTIONS_MAX })
        }
        Content::Transactions(transactions) => {
            execute(state, &Fixed { genesis, chunk_bytes_max }, transactions)
        }
    }
}

/// What is fixed for a chain.
struct Fixed<'a> {
    genesis: &'a Hash,
    chunk_bytes_max: usize,
}

fn execute<S: State>(
    state: &mut S,
    fixed: &Fixed<'_>,
    transactions: &[Transaction],
) -> Result<Vec<Receipt>, BlockError> {
    let chain = chain(state)?;
    let bytes_max = fixed.chunk_bytes_max;
    let context = Context { genesis: *fixed.genesis, height: chain.height, time_ms: chain.time_ms };
    let mut receipts = Vec::with_capacity(transactions.len());
    let mut meter = Meter::new();
    for (index, transaction) in transactions.iter().enumerate() {
        let receipt = execute::apply(transaction, bytes_max, &context, state, &mut meter);
        receipts.push(receipt.map_err(|refusal| refused(index, refusal))?);
    }
    Ok(receipts)
}

/// What the chunk says of the state before the segment is true.
fn check_place(chain: &Chain, placed: &Placed) -> Result<(), BlockError> {
    if placed.height != chain.height {
        return Err(BlockError::Height { expected: chain.height, found: placed.height });
    }
    if placed.time_ms != chain.time_ms { Err(BlockError::Time) } else { Ok(()) }
}
