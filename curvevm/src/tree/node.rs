//! Nodes of the state tree and their hashes.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    cell::Cell,
    host::sha256,
    types::{Hash, Key},
};

/// A subtree.
#[derive(Clone, Debug, Default)]
pub(super) enum Node {
    /// Without cells.
    #[default]
    Empty,
    /// Not opened by the witness: only its hash is known.
    Pruned(Hash),
    /// One cell.
    Leaf(Arc<Leaf>),
    /// Two subtrees.
    Branch(Arc<Branch>),
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) key: Key,
    /// None where a witness does not open it.
    cell: Option<Cell>,
    /// None until it is asked for, so that a cell written often in a segment is encoded once.
    hash: Option<Hash>,
}

/// Two subtrees.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) left: Node,
    pub(super) right: Node,
    /// None when something below was written since the last hashing.
    pub(super) hash: Option<Hash>,
}

impl Leaf {
    pub(super) const fn new(key: Key, cell: Cell) -> Self {
        Self { key, cell: Some(cell), hash: None }
    }

    /// A leaf of which only the hash of the cell is known.
    pub(super) fn pruned(key: Key, value_hash: &Hash) -> Self {
        Self { key, cell: None, hash: Some(leaf_hash(&key, value_hash)) }
    }

    pub(super) const fn cell(&self) -> Option<&Cell> {
        self.cell.as_ref()
    }

    fn compute(&self) -> Hash {
        match (&self.cell, self.hash) {
            (_, Some(hash)) => hash,
            (Some(cell), None) => leaf_hash(&self.key, &sha256(&[&cell.encode()])),
            // A pruned leaf is made with its hash.
            (None, None) => Hash::ZERO,
        }
    }
}

impl Branch {
    /// A branch with `first` on the side of `bit`.
    pub(super) fn node(bit: bool, first: Node, second: Node) -> Node {
        let (left, right) = if bit { (second, first) } else { (first, second) };
        Node::Branch(Arc::new(Self { left, right, hash: None }))
    }
}

impl Node {
    /// The hash, if it is known without work below.
    pub(super) fn known_hash(&self) -> Option<Hash> {
        match self {
            Self::Empty => Some(Hash::ZERO),
            Self::Pruned(hash) => Some(*hash),
            Self::Leaf(leaf) => leaf.hash,
            Self::Branch(branch) => branch.hash,
        }
    }
}

/// The bit of `key` at `depth`, from the most significant.
pub(super) fn bit(key: &Key, depth: usize) -> bool {
    let byte = key.as_bytes().get(depth >> 3).copied().unwrap_or(0);
    byte >> (7 & !depth) & 1 == 1
}

fn leaf_hash(key: &Key, value_hash: &Hash) -> Hash {
    sha256(&[&[0], key.as_ref(), value_hash.as_ref()])
}

fn branch_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left.as_ref(), right.as_ref()])
}

/// A branch on the way up: its left side, then its right side is still to be hashed.
struct Frame {
    branch: Arc<Branch>,
    left: Option<Hash>,
}

/// Hashes whatever below `root` has no hash, and gives the hash of `root`.
///
/// Walks with a stack of its own: the depth is up to the keys, and call frames are few on Solana.
pub(super) fn rehash(root: &mut Node) -> Hash {
    let mut frames: Vec<Frame> = Vec::new();
    let mut node = core::mem::take(root);
    loop {
        let mut hash = match node {
            Node::Branch(mut branch) if branch.hash.is_none() => {
                node = core::mem::take(&mut Arc::make_mut(&mut branch).left);
                frames.push(Frame { branch, left: None });
                continue;
            }
            _ => hash_in_place(&mut node),
        };
        // Climb: give the finished child back to its branch, and go on to the right side or further up.
        loop {
            let Some(mut frame) = frames.pop() else {
                *root = node;
                return hash;
            };
            let branch = Arc::make_mut(&mut frame.branch);
            if let Some(left) = frame.left {
                branch.right = node;
                hash = branch_hash(&left, &hash);
                branch.hash = Some(hash);
                node = Node::Branch(frame.branch);
            } else {
                branch.left = node;
                node = core::mem::take(&mut branch.right);
                frames.push(Frame { branch: frame.branch, left: Some(hash) });
                break;
            }
        }
    }
}

/// The hash of a node that is no unhashed branch.
fn hash_in_place(node: &mut Node) -> Hash {
    match node {
        Node::Leaf(leaf) if leaf.hash.is_none() => {
            let hash = leaf.compute();
            Arc::make_mut(leaf).hash = Some(hash);
            hash
        }
        Node::Empty | Node::Pruned(_) | Node::Leaf(_) | Node::Branch(_) => {
            node.known_hash().unwrap_or(Hash::ZERO)
        }
    }
}
