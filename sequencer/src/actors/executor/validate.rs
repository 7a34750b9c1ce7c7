//! Validating a block: everything that can be said without the parent, then everything else.

use asset_consensus::SealedBlock;
use curvevm::{
    block::{BlockError, MESSAGES_MAX, admit},
    error::Error,
    host::{BatchItem, verify_batch},
    tx::Transaction,
    types::Hash,
};

use super::{Transition, TransitionError, Version, transition};
use crate::{
    actors::mempool::Pool,
    chain::{ChainSpec, content_bytes},
    payload::{Payload, PayloadError},
};

/// Why a block is invalid.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("{0}")]
    Payload(#[from] PayloadError),
    #[error("the body is for height {body}, the block's is {block}")]
    Height { body: u64, block: u64 },
    #[error("{found} transactions, at most {max}")]
    TransactionCount { found: usize, max: u32 },
    #[error("{found} inbox messages, at most {max}", max = MESSAGES_MAX)]
    MessageCount { found: usize },
    #[error("{found} bytes of messages and transactions, at most {max}")]
    Bytes { found: usize, max: usize },
    #[error("{0}")]
    Transaction(BlockError),
    #[error("{0}")]
    Transition(TransitionError),
    #[error("the root is {found}, the block claims {claimed}")]
    Root { found: Hash, claimed: Hash },
    #[error("the batch header is not the one that follows from the batch's blocks")]
    Seal,
    #[error("the settlement digest is not the batch header's")]
    Settlement,
}

/// A block that is well-formed on its own and whose signatures verify.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) payload: Payload,
    /// The ids of the transactions, in order.
    pub(crate) ids: Vec<Hash>,
}

/// Decodes a block, checks what needs no state, and verifies the signatures that the mempool has not verified before.
pub(crate) fn prepare(
    spec: &ChainSpec,
    pool: Option<&Pool>,
    block: &SealedBlock,
) -> Result<Prepared, Invalid> {
    let payload = Payload::decode(&block.block().payload)?;
    let body = &payload.body;
    if body.height != block.height().get() {
        return Err(Invalid::Height { body: body.height, block: block.height().get() });
    }
    let (found, max) = (body.transactions.len(), spec.genesis.params.block_transactions_max);
    if u32::try_from(found).map_or(true, |found| found > max) {
        return Err(Invalid::TransactionCount { found, max });
    }
    if body.messages.len() > MESSAGES_MAX {
        return Err(Invalid::MessageCount { found: body.messages.len() });
    }
    let (found, max) = (content_bytes(body), spec.block_bytes_max());
    if found > max {
        return Err(Invalid::Bytes { found, max });
    }
    let settlement = payload
        .seal
        .as_ref()
        .map(|header| header.settlement_digest(spec.program_id(), &spec.committee_hash).to_bytes());
    if settlement != block.block().settlement {
        return Err(Invalid::Settlement);
    }
    let ids = admit(&spec.id, spec.chunk_bytes_max(), &body.transactions)
        .map_err(Invalid::Transaction)?;
    verify(pool, &body.transactions, &ids)?;
    Ok(Prepared { payload, ids })
}

fn verify(pool: Option<&Pool>, transactions: &[Transaction], ids: &[Hash]) -> Result<(), Invalid> {
    let known = |transaction: &Transaction, id: &Hash| {
        pool.is_some_and(|it| it.has_verified(id, transaction))
    };
    let new: Vec<(usize, BatchItem)> = transactions
        .iter()
        .zip(ids)
        .enumerate()
        .filter(|(_, (transaction, id))| !known(transaction, id))
        .map(|(index, (transaction, id))| {
            let (signer, signature) = (*transaction.body.key(), transaction.signature);
            (index, BatchItem { signer, digest: *id, signature })
        })
        .collect();
    let items: Vec<BatchItem> = new.iter().map(|(_, item)| *item).collect();
    match verify_batch(&items).iter().zip(&new).find(|(valid, _)| !**valid) {
        Some((_, (index, _))) => {
            let error = Error::BadSignature;
            Err(Invalid::Transaction(BlockError::Transaction { index: *index, error }))
        }
        None => Ok(()),
    }
}

/// Executes a prepared block on its parent and compares what it claims.
///
/// # Errors
///
/// [`Invalid`]; [`Invalid::Transition`] with a [`TransitionError::State`] is this node's fault, not the block's.
pub(crate) fn check(
    spec: &ChainSpec,
    parent: &Version,
    prepared: Prepared,
) -> Result<Transition, Invalid> {
    let Prepared { payload: Payload { body, post_root, seal }, ids } = prepared;
    let next = transition(spec, parent, body, ids).map_err(Invalid::Transition)?;
    let found = next.executed.post_root;
    if found != post_root {
        return Err(Invalid::Root { found, claimed: post_root });
    }
    if next.sealed.as_ref().map(|sealed| &sealed.header) != seal.as_ref() {
        return Err(Invalid::Seal);
    }
    Ok(next)
}
