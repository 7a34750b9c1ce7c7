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
