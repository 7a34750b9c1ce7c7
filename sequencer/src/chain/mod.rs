//! What follows from genesis and the blocks alone: executing a block, filling and closing a batch.

mod batch;
mod execution;
mod spec;

pub(crate) use batch::{
    BEGIN_BYTES, BatchBlock, CONTENT_BYTES, OpenBatch, SealedBatch, content_bytes, counted_bytes,
    message_bytes,
};
pub(crate) use execution::{Change, ExecutedBlock, execute};
pub(crate) use spec::ChainSpec;

#[cfg(test)]
mod tests;
