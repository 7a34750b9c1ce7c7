//! One hash after the other, children before their branch.

use alloc::{sync::Arc, vec::Vec};

use super::super::node::{Branch, Node, branch_hash, leaf_hash};
use crate::{cell::Cell, host::sha256, types::Hash};

/// A branch whose side of `right` is being hashed.
struct Frame {
    branch: Arc<Branch>,
    right: bool,
}

/// Hashes whatever below `root` has no hash, and gives the hash of `root`. A side that has its hash is not looked at further.
pub(in crate::tree) fn rehash(root: &mut Node) -> Hash {
    let mut frames: Vec<Frame> = Vec::new();
    let mut node = core::mem::take(root);
    loop {
        if let Node::Branch(None, mut branch) = node {
            match (known(&branch.left), known(&branch.right)) {
                (Some(left), Some(right)) => {
                    let hash = branch_hash(left, right);
                    node = Node::Branch(Some(hash), branch);
                }
                (left, _) => {
                    let right = left.is_some();
                    node = core::mem::take(side(&mut branch, right));
                    frames.push(Frame { branch, right });
                    continue;
                }
            }
        }
        let hash = hash_in_place(&mut node);
        let Some(Frame { mut branch, right }) = frames.pop() else {
            *root = node;
            return hash;
        };
        *side(&mut branch, right) = node;
        node = Node::Branch(None, branch);
    }
}

fn side(branch: &mut Arc<Branch>, right: bool) -> &mut Node {
    let branch = Arc::make_mut(branch);
    if right { &mut branch.right } else { &mut branch.left }
}

/// The hash, if it is known, where it stands.
const fn known(node: &Node) -> Option<&Hash> {
    match node {
        Node::Empty => Some(&Hash::ZERO),
        Node::Pruned(hash) | Node::Leaf(Some(hash), _) | Node::Branch(Some(hash), _) => Some(hash),
        Node::Leaf(None, _) | Node::Branch(None, _) => None,
    }
}

/// The hash of a node that is no unhashed branch.
fn hash_in_place(node: &mut Node) -> Hash {
    if let Node::Leaf(hash @ None, leaf) = node {
        // A leaf without its cell is made with its hash.
        let encoded = leaf.cell().map(Cell::encode).unwrap_or_default();
        *hash = Some(leaf_hash(&leaf.key, &sha256(&[&encoded])));
    }
    node.known_hash().unwrap_or(Hash::ZERO)
}
