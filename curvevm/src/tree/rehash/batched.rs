//! As many hashes at once as the processor has lanes for.
//!
//! The message of every node is 65 bytes: a tag, then two halves. What has no hash is copied out of the tree as a list of
//! messages whose halves are still open ([`Plan`]), hashed there, and written back.
//!
//! Of the messages that are complete, those deepest in the tree go first. No order takes fewer rounds (T. C. Hu, "Parallel
//! sequencing and assembly line problems", 1961: tasks of one length, each with one successor); paths that end at different
//! depths share lanes, and the few nodes near the root are reached as early as can be.

use alloc::{collections::BinaryHeap, sync::Arc, vec::Vec};

use super::super::node::{BRANCH_TAG, LEAF_TAG, Leaf, Node};
use crate::{
    host::{MESSAGES_AT_ONCE, sha256_each},
    types::Hash,
};

/// The most nodes that are planned together, which bounds the memory. More than a path has, so that each plan makes progress.
const TASKS_MAX: usize = 1 << 16;

/// Bytes of a node's message.
const MESSAGE: usize = 65;

/// Hashes whatever below `root` has no hash, and gives the hash of `root`.
pub(in crate::tree) fn rehash(root: &mut Node) -> Hash {
    rehash_in_portions(root, TASKS_MAX)
}

/// As [`rehash`], with at most `tasks_max` nodes at a time, which must exceed the depth of the tree.
pub(super) fn rehash_in_portions(root: &mut Node, tasks_max: usize) -> Hash {
    loop {
        if let Some(hash) = root.known_hash() {
            return hash;
        }
        let mut plan = Plan::new(root, tasks_max);
        plan.run();
        plan.write_back(root);
    }
}

/// The unhashed nodes of a tree, or the first of them, in pre-order.
struct Plan {
    tasks: Vec<Task>,
    /// The leaves among the tasks, with the encodings of their cells.
    leaves: Vec<(usize, Vec<u8>)>,
}

/// A node to be hashed.
struct Task {
    message: [u8; MESSAGE],
    hash: Option<Hash>,
    /// Halves of the message that are not known yet.
    open: u8,
    depth: usize,
    place: Place,
}

/// Where a hash goes.
#[derive(Clone, Copy)]
struct Place {
    /// Index of the task of the branch; of no task for the root.
    parent: usize,
    side: Side,
}

/// A half of a message.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

impl Plan {
    fn new(root: &Node, tasks_max: usize) -> Self {
        let mut plan = Self { tasks: Vec::new(), leaves: Vec::new() };
        let mut unvisited =
            alloc::vec![(root, 0usize, Place { parent: usize::MAX, side: Side::Left })];
        while plan.tasks.len() < tasks_max {
            let Some((node, depth, place)) = unvisited.pop() else { break };
            let at = plan.tasks.len();
            match node {
                // Only unhashed nodes come here.
                Node::Empty | Node::Pruned(_) => {}
                Node::Leaf(_, leaf) => plan.add_leaf(leaf, depth, place),
                Node::Branch(_, branch) => {
                    let mut task = Task::new(BRANCH_TAG, depth, place);
                    for (side, child) in [(Side::Right, &branch.right), (Side::Left, &branch.left)]
                    {
                        match child.known_hash() {
                            Some(hash) => task.fill(side, hash.as_bytes()),
                            None => unvisited.push((
                                child,
                                depth.saturating_add(1),
                                Place { parent: at, side },
                            )),
                        }
                    }
                    plan.tasks.push(task);
                }
            }
        }
        plan
    }

    fn add_leaf(&mut self, leaf: &Leaf, depth: usize, place: Place) {
        let mut task = Task::new(LEAF_TAG, depth, place);
        task.fill(Side::Left, leaf.key.as_bytes());
        self.leaves.push((self.tasks.len(), leaf.encode()));
        self.tasks.push(task);
    }

    /// Hashes every task below which no node is left out.
    fn run(&mut self) {
        self.hash_cells();
        let mut ready: BinaryHeap<(usize, usize)> = self
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| task.open == 0)
            .map(|(at, task)| (task.depth, at))
            .collect();
        let mut batch = Vec::with_capacity(MESSAGES_AT_ONCE);
        let mut messages = Vec::with_capacity(MESSAGES_AT_ONCE);
        while !ready.is_empty() {
            batch.clear();
            batch.extend(core::iter::from_fn(|| ready.pop()).take(MESSAGES_AT_ONCE));
            messages.clear();
            messages.extend(batch.iter().filter_map(|(_, at)| Some(self.tasks.get(*at)?.message)));
            for ((_, at), hash) in batch.iter().zip(sha256_each(&messages)) {
                ready.extend(self.finish(*at, hash));
            }
        }
    }

    /// Completes the messages of the leaves.
    fn hash_cells(&mut self) {
        // Encodings of about one length share lanes best.
        self.leaves.sort_unstable_by_key(|(_, encoded)| encoded.len());
        let encoded: Vec<&[u8]> = self.leaves.iter().map(|(_, encoded)| &**encoded).collect();
        let hashes = sha256_each(&encoded);
        for ((at, _), hash) in self.leaves.iter().zip(hashes) {
            if let Some(task) = self.tasks.get_mut(*at) {
                task.fill(Side::Right, hash.as_bytes());
            }
        }
    }

    /// Gives the hash of a task to its branch; tells the branch's task if it is complete with that.
    fn finish(&mut self, at: usize, hash: Hash) -> Option<(usize, usize)> {
        let task = self.tasks.get_mut(at)?;
        task.hash = Some(hash);
        let Place { parent, side } = task.place;
        let branch = self.tasks.get_mut(parent)?;
        branch.fill(side, hash.as_bytes());
        (branch.open == 0).then_some((branch.depth, parent))
    }

    /// Gives the hashes to the nodes of the tree that was planned.
    fn write_back(self, root: &mut Node) {
        let mut unvisited = alloc::vec![root];
        for task in self.tasks {
            // In the order of `new`, so that tasks and nodes go together.
            match unvisited.pop() {
                Some(Node::Leaf(hash, _)) => *hash = task.hash,
                Some(Node::Branch(hash, branch)) => {
                    *hash = task.hash;
                    let branch = Arc::make_mut(branch);
                    let sides = [&mut branch.right, &mut branch.left];
                    unvisited.extend(sides.into_iter().filter(|node| node.known_hash().is_none()));
                }
                Some(Node::Empty | Node::Pruned(_)) | None => {}
            }
        }
    }
}

impl Task {
    const fn new(tag: u8, depth: usize, place: Place) -> Self {
        let mut message = [0; MESSAGE];
        message[0] = tag;
        Self { message, hash: None, open: 2, depth, place }
    }

    /// Fills a half of the message.
    fn fill(&mut self, side: Side, half: &[u8; 32]) {
        let place = match side {
            Side::Left => self.message.get_mut(1..33),
            Side::Right => self.message.get_mut(33..),
        };
        if let Some(place) = place {
            place.copy_from_slice(half);
        }
        self.open = self.open.saturating_sub(1);
    }
}
