//! What a member must remember across a crash: the records of the write-ahead log and their fold.

use crate::types::{BlockId, Cert1, Cert2, Digest, Height, SealedBlock, TimeoutCert, View};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// One fact of the write-ahead log. The format is stable: variants are only ever appended.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Record {
    /// An uncommitted block that is proposed or voted for from here on.
    Block(SealedBlock),
    /// A block was proposed in a view.
    Proposed {
        /// The view.
        view: View,
        /// The block.
        block: BlockId,
    },
    /// A phase-1 vote was cast.
    Vote1 {
        /// The view.
        view: View,
        /// The block's height.
        height: Height,
        /// The block.
        block: BlockId,
    },
    /// The lock was raised to this certificate.
    Lock(Cert1),
    /// A phase-2 vote was cast.
    Vote2 {
        /// The view.
        view: View,
        /// The block's height.
        height: Height,
        /// The block.
        block: BlockId,
        /// The block's settlement digest.
        settlement: Option<Digest>,
    },
    /// A timeout vote was cast that states this lock.
    Timeout {
        /// The view.
        view: View,
        /// The lock.
        lock: Cert1,
    },
    /// The highest timeout certificate (for liveness only).
    TimeoutCert(TimeoutCert),
    /// A block and its ancestors were committed.
    Committed(Cert2),
    /// The application holds everything up to this height durably.
    Applied(Height),
}

/// The fold of a log: everything that decides what a member may sign after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DurableState {
    /// The last proposal's view and block.
    pub proposed: Option<(View, BlockId)>,
    /// The last phase-1 vote.
    pub vote1: Option<(View, Height, BlockId)>,
    /// The last phase-2 vote.
    pub vote2: Option<(View, Height, BlockId, Option<Digest>)>,
    /// The last timeout vote's view and lock.
    pub timeout: Option<(View, Cert1)>,
    /// The lock.
    pub lock: Option<Cert1>,
    /// The highest timeout certificate.
    pub timeout_cert: Option<TimeoutCert>,
    /// The highest commit.
    pub committed: Option<Cert2>,
    /// Up to where the application holds everything.
    pub applied: Height,
    /// Blocks above that height.
    pub blocks: BTreeMap<BlockId, SealedBlock>,
}

impl DurableState {
    /// Adds the record that follows in the log.
    pub fn fold(&mut self, record: Record) {
        match record {
            Record::Block(block) => {
                if block.height() > self.applied {
                    self.blocks.insert(block.id(), block);
                }
            }
            Record::Proposed { view, block } => {
                raise(&mut self.proposed, (view, block), |entry| entry.0);
            }
            Record::Vote1 { view, height, block } => {
                raise(&mut self.vote1, (view, height, block), |entry| entry.0);
            }
            Record::Lock(cert) => raise(&mut self.lock, cert, |cert| cert.view),
            Record::Vote2 { view, height, block, settlement } => {
                raise(&mut self.vote2, (view, height, block, settlement), |entry| entry.0);
            }
            Record::Timeout { view, lock } => {
                raise(&mut self.lock, lock.clone(), |cert| cert.view);
                raise(&mut self.timeout, (view, lock), |entry| entry.0);
            }
            Record::TimeoutCert(cert) => raise(&mut self.timeout_cert, cert, |cert| cert.view),
            Record::Committed(cert) => {
                raise(&mut self.committed, cert, |cert| cert.view);
            }
            Record::Applied(height) => {
                self.applied = self.applied.max(height);
                let applied = self.applied;
                self.blocks.retain(|_, block| block.height() > applied);
            }
        }
    }

    /// The shortest log with this fold, for compaction.
    pub fn to_records(&self) -> Vec<Record> {
        let mut records = vec![Record::Applied(self.applied)];
        records.extend(self.blocks.values().cloned().map(Record::Block));
        records.extend(self.proposed.map(|(view, block)| Record::Proposed { view, block }));
        records.extend(self.vote1.map(|(view, height, block)| Record::Vote1 {
            view,
            height,
            block,
        }));
        records.extend(self.lock.clone().map(Record::Lock));
        records.extend(self.vote2.map(|(view, height, block, settlement)| Record::Vote2 {
            view,
            height,
            block,
            settlement,
        }));
        records.extend(self.timeout.clone().map(|(view, lock)| Record::Timeout { view, lock }));
        records.extend(self.timeout_cert.clone().map(Record::TimeoutCert));
        records.extend(self.committed.clone().map(Record::Committed));
        records
    }

    /// Whether nothing was ever recorded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Replaces `slot` unless its view is higher. Records of one kind ascend by view, so this only
/// matters for a log that repeats itself after a compaction.
fn raise<T>(slot: &mut Option<T>, value: T, view: impl Fn(&T) -> View) {
    if slot.as_ref().is_none_or(|held| view(held) <= view(&value)) {
        *slot = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{blocks, cert1, cert2, timeout, timeout_cert};

    fn records() -> Vec<Record> {
        let chain = blocks(4);
        let lock = |view: u64| cert1(&[0, 1, 2], view, &chain[view as usize - 1]);
        let (view, height, id) = (View::new(3), Height::new(3), chain[2].id());
        let votes: Vec<_> = (0..3).map(|voter| timeout(voter, 4, &lock(2))).collect();
        let mut records: Vec<_> = chain.iter().cloned().map(Record::Block).collect();
        records.extend([
            Record::Proposed { view, block: id },
            Record::Vote1 { view, height, block: id },
            Record::Lock(lock(1)),
            Record::Vote2 { view, height, block: id, settlement: chain[2].settlement() },
            Record::Timeout { view: View::new(4), lock: lock(2) },
            Record::TimeoutCert(timeout_cert(&votes)),
            Record::Committed(cert2(&[0, 1, 2], 1, &chain[0])),
            Record::Committed(cert2(&[0, 1, 2], 2, &chain[1])),
            Record::Applied(Height::new(2)),
        ]);
        records
    }

    fn fold(records: impl IntoIterator<Item = Record>) -> DurableState {
        let mut state = DurableState::default();
        records.into_iter().for_each(|record| state.fold(record));
        state
    }

    #[test]
    fn compaction_keeps_the_fold_of_every_prefix() {
        let records = records();
        for length in 0..=records.len() {
            let state = fold(records[..length].iter().cloned());
            assert_eq!(fold(state.to_records()), state, "{length} records");
        }
    }

    #[test]
    fn a_timeout_carries_its_lock_and_applied_blocks_are_dropped() {
        let state = fold(records());
        assert_eq!(state.lock.map(|lock| lock.view), Some(View::new(2)));
        let heights: Vec<_> = state.blocks.values().map(|block| block.height().get()).collect();
        assert!(heights.len() == 2 && heights.iter().all(|height| *height > 2), "{heights:?}");
        assert_eq!(state.committed.map(|cert| cert.height), Some(Height::new(2)));
    }

    #[test]
    fn a_repeated_log_does_not_go_back() {
        let state = fold(records());
        assert_eq!(fold(records().into_iter().chain(records())), state);
    }
}
