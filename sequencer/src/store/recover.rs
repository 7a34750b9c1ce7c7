//! Rebuilds the state from what is stored, and checks it.

use std::{collections::BTreeMap, sync::Arc};

use curvevm::{
    block::chain,
    cell::Cell,
    codec::Tip,
    tree::Tree,
    types::{Hash, Key},
};

use super::{Store, StoreError, StoredHead};
use crate::{
    chain::{BatchBlock, ChainSpec, OpenBatch},
    payload::Payload,
};

/// What a start finds.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) head: StoredHead,
    /// The state after the head.
    pub(crate) tree: Tree,
    /// The batch that the next block is in.
    pub(crate) open: OpenBatch,
    /// The state after each batch from the checkpoint on; batch zero is genesis.
    pub(crate) trees: BTreeMap<u64, Tree>,
}

impl Store {
    /// Rebuilds the state.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where a root is not the one that was committed.
    pub(crate) fn recover(&self, spec: &ChainSpec) -> Result<Recovered, StoreError> {
        let (checkpoint, head) = (self.checkpoint()?, self.head()?);
        let mut tree = self.checkpoint_tree()?;
        expect_root("checkpoint", checkpoint.batch, &mut tree, checkpoint.root)?;
        let mut trees = BTreeMap::from([(checkpoint.batch, tree.clone())]);
        let last_batch = self.last_batch()?;
        let mut closed = checkpoint.height;
        for number in checkpoint.batch + 1..=last_batch {
            let batch = self.batch(number)?;
            let header =
                batch.ok_or_else(|| StoreError::corrupt(format!("no batch {number}")))?.header;
            self.replay(&mut tree, closed + 1, header.last_height)?;
            expect_root("batch", number, &mut tree, header.post_root)?;
            closed = header.last_height;
            trees.insert(number, tree.clone());
        }
        let tip = Tip::new(&chain(&tree).map_err(StoreError::corrupt)?, tree.root());
        let open = self.open_batch(last_batch + 1, tip, &head)?;
        self.replay(&mut tree, closed + 1, head.height)?;
        expect_root("block", head.height, &mut tree, head.root)?;
        if head.height == 0 && head.id != spec.genesis_block() {
            return Err(StoreError::corrupt("the head is not the genesis block"));
        }
        Ok(Recovered { head, tree, open, trees })
    }

    fn checkpoint_tree(&self) -> Result<Tree, StoreError> {
        let mut tree = Tree::new();
        self.for_each_cell(|key, cell| {
            let key: [u8; 32] = key.try_into().map_err(|_| StoreError::corrupt("a cell's key"))?;
            put(&mut tree, Key::new(key), cell)
        })?;
        Ok(tree)
    }

    fn replay(&self, tree: &mut Tree, first: u64, last: u64) -> Result<(), StoreError> {
        for height in first..=last {
            for change in self.delta(height)? {
                put(tree, change.key, &change.cell)?;
            }
        }
        Ok(())
    }

    fn open_batch(
        &self,
        number: u64,
        tip: Tip,
        head: &StoredHead,
    ) -> Result<OpenBatch, StoreError> {
        let mut open = OpenBatch::new(number, tip);
        for height in tip.height + 1..=head.height {
            let stored = self
                .block(height)?
                .ok_or_else(|| StoreError::corrupt(format!("no block {height}")))?;
            let payload = Payload::decode(&stored.block.payload).map_err(StoreError::corrupt)?;
            open.push(Arc::new(BatchBlock::new(payload.body, stored.trace)));
        }
        Ok(open)
    }
}

fn put(tree: &mut Tree, key: Key, cell: &[u8]) -> Result<(), StoreError> {
    let cell: Cell = borsh::from_slice(cell)
        .map_err(|_| StoreError::corrupt(format!("cell {key} cannot be decoded")))?;
    tree.put(key, cell).map_err(StoreError::corrupt)
}

fn expect_root(what: &str, number: u64, tree: &mut Tree, expected: Hash) -> Result<(), StoreError> {
    let found = tree.root();
    if found == expected {
        return Ok(());
    }
    Err(StoreError::corrupt(format!("{what} {number} has root {found}, committed was {expected}")))
}
