//! The rollup's history: every committed batch with its data, from the L1's transactions alone.
//!
//! # Status
//!
//! Experimental.
//!
//! # Terms
//!
//! A *commit* is a transaction with a `commit_batch` that succeeded. A *post* is a `post_data` that succeeded; it carries one
//! chunk. The L1 lists the transactions that name an account, the newest first, also when the account was closed.
//!
//! ```text
//!  batch n ─► its Batch address ─► commits of n ─► the last: header, data account
//!                                                              │
//!                       chunks of the batch ◄─ posts before it ◄─ the data account's transactions
//! ```
//!
//! # Rules
//!
//! 1. A transaction counts when it was executed without an error: the L1's blocks hold others too.
//! 2. Top-level instructions count only. A commit or a post that another program calls is not seen.
//! 3. Of the commits of one number the last in the chain's order counts: after a rollback a number is committed again. The
//!    earlier ones are given beside it.
//! 4. A chunk is the newest post of its place to the commit's data account before the commit. The program refuses another chunk
//!    at a place that is taken, so that an older one differs only where the account was closed and opened again between.
//! 5. A node of the L1 is believed only as far as it can be checked: a transaction is signed as the signature says that it was
//!    asked by, and the chunks have the hash that the header names. What a node leaves out cannot be noticed here.
//!
//! # Invariants
//!
//! 1. Nothing is kept between calls: memory is bounded by one page of signatures and one batch.
//! 2. The work for one account is bounded by [`PAGES_MAX`] pages of [`PAGE_MAX`] transactions.

mod error;
mod pages;
mod records;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;
mod transaction;

use std::{ops::ControlFlow, sync::Arc};

use curvevm::{
    batch::{chunk_hash, data_root},
    types::{Address, Hash},
};

use self::records::{posts_of, records_of};
pub use self::{
    error::HistoryError,
    pages::{PAGE_MAX, PAGES_MAX},
    records::{CommitRecord, Post, PostedBatch},
};
use super::{
    address::{address, pubkey},
    client::L1Client,
    config::Level,
};

/// Reads a rollup's history. Clones share their client.
#[derive(Clone, Debug)]
pub struct History {
    client: Arc<L1Client>,
    level: Level,
}

impl History {
    /// A reader of transactions that are as settled as `level` says; the L1 lists none that are only processed.
    pub const fn new(client: Arc<L1Client>, level: Level) -> Self {
        let level = match level {
            Level::Processed | Level::Confirmed => Level::Confirmed,
            Level::Finalized => Level::Finalized,
        };
        Self { client, level }
    }

    /// The client that is asked.
    pub const fn client(&self) -> &Arc<L1Client> {
        &self.client
    }

    /// How settled a transaction must be.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Every commit of a number, the one that counts first. Empty when there is none, or when the L1's node has it no longer.
    ///
    /// # Errors
    ///
    /// [`HistoryError`].
    pub async fn commits(&self, number: u64) -> Result<Vec<CommitRecord>, HistoryError> {
        let addresses = self.client.addresses();
        let mut commits = Vec::new();
        self.walk(&addresses.batch(number), None, |transaction| {
            // Within a transaction the last instruction is the newest.
            commits.extend(records_of(&transaction, addresses, number).into_iter().rev());
            ControlFlow::Continue(())
        })
        .await?;
        // They come in this order; a node that mixes them up is put right.
        commits.sort_by_key(|commit| std::cmp::Reverse(commit.slot));
        Ok(commits)
    }

    /// The chunks of a committed batch, in order, checked against its header.
    ///
    /// # Errors
    ///
    /// [`HistoryError`], among them [`HistoryError::DataMissing`] and [`HistoryError::ChunkMismatch`].
    pub async fn chunks(&self, commit: &CommitRecord) -> Result<Vec<Vec<u8>>, HistoryError> {
        let addresses = self.client.addresses();
        let mut found = Found::new(commit);
        let mut complete = found.take_all(&commit.posts);
        if !complete {
            let before = Some(commit.signature);
            self.walk(&pubkey(&commit.data), before, |transaction| {
                complete = found.take_all(&posts_of(&transaction, addresses));
                if complete { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .await?;
        }
        let chunks = found.finish(commit)?;
        self.check(commit, &chunks).await?;
        Ok(chunks)
    }

    /// A batch and its data, as it was committed last; `number` is of a batch that the rollup says is committed.
    ///
    /// # Errors
    ///
    /// [`HistoryError`], among them [`HistoryError::NoCommit`].
    pub async fn batch(&self, number: u64) -> Result<PostedBatch, HistoryError> {
        let mut commits = self.commits(number).await?.into_iter();
        let commit = commits.next().ok_or(HistoryError::NoCommit { number })?;
        let chunks = self.chunks(&commit).await?;
        Ok(PostedBatch { commit, earlier: commits.collect(), chunks })
    }

    /// Compares the chunks with the header, and names the first wrong one where the L1 still has the hash of each.
    async fn check(&self, commit: &CommitRecord, chunks: &[Vec<u8>]) -> Result<(), HistoryError> {
        let number = commit.header.number;
        let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        let found = data_root(&hashes);
        if found == commit.header.data_root {
            return Ok(());
        }
        let account = self.client.data_at(&pubkey(&commit.data), self.level).await?;
        let recorded = account.map(|data| data.hashes).unwrap_or_default();
        let wrong = recorded.iter().zip(&hashes).position(|(recorded, found)| recorded != found);
        match wrong.and_then(|index| Some((index, recorded.get(index)?, hashes.get(index)?))) {
            Some((index, expected, found)) => Err(HistoryError::ChunkMismatch {
                number,
                chunk: index,
                expected: *expected,
                found: *found,
            }),
            None => {
                Err(HistoryError::DataMismatch { number, expected: commit.header.data_root, found })
            }
        }
    }
}

/// Chunks of one batch as they are found, the newest first.
struct Found {
    number: u64,
    data: Address,
    chunks: Vec<Option<Vec<u8>>>,
    missing: usize,
}

impl Found {
    fn new(commit: &CommitRecord) -> Self {
        // The program commits no batch whose data account is longer than an account can be.
        let count = usize::try_from(commit.header.chunk_count).unwrap_or(usize::MAX);
        let count = count.min(usize::from(u16::MAX));
        let chunks = vec![None; count];
        Self { number: commit.header.number, data: commit.data, chunks, missing: count }
    }

    /// Takes the posts of a transaction, in its order. Gives whether every chunk is found.
    fn take_all(&mut self, posts: &[Post]) -> bool {
        for post in posts.iter().rev() {
            self.take(post);
        }
        self.missing == 0
    }

    fn take(&mut self, post: &Post) {
        let ours = post.number == self.number
            && post.data == self.data
            && usize::from(post.count) == self.chunks.len();
        let place = self.chunks.get_mut(usize::from(post.index)).filter(|_| ours);
        if let Some(place @ None) = place {
            *place = Some(post.bytes.clone());
            self.missing = self.missing.saturating_sub(1);
        }
    }

    fn finish(self, commit: &CommitRecord) -> Result<Vec<Vec<u8>>, HistoryError> {
        let count = self.chunks.len();
        let missing = |chunk: usize| HistoryError::DataMissing {
            number: commit.header.number,
            chunk,
            count,
            account: commit.data,
        };
        let chunks = self.chunks.into_iter().enumerate();
        chunks.map(|(index, chunk)| chunk.ok_or_else(|| missing(index))).collect()
    }
}

/// The address of an account of an instruction, none when the instruction has fewer.
fn account(accounts: &[solana_pubkey::Pubkey], index: usize) -> Option<Address> {
    accounts.get(index).map(address)
}
