//! Vote collectors, keyed by epoch, view and block: one slot for each member, view and kind of
//! vote, within a window of views.

use crate::committee::Committee;
use crate::types::{
    Cert1, Cert2, Cert2Signature, Epoch, Evidence, MemberIx, MemberSignature, TimeoutCert,
    TimeoutSignature, TimeoutVote, View, Vote1, Vote2,
};
use std::collections::{BTreeMap, BTreeSet};

type Round = (Epoch, View);

/// What came of adding a vote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Added<C> {
    /// Nothing to act on: too few votes yet, or one that was there.
    Counted,
    /// The votes are a quorum.
    Quorum(C),
    /// The member voted otherwise before, which is reported once.
    Conflict(Box<Evidence>),
}

/// All votes of the window.
#[derive(Debug)]
pub(crate) struct Tally {
    votes1: Collector<Vote1>,
    votes2: Collector<Vote2>,
    timeouts: Collector<TimeoutVote>,
    /// The highest timeout of each member, for the amplification rule.
    abandoned: BTreeMap<MemberIx, View>,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self {
            votes1: Collector::new(),
            votes2: Collector::new(),
            timeouts: Collector::new(),
            abandoned: BTreeMap::new(),
        }
    }

    pub(crate) fn add_vote1(&mut self, vote: Vote1, committee: &Committee) -> Added<Cert1> {
        let round = (vote.epoch, vote.view);
        let key = (vote.height, vote.block);
        match self.votes1.add(round, vote.voter, vote) {
            Slot::Conflict(first, second) => conflict(Evidence::Votes1(first, second)),
            Slot::Known => Added::Counted,
            Slot::New => self.cert1(round, key, committee).map_or(Added::Counted, Added::Quorum),
        }
    }

    pub(crate) fn add_vote2(&mut self, vote: Vote2, committee: &Committee) -> Added<Cert2> {
        let round = (vote.epoch, vote.view);
        let like = vote.clone();
        match self.votes2.add(round, vote.voter, vote) {
            Slot::Conflict(first, second) => conflict(Evidence::Votes2(first, second)),
            Slot::Known => Added::Counted,
            Slot::New => self.cert2(round, &like, committee).map_or(Added::Counted, Added::Quorum),
        }
    }

    pub(crate) fn add_timeout(
        &mut self,
        vote: TimeoutVote,
        committee: &Committee,
    ) -> Added<TimeoutCert> {
        let round = (vote.epoch, vote.view);
        let highest = self.abandoned.entry(vote.voter).or_default();
        *highest = vote.view.max(*highest);
        match self.timeouts.add(round, vote.voter, vote) {
            Slot::Conflict(first, second) => {
                conflict(Evidence::Timeouts(Box::new(first), Box::new(second)))
            }
            Slot::Known => Added::Counted,
            Slot::New => self.timeout_cert(round, committee).map_or(Added::Counted, Added::Quorum),
        }
    }

    /// Rule 7: the highest view that an honest member has certainly abandoned, or one above it.
    pub(crate) fn amplified(&self, committee: &Committee) -> Option<View> {
        let mut views: Vec<_> =
            self.abandoned.iter().map(|(member, view)| (view, member)).collect();
        views.sort_unstable();
        let mut weight: u64 = 0;
        for (view, member) in views.into_iter().rev() {
            weight = weight.saturating_add(committee.weight(*member));
            if weight >= committee.one_honest() {
                return Some(*view);
            }
        }
        None
    }

    /// Whether this member's phase-1 vote of a round is here.
    pub(crate) fn has_vote1(&self, round: Round, voter: MemberIx) -> bool {
        self.votes1.get(round, voter).is_some()
    }

    pub(crate) fn knows_vote1(&self, vote: &Vote1) -> bool {
        self.votes1.knows((vote.epoch, vote.view), vote.voter, vote)
    }

    pub(crate) fn knows_vote2(&self, vote: &Vote2) -> bool {
        self.votes2.knows((vote.epoch, vote.view), vote.voter, vote)
    }

    pub(crate) fn knows_timeout(&self, vote: &TimeoutVote) -> bool {
        self.timeouts.knows((vote.epoch, vote.view), vote.voter, vote)
    }

    /// Drops votes below `votes` and timeouts below `timeouts`.
    pub(crate) fn prune(&mut self, votes: View, timeouts: View) {
        self.votes1.prune(votes);
        self.votes2.prune(votes);
        self.timeouts.prune(timeouts);
    }

    fn cert1(
        &self,
        round: Round,
        key: (crate::types::Height, crate::types::BlockId),
        committee: &Committee,
    ) -> Option<Cert1> {
        let votes = self.votes1.all(round).filter(|vote| (vote.height, vote.block) == key);
        let signatures: Vec<_> = votes
            .map(|vote| MemberSignature { member: vote.voter, signature: vote.signature })
            .collect();
        committee.is_quorum(signatures.iter().map(|entry| entry.member)).then_some(Cert1 {
            epoch: round.0,
            view: round.1,
            height: key.0,
            block: key.1,
            signatures,
        })
    }

    fn cert2(&self, round: Round, like: &Vote2, committee: &Committee) -> Option<Cert2> {
        let signatures: Vec<_> = self
            .votes2
            .all(round)
            .filter(|vote| vote.agrees(like))
            .map(|vote| Cert2Signature {
                member: vote.voter,
                signature: vote.signature,
                attestation: vote.attestation,
            })
            .collect();
        committee.is_quorum(signatures.iter().map(|entry| entry.member)).then_some(Cert2 {
            epoch: round.0,
            view: round.1,
            height: like.height,
            block: like.block,
            settlement: like.settlement,
            signatures,
        })
    }

    fn timeout_cert(&self, round: Round, committee: &Committee) -> Option<TimeoutCert> {
        let signatures: Vec<_> = self
            .timeouts
            .all(round)
            .map(|vote| TimeoutSignature {
                member: vote.voter,
                lock_view: vote.lock.view,
                signature: vote.signature,
            })
            .collect();
        if !committee.is_quorum(signatures.iter().map(|entry| entry.member)) {
            return None;
        }
        let lock = self.timeouts.all(round).map(|vote| &vote.lock).max_by_key(|lock| lock.view)?;
        Some(TimeoutCert { epoch: round.0, view: round.1, signatures, lock: lock.clone() })
    }
}

fn conflict<C>(evidence: Evidence) -> Added<C> {
    Added::Conflict(Box::new(evidence))
}

/// Whether two votes of one member in one round say the same.
trait Agrees {
    fn agrees(&self, other: &Self) -> bool;
}

impl Agrees for Vote1 {
    fn agrees(&self, other: &Self) -> bool {
        (self.height, self.block) == (other.height, other.block)
    }
}

impl Agrees for Vote2 {
    fn agrees(&self, other: &Self) -> bool {
        (self.height, self.block, self.settlement) == (other.height, other.block, other.settlement)
    }
}

impl Agrees for TimeoutVote {
    fn agrees(&self, other: &Self) -> bool {
        self.lock.view == other.lock.view
    }
}

enum Slot<V> {
    New,
    Known,
    Conflict(V, V),
}

#[derive(Debug)]
struct Collector<V> {
    rounds: BTreeMap<Round, BTreeMap<MemberIx, V>>,
    accused: BTreeSet<(Round, MemberIx)>,
}

impl<V: Agrees + Clone> Collector<V> {
    const fn new() -> Self {
        Self { rounds: BTreeMap::new(), accused: BTreeSet::new() }
    }

    fn add(&mut self, round: Round, voter: MemberIx, vote: V) -> Slot<V> {
        let slots = self.rounds.entry(round).or_default();
        match slots.get(&voter) {
            None => {
                slots.insert(voter, vote);
                Slot::New
            }
            Some(first) if !first.agrees(&vote) && self.accused.insert((round, voter)) => {
                Slot::Conflict(first.clone(), vote)
            }
            Some(_) => Slot::Known,
        }
    }

    fn get(&self, round: Round, voter: MemberIx) -> Option<&V> {
        self.rounds.get(&round)?.get(&voter)
    }

    /// Whether adding the vote would change nothing.
    fn knows(&self, round: Round, voter: MemberIx, vote: &V) -> bool {
        self.get(round, voter)
            .is_some_and(|held| held.agrees(vote) || self.accused.contains(&(round, voter)))
    }

    fn all(&self, round: Round) -> impl Iterator<Item = &V> {
        self.rounds.get(&round).into_iter().flat_map(BTreeMap::values)
    }

    fn prune(&mut self, below: View) {
        self.rounds.retain(|round, _| round.1 >= below);
        self.accused.retain(|(round, _)| round.1 >= below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        block, blocks, cert1, committee, genesis_cert, timeout, verifier, vote1, vote2,
    };
    use crate::wire::Msg;

    #[test]
    fn a_quorum_is_counted_once_per_member_and_block() {
        let (mut tally, committee) = (Tally::new(), committee());
        let chain = blocks(1);
        let rival = block(1, crate::testing::GENESIS, 9);
        for vote in [vote1(0, 1, &chain[0]), vote1(0, 1, &chain[0]), vote1(1, 1, &rival)] {
            assert_eq!(tally.add_vote1(vote, &committee), Added::Counted);
        }
        assert_eq!(tally.add_vote1(vote1(2, 1, &chain[0]), &committee), Added::Counted);
        let Added::Quorum(cert) = tally.add_vote1(vote1(3, 1, &chain[0]), &committee) else {
            panic!("three members agree")
        };
        assert_eq!(cert, cert1(&[0, 2, 3], 1, &chain[0]));
        verifier().verify(Msg::Cert1(Box::new(cert))).expect("made of valid votes");
    }

    #[test]
    fn a_conflict_is_reported_once_and_the_first_vote_stands() {
        let (mut tally, committee) = (Tally::new(), committee());
        let chain = blocks(1);
        let rival = block(1, crate::testing::GENESIS, 9);
        assert_eq!(tally.add_vote2(vote2(0, 1, &chain[0]), &committee), Added::Counted);
        assert!(!tally.knows_vote2(&vote2(0, 1, &rival)));
        let added = tally.add_vote2(vote2(0, 1, &rival), &committee);
        let Added::Conflict(evidence) = added else { panic!("{added:?}") };
        assert!(verifier().verify_evidence(&evidence));
        assert_eq!(tally.add_vote2(vote2(0, 1, &rival), &committee), Added::Counted);
        assert!(tally.knows_vote2(&vote2(0, 1, &rival)));
        tally.add_vote2(vote2(1, 1, &chain[0]), &committee);
        let added = tally.add_vote2(vote2(2, 1, &chain[0]), &committee);
        assert!(matches!(added, Added::Quorum(_)), "{added:?}");
    }

    #[test]
    fn a_timeout_certificate_carries_the_highest_lock() {
        let (mut tally, committee) = (Tally::new(), committee());
        let chain = blocks(2);
        let (low, high) = (cert1(&[0, 1, 2], 1, &chain[0]), cert1(&[0, 1, 2], 2, &chain[1]));
        tally.add_timeout(timeout(0, 5, &low), &committee);
        tally.add_timeout(timeout(1, 5, &high), &committee);
        // Of another view: not part of it.
        tally.add_timeout(timeout(3, 6, &low), &committee);
        let added = tally.add_timeout(timeout(2, 5, &genesis_cert()), &committee);
        let Added::Quorum(cert) = added else { panic!("{added:?}") };
        assert_eq!((cert.lock_view_max(), &cert.lock), (View::new(2), &high));
        verifier().verify(Msg::TimeoutCert(Box::new(cert))).expect("made of valid votes");
    }

    #[test]
    fn amplification_takes_one_honest_member() {
        let (mut tally, committee) = (Tally::new(), committee());
        tally.add_timeout(timeout(0, 9, &genesis_cert()), &committee);
        assert_eq!(tally.amplified(&committee), None);
        tally.add_timeout(timeout(0, 12, &genesis_cert()), &committee);
        assert_eq!(tally.amplified(&committee), None, "the same member again");
        tally.add_timeout(timeout(1, 7, &genesis_cert()), &committee);
        assert_eq!(tally.amplified(&committee), Some(View::new(7)));
        tally.add_timeout(timeout(2, 8, &genesis_cert()), &committee);
        assert_eq!(tally.amplified(&committee), Some(View::new(8)));
    }

    #[test]
    fn pruned_rounds_are_gone() {
        let (mut tally, committee) = (Tally::new(), committee());
        let chain = blocks(1);
        tally.add_vote1(vote1(0, 1, &chain[0]), &committee);
        tally.add_vote1(vote1(0, 2, &chain[0]), &committee);
        tally.prune(View::new(2), View::new(2));
        assert!(!tally.knows_vote1(&vote1(0, 1, &chain[0])));
        assert!(tally.knows_vote1(&vote1(0, 2, &chain[0])));
    }
}
