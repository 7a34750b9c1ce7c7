//! Witnesses: the part of a state tree that a set of keys touches, in pre-order. One form serves membership, non-membership
//! and updates, of one cell or of many.
//!
//! ```text
//! 0x00                                   empty
//! 0x01 hash(32)                          pruned subtree
//! 0x02 key(32) length(u16) cell          open leaf
//! 0x03 key(32) sha256(cell)(32)          leaf of another key, closed
//! 0x04 left right                        branch
//! ```

use alloc::vec::Vec;

use super::{
    Tree,
    node::{Leaf, Node, bit},
};
use crate::{
    cell::Cell,
    error::StateError,
    host::sha256,
    types::{Hash, Key},
};

/// The most nodes in a witness.
pub const WITNESS_NODES_MAX: usize = 8_192;
/// The longest path, the length of a key in bits.
const DEPTH_MAX: usize = 256;

const EMPTY: u8 = 0;
const PRUNED: u8 = 1;
const OPEN: u8 = 2;
const CLOSED: u8 = 3;
const BRANCH: u8 = 4;

impl Tree {
    /// The witness that opens the paths of `keys`. Call [`Tree::root`] first, so that all hashes are known.
    ///
    /// # Errors
    ///
    /// [`StateError::NotInWitness`] when a path is itself pruned or not hashed.
    pub fn witness(&self, keys: &[Key]) -> Result<Vec<u8>, StateError> {
        let mut out = Vec::new();
        // Each entry: a subtree, its depth, the keys whose paths lead through it.
        let mut stack: Vec<(&Node, usize, Vec<&Key>)> =
            alloc::vec![(&self.root, 0, keys.iter().collect())];
        while let Some((node, depth, keys)) = stack.pop() {
            if keys.is_empty() {
                close(node, &mut out)?;
                continue;
            }
            match node {
                Node::Empty => out.push(EMPTY),
                Node::Pruned(_) => return Err(StateError::NotInWitness),
                Node::Leaf(_, leaf) => open(leaf, &keys, &mut out)?,
                Node::Branch(_, branch) => {
                    out.push(BRANCH);
                    let (right, left) = keys.into_iter().partition(|key| bit(key, depth));
                    let below = depth.saturating_add(1);
                    stack.push((&branch.right, below, right));
                    stack.push((&branch.left, below, left));
                }
            }
        }
        Ok(out)
    }

    /// Reads a witness; every node is hashed as it is read. Compare [`Tree::root`] with a root that is trusted before believing anything in it.
    ///
    /// # Errors
    ///
    /// [`StateError::BadWitness`].
    pub fn from_witness(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = Reader { bytes };
        // Branches that wait for their left, then their right side.
        let mut open: Vec<Option<Node>> = Vec::new();
        for _ in 0..WITNESS_NODES_MAX {
            let Some(mut node) = reader.node(&open)? else {
                if open.len() >= DEPTH_MAX {
                    return Err(StateError::BadWitness);
                }
                open.push(None);
                continue;
            };
            loop {
                match open.pop() {
                    None => return reader.finish(node),
                    Some(None) => {
                        open.push(Some(node));
                        break;
                    }
                    Some(Some(left)) => {
                        let branch = Node::hashed_branch(left, node);
                        node = branch.ok_or(StateError::BadWitness)?;
                    }
                }
            }
        }
        Err(StateError::BadWitness)
    }
}

fn close(node: &Node, out: &mut Vec<u8>) -> Result<(), StateError> {
    if matches!(node, Node::Empty) {
        out.push(EMPTY);
        return Ok(());
    }
    out.push(PRUNED);
    out.extend(node.known_hash().ok_or(StateError::NotInWitness)?.as_bytes());
    Ok(())
}

fn open(leaf: &Leaf, keys: &[&Key], out: &mut Vec<u8>) -> Result<(), StateError> {
    let encoded = leaf.cell().ok_or(StateError::NotInWitness)?.encode();
    if keys.contains(&&leaf.key) {
        let length = u16::try_from(encoded.len()).map_err(|_| StateError::Corrupt)?;
        out.push(OPEN);
        out.extend(leaf.key.as_bytes());
        out.extend(length.to_le_bytes());
        out.extend(encoded);
    } else {
        out.push(CLOSED);
        out.extend(leaf.key.as_bytes());
        out.extend(sha256(&[&encoded]).as_bytes());
    }
    Ok(())
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    /// The next node, or none for a branch whose sides follow. `open` are the branches above, with their left side where the path turns
    /// right.
    fn node(&mut self, open: &[Option<Node>]) -> Result<Option<Node>, StateError> {
        Ok(Some(match self.take(1)?.first().copied() {
            Some(EMPTY) => Node::Empty,
            Some(PRUNED) => Node::Pruned(Hash::new(self.array()?)),
            Some(OPEN) => {
                let key = self.key(open)?;
                let length = usize::from(u16::from_le_bytes(self.array()?));
                let encoded = self.take(length)?;
                let cell =
                    borsh::from_slice::<Cell>(encoded).map_err(|_| StateError::BadWitness)?;
                // Borsh has one encoding of a value, so that the bytes need not be made again to be hashed.
                Node::open_leaf(key, cell, &sha256(&[encoded]))
            }
            Some(CLOSED) => {
                let key = self.key(open)?;
                Node::closed_leaf(key, &Hash::new(self.array()?))
            }
            Some(BRANCH) => return Ok(None),
            Some(_) | None => return Err(StateError::BadWitness),
        }))
    }

    /// The key of a leaf, whose path leads to where it is.
    #[inline(never)]
    fn key(&mut self, open: &[Option<Node>]) -> Result<Key, StateError> {
        let key = Key::new(self.array()?);
        let mut path = (0..).zip(open);
        let in_place = path.all(|(depth, left)| bit(&key, depth) == left.is_some());
        if in_place { Ok(key) } else { Err(StateError::BadWitness) }
    }

    fn finish(self, root: Node) -> Result<Tree, StateError> {
        if self.bytes.is_empty() { Ok(Tree { root }) } else { Err(StateError::BadWitness) }
    }

    fn take(&mut self, length: usize) -> Result<&[u8], StateError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(StateError::BadWitness)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        self.take(N)?.try_into().map_err(|_| StateError::BadWitness)
    }
}
