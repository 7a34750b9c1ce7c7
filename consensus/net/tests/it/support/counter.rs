//! An application that counts: each block holds one more than its parent, and who built it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use asset_consensus::{Block, BlockId, Cert2, ChainId, Head, Height, SealedBlock};
use asset_consensus_net::{
    Application, ApplicationError, BlockProposal, BuildRequest, CommittedBlock,
};
use tokio::sync::watch;

/// The application of one member. It outlives its engine as a disk would.
#[derive(Debug)]
pub(crate) struct Counter {
    member: u16,
    chain_id: ChainId,
    state: Mutex<State>,
    head: watch::Sender<Head>,
    pub(crate) fails_commits: AtomicBool,
    pub(crate) refuses_blocks: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<BlockId, u64>,
    stored: BTreeMap<Height, (SealedBlock, Option<Cert2>)>,
}

impl Counter {
    pub(crate) fn new(member: u16, chain_id: ChainId, genesis: BlockId) -> Arc<Self> {
        let state = State { counts: BTreeMap::from([(genesis, 0)]), stored: BTreeMap::new() };
        let head = Head { height: Height::ZERO, id: genesis, proof: None };
        Arc::new(Self {
            member,
            chain_id,
            state: Mutex::new(state),
            head: watch::Sender::new(head),
            fails_commits: AtomicBool::new(false),
            refuses_blocks: AtomicBool::new(false),
        })
    }

    /// What a restart keeps: the committed blocks and nothing that was only validated.
    pub(crate) fn restarted(&self) -> Arc<Self> {
        let head = self.head.borrow().clone();
        let old = self.state.lock().unwrap();
        let counts = BTreeMap::from([(head.id, old.counts[&head.id])]);
        let state = State { counts, stored: old.stored.clone() };
        Arc::new(Self {
            member: self.member,
            chain_id: self.chain_id,
            state: Mutex::new(state),
            head: watch::Sender::new(head),
            fails_commits: AtomicBool::new(false),
            refuses_blocks: AtomicBool::new(false),
        })
    }

    pub(crate) fn height(&self) -> u64 {
        self.head.borrow().height.get()
    }

    /// Waits until this height is committed.
    pub(crate) async fn reaches(&self, height: u64) {
        let mut head = self.head.subscribe();
        head.wait_for(|head| head.height.get() >= height).await.unwrap();
    }

    /// Waits until more is committed than now.
    pub(crate) async fn progresses(&self) {
        self.reaches(self.height() + 1).await;
    }

    /// The ids of the committed blocks up to a height.
    pub(crate) fn chain(&self, up_to: u64) -> Vec<BlockId> {
        let state = self.state.lock().unwrap();
        state.stored.range(..=Height::new(up_to)).map(|(_, (block, _))| block.id()).collect()
    }

    /// The members whose blocks were committed, by height from 1 on.
    pub(crate) fn builders(&self) -> Vec<u16> {
        let state = self.state.lock().unwrap();
        let builder = |block: &SealedBlock| {
            u16::from_le_bytes(block.block().payload[8..].try_into().unwrap())
        };
        state.stored.values().map(|(block, _)| builder(block)).collect()
    }
}

impl Application for Counter {
    async fn head(&self) -> Result<Head, ApplicationError> {
        Ok(self.head.borrow().clone())
    }

    async fn build(
        &self,
        request: BuildRequest,
    ) -> Result<Option<BlockProposal>, ApplicationError> {
        let parent = self.state.lock().unwrap().counts.get(&request.parent).copied();
        let count = parent.expect("the parent is known") + 1;
        let mut payload = count.to_le_bytes().to_vec();
        payload.extend(self.member.to_le_bytes());
        let settlement = count.is_multiple_of(10).then_some([7; 32]);
        let block = Block {
            height: request.height,
            parent: request.parent,
            settlement,
            payload: payload.clone(),
        };
        self.state.lock().unwrap().counts.insert(block.id(&self.chain_id), count);
        Ok(Some(BlockProposal { payload, settlement }))
    }

    async fn validate(&self, block: SealedBlock) -> Result<bool, ApplicationError> {
        if self.refuses_blocks.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let mut state = self.state.lock().unwrap();
        let parent = *state.counts.get(&block.parent()).expect("the parent is known");
        let found =
            block.block().payload.get(..8).map(|it| u64::from_le_bytes(it.try_into().unwrap()));
        let settles = block.settlement().is_some() == (parent + 1).is_multiple_of(10);
        let ok = found == Some(parent + 1) && settles;
        if ok {
            state.counts.insert(block.id(), parent + 1);
        }
        Ok(ok)
    }

    async fn commit(&self, block: SealedBlock, proof: Arc<Cert2>) -> Result<(), ApplicationError> {
        if self.fails_commits.load(Ordering::Relaxed) {
            return Err(ApplicationError::new("the disk is full"));
        }
        let head = self.head.borrow().clone();
        assert_eq!(block.height(), head.height.next(), "heights have no gaps and come once");
        assert_eq!(block.parent(), head.id, "blocks continue the chain");
        let own = (proof.block == block.id()).then(|| Cert2::clone(&proof));
        let mut state = self.state.lock().unwrap();
        assert!(state.counts.contains_key(&block.id()), "blocks are validated before");
        state.stored.insert(block.height(), (block.clone(), own.clone()));
        drop(state);
        self.head.send_replace(Head { height: block.height(), id: block.id(), proof: own });
        Ok(())
    }

    async fn committed_block(
        &self,
        height: Height,
    ) -> Result<Option<CommittedBlock>, ApplicationError> {
        let state = self.state.lock().unwrap();
        let found = state.stored.get(&height);
        Ok(found.map(|(block, proof)| CommittedBlock {
            block: block.block().clone(),
            proof: proof.clone(),
        }))
    }
}
