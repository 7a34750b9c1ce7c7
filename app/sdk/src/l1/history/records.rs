//! Commits and posts, out of calls of the program.

use asset_rollup_interface::instruction::{CommitBatch, PostData};
use borsh::BorshDeserialize;
use curvevm::{
    batch::BatchHeader,
    types::{Address, Signature as MemberSignature},
};
use solana_signature::Signature;

use super::{
    account,
    transaction::{Call, Executed},
};
use crate::l1::address::{RollupAddresses, address};

/// Places in the accounts of `commit_batch`.
mod commit {
    pub(super) const POSTER: usize = 0;
    pub(super) const ROLLUP: usize = 1;
    pub(super) const DATA: usize = 3;
    pub(super) const BATCH: usize = 4;
}

/// Places in the accounts of `post_data`.
mod post {
    pub(super) const ROLLUP: usize = 1;
    pub(super) const DATA: usize = 2;
}

/// A batch as it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRecord {
    /// What the batch claims.
    pub header: BatchHeader,
    /// The committee's signatures over the settlement digest, by member.
    pub signatures: Vec<(u8, MemberSignature)>,
    /// Who committed it.
    pub poster: Address,
    /// The account that its chunks were posted to.
    pub data: Address,
    /// The Solana transaction.
    pub signature: Signature,
    /// The slot in which it was executed.
    pub slot: u64,
    /// The time of that slot, in seconds since 1970, where the L1's node knows it.
    pub unix_time: Option<i64>,
    /// Chunks that were posted in the same transaction before it.
    pub posts: Vec<Post>,
}

/// A committed batch and its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedBatch {
    /// The commit that counts.
    pub commit: CommitRecord,
    /// Commits of the same number before it, the newest first: they were rolled back.
    pub earlier: Vec<CommitRecord>,
    /// Its chunks, in order.
    pub chunks: Vec<Vec<u8>>,
}

/// A chunk as it was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The batch.
    pub number: u64,
    /// The chunk's place, from zero.
    pub index: u16,
    /// Chunks in all.
    pub count: u16,
    /// The chunk's bytes.
    pub bytes: Vec<u8>,
    /// The account that it was posted to.
    pub data: Address,
}

/// The commits of batch `number` in a transaction, in order.
pub(super) fn records_of(
    transaction: &Executed,
    addresses: &RollupAddresses,
    number: u64,
) -> Vec<CommitRecord> {
    let mut posts = Vec::new();
    let mut records = Vec::new();
    for call in &transaction.calls {
        posts.extend(post_of(call, addresses));
        let Some((commit, header)) = commit_of(call, addresses, number) else { continue };
        let (poster, data) =
            (account(&call.accounts, commit::POSTER), account(&call.accounts, commit::DATA));
        let (Some(poster), Some(data)) = (poster, data) else { continue };
        records.push(CommitRecord {
            header,
            signatures: commit.signatures,
            poster,
            data,
            signature: transaction.signature,
            slot: transaction.slot,
            unix_time: transaction.unix_time,
            posts: posts.clone(),
        });
    }
    records
}

/// The posts in a transaction, in order.
pub(super) fn posts_of(transaction: &Executed, addresses: &RollupAddresses) -> Vec<Post> {
    transaction.calls.iter().filter_map(|call| post_of(call, addresses)).collect()
}

fn commit_of(
    call: &Call,
    addresses: &RollupAddresses,
    number: u64,
) -> Option<(CommitBatch, BatchHeader)> {
    let ours = account(&call.accounts, commit::ROLLUP)? == address(&addresses.rollup)
        && account(&call.accounts, commit::BATCH)? == address(&addresses.batch(number));
    let commit: CommitBatch = parse(&call.data, CommitBatch::DISCRIMINATOR).filter(|_| ours)?;
    let header: BatchHeader = borsh::from_slice(&commit.header).ok()?;
    (header.number == number).then_some((commit, header))
}

fn post_of(call: &Call, addresses: &RollupAddresses) -> Option<Post> {
    let data = account(&call.accounts, post::DATA)?;
    let ours = account(&call.accounts, post::ROLLUP)? == address(&addresses.rollup);
    let post: PostData = parse(&call.data, PostData::DISCRIMINATOR).filter(|_| ours)?;
    let PostData { number, chunk_index: index, chunk_count: count, bytes } = post;
    Some(Post { number, index, count, bytes, data })
}

/// The arguments of an instruction. The program does not mind what follows them, so that nobody can hide a commit behind it.
fn parse<T: BorshDeserialize>(data: &[u8], discriminator: [u8; 8]) -> Option<T> {
    let mut arguments = data.strip_prefix(&discriminator)?;
    T::deserialize(&mut arguments).ok()
}
