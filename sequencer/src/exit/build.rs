//! The batches that consume what waits in the inbox.

use curvevm::{
    batch::BatchHeader,
    block::{BlockBody, MESSAGES_MAX, chain},
    codec::{CodecError, Tip},
    inbox::InboxMessage,
};

use super::ExitError;
use crate::{
    chain::{BEGIN_BYTES, CONTENT_BYTES, ChainSpec, OpenBatch, execute, message_bytes},
    rebuild::Rebuild,
};

/// The most blocks in a batch, as the committee has it.
const BLOCKS_MAX: usize = 1_024;
/// The most batches that are built for what waits.
pub const BATCHES_MAX: usize = 64;

/// A batch, and the state after it.
#[derive(Clone, Debug)]
pub struct Built {
    /// What it claims.
    pub header: BatchHeader,
    /// Its data.
    pub chunks: Vec<Vec<u8>>,
    /// How many messages it consumes.
    pub messages: usize,
    /// The state after it.
    pub after: Rebuild,
}

/// The next batch after `before`: as many of the messages as fit it, which begin at the state's inbox cursor. It is replayed.
///
/// # Errors
///
/// [`ExitError`] where the messages do not follow the cursor, or there are none.
pub fn build(before: &Rebuild, messages: &[InboxMessage]) -> Result<Built, ExitError> {
    if messages.is_empty() {
        return Err(ExitError::NothingWaits);
    }
    let spec = before.spec();
    let mut tree = before.tree().clone();
    let root = tree.root();
    let mut now = chain(&tree)?;
    let mut open = OpenBatch::new(before.head().batch.saturating_add(1), Tip::new(&now, root));
    let mut versions = Vec::new();
    let mut consumed = 0usize;
    for block in blocks(spec, messages).into_iter().take(BLOCKS_MAX) {
        consumed = consumed.saturating_add(block.len());
        let body = BlockBody {
            height: now.height.saturating_add(1),
            time_ms: now.time_ms.saturating_add(1),
            messages: block.to_vec(),
            transactions: Vec::new(),
        };
        let executed = execute(&mut tree, spec, body, Vec::new())?;
        now = chain(&tree)?;
        open.push(executed.block);
        versions.push((open.clone(), now.clone(), executed.post_root, consumed));
    }
    // Messages that do not fit are for the next batch.
    while let Some((open, now, root, messages)) = versions.pop() {
        match open.seal(spec, &now, root) {
            Ok(sealed) => {
                let mut after = before.clone();
                let (header, chunks) = (sealed.header, sealed.chunks);
                after.apply(&header, &chunks).map_err(|fault| ExitError::Fault(Box::new(fault)))?;
                return Ok(Built { header, chunks, messages, after });
            }
            Err(CodecError::TooManyChunks) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CodecError::TooManyChunks.into())
}

/// The batches that consume all of the messages, one after the other, up to [`BATCHES_MAX`].
///
/// # Errors
///
/// As [`build`].
pub fn build_all(before: &Rebuild, mut messages: &[InboxMessage]) -> Result<Vec<Built>, ExitError> {
    let mut built: Vec<Built> = Vec::new();
    while !messages.is_empty() && built.len() < BATCHES_MAX {
        let next = build(built.last().map_or(before, |last| &last.after), messages)?;
        messages = messages.get(next.messages..).unwrap_or_default();
        built.push(next);
    }
    Ok(built)
}

/// Cuts messages into blocks: of at most as many as a block may have, and as many bytes.
fn blocks<'m>(spec: &ChainSpec, messages: &'m [InboxMessage]) -> Vec<&'m [InboxMessage]> {
    let room = spec.block_bytes_max().saturating_sub(BEGIN_BYTES + CONTENT_BYTES);
    let mut blocks = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut bytes = 0usize;
        let fits = |message: &&InboxMessage| {
            bytes = bytes.saturating_add(message_bytes(message));
            bytes <= room
        };
        // Every message fits a block of every chain.
        let count = rest.iter().take(MESSAGES_MAX).take_while(fits).count().max(1);
        let (block, more) = rest.split_at(count);
        blocks.push(block);
        rest = more;
    }
    blocks
}
