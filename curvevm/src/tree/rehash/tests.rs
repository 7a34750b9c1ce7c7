//! Tests of hashing.

use std::{collections::BTreeMap, vec::Vec};

use proptest::prelude::*;

use super::{batched, sequential};
use crate::{
    cell::{Cell, Holding},
    tree::{Tree, node::Node},
    types::{Base, Hash, Key},
};

fn cell(amount: u64) -> Cell {
    Cell::Holding(Holding { version: 0, amount: Base::new(amount) })
}

/// Keys that share long prefixes, so that trees are deep and of all shapes.
fn any_key() -> impl Strategy<Value = Key> {
    (prop::collection::vec(0u8..4, 1..4), 0usize..32).prop_map(|(bytes, at)| {
        let mut key = [0x55; 32];
        for (to, from) in key.iter_mut().skip(at).zip(bytes) {
            *to ^= from;
        }
        Key::new(key)
    })
}

fn any_writes(most: usize) -> impl Strategy<Value = Vec<(Key, u64)>> {
    prop::collection::vec((any_key(), any::<u64>()), 0..most)
}

fn write(tree: &mut Tree, writes: &[(Key, u64)]) {
    for (key, amount) in writes {
        tree.put(*key, cell(*amount)).unwrap();
    }
}

fn copy(tree: &Tree) -> Tree {
    let mut copy = Tree::new();
    tree.for_each(|key, cell| copy.put(*key, cell.clone()).unwrap());
    copy
}

/// Every hash that is kept in the tree, in pre-order.
fn hashes(tree: &Tree) -> Vec<Option<Hash>> {
    let (mut hashes, mut stack) = (Vec::new(), std::vec![&tree.root]);
    while let Some(node) = stack.pop() {
        hashes.push(node.known_hash());
        if let Node::Branch(_, branch) = node {
            stack.extend([&branch.right, &branch.left]);
        }
    }
    hashes
}

proptest! {
    /// On a tree that is partly hashed and shared with an older version.
    #[test]
    fn batched_agrees_with_one_by_one(first in any_writes(200), second in any_writes(60)) {
        let mut tree = Tree::new();
        write(&mut tree, &first);
        tree.root();
        let before = tree.clone();
        let before_hashes = hashes(&before);
        write(&mut tree, &second);

        let (mut batched, mut portions, mut single) = (tree.clone(), tree.clone(), tree.clone());
        let expected = sequential::rehash(&mut single.root);
        prop_assert_eq!(batched::rehash(&mut batched.root), expected);
        prop_assert_eq!(batched::rehash_in_portions(&mut portions.root, 258), expected);
        prop_assert_eq!(hashes(&batched), hashes(&single));
        prop_assert_eq!(hashes(&portions), hashes(&single));

        // From nothing, with nothing shared; and the older version is as it was.
        prop_assert_eq!(sequential::rehash(&mut copy(&tree).root), expected);
        prop_assert_eq!(hashes(&before), before_hashes);
    }

    /// A tree opened by a witness has branches without hash above pruned parts.
    #[test]
    fn batched_agrees_on_a_pruned_tree(first in any_writes(200), touched in any_writes(20)) {
        let cells: BTreeMap<Key, u64> = first.into_iter().collect();
        let mut tree = Tree::new();
        write(&mut tree, &cells.into_iter().collect::<Vec<_>>());
        let root = tree.root();
        let keys: Vec<Key> = touched.iter().map(|(key, _)| *key).collect();
        let mut pruned = Tree::from_witness(&tree.witness(&keys).unwrap()).unwrap();
        let mut single = pruned.clone();
        prop_assert_eq!(batched::rehash(&mut pruned.root), root);
        prop_assert_eq!(sequential::rehash(&mut single.root), root);
        write(&mut pruned, &touched);
        write(&mut single, &touched);
        prop_assert_eq!(batched::rehash(&mut pruned.root), sequential::rehash(&mut single.root));
        prop_assert_eq!(hashes(&pruned), hashes(&single));
    }
}
