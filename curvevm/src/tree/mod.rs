//! The state tree: a sparse binary Merkle tree over SHA-256.
//!
//! A cell's leaf stands at the shallowest depth at which no other key shares its bits, so that a path has about log2(cells)
//! nodes. Bits of a key are taken from the most significant bit of its first byte.
//!
//! ```text
//! leaf   = sha256(0x00 ‖ key ‖ sha256(cell))
//! branch = sha256(0x01 ‖ left ‖ right)
//! empty  = 32 zero bytes
//! ```
//!
//! The same type serves natively, whole and shared between forks by reference counts, and on-chain, where a [`witness`] opens
//! just the paths that are touched. Cells are never removed: an emptied cell stays with zero amounts (docs/adr/0001-cells-are-never-removed.md).
//!
//! # Invariants
//!
//! 1. The root depends only on the set of (key, cell), never on the order of writes.
//! 2. What a pruned tree says of a cell (its value, or that it is absent) is what the tree of the same root says.
//! 3. A write into a pruned part is refused, and the tree is unchanged.

mod node;
mod rehash;
pub mod witness;

use alloc::sync::Arc;

use crate::{
    cell::Cell,
    error::StateError,
    types::{Hash, Key},
};
use node::{Leaf, Node, bit};

/// What a tree says of a key.
#[derive(Clone, Copy, Debug)]
pub struct Found<'t> {
    /// The cell, or none when it is proved absent.
    pub cell: Option<&'t Cell>,
    /// How many branches the path to the cell has, or will have when the cell is written.
    pub depth: usize,
}

/// A state tree, whole or pruned. Cloning is cheap: clones share what they have in common.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    root: Node,
}

impl Tree {
    /// The tree without cells.
    pub const fn new() -> Self {
        Self { root: Node::Empty }
    }

    /// The cell of `key`, and how deep it is.
    ///
    /// # Errors
    ///
    /// [`StateError::NotInWitness`] when the path or the cell is pruned.
    pub fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        let mut node = &self.root;
        let mut depth = 0usize;
        loop {
            match node {
                Node::Empty => return Ok(Found { cell: None, depth }),
                Node::Pruned(_) => return Err(StateError::NotInWitness),
                Node::Leaf(_, leaf) if leaf.key != *key => {
                    let depth = parting(key, &leaf.key, depth).saturating_add(1);
                    return Ok(Found { cell: None, depth });
                }
                Node::Leaf(_, leaf) => {
                    let cell = Some(leaf.cell().ok_or(StateError::NotInWitness)?);
                    return Ok(Found { cell, depth });
                }
                Node::Branch(_, branch) => {
                    node = if bit(key, depth) { &branch.right } else { &branch.left };
                    depth = depth.saturating_add(1);
                }
            }
        }
    }

    /// The cell of `key`, or none when it is proved absent.
    ///
    /// # Errors
    ///
    /// As [`Tree::find`].
    pub fn get(&self, key: &Key) -> Result<Option<&Cell>, StateError> {
        self.find(key).map(|found| found.cell)
    }

    /// Writes the cell of `key`.
    ///
    /// # Errors
    ///
    /// [`StateError::NotInWitness`] when the path is pruned; the tree is then unchanged.
    pub fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.reaches(&key)?;
        let mut node = &mut self.root;
        let mut depth = 0usize;
        while let Node::Branch(hash, branch) = node {
            *hash = None;
            let branch = Arc::make_mut(branch);
            node = if bit(&key, depth) { &mut branch.right } else { &mut branch.left };
            depth = depth.saturating_add(1);
        }
        let leaf = Node::leaf(key, cell);
        *node = match core::mem::take(node) {
            Node::Leaf(hash, old) if old.key != key => split((hash, old), key, leaf, depth),
            Node::Leaf(..) | Node::Empty | Node::Pruned(_) | Node::Branch(..) => leaf,
        };
        Ok(())
    }

    /// Whether the path to `key` ends in a place that can be written.
    fn reaches(&self, key: &Key) -> Result<(), StateError> {
        let mut node = &self.root;
        let mut depth = 0usize;
        while let Node::Branch(_, branch) = node {
            node = if bit(key, depth) { &branch.right } else { &branch.left };
            depth = depth.saturating_add(1);
        }
        match node {
            Node::Pruned(_) => Err(StateError::NotInWitness),
            Node::Empty | Node::Leaf(..) | Node::Branch(..) => Ok(()),
        }
    }

    /// The root; hashes what was written since the last call.
    pub fn root(&mut self) -> Hash {
        rehash::rehash(&mut self.root)
    }

    /// Visits every cell that is not pruned, in order of the keys.
    pub fn for_each(&self, mut visit: impl FnMut(&Key, &Cell)) {
        let mut stack = alloc::vec![&self.root];
        while let Some(node) = stack.pop() {
            match node {
                Node::Empty | Node::Pruned(_) => {}
                Node::Leaf(_, leaf) => {
                    if let Some(cell) = leaf.cell() {
                        visit(&leaf.key, cell);
                    }
                }
                Node::Branch(_, branch) => {
                    stack.push(&branch.right);
                    stack.push(&branch.left);
                }
            }
        }
    }
}

/// The branches that tell `old` from the new `key`, from `depth` on.
fn split(old: (Option<Hash>, Arc<Leaf>), key: Key, leaf: Node, depth: usize) -> Node {
    let (hash, old) = old;
    let parting = parting(&key, &old.key, depth);
    let mut node = branch(bit(&key, parting), leaf, Node::Leaf(hash, old));
    for at in (depth..parting).rev() {
        node = branch(bit(&key, at), node, Node::Empty);
    }
    node
}

/// The first bit from `depth` on in which two keys differ; as they are different, there is one.
fn parting(one: &Key, other: &Key, depth: usize) -> usize {
    (depth..256).find(|at| bit(one, *at) != bit(other, *at)).unwrap_or(255)
}

/// A branch with `first` on the side of `bit`.
fn branch(bit: bool, first: Node, second: Node) -> Node {
    if bit { Node::branch(second, first) } else { Node::branch(first, second) }
}

#[cfg(test)]
mod tests;
