//! An application that keeps blocks. It executes a block only on an executed parent, as a real one
//! does.

use asset_consensus::{
    Block, BlockId, Cert2, ChainId, CommittedRange, Head, Height, Msg, RANGE_BLOCKS_MAX,
    SealedBlock,
};
use std::collections::BTreeSet;

/// Payloads that begin with this byte are invalid.
pub(crate) const INVALID_BYTE: u8 = 0xff;

#[derive(Debug)]
pub(crate) struct SimApp {
    genesis: BlockId,
    committed: Vec<(SealedBlock, Option<Cert2>)>,
    durable: usize,
    executed: BTreeSet<BlockId>,
}

impl SimApp {
    pub(crate) fn new(genesis: BlockId) -> Self {
        let executed = BTreeSet::from([genesis]);
        Self { genesis, committed: Vec::new(), durable: 0, executed }
    }

    pub(crate) fn height(&self) -> u64 {
        self.committed.len() as u64
    }

    /// A block with bytes that no other slot builds.
    pub(crate) fn build(
        &mut self,
        parent: BlockId,
        height: Height,
        tag: [u8; 9],
        chain: &ChainId,
    ) -> Block {
        assert!(self.executed.contains(&parent), "asked to build on a block that is not executed");
        let mut payload = vec![0];
        payload.extend(tag);
        let settlement = height.get().is_multiple_of(3).then_some([height.get() as u8; 32]);
        let block = Block { height, parent, settlement, payload };
        self.executed.insert(block.id(chain));
        block
    }

    pub(crate) fn validate(&mut self, block: &SealedBlock) -> bool {
        assert!(self.executed.contains(&block.parent()), "asked to execute on an unknown parent");
        let ok = block.block().payload.first() != Some(&INVALID_BYTE);
        if ok {
            self.executed.insert(block.id());
        }
        ok
    }

    pub(crate) fn commit(&mut self, blocks: Vec<SealedBlock>, proof: Cert2) {
        let last = blocks.len().saturating_sub(1);
        for (index, block) in blocks.into_iter().enumerate() {
            assert_eq!(block.height().get(), self.height() + 1, "a commit leaves no gap");
            self.executed.insert(block.id());
            self.committed.push((block, (index == last).then(|| proof.clone())));
        }
    }

    /// Everything up to `height` is durable.
    pub(crate) fn applied(&mut self, height: u64) {
        self.durable = self.durable.max((height as usize).min(self.committed.len()));
    }

    /// Loses what is not durable.
    pub(crate) fn crash(&mut self) {
        self.committed.truncate(self.durable);
        self.executed.clear();
        self.executed.insert(self.genesis);
        self.executed.extend(self.committed.iter().map(|(block, _)| block.id()));
    }

    pub(crate) fn head(&self) -> Head {
        let (id, proof) = self
            .committed
            .last()
            .map_or((self.genesis, None), |(block, proof)| (block.id(), proof.clone()));
        Head { height: Height::new(self.height()), id, proof }
    }

    pub(crate) fn range(&self, from: Height) -> Option<Msg> {
        let start = usize::try_from(from.get().checked_sub(1)?).ok()?;
        let available = self.committed.get(start..)?;
        let blocks_max = RANGE_BLOCKS_MAX.min(8);
        let end = available.iter().take(blocks_max).rposition(|(_, proof)| proof.is_some())?;
        let blocks = available[..=end].iter().map(|(block, _)| block.clone()).collect();
        let proof = available[end].1.clone()?;
        Some(Msg::Range(Box::new(CommittedRange { blocks, proof })))
    }
}
