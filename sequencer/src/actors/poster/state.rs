//! What the poster does next. No I/O.

use std::{fmt, time::Duration};

/// Batches whose data is posted ahead of their turn to be committed.
const AHEAD_MAX: u64 = 32;

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    pub(super) me: u64,
    pub(super) members: u64,
    pub(super) timeout: Duration,
}

/// Where the rollup stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last batch that the L1 recorded.
    pub(super) committed: u64,
    /// The last batch that the chain closed.
    pub(super) closed: u64,
    /// How long this node has seen that batch `committed + 1` is closed and not recorded.
    pub(super) waited: Duration,
}

/// What to do for which batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Post its data where that is missing, then commit it.
    Commit(u64),
    /// Post its data ahead.
    PostData(u64),
}

impl Turns {
    /// Whether this member acts on `number` after everybody has waited for so long.
    pub(super) fn is_mine(&self, number: u64, waited: Duration) -> bool {
        waited >= self.timeout.saturating_mul(self.place(number))
    }

    /// How many members come before this one.
    fn place(&self, number: u64) -> u32 {
        let primary = number % self.members;
        let place = (self.me + self.members - primary) % self.members;
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// The member whose turn it is.
    pub(super) fn poster(&self, number: u64, waited: Duration) -> u64 {
        let turns = waited.as_millis() / self.timeout.as_millis().max(1);
        let turns = u64::try_from(turns).unwrap_or(u64::MAX) % self.members;
        (number % self.members + turns) % self.members
    }

    /// What this member does, most urgent first.
    pub(super) fn steps(&self, progress: Progress) -> Vec<Step> {
        let next = progress.committed.saturating_add(1);
        let mut steps = Vec::new();
        if next <= progress.closed && self.is_mine(next, progress.waited) {
            steps.push(Step::Commit(next));
        }
        let last = progress.closed.min(next.saturating_add(AHEAD_MAX));
        let ahead = next.saturating_add(1)..=last;
        steps.extend(ahead.filter(|number| self.place(*number) == 0).map(Step::PostData));
        steps
    }
}

/// What the poster waits for, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum PosterStage {
    /// Every closed batch is on the L1.
    #[default]
    Idle,
    /// This member has no key to pay with.
    NoKey,
    /// Another member's turn.
    Other { batch: u64, member: u64 },
    /// Attestations are missing.
    Attestations { batch: u64, held: usize, quorum: usize },
    /// Chunks are being posted.
    Posting { batch: u64 },
    /// The commit is on its way.
    Committing { batch: u64 },
    /// The last call failed.
    Failed { batch: u64, message: String },
}

impl fmt::Display for PosterStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("every closed batch is on the L1"),
            Self::NoKey => f.write_str("this member has no poster key and posts nothing"),
            Self::Other { batch, member } => {
                write!(f, "batch {batch} waits for member {member} to post it")
            }
            Self::Attestations { batch, held, quorum } => {
                write!(f, "batch {batch} waits for attestations: {held} of {quorum}")
            }
            Self::Posting { batch } => write!(f, "batch {batch} is being posted to the L1"),
            Self::Committing { batch } => write!(f, "batch {batch} is being committed on the L1"),
            Self::Failed { batch, message } => {
                write!(f, "batch {batch} could not be posted and is tried again: {message}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    const fn turns(me: u64) -> Turns {
        Turns { me, members: 4, timeout: TIMEOUT }
    }

    fn progress(committed: u64, closed: u64, waited: Duration) -> Progress {
        Progress { committed, closed, waited }
    }

    #[test]
    fn the_poster_of_a_batch_is_its_number_modulo_the_members() {
        for number in 1..9 {
            let posters: Vec<u64> =
                (0..4).filter(|me| turns(*me).is_mine(number, Duration::ZERO)).collect();
            assert_eq!(posters, vec![number % 4]);
        }
    }

    #[test]
    fn the_next_member_takes_over_after_the_timeout_and_the_first_goes_on() {
        let mine = |me: u64, waited| turns(me).is_mine(5, waited);
        assert!(!mine(2, TIMEOUT - Duration::from_millis(1)));
        assert!(mine(2, TIMEOUT) && mine(1, TIMEOUT) && !mine(3, TIMEOUT));
        assert!((0..4).all(|me| mine(me, TIMEOUT * 3)));
        assert_eq!(turns(0).poster(5, TIMEOUT * 3), 0);
    }

    #[test]
    fn commits_in_order_and_posts_its_own_data_ahead() {
        let steps = turns(2).steps(progress(1, 10, Duration::ZERO));
        assert_eq!(steps, vec![Step::Commit(2), Step::PostData(6), Step::PostData(10)]);
        let steps = turns(3).steps(progress(1, 10, Duration::ZERO));
        assert_eq!(steps, vec![Step::PostData(3), Step::PostData(7)]);
    }

    #[test]
    fn does_nothing_when_all_is_committed() {
        assert_eq!(turns(2).steps(progress(10, 10, TIMEOUT * 9)), Vec::new());
        assert_eq!(turns(2).steps(progress(0, 0, TIMEOUT * 9)), Vec::new());
    }

    #[test]
    fn does_not_post_ahead_without_bound() {
        let steps = turns(2).steps(progress(1, 1_000_000, Duration::ZERO));
        assert!(steps.len() <= 10, "{steps:?}");
    }
}
