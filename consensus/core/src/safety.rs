//! The predicates of rule set R2. They are pure: everything that may be signed is decided here,
//! from what was signed before and from the certificates at hand.

use crate::types::{BlockId, Cert1, Digest, Height, TimeoutCert, View};

/// The last signature of each kind, as the log remembers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// The last proposal.
    pub(crate) proposed: Option<(View, BlockId)>,
    /// The last phase-1 vote.
    pub(crate) vote1: Option<(View, Height, BlockId)>,
    /// The last phase-2 vote.
    pub(crate) vote2: Option<(View, Height, BlockId, Option<Digest>)>,
    /// The last timeout vote and its lock.
    pub(crate) timeout: Option<(View, Cert1)>,
}

impl History {
    pub(crate) fn proposed_view(&self) -> View {
        self.proposed.map_or(View::ZERO, |entry| entry.0)
    }

    pub(crate) fn vote1_view(&self) -> View {
        self.vote1.map_or(View::ZERO, |entry| entry.0)
    }

    fn vote1_is_not(&self, block: &BlockId) -> bool {
        self.vote1.is_none_or(|entry| entry.2 != *block)
    }

    pub(crate) fn vote2_view(&self) -> View {
        self.vote2.map_or(View::ZERO, |entry| entry.0)
    }

    pub(crate) fn timeout_view(&self) -> View {
        self.timeout.as_ref().map_or(View::ZERO, |entry| entry.0)
    }
}

/// A guard that a mutation test may disable, to see that the simulator's checker notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(test, feature = "test-utils")),
    expect(unreachable_pub, reason = "exported for mutation tests only")
)]
pub enum Guard {
    /// I1: one phase-1 vote in a view.
    OneVote1,
    /// I2: no phase-2 vote in a view that was abandoned, or below one.
    NoVote2AfterTimeout,
    /// A proposal after a timeout is justified at least at the highest signed lock.
    JustifiedByLocks,
}

/// Which guards hold. In production all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    disabled: Option<Guard>,
}

impl Rules {
    #[cfg(any(test, feature = "test-utils"))]
    pub(crate) const fn without(guard: Guard) -> Self {
        Self { disabled: Some(guard) }
    }

    fn is_off(&self, guard: Guard) -> bool {
        self.disabled == Some(guard)
    }

    /// Rule 3: whether a proposal for `view` may build on what `justify` certifies. A certificate
    /// of the view before needs nothing else. After a timeout the justification is at least as high
    /// as every lock that the timeout's signers stated; one's own lock plays no part.
    pub(crate) fn is_justified(
        &self,
        view: View,
        justify: &Cert1,
        timeout: Option<&TimeoutCert>,
    ) -> bool {
        let Some(before) = view.checked_prev() else { return false };
        if justify.view == before {
            return true;
        }
        timeout.is_some_and(|cert| {
            cert.view == before
                && justify.view < before
                && (justify.view >= cert.lock_view_max() || self.is_off(Guard::JustifiedByLocks))
        })
    }

    /// Rule 2: one proposal in a view, and none in a view that was abandoned.
    pub(crate) fn may_propose(&self, history: &History, view: View) -> bool {
        view > history.proposed_view() && view > history.timeout_view()
    }

    /// Rule 3, on the voter's side (I1): the highest phase-1 vote so far, and not abandoned.
    pub(crate) fn may_vote1(&self, history: &History, view: View, block: &BlockId) -> bool {
        (view > history.vote1_view() || self.is_off(Guard::OneVote1) && history.vote1_is_not(block))
            && view > history.timeout_view()
    }

    /// Rule 5 (I2, I3): the highest phase-2 vote so far, not abandoned, and locked on it or higher.
    pub(crate) fn may_vote2(&self, history: &History, view: View, lock: &Cert1) -> bool {
        view > history.vote2_view()
            && (view > history.timeout_view() || self.is_off(Guard::NoVote2AfterTimeout))
            && lock.view >= view
    }

    /// Rule 7 (I3): the highest timeout so far, stating a lock that is below the view and not below
    /// the last phase-2 vote.
    pub(crate) fn may_timeout(&self, history: &History, view: View, lock: &Cert1) -> bool {
        view > history.timeout_view() && lock.view < view && lock.view >= history.vote2_view()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GENESIS, blocks, cert1, genesis_cert, timeout, timeout_cert};

    const RULES: Rules = Rules { disabled: None };

    fn at(view: u64) -> View {
        View::new(view)
    }

    #[test]
    fn justification_is_the_view_before_or_a_timeout_with_lower_locks() {
        let chain = blocks(3);
        let lock = |view: u64| cert1(&[0, 1, 2], view, &chain[view as usize - 1]);
        let tc = |view: u64| {
            let locks = [lock(1), lock(2), genesis_cert()];
            let votes = (0..).zip(&locks).map(|(voter, lock)| timeout(voter, view, lock));
            timeout_cert(&votes.collect::<Vec<_>>())
        };
        let justified = |view: u64, justify: &Cert1, tc: Option<&TimeoutCert>| {
            RULES.is_justified(at(view), justify, tc)
        };
        assert!(justified(1, &genesis_cert(), None));
        assert!(justified(3, &lock(2), None));
        assert!(!justified(4, &lock(2), None), "a gap needs a timeout");
        assert!(justified(5, &lock(2), Some(&tc(4))));
        assert!(justified(5, &lock(3), Some(&tc(4))), "higher than the locks");
        assert!(!justified(5, &lock(1), Some(&tc(4))), "below a lock");
        assert!(!justified(5, &lock(2), Some(&tc(3))), "of another view");
        assert!(!justified(2, &lock(2), Some(&tc(1))), "not from the future");
        assert!(!justified(0, &genesis_cert(), None));
    }

    #[test]
    fn a_timeout_bars_both_votes_up_to_its_view() {
        let chain = blocks(3);
        let lock = |view: u64| cert1(&[0, 1, 2], view, &chain[0]);
        let history = History { timeout: Some((at(4), lock(2))), ..History::default() };
        let id = chain[0].id();
        assert!(!RULES.may_vote1(&history, at(4), &id) && RULES.may_vote1(&history, at(5), &id));
        assert!(
            !RULES.may_vote2(&history, at(3), &lock(9))
                && !RULES.may_vote2(&history, at(4), &lock(9))
        );
        assert!(RULES.may_vote2(&history, at(5), &lock(9)));
        assert!(!RULES.may_propose(&history, at(4)) && RULES.may_propose(&history, at(5)));
        assert!(
            !RULES.may_timeout(&history, at(4), &lock(2))
                && RULES.may_timeout(&history, at(5), &lock(2))
        );
    }

    #[test]
    fn votes_ascend() {
        let id = GENESIS;
        let history = History {
            vote1: Some((at(5), Height::new(1), id)),
            vote2: Some((at(3), Height::new(1), id, None)),
            ..History::default()
        };
        let lock = |view: u64| cert1(&[0, 1, 2], view, &blocks(1)[0]);
        assert!(!RULES.may_vote1(&history, at(5), &id) && RULES.may_vote1(&history, at(6), &id));
        assert!(
            !RULES.may_vote2(&history, at(3), &lock(3))
                && RULES.may_vote2(&history, at(4), &lock(4))
        );
        assert!(!RULES.may_vote2(&history, at(4), &lock(3)), "locked first");
        assert!(!RULES.may_timeout(&history, at(6), &lock(2)), "the lock was promised");
        assert!(RULES.may_timeout(&history, at(6), &lock(3)));
        assert!(!RULES.may_timeout(&history, at(6), &lock(6)), "a certified view is not abandoned");
    }
}
