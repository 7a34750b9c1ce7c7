//! Genesis and what is derived from it once.

use asset_consensus::{BlockId, ChainId, Committee, CommitteeError, Epoch, PublicKey};
use asset_rollup_interface::constants::{LAMPORTS_MAX, SECS_MAX, SLOTS_MAX};
use curvevm::{
    batch::CHUNKS_MAX,
    codec::{
        CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_HEAD_BYTES_MAX, SEGMENT_BYTES_MAX,
        SEGMENT_FRAME_BYTES_MAX,
    },
    genesis::{GENESIS_VERSION, Genesis, MEMBERS_MAX, Params, quorum},
    inbox::MESSAGE_BYTES_MAX,
    tx,
    types::{Address, Hash},
};

/// The rules and identities of one chain.
#[derive(Debug)]
pub(crate) struct ChainSpec {
    pub(crate) genesis: Genesis,
    /// The genesis hash.
    pub(crate) id: Hash,
    pub(crate) committee_hash: Hash,
    pub(crate) genesis_root: Hash,
}

impl ChainSpec {
    pub(crate) fn new(genesis: Genesis) -> Self {
        let id = genesis.hash();
        let committee_hash = genesis.committee_hash();
        // Writing to a fresh, whole tree does not fail.
        let genesis_root = genesis.tree().map(|mut tree| tree.root()).unwrap_or_default();
        Self { genesis, id, committee_hash, genesis_root }
    }

    pub(crate) const fn program_id(&self) -> &Address {
        &self.genesis.program_id
    }

    pub(crate) fn members(&self) -> usize {
        self.genesis.committee.len()
    }

    pub(crate) fn quorum(&self) -> usize {
        quorum(self.members())
    }

    pub(crate) fn consensus_chain(&self) -> ChainId {
        ChainId::new(self.id.to_bytes())
    }

    /// The id of the genesis block: the genesis hash itself.
    pub(crate) fn genesis_block(&self) -> BlockId {
        BlockId::new(self.id.to_bytes())
    }

    pub(crate) fn committee(&self) -> Result<Committee, CommitteeError> {
        let keys = self.genesis.committee.iter().map(|key| PublicKey(key.to_bytes()));
        Committee::equal(Epoch::ZERO, keys)
    }

    /// The most that a block's messages and transactions may have, in bytes as Borsh; a batch closes once it has as much.
    ///
    /// Chunks are cut at segments: one is left open by less than the segment that follows, and two neighbours are more than one
    /// chunk together. A transaction that is a segment of its own is counted twice ([`counted_bytes`](super::counted_bytes)), for
    /// itself and for what it leaves open; a message counts as a segment of its own. The data of a batch, less than two blocks' worth,
    /// then fits its chunks, with a fifth to spare: for integers that are longer as varints, and for the root after each segment, which
    /// may hold one short transaction.
    pub(crate) fn block_bytes_max(&self) -> usize {
        block_bytes_max(self.chunk_bytes_max(), self.genesis.params.batch_chunks_max)
    }

    /// The most payload bytes in a chunk.
    pub(crate) const fn chunk_bytes_max(&self) -> usize {
        self.genesis.params.chunk_bytes_max as usize
    }

    /// What is wrong with the genesis, if anything.
    pub(crate) fn violations(&self) -> Vec<String> {
        let params = &self.genesis.params;
        let mut found = Vec::new();
        let mut check = |holds: bool, violation: &str| {
            if !holds {
                found.push(violation.to_owned());
            }
        };
        check(self.genesis.version == GENESIS_VERSION, "version: only 1 is known");
        check(
            (1..=MEMBERS_MAX).contains(&self.members()),
            "committee: a committee has 1 to 32 members",
        );
        check(params.batch_interval_ms > 0, "params.batch_interval_ms: at least 1");
        check(
            (CHUNKS_MIN..=CHUNKS_MAX).contains(&params.batch_chunks_max),
            "params.batch_chunks_max: 10 to 256",
        );
        check(
            (CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&usize::from(params.chunk_bytes_max)),
            "params.chunk_bytes_max: 832 to 3800",
        );
        check(params.block_transactions_max > 0, "params.block_transactions_max: at least 1");
        check_settlement(params, &mut check);
        found
    }
}

/// What the program refuses to start a rollup with.
fn check_settlement(params: &Params, check: &mut impl FnMut(bool, &str)) {
    check(params.challenge_slots <= SLOTS_MAX, "params.challenge_slots: at most 90 days");
    check(params.challenge_secs <= SECS_MAX, "params.challenge_secs: at most 90 days");
    check(
        (1..=SLOTS_MAX).contains(&params.inbox_delay_slots),
        "params.inbox_delay_slots: 1 slot to 90 days",
    );
    check(params.bond_lamports <= LAMPORTS_MAX, "params.bond_lamports: at most a million SOL");
    check(
        params.challenge_lamports <= LAMPORTS_MAX,
        "params.challenge_lamports: at most a million SOL",
    );
    check(
        (1..=SLOTS_MAX).contains(&params.takeover_slots),
        "params.takeover_slots: 1 slot to 90 days",
    );
    check(params.authority_delay_secs <= SECS_MAX, "params.authority_delay_secs: at most 90 days");
}

const fn block_bytes_max(chunk: usize, chunks: u16) -> usize {
    let full = chunk.saturating_sub(SEGMENT_BYTES_MAX);
    let half = chunk.saturating_sub(CHUNK_HEAD_BYTES_MAX) / 2;
    let filled = if full > half { full } else { half };
    chunks as usize * filled * 2 / 5
}

/// With fewer chunks to a batch the longest transaction, or the longest message, may not fit a block.
const CHUNKS_MIN: u16 = 10;
const _: () = {
    let mut chunk = CHUNK_BYTES_MIN;
    while chunk <= CHUNK_BYTES_MAX {
        let around = super::BEGIN_BYTES + super::CONTENT_BYTES;
        let longest = super::counted_bytes(tx::bytes_max(chunk)) + around;
        assert!(block_bytes_max(chunk, CHUNKS_MIN) > longest);
        let longest = MESSAGE_BYTES_MAX + SEGMENT_FRAME_BYTES_MAX + around;
        assert!(block_bytes_max(chunk, CHUNKS_MIN) > longest);
        chunk += 1;
    }
};
