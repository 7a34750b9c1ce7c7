//! Proofs that a member broke the protocol, verifiable by anyone with the committee's keys.

use super::{Cert1, Cert2, MemberIx, Proposal, TimeoutVote, View, Vote1, Vote2};
use borsh::{BorshDeserialize, BorshSerialize};

/// Two statements that no honest member (or no honest quorum) signs both of.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Evidence {
    /// A leader proposed two blocks in one view.
    Proposals(Box<Proposal>, Box<Proposal>),
    /// A member cast two phase-1 votes in one view.
    Votes1(Vote1, Vote1),
    /// A member cast two phase-2 votes in one view.
    Votes2(Vote2, Vote2),
    /// A member stated two locks in one view's timeout.
    Timeouts(Box<TimeoutVote>, Box<TimeoutVote>),
    /// A quorum certified two blocks in one view: more members are faulty than the protocol bears.
    Certs1(Cert1, Cert1),
    /// A committed block does not extend the committed chain: as above.
    Commit(Cert2, Cert2),
}

impl Evidence {
    /// The member it convicts, `None` where it is a set of members. For `Proposals` that is the
    /// leader of [`view`](Self::view).
    pub const fn member(&self) -> Option<MemberIx> {
        match self {
            Self::Votes1(vote, _) => Some(vote.voter),
            Self::Votes2(vote, _) => Some(vote.voter),
            Self::Timeouts(vote, _) => Some(vote.voter),
            Self::Proposals(..) | Self::Certs1(..) | Self::Commit(..) => None,
        }
    }

    /// The view in which it happened.
    pub const fn view(&self) -> View {
        match self {
            Self::Proposals(first, _) => first.view,
            Self::Votes1(first, _) => first.view,
            Self::Votes2(first, _) => first.view,
            Self::Timeouts(first, _) => first.view,
            Self::Certs1(first, _) => first.view,
            Self::Commit(_, second) => second.view,
        }
    }
}
