//! The tree of uncommitted blocks above the last committed one.

use crate::limits::TREE_BLOCKS_MAX;
use crate::types::{BlockId, Height, SealedBlock};
use std::collections::{BTreeMap, BTreeSet};

/// What the application thinks of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// Not asked yet, because its parent is not executed or not here.
    Unasked,
    /// Asked.
    Asked,
    /// Executed.
    Valid,
    /// Refused, or a descendant of a refused block.
    Invalid,
}

#[derive(Debug)]
struct Node {
    block: SealedBlock,
    validity: Validity,
    /// Whether the log has it.
    logged: bool,
}

/// How a block hangs on the committed one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// Through these blocks, ascending, itself the last.
    Complete(Vec<SealedBlock>),
    /// This ancestor (or itself) is not here.
    Missing(BlockId),
    /// Not at all: another block is committed at an ancestor's height, or heights do not add up.
    Detached,
}

#[derive(Debug)]
pub(crate) struct Chain {
    height: Height,
    head: BlockId,
    nodes: BTreeMap<BlockId, Node>,
}

impl Chain {
    pub(crate) const fn new(height: Height, head: BlockId) -> Self {
        Self { height, head, nodes: BTreeMap::new() }
    }

    /// The height of the last committed block.
    pub(crate) const fn height(&self) -> Height {
        self.height
    }

    /// The last committed block.
    pub(crate) const fn head(&self) -> BlockId {
        self.head
    }

    pub(crate) fn get(&self, id: &BlockId) -> Option<&SealedBlock> {
        self.nodes.get(id).map(|node| &node.block)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.nodes.len() >= TREE_BLOCKS_MAX
    }

    /// Adds a block above the committed height. Callers make room before.
    pub(crate) fn insert(&mut self, block: SealedBlock, logged: bool) {
        if block.height() <= self.height || self.is_full() {
            return;
        }
        let validity = Validity::Unasked;
        self.nodes.entry(block.id()).or_insert(Node { block, validity, logged });
    }

    /// Whether the application has executed the block: it is committed or was found valid.
    pub(crate) fn is_executed(&self, id: &BlockId) -> bool {
        *id == self.head || self.validity(id) == Some(Validity::Valid)
    }

    pub(crate) fn validity(&self, id: &BlockId) -> Option<Validity> {
        self.nodes.get(id).map(|node| node.validity)
    }

    pub(crate) fn set_validity(&mut self, id: &BlockId, validity: Validity) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.validity = validity;
        }
    }

    /// Marks the block as logged; the block if it was not.
    pub(crate) fn log(&mut self, id: &BlockId) -> Option<SealedBlock> {
        let node = self.nodes.get_mut(id).filter(|node| !node.logged)?;
        node.logged = true;
        Some(node.block.clone())
    }

    /// Blocks to execute now, which count as asked from here on.
    pub(crate) fn take_executable(&mut self) -> Vec<SealedBlock> {
        let mut taken = Vec::new();
        let unasked: Vec<_> = self
            .nodes
            .values()
            .filter(|node| node.validity == Validity::Unasked)
            .map(|node| node.block.clone())
            .collect();
        for block in unasked {
            let fits = self.height_of(&block.parent()).map(Height::next) == Some(block.height());
            if self.is_executed(&block.parent()) && fits {
                self.set_validity(&block.id(), Validity::Asked);
                taken.push(block);
            } else if self.validity(&block.parent()) == Some(Validity::Invalid) {
                self.set_validity(&block.id(), Validity::Invalid);
            }
        }
        taken.sort_by_key(SealedBlock::height);
        taken
    }

    /// The way from the committed block to this one.
    pub(crate) fn path(&self, id: &BlockId) -> Path {
        let mut path = Vec::new();
        let mut cursor = *id;
        let mut expected: Option<Height> = None;
        while cursor != self.head {
            let Some(node) = self.nodes.get(&cursor) else {
                // Nothing below the committed height can lead back to it.
                let below = expected.is_some_and(|height| height <= self.height);
                return if below { Path::Detached } else { Path::Missing(cursor) };
            };
            if expected.is_some_and(|height| height != node.block.height()) {
                return Path::Detached;
            }
            path.push(node.block.clone());
            expected = node.block.height().checked_prev();
            cursor = node.block.parent();
        }
        if expected.is_some_and(|height| height != self.height) {
            return Path::Detached;
        }
        path.reverse();
        Path::Complete(path)
    }

    /// Makes `head` the committed block and drops what cannot follow it.
    pub(crate) fn commit(&mut self, head: &SealedBlock) {
        self.height = head.height();
        self.head = head.id();
        let mut dropped: BTreeSet<BlockId> = BTreeSet::new();
        let mut order: Vec<_> =
            self.nodes.values().map(|node| (node.block.height(), node.block.id())).collect();
        order.sort_unstable();
        for (height, id) in order {
            let parent = self.nodes.get(&id).map(|node| node.block.parent());
            let first = height == self.height.next();
            let stray = parent.is_some_and(|parent| dropped.contains(&parent))
                || (first && parent != Some(self.head));
            if height <= self.height {
                self.nodes.remove(&id);
            } else if stray {
                self.nodes.remove(&id);
                dropped.insert(id);
            }
        }
    }

    /// Drops every block that is neither one of these nor an ancestor of one.
    pub(crate) fn retain_ancestors(&mut self, tips: impl IntoIterator<Item = BlockId>) {
        let mut keep = BTreeSet::new();
        for tip in tips {
            let mut cursor = tip;
            while let Some(node) = self.nodes.get(&cursor) {
                if !keep.insert(cursor) {
                    break;
                }
                cursor = node.block.parent();
            }
        }
        self.nodes.retain(|id, _| keep.contains(id));
    }

    fn height_of(&self, id: &BlockId) -> Option<Height> {
        if *id == self.head { Some(self.height) } else { self.get(id).map(SealedBlock::height) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GENESIS, block, blocks};

    fn chain_of(blocks: &[SealedBlock]) -> Chain {
        let mut chain = Chain::new(Height::ZERO, GENESIS);
        blocks.iter().for_each(|block| chain.insert(block.clone(), false));
        chain
    }

    #[test]
    fn a_path_is_complete_missing_or_detached() {
        let line = blocks(3);
        let mut chain = chain_of(&[line[0].clone(), line[2].clone()]);
        assert_eq!(chain.path(&line[2].id()), Path::Missing(line[1].id()));
        chain.insert(line[1].clone(), false);
        assert_eq!(chain.path(&line[2].id()), Path::Complete(line.clone()));
        assert_eq!(chain.path(&GENESIS), Path::Complete(Vec::new()));
        let rival = block(1, GENESIS, 50);
        let beside = block(2, rival.id(), 51);
        chain.insert(beside.clone(), false);
        chain.commit(&line[0]);
        assert_eq!(chain.path(&beside.id()), Path::Missing(beside.id()));
        chain.insert(beside.clone(), false);
        assert_eq!(chain.path(&beside.id()), Path::Detached);
    }

    #[test]
    fn heights_must_add_up() {
        let line = blocks(1);
        let wrong = block(5, line[0].id(), 1);
        let mut chain = chain_of(&[line[0].clone(), wrong.clone()]);
        assert_eq!(chain.path(&wrong.id()), Path::Detached);
        chain.take_executable();
        chain.set_validity(&line[0].id(), Validity::Valid);
        assert_eq!(chain.take_executable(), []);
    }

    #[test]
    fn blocks_are_executed_after_their_parents_and_once() {
        let line = blocks(3);
        let mut chain = chain_of(&line);
        assert_eq!(chain.take_executable(), [line[0].clone()]);
        assert_eq!(chain.take_executable(), []);
        chain.set_validity(&line[0].id(), Validity::Valid);
        assert_eq!(chain.take_executable(), [line[1].clone()]);
        chain.set_validity(&line[1].id(), Validity::Invalid);
        assert_eq!(chain.take_executable(), []);
        assert_eq!(chain.validity(&line[2].id()), Some(Validity::Invalid));
    }

    #[test]
    fn a_commit_keeps_what_can_follow() {
        let line = blocks(3);
        let rival = block(1, GENESIS, 50);
        let beside = block(2, rival.id(), 51);
        let mut chain = chain_of(&[&line[..], &[rival.clone(), beside.clone()]].concat());
        chain.set_validity(&line[1].id(), Validity::Valid);
        chain.commit(&line[0]);
        assert_eq!((chain.height(), chain.head()), (Height::new(1), line[0].id()));
        assert!(chain.get(&rival.id()).is_none() && chain.get(&beside.id()).is_none());
        assert_eq!(chain.validity(&line[1].id()), Some(Validity::Valid));
        assert_eq!(chain.path(&line[2].id()), Path::Complete(line[1..].to_vec()));
        chain.insert(rival.clone(), false);
        assert!(chain.get(&rival.id()).is_none(), "nothing at or below the committed height");
    }

    #[test]
    fn a_full_tree_makes_room_beside_the_tips() {
        let mut chain = Chain::new(Height::ZERO, GENESIS);
        let line = blocks(2);
        line.iter().for_each(|block| chain.insert(block.clone(), false));
        for tag in 0..=255 {
            chain.insert(block(1, GENESIS, tag), false);
            chain.insert(block(2, line[0].id(), tag), false);
        }
        assert!(chain.is_full());
        chain.retain_ancestors([line[1].id()]);
        assert!(!chain.is_full());
        assert_eq!(chain.path(&line[1].id()), Path::Complete(line));
    }

    #[test]
    fn a_block_is_logged_once() {
        let line = blocks(1);
        let mut chain = chain_of(&line);
        assert_eq!(chain.log(&line[0].id()), Some(line[0].clone()));
        assert_eq!(chain.log(&line[0].id()), None);
    }
}
