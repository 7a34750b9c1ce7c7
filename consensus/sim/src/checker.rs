//! The judge: agreement and the voting rules, restated on what members release and commit.

use asset_consensus::{
    BlockId, Cert2, Head, MemberIx, Msg, SealedBlock, TimeoutVote, Vote1, Vote2,
};
use std::collections::{BTreeMap, BTreeSet};

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Two blocks were committed at one height.
    Fork {
        /// The height.
        height: u64,
    },
    /// A commit does not continue the slot's chain.
    Gap {
        /// Where.
        height: u64,
    },
    /// A commit without a quorum of released phase-2 votes.
    UnprovenCommit {
        /// The height.
        height: u64,
    },
    /// An honest member proposed two blocks in a view.
    DoubleProposal {
        /// Who.
        member: MemberIx,
        /// In which view.
        view: u64,
    },
    /// An honest member cast two phase-1 votes in a view.
    DoubleVote1 {
        /// Who.
        member: MemberIx,
        /// In which view.
        view: u64,
    },
    /// An honest member cast two phase-2 votes in a view.
    DoubleVote2 {
        /// Who.
        member: MemberIx,
        /// In which view.
        view: u64,
    },
    /// An honest member abandoned a view with two different locks.
    DoubleTimeout {
        /// Who.
        member: MemberIx,
        /// Which view.
        view: u64,
    },
    /// An honest member voted in a view that it had abandoned, or below one.
    VoteAfterTimeout {
        /// Who.
        member: MemberIx,
        /// The vote's view.
        view: u64,
    },
    /// An honest member stated a lower lock than it had promised by a vote or stated before.
    LockForgotten {
        /// Who.
        member: MemberIx,
        /// The timeout's view.
        view: u64,
    },
    /// Two blocks of one view have a quorum of phase-1 votes.
    DoubleCert1 {
        /// The view.
        view: u64,
    },
    /// A slot halted.
    Halted {
        /// Which one.
        slot: usize,
    },
}

/// What one honest member has released, over all its lives.
#[derive(Debug, Default)]
struct Released {
    proposals: BTreeMap<u64, BlockId>,
    votes1: BTreeMap<u64, BlockId>,
    votes2: BTreeMap<u64, BlockId>,
    timeouts: BTreeMap<u64, u64>,
}

/// Watches every release and every commit.
#[derive(Debug)]
pub struct Checker {
    quorum: usize,
    honest: BTreeSet<MemberIx>,
    released: BTreeMap<MemberIx, Released>,
    /// Voters of each (view, block), honest or not.
    support1: BTreeMap<(u64, BlockId), BTreeSet<MemberIx>>,
    support2: BTreeMap<(u64, BlockId), BTreeSet<MemberIx>>,
    chain: BTreeMap<u64, BlockId>,
    /// The last commit of each slot.
    heads: BTreeMap<usize, (u64, BlockId)>,
    violations: Vec<Violation>,
}

impl Checker {
    /// A checker of a committee of equal weights, of whom these are honest.
    pub fn new(members: usize, honest: BTreeSet<MemberIx>) -> Self {
        Self {
            // More than two thirds.
            quorum: members * 2 / 3 + 1,
            honest,
            released: BTreeMap::new(),
            support1: BTreeMap::new(),
            support2: BTreeMap::new(),
            chain: BTreeMap::new(),
            heads: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// Everything that went wrong so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many blocks are committed by anybody.
    pub fn chain_length(&self) -> usize {
        self.chain.len()
    }

    /// Views that have a quorum of phase-2 votes.
    pub fn committed_views(&self) -> BTreeSet<u64> {
        let quorums = self.support2.iter().filter(|(_, voters)| voters.len() >= self.quorum);
        quorums.map(|((view, _), _)| *view).collect()
    }

    /// A member hands a message to the network.
    pub fn on_release(&mut self, by: MemberIx, msg: &Msg) {
        match msg {
            Msg::Proposal(it) => {
                let (view, block) = (it.view.get(), it.block.id());
                if self.honest.contains(&by) {
                    let held = *self.released_by(by).proposals.entry(view).or_insert(block);
                    if held != block {
                        self.violations.push(Violation::DoubleProposal { member: by, view });
                    }
                }
            }
            Msg::Vote1(vote) => self.on_vote1(vote),
            Msg::Vote2(vote) => self.on_vote2(vote),
            Msg::Timeout(vote) => self.on_timeout(vote),
            Msg::Cert1(_)
            | Msg::Cert2(_)
            | Msg::TimeoutCert(_)
            | Msg::BlockRequest(_)
            | Msg::BlockAnswer(_)
            | Msg::RangeRequest(_)
            | Msg::Range(_) => {}
        }
    }

    /// A slot starts with what its application holds.
    pub fn on_start(&mut self, slot: usize, head: &Head) {
        self.heads.insert(slot, (head.height.get(), head.id));
    }

    /// A slot commits. Twins and Byzantine slots are not asked.
    pub fn on_commit(&mut self, slot: usize, blocks: &[SealedBlock], proof: &Cert2) {
        let mut head = self.heads.get(&slot).copied();
        for block in blocks {
            let height = block.height().get();
            let links = head.is_none_or(|(at, id)| at + 1 == height && id == block.parent());
            if !links {
                self.violations.push(Violation::Gap { height });
            }
            if *self.chain.entry(height).or_insert(block.id()) != block.id() {
                self.violations.push(Violation::Fork { height });
            }
            head = Some((height, block.id()));
        }
        let Some((height, id)) = head else { return };
        self.heads.insert(slot, (height, id));
        let voters = self.support2.get(&(proof.view.get(), id)).map_or(0, BTreeSet::len);
        if proof.block != id || voters < self.quorum {
            self.violations.push(Violation::UnprovenCommit { height });
        }
    }

    /// A slot says that more members are faulty than it can bear.
    pub fn on_halt(&mut self, slot: usize) {
        self.violations.push(Violation::Halted { slot });
    }

    fn on_vote1(&mut self, vote: &Vote1) {
        let (member, view) = (vote.voter, vote.view.get());
        self.support1.entry((view, vote.block)).or_default().insert(member);
        let certified = self
            .support1
            .range((view, BlockId::new([0; 32]))..=(view, BlockId::new([255; 32])))
            .filter(|(_, voters)| voters.len() >= self.quorum)
            .count();
        if certified > 1 {
            self.violations.push(Violation::DoubleCert1 { view });
        }
        if !self.honest.contains(&member) {
            return;
        }
        let released = self.released_by(member);
        let abandoned = released.timeouts.keys().next_back().copied().unwrap_or(0);
        match released.votes1.insert(view, vote.block) {
            None if view <= abandoned => {
                self.violations.push(Violation::VoteAfterTimeout { member, view });
            }
            Some(before) if before != vote.block => {
                self.violations.push(Violation::DoubleVote1 { member, view });
            }
            None | Some(_) => {}
        }
    }

    fn on_vote2(&mut self, vote: &Vote2) {
        let (member, view) = (vote.voter, vote.view.get());
        self.support2.entry((view, vote.block)).or_default().insert(member);
        if !self.honest.contains(&member) {
            return;
        }
        let released = self.released_by(member);
        let abandoned = released.timeouts.keys().next_back().copied().unwrap_or(0);
        match released.votes2.insert(view, vote.block) {
            None if view <= abandoned => {
                self.violations.push(Violation::VoteAfterTimeout { member, view });
            }
            Some(before) if before != vote.block => {
                self.violations.push(Violation::DoubleVote2 { member, view });
            }
            None | Some(_) => {}
        }
    }

    fn on_timeout(&mut self, vote: &TimeoutVote) {
        let (member, view, lock) = (vote.voter, vote.view.get(), vote.lock.view.get());
        if !self.honest.contains(&member) {
            return;
        }
        let released = self.released_by(member);
        let promised = released.votes2.keys().next_back().copied().unwrap_or(0);
        let stated = released.timeouts.range(..view).next_back().map_or(0, |(_, lock)| *lock);
        match released.timeouts.insert(view, lock) {
            None if lock < promised.max(stated) => {
                self.violations.push(Violation::LockForgotten { member, view });
            }
            Some(before) if before != lock => {
                self.violations.push(Violation::DoubleTimeout { member, view });
            }
            None | Some(_) => {}
        }
    }

    fn released_by(&mut self, member: MemberIx) -> &mut Released {
        self.released.entry(member).or_default()
    }
}
