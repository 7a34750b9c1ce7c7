//! Blocks: segments of messages and transactions, with the state root after each.
//!
//! A block begins by writing its height and time into the chain's cell. Then come the inbox messages, then the transactions, both cut
//! into segments greedily: a segment is full at its count, at its length, or where the meter says that the next message or transaction
//! does not fit. Each message and each transaction leaves a receipt. The beginning is in the block's first segment; a block without
//! content is a segment of its beginning alone. The cut is a function of the state, of the block's contents and of the chain's longest
//! chunk, so that everyone finds the same trace.

mod consume;
pub(crate) mod cut;
mod replay;
#[cfg(feature = "std")]
mod witness;

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    cell::{Cell, Chain},
    codec::SEGMENT_BYTES_MAX,
    error::{Error, StateError},
    execute::{Context, Refusal, State, apply_verified},
    inbox::InboxMessage,
    meter::{SEGMENT_BEGINS_MAX, SEGMENT_MESSAGES_MAX, SEGMENT_TRANSACTIONS_MAX},
    receipt::Receipt,
    tree::{Found, Tree},
    tx::Transaction,
    types::{Hash, Key},
};
use consume::consume_in_segments;
use cut::Filling;
pub use replay::{Replayed, replay_segment};
#[cfg(feature = "std")]
pub use witness::segment_witness;

/// What is executed in a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockBody {
    /// The height, one more than the parent's.
    pub height: u64,
    /// The leader's time, in milliseconds since 1970; later than the parent's.
    pub time_ms: u64,
    /// Inbox messages, from the cursor on, in order.
    pub messages: Vec<InboxMessage>,
    /// Transactions, in order.
    pub transactions: Vec<Transaction>,
}

/// The most inbox messages in a block.
pub const MESSAGES_MAX: usize = 64;

/// A part of a block, or a run of blocks without content, that can be replayed on its own.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Segment {
    /// The blocks that begin in it, in order: at most one when there is content, at most [`SEGMENT_BEGINS_MAX`] otherwise.
    pub begins: Vec<Begin>,
    /// What is done after that.
    pub content: Content,
}

/// The beginning of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Begin {
    /// The block's height.
    pub height: u64,
    /// The block's time.
    pub time_ms: u64,
}

/// What a segment does. A list is not empty.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Content {
    /// Nothing, after one beginning or more.
    Nothing,
    /// Inbox messages are consumed.
    Messages(Vec<InboxMessage>),
    /// Transactions are executed.
    Transactions(Vec<Transaction>),
}

impl Segment {
    /// Whether it has a form that a segment may have.
    pub fn is_well_formed(&self) -> bool {
        let (length, most) = match &self.content {
            Content::Nothing => return (1..=SEGMENT_BEGINS_MAX).contains(&self.begins.len()),
            Content::Messages(messages) => (messages.len(), SEGMENT_MESSAGES_MAX),
            Content::Transactions(transactions) => (transactions.len(), SEGMENT_TRANSACTIONS_MAX),
        };
        self.begins.len() <= 1 && (1..=most).contains(&length)
    }
}

/// A segment of a block's trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Step {
    /// How many messages or transactions the segment has; none in a block without content.
    pub length: u8,
    /// The root after; the block's beginning is in the first segment.
    pub post_root: Hash,
}

/// What executing a block gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutput {
    /// A receipt for each message, then one for each transaction, in order.
    pub receipts: Vec<Receipt>,
    /// The segments, in order.
    pub trace: Vec<Step>,
    /// The root after the block.
    pub post_root: Hash,
    /// The keys of the cells that were written, in order, each once.
    pub written: Vec<Key>,
}

/// Why a block is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockError {
    /// The height does not follow, or the height that a chunk states is not that of the state.
    Height {
        /// The height that follows, or the state's.
        expected: u64,
        /// The block's, or the chunk's.
        found: u64,
    },
    /// The time is not later than the parent's, or the time that a chunk states is not that of the state.
    Time,
    /// A message does not follow the cursor.
    MessageIndex {
        /// The cursor.
        expected: u64,
        /// The message's.
        found: u64,
    },
    /// More than [`MESSAGES_MAX`], or more than [`SEGMENT_MESSAGES_MAX`] in a segment.
    MessageCount,
    /// A transaction may not be in a block.
    Transaction {
        /// Its place, from zero.
        index: usize,
        /// Why.
        error: Error,
    },
    /// A segment's messages or transactions pass the meter's bound, or transactions their count, with this one.
    SegmentFull {
        /// Its place, from zero.
        index: usize,
    },
    /// The state failed.
    State(StateError),
}

impl core::fmt::Display for BlockError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Height { expected, found } => {
                write!(f, "the height is {found}, expected {expected}")
            }
            Self::Time => f.write_str("the time does not follow that of the block before"),
            Self::MessageIndex { expected, found } => {
                write!(f, "inbox message {found} does not follow, expected {expected}")
            }
            Self::MessageCount => write!(
                f,
                "more than {MESSAGES_MAX} inbox messages, or more than {SEGMENT_MESSAGES_MAX} in a segment"
            ),
            Self::Transaction { index, error } => write!(f, "transaction {index}: {error}"),
            Self::SegmentFull { index } => {
                write!(f, "message or transaction {index} does not fit what is left of its segment")
            }
            Self::State(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BlockError {}

impl From<StateError> for BlockError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl BlockBody {
    /// The segments that `trace` cuts the block into, or none when it is not a trace of the block.
    pub fn segments(&self, trace: &[Step]) -> Option<Vec<Segment>> {
        let begin = Begin { height: self.height, time_ms: self.time_ms };
        if self.messages.is_empty() && self.transactions.is_empty() {
            let alone = Segment { begins: Vec::from([begin]), content: Content::Nothing };
            return matches!(trace, [Step { length: 0, .. }]).then(|| Vec::from([alone]));
        }
        let mut steps = trace;
        let messages = parts(&self.messages, &mut steps)?;
        let transactions = parts(&self.transactions, &mut steps)?;
        let contents = messages.into_iter().map(|part| Content::Messages(part.to_vec()));
        let contents =
            contents.chain(transactions.into_iter().map(|it| Content::Transactions(it.to_vec())));
        let segment = |content| Segment { begins: Vec::new(), content };
        let mut segments: Vec<Segment> = contents.map(segment).collect();
        segments.first_mut()?.begins.push(begin);
        steps.is_empty().then_some(segments)
    }
}

/// Cuts all of `items` by the lengths of the next steps.
fn parts<'i, T>(items: &'i [T], steps: &mut &[Step]) -> Option<Vec<&'i [T]>> {
    let mut rest = items;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (step, behind) = steps.split_first()?;
        let (part, left) = rest.split_at_checked(usize::from(step.length))?;
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        (rest, *steps) = (left, behind);
    }
    Some(parts)
}

/// Executes a block whose signatures are verified here. `chunk_bytes_max` is the chain's.
///
/// # Errors
///
/// [`BlockError`]; the tree is then of no more use: execute on a clone.
pub fn execute_block(
    tree: &mut Tree,
    genesis: &Hash,
    chunk_bytes_max: usize,
    body: &BlockBody,
) -> Result<BlockOutput, BlockError> {
    let ids = admit(genesis, chunk_bytes_max, &body.transactions)?;
    verify_signatures(&body.transactions, &ids)?;
    execute_admitted(tree, genesis, chunk_bytes_max, body, &ids)
}

/// Checks the form of each transaction and gives their ids. `chunk_bytes_max` is the chain's.
///
/// # Errors
///
/// [`BlockError::Transaction`].
pub fn admit(
    genesis: &Hash,
    chunk_bytes_max: usize,
    transactions: &[Transaction],
) -> Result<Vec<Hash>, BlockError> {
    let admit = |(index, transaction): (usize, &Transaction)| {
        let id = transaction.admit(genesis, chunk_bytes_max);
        id.map_err(|error| BlockError::Transaction { index, error })
    };
    transactions.iter().enumerate().map(admit).collect()
}

/// Verifies the signatures over `ids`.
///
/// # Errors
///
/// [`BlockError::Transaction`] for the first that does not verify.
#[cfg(feature = "std")]
pub fn verify_signatures(transactions: &[Transaction], ids: &[Hash]) -> Result<(), BlockError> {
    let items: Vec<_> = transactions
        .iter()
        .zip(ids)
        .map(|(transaction, id)| crate::host::BatchItem {
            signer: *transaction.body.key(),
            digest: *id,
            signature: transaction.signature,
        })
        .collect();
    match crate::host::verify_batch(&items).iter().position(|valid| !valid) {
        Some(index) => Err(BlockError::Transaction { index, error: Error::BadSignature }),
        None => Ok(()),
    }
}

/// Verifies the signatures over `ids`, one by one.
///
/// # Errors
///
/// [`BlockError::Transaction`] for the first that does not verify.
#[cfg(not(feature = "std"))]
pub fn verify_signatures(transactions: &[Transaction], ids: &[Hash]) -> Result<(), BlockError> {
    let valid = |(transaction, id): (&Transaction, &Hash)| {
        crate::host::verify(transaction.body.key(), id, &transaction.signature)
    };
    match transactions.iter().zip(ids).position(|pair| !valid(pair)) {
        Some(index) => Err(BlockError::Transaction { index, error: Error::BadSignature }),
        None => Ok(()),
    }
}

/// Executes a block of transactions that were admitted under `ids` and whose signatures verify. `chunk_bytes_max` is the chain's.
///
/// # Errors
///
/// [`BlockError`]; the tree is then of no more use: execute on a clone.
pub fn execute_admitted(
    tree: &mut Tree,
    genesis: &Hash,
    chunk_bytes_max: usize,
    body: &BlockBody,
    ids: &[Hash],
) -> Result<BlockOutput, BlockError> {
    if body.messages.len() > MESSAGES_MAX {
        return Err(BlockError::MessageCount);
    }
    let context = Context { genesis: *genesis, height: body.height, time_ms: body.time_ms };
    let mut run = Run { tree, written: Vec::new(), trace: Vec::new() };
    begin(&mut run, &[Begin { height: body.height, time_ms: body.time_ms }])?;
    let bytes_max = SEGMENT_BYTES_MAX.min(chunk_bytes_max);
    let mut receipts = consume_in_segments(&mut run, &context, bytes_max, &body.messages)?;
    receipts.reserve_exact(body.transactions.len());
    let mut segment = Filling::new();
    for (index, (transaction, id)) in body.transactions.iter().zip(ids).enumerate() {
        let apply = |segment: &mut Filling, run: &mut Run<'_>| {
            if !segment.try_transaction(transaction, bytes_max) {
                return Err(Refusal::SegmentFull);
            }
            apply_verified(&transaction.body, *id, &context, run, &mut segment.meter)
        };
        let mut receipt = apply(&mut segment, &mut run);
        if matches!(receipt, Err(Refusal::SegmentFull)) {
            run.close(segment.length);
            segment = Filling::new();
            receipt = apply(&mut segment, &mut run);
        }
        receipts.push(receipt.map_err(|refusal| refused(index, refusal))?);
        segment.length = segment.length.saturating_add(1);
    }
    // A block without content is a segment all the same.
    if segment.length > 0 || run.trace.is_empty() {
        run.close(segment.length);
    }
    let Run { tree, mut written, trace } = run;
    written.sort_unstable();
    written.dedup();
    let post_root = tree.root();
    Ok(BlockOutput { receipts, trace, post_root, written })
}

const fn refused(index: usize, refusal: Refusal) -> BlockError {
    match refusal {
        Refusal::Rejected(error) => BlockError::Transaction { index, error },
        Refusal::SegmentFull => BlockError::SegmentFull { index },
        Refusal::State(error) => BlockError::State(error),
    }
}

/// A block under execution: a tree that remembers which cells were written.
struct Run<'t> {
    tree: &'t mut Tree,
    written: Vec<Key>,
    trace: Vec<Step>,
}

impl Run<'_> {
    /// Ends a segment of so many messages or transactions.
    fn close(&mut self, length: u8) {
        let post_root = self.tree.root();
        self.trace.push(Step { length, post_root });
    }
}

impl State for Run<'_> {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        self.tree.find(key)
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.tree.put(key, cell)?;
        self.written.push(key);
        Ok(())
    }
}

/// The chain's cell.
///
/// # Errors
///
/// [`StateError`].
pub fn chain<S: State>(state: &S) -> Result<Chain, StateError> {
    match state.get(&Chain::key())? {
        Some(Cell::Chain(chain)) => Ok(chain.clone()),
        Some(_) | None => Err(StateError::Corrupt),
    }
}

/// Writes the height and time of blocks that begin, one after the other.
fn begin<S: State>(state: &mut S, begins: &[Begin]) -> Result<(), BlockError> {
    let mut chain = chain(state)?;
    for begin in begins {
        let expected = chain.height.saturating_add(1);
        if begin.height != expected {
            return Err(BlockError::Height { expected, found: begin.height });
        }
        if begin.time_ms <= chain.time_ms {
            return Err(BlockError::Time);
        }
        (chain.height, chain.time_ms) = (begin.height, begin.time_ms);
    }
    state.put(Chain::key(), Cell::Chain(chain))?;
    Ok(())
}

#[cfg(test)]
mod tests;
