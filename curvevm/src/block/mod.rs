//! Blocks: segments of transactions and messages, with the state root after each.
//!
//! The first segment of a block writes its height and time into the chain's cell. Then come the inbox messages, then the
//! transactions, both cut into segments greedily: a segment is full at its count, at its length, or where the meter says that the next
//! transaction does not fit. The cut is a function of the state, of the block's contents and of the chain's longest chunk, so that
//! everyone finds the same trace.

pub(crate) mod cut;

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    cell::{Account, Cell, Chain},
    codec::SEGMENT_BYTES_MAX,
    error::{Error, StateError},
    execute::{self, Context, Refusal, State, apply_verified},
    inbox::{InboxMessage, MessageKind},
    meter::{Meter, SEGMENT_MESSAGES_MAX, SEGMENT_TRANSACTIONS_MAX},
    receipt::Receipt,
    tree::{Found, Tree},
    tx::Transaction,
    types::{Hash, Key, Quote},
};
use cut::Filling;

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

/// A part of a block that can be replayed on its own.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Segment {
    /// The block's height and time are written.
    Begin {
        /// The height.
        height: u64,
        /// The time.
        time_ms: u64,
    },
    /// Inbox messages are consumed.
    Messages(Vec<InboxMessage>),
    /// Transactions are executed.
    Transactions(Vec<Transaction>),
}

/// A segment of a block's trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Step {
    /// How many messages or transactions the segment has; none where the block begins.
    pub length: u8,
    /// The root before.
    pub pre_root: Hash,
    /// The root after.
    pub post_root: Hash,
}

/// What executing a block gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutput {
    /// A receipt for each transaction, in order.
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
    /// The height does not follow.
    Height {
        /// The height that follows.
        expected: u64,
        /// The block's.
        found: u64,
    },
    /// The time is not later than the parent's.
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
    /// A segment's transactions pass the meter's bound, or their count, with this one.
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
                write!(f, "the block's height is {found}, expected {expected}")
            }
            Self::Time => f.write_str("the block's time is not later than its parent's"),
            Self::MessageIndex { expected, found } => {
                write!(f, "inbox message {found} does not follow, expected {expected}")
            }
            Self::MessageCount => write!(
                f,
                "more than {MESSAGES_MAX} inbox messages, or more than {SEGMENT_MESSAGES_MAX} in a segment"
            ),
            Self::Transaction { index, error } => write!(f, "transaction {index}: {error}"),
            Self::SegmentFull { index } => {
                write!(f, "transaction {index} does not fit what is left of its segment")
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
        let (first, mut steps) = trace.split_first()?;
        if first.length != 0 {
            return None;
        }
        let mut segments = Vec::with_capacity(trace.len());
        segments.push(Segment::Begin { height: self.height, time_ms: self.time_ms });
        for messages in parts(&self.messages, &mut steps)? {
            segments.push(Segment::Messages(messages.to_vec()));
        }
        for transactions in parts(&self.transactions, &mut steps)? {
            segments.push(Segment::Transactions(transactions.to_vec()));
        }
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
    let mut run = Run { pre_root: tree.root(), tree, written: Vec::new(), trace: Vec::new() };
    begin(&mut run, body.height, body.time_ms)?;
    run.close(0);
    for messages in body.messages.chunks(SEGMENT_MESSAGES_MAX) {
        consume(&mut run, messages)?;
        run.close(u8::try_from(messages.len()).unwrap_or(u8::MAX));
    }
    let mut receipts = Vec::with_capacity(body.transactions.len());
    let mut segment = Filling::new();
    let bytes_max = SEGMENT_BYTES_MAX.min(chunk_bytes_max);
    for (index, (transaction, id)) in body.transactions.iter().zip(ids).enumerate() {
        let apply = |segment: &mut Filling, run: &mut Run<'_>| {
            if !segment.try_push(transaction, bytes_max) {
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
    if segment.length > 0 {
        run.close(segment.length);
    }
    let Run { pre_root: post_root, mut written, trace, .. } = run;
    written.sort_unstable();
    written.dedup();
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
    pre_root: Hash,
    trace: Vec<Step>,
}

impl Run<'_> {
    /// Ends a segment of so many messages or transactions.
    fn close(&mut self, length: u8) {
        let post_root = self.tree.root();
        self.trace.push(Step { length, pre_root: self.pre_root, post_root });
        self.pre_root = post_root;
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

/// What replaying a segment gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The root after the segment.
    pub post_root: Hash,
    /// A receipt for each of its transactions, in order.
    pub receipts: Vec<Receipt>,
}

/// Replays one segment on the tree before it, signatures included. This is what a challenge runs on Solana. `chunk_bytes_max` is
/// the chain's.
///
/// # Errors
///
/// [`BlockError`]: no root follows from this segment, so that any claimed root is wrong.
pub fn replay_segment(
    tree: &mut Tree,
    genesis: &Hash,
    chunk_bytes_max: usize,
    segment: &Segment,
) -> Result<Replayed, BlockError> {
    let mut receipts = Vec::new();
    match segment {
        Segment::Begin { height, time_ms } => begin(tree, *height, *time_ms)?,
        Segment::Messages(messages) if messages.len() > SEGMENT_MESSAGES_MAX => {
            return Err(BlockError::MessageCount);
        }
        Segment::Messages(messages) => consume(tree, messages)?,
        Segment::Transactions(transactions) if transactions.len() > SEGMENT_TRANSACTIONS_MAX => {
            return Err(BlockError::SegmentFull { index: SEGMENT_TRANSACTIONS_MAX });
        }
        Segment::Transactions(transactions) => {
            let chain = chain(tree)?;
            let context =
                Context { genesis: *genesis, height: chain.height, time_ms: chain.time_ms };
            receipts.reserve_exact(transactions.len());
            let mut meter = Meter::new();
            for (index, transaction) in transactions.iter().enumerate() {
                let receipt =
                    execute::apply(transaction, chunk_bytes_max, &context, tree, &mut meter);
                receipts.push(receipt.map_err(|refusal| refused(index, refusal))?);
            }
        }
    }
    Ok(Replayed { post_root: tree.root(), receipts })
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

fn begin<S: State>(state: &mut S, height: u64, time_ms: u64) -> Result<(), BlockError> {
    let mut chain = chain(state)?;
    let expected = chain.height.saturating_add(1);
    if height != expected {
        return Err(BlockError::Height { expected, found: height });
    }
    if time_ms <= chain.time_ms {
        return Err(BlockError::Time);
    }
    (chain.height, chain.time_ms) = (height, time_ms);
    state.put(Chain::key(), Cell::Chain(chain))?;
    Ok(())
}

fn consume<S: State>(state: &mut S, messages: &[InboxMessage]) -> Result<(), BlockError> {
    let mut chain = chain(state)?;
    for message in messages {
        if message.index != chain.inbox_cursor {
            return Err(BlockError::MessageIndex {
                expected: chain.inbox_cursor,
                found: message.index,
            });
        }
        chain.inbox_hash = message.chain(&chain.inbox_hash);
        chain.inbox_cursor = chain.inbox_cursor.saturating_add(1);
        match &message.kind {
            MessageKind::Deposit { asset, amount, recipient } => {
                deposit(state, *asset, *amount, recipient)?;
            }
        }
    }
    state.put(Chain::key(), Cell::Chain(chain))?;
    Ok(())
}

/// Credits a deposit. The program bounds what can be deposited in all below 2^64, so that no balance overflows; the program
/// takes only assets whose number is bounded, so that an account has room.
fn deposit<S: State>(
    state: &mut S,
    asset: crate::types::AssetId,
    amount: Quote,
    recipient: &crate::types::Address,
) -> Result<(), BlockError> {
    let key = Account::key(recipient);
    let mut account = match state.get(&key)? {
        Some(Cell::Account(account)) => account.clone(),
        Some(_) => return Err(StateError::Corrupt.into()),
        None => Account::default(),
    };
    // A credit that does not fit leaves the account as it is; the funds stay in the vault.
    let _unchanged_on_failure = execute::credit(&mut account, asset, amount);
    state.put(key, Cell::Account(account))?;
    Ok(())
}

#[cfg(test)]
mod tests;
