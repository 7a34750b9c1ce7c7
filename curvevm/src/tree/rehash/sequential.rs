//! One hash after the other, children before their branch.

use alloc::{sync::Arc, vec::Vec};

use super::super::node::{BRANCH_TAG, Branch, Node, leaf_hash};
use crate::{cell::Cell, host::sha256, types::Hash};

/// A branch on the way up: its left side, then its right side is still to be hashed.
struct Frame {
    branch: Arc<Branch>,
    left: Option<Hash>,
}

/// Hashes whatever below `root` has no hash, and gives the hash of `root`.
pub(in crate::tree) fn rehash(root: &mut Node) -> Hash {
    let mut frames: Vec<Frame> = Vec::new();
    let mut node = core::mem::take(root);
    loop {
        let mut hash = match node {
            Node::Branch(None, mut branch) => {
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
                hash = sha256(&[&[BRANCH_TAG], left.as_ref(), hash.as_ref()]);
                node = Node::Branch(Some(hash), frame.branch);
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
    if let Node::Leaf(hash @ None, leaf) = node {
        // A leaf without its cell is made with its hash.
        let encoded = leaf.cell().map(Cell::encode).unwrap_or_default();
        *hash = Some(leaf_hash(&leaf.key, &sha256(&[&encoded])));
    }
    node.known_hash().unwrap_or(Hash::ZERO)
}
