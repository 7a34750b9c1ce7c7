//! Nodes of the state tree.

use alloc::sync::Arc;

use crate::{
    cell::Cell,
    host::sha256,
    types::{Hash, Key},
};

/// The byte before the two halves of a leaf's message.
pub(super) const LEAF_TAG: u8 = 0;
/// The byte before the two halves of a branch's message.
pub(super) const BRANCH_TAG: u8 = 1;

/// A subtree.
///
/// Its hash is kept where the subtree hangs, not in the subtree: a branch is hashed without a look at its children, which
/// on a path that was written are for the most part not in the processor's cache.
#[derive(Clone, Debug, Default)]
pub(super) enum Node {
    /// Without cells.
    #[default]
    Empty,
    /// Not opened by the witness: only its hash is known.
    Pruned(Hash),
    /// One cell. The hash is none until it is asked for, so that a cell written often in a segment is encoded once.
    Leaf(Option<Hash>, Arc<Leaf>),
    /// Two subtrees. The hash is none when something below was written since the last hashing.
    Branch(Option<Hash>, Arc<Branch>),
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) key: Key,
    /// None where a witness does not open it.
    cell: Option<Cell>,
}

/// Two subtrees.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) left: Node,
    pub(super) right: Node,
}

impl Node {
    /// A leaf, not hashed.
    pub(super) fn leaf(key: Key, cell: Cell) -> Self {
        Self::Leaf(None, Arc::new(Leaf { key, cell: Some(cell) }))
    }

    /// A leaf of which only the hash of the cell is known.
    pub(super) fn closed_leaf(key: Key, value_hash: &Hash) -> Self {
        Self::Leaf(Some(leaf_hash(&key, value_hash)), Arc::new(Leaf { key, cell: None }))
    }

    /// A leaf whose hash is known with its cell.
    pub(super) fn open_leaf(key: Key, cell: Cell, value_hash: &Hash) -> Self {
        let hash = leaf_hash(&key, value_hash);
        Self::Leaf(Some(hash), Arc::new(Leaf { key, cell: Some(cell) }))
    }

    /// A branch, not hashed.
    pub(super) fn branch(left: Self, right: Self) -> Self {
        Self::Branch(None, Arc::new(Branch { left, right }))
    }

    /// A branch of sides whose hashes are known, hashed.
    pub(super) fn hashed_branch(left: Self, right: Self) -> Option<Self> {
        let hash = branch_hash(&left.known_hash()?, &right.known_hash()?);
        Some(Self::Branch(Some(hash), Arc::new(Branch { left, right })))
    }

    /// The hash, if it is known without work below.
    pub(super) const fn known_hash(&self) -> Option<Hash> {
        match self {
            Self::Empty => Some(Hash::ZERO),
            Self::Pruned(hash) => Some(*hash),
            Self::Leaf(hash, _) | Self::Branch(hash, _) => *hash,
        }
    }
}

impl Leaf {
    pub(super) const fn cell(&self) -> Option<&Cell> {
        self.cell.as_ref()
    }
}

/// The bit of `key` at `depth`, from the most significant.
pub(super) fn bit(key: &Key, depth: usize) -> bool {
    let byte = key.as_bytes().get(depth >> 3).copied().unwrap_or(0);
    byte >> (7 & !depth) & 1 == 1
}

/// The hash of a branch, from those of its sides.
pub(super) fn branch_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[BRANCH_TAG], left.as_ref(), right.as_ref()])
}

/// The hash of a leaf, from the hash of its cell.
pub(super) fn leaf_hash(key: &Key, value_hash: &Hash) -> Hash {
    sha256(&[&[LEAF_TAG], key.as_ref(), value_hash.as_ref()])
}
