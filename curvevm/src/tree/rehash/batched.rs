//! As many hashes at once as the processor has lanes for.
//!
//! The message of every node is 65 bytes: a tag, then two halves. What has no hash is copied out of the tree as a list of
//! messages whose halves are still open ([`Plan`]), hashed there, and written back.
//!
//! Of the messages that are complete, those deepest in the tree go first. No order takes fewer rounds (T. C. Hu, "Parallel
//! sequencing and assembly line problems", 1961: tasks of one length, each with one successor); paths that end at different
//! depths share lanes, and the few nodes near the root are reached as early as can be.

use alloc::{sync::Arc, vec::Vec};
use core::ops::Range;

use borsh::BorshSerialize as _;

use super::super::node::{BRANCH_TAG, Branch, LEAF_TAG, Leaf, Node};
use crate::{
    host::{MESSAGES_AT_ONCE, sha256_each},
    types::Hash,
};

/// The most nodes that are planned together, which bounds the memory. More than a path has, so that each plan makes progress.
const TASKS_MAX: usize = 1 << 16;
/// Tasks to have space for at once: what a segment writes takes some hundreds.
const TASKS_COMMON: usize = 512;

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
    /// The leaves among the tasks, with the places of their cells' encodings.
    leaves: Vec<(usize, Range<usize>)>,
    encodings: Vec<u8>,
    /// Tasks whose messages are complete, by depth.
    ready: Vec<Vec<usize>>,
}

/// A node to be hashed.
struct Task {
    message: [u8; MESSAGE],
    /// Halves of the message that are not known yet.
    open: u8,
    depth: usize,
    place: Place,
    hash: Option<Hash>,
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

/// A node that is to become a task.
struct Visit<'t> {
    node: &'t Node,
    depth: usize,
    place: Place,
}

impl Plan {
    fn new(root: &Node, tasks_max: usize) -> Self {
        let mut plan = Self {
            tasks: Vec::with_capacity(TASKS_COMMON),
            leaves: Vec::new(),
            encodings: Vec::new(),
            ready: Vec::new(),
        };
        let place = Place { parent: usize::MAX, side: Side::Left };
        let mut visits = alloc::vec![Visit { node: root, depth: 0, place }];
        while plan.tasks.len() < tasks_max {
            let Some(Visit { node, depth, place }) = visits.pop() else { break };
            match node {
                Node::Leaf(_, leaf) => plan.add_leaf(leaf, depth, place),
                Node::Branch(_, branch) => plan.add_branch(branch, depth, place, &mut visits),
                // These have a hash, and only nodes without one are visited.
                Node::Empty | Node::Pruned(_) => {}
            }
        }
        plan
    }

    fn add_leaf(&mut self, leaf: &Leaf, depth: usize, place: Place) {
        let start = self.encodings.len();
        // A leaf without its cell is made with its hash. Writing to memory does not fail.
        let _infallible = leaf.cell().map(|cell| cell.serialize(&mut self.encodings));
        self.leaves.push((self.tasks.len(), start..self.encodings.len()));
        let mut task = Task::new(LEAF_TAG, depth, place);
        task.fill(Side::Left, leaf.key.as_bytes());
        self.tasks.push(task);
    }

    fn add_branch<'t>(
        &mut self,
        branch: &'t Branch,
        depth: usize,
        place: Place,
        visits: &mut Vec<Visit<'t>>,
    ) {
        let at = self.tasks.len();
        let mut task = Task::new(BRANCH_TAG, depth, place);
        // What is pushed last is visited first.
        for (side, node) in [(Side::Right, &branch.right), (Side::Left, &branch.left)] {
            match node.known_hash() {
                Some(hash) => task.fill(side, hash.as_bytes()),
                None => visits.push(Visit {
                    node,
                    depth: depth.saturating_add(1),
                    place: Place { parent: at, side },
                }),
            }
        }
        self.tasks.push(task);
        self.add_ready(at);
    }

    /// Hashes every task below which no node is left out.
    fn run(&mut self) {
        self.hash_cells();
        let mut batch = Vec::with_capacity(MESSAGES_AT_ONCE);
        loop {
            batch.clear();
            self.take_deepest(&mut batch);
            if batch.is_empty() {
                return;
            }
            let messages: [&[u8]; MESSAGES_AT_ONCE] = core::array::from_fn(|lane| {
                let task = batch.get(lane).and_then(|at| self.tasks.get(*at));
                task.map_or(&[][..], |task| &task.message)
            });
            let hashes = sha256_each(messages.get(..batch.len()).unwrap_or_default());
            for (at, hash) in batch.iter().zip(hashes) {
                self.finish(*at, hash);
            }
        }
    }

    /// Completes the messages of the leaves.
    fn hash_cells(&mut self) {
        // Encodings of about one length share lanes best.
        let mut leaves = core::mem::take(&mut self.leaves);
        leaves.sort_unstable_by_key(|(_, place)| place.len());
        let cells: Vec<&[u8]> = leaves
            .iter()
            .map(|(_, place)| self.encodings.get(place.clone()).unwrap_or_default())
            .collect();
        for ((at, _), hash) in leaves.iter().zip(sha256_each(&cells)) {
            if let Some(task) = self.tasks.get_mut(*at) {
                task.fill(Side::Right, hash.as_bytes());
            }
            self.add_ready(*at);
        }
    }

    /// Puts a task among those that are ready if its message is complete.
    fn add_ready(&mut self, at: usize) {
        let Some(Task { open: 0, depth, .. }) = self.tasks.get(at) else { return };
        if self.ready.len() <= *depth {
            self.ready.resize_with(depth.saturating_add(1), Vec::new);
        }
        if let Some(level) = self.ready.get_mut(*depth) {
            level.push(at);
        }
    }

    /// Moves the deepest tasks that are ready to `batch`, as many as are hashed at once.
    fn take_deepest(&mut self, batch: &mut Vec<usize>) {
        for level in self.ready.iter_mut().rev() {
            let wanted = MESSAGES_AT_ONCE.saturating_sub(batch.len());
            batch.extend(level.drain(level.len().saturating_sub(wanted)..));
            if batch.len() == MESSAGES_AT_ONCE {
                return;
            }
        }
    }

    /// Gives the hash of a task to its branch.
    fn finish(&mut self, at: usize, hash: Hash) {
        let Some(task) = self.tasks.get_mut(at) else { return };
        task.hash = Some(hash);
        let Place { parent, side } = task.place;
        if let Some(branch) = self.tasks.get_mut(parent) {
            branch.fill(side, hash.as_bytes());
            self.add_ready(parent);
        }
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
        Self { message, open: 2, depth, place, hash: None }
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
