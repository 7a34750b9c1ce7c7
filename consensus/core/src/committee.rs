//! The members of an epoch, their weights, the thresholds and the leader schedule.

use crate::limits::MEMBERS_MAX;
use crate::scheme::PublicKey;
use crate::types::{Epoch, MemberIx, View};

/// A member's key and weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key that verifies the member's votes.
    pub key: PublicKey,
    /// Voting weight, at least 1.
    pub weight: u64,
}

/// The members of one epoch in index order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    epoch: Epoch,
    members: Vec<Member>,
    quorum: u64,
    one_honest: u64,
}

/// Why a list of members is not a committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitteeError {
    /// Empty or too long.
    #[error("a committee has 1 to {max} members, not {found}", max = MEMBERS_MAX)]
    Size {
        /// How many were given.
        found: usize,
    },
    /// Two members share a key.
    #[error("members {0} and {1} have the same key")]
    DuplicateKey(usize, usize),
    /// A member without weight.
    #[error("member {0} has weight 0")]
    NoWeight(usize),
    /// The weights' sum does not fit.
    #[error("the sum of the weights does not fit into 64 bits")]
    Overflow,
}

impl Committee {
    /// A committee from its members in index order.
    ///
    /// # Errors
    ///
    /// Where there are no members or too many, a key twice, a weight of 0, or too much weight.
    pub fn new(epoch: Epoch, members: Vec<Member>) -> Result<Self, CommitteeError> {
        if members.is_empty() || members.len() > MEMBERS_MAX {
            return Err(CommitteeError::Size { found: members.len() });
        }
        let mut total: u64 = 0;
        for (index, member) in members.iter().enumerate() {
            if member.weight == 0 {
                return Err(CommitteeError::NoWeight(index));
            }
            if let Some(first) = members.iter().take(index).position(|m| m.key == member.key) {
                return Err(CommitteeError::DuplicateKey(first, index));
            }
            total = total.checked_add(member.weight).ok_or(CommitteeError::Overflow)?;
        }
        let (quorum, one_honest) = thresholds(total).ok_or(CommitteeError::Overflow)?;
        Ok(Self { epoch, members, quorum, one_honest })
    }

    /// Members of weight 1 each.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn equal(
        epoch: Epoch,
        keys: impl IntoIterator<Item = PublicKey>,
    ) -> Result<Self, CommitteeError> {
        Self::new(epoch, keys.into_iter().map(|key| Member { key, weight: 1 }).collect())
    }

    /// The epoch.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The members in index order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The number of members.
    pub const fn len(&self) -> usize {
        self.members.len()
    }

    /// Never true: a committee has a member.
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// All member indices, ascending.
    pub fn indices(&self) -> impl Iterator<Item = MemberIx> + use<> {
        (0u16..).take(self.members.len()).map(MemberIx::new)
    }

    /// Whether the index names a member (otherwise it names an observer).
    pub fn contains(&self, index: MemberIx) -> bool {
        usize::from(index.get()) < self.members.len()
    }

    /// A member's key.
    pub fn key(&self, index: MemberIx) -> Option<PublicKey> {
        self.members.get(usize::from(index.get())).map(|member| member.key)
    }

    /// The index of a key.
    pub fn index_of(&self, key: &PublicKey) -> Option<MemberIx> {
        self.indices().find(|index| self.key(*index).as_ref() == Some(key))
    }

    /// A member's weight, 0 for others.
    pub fn weight(&self, index: MemberIx) -> u64 {
        self.members.get(usize::from(index.get())).map_or(0, |member| member.weight)
    }

    /// The weight of distinct members. Callers give each member once.
    pub fn weight_of(&self, members: impl IntoIterator<Item = MemberIx>) -> u64 {
        members.into_iter().fold(0, |sum: u64, index| sum.saturating_add(self.weight(index)))
    }

    /// The weight of a certificate: `floor(2W/3) + 1`. Two quorums share an honest member.
    pub const fn quorum(&self) -> u64 {
        self.quorum
    }

    /// The weight that holds an honest member: `floor(W/3) + 1`.
    pub const fn one_honest(&self) -> u64 {
        self.one_honest
    }

    /// Whether the distinct members have the weight of a certificate.
    pub fn is_quorum(&self, members: impl IntoIterator<Item = MemberIx>) -> bool {
        self.weight_of(members) >= self.quorum
    }

    /// The leader of a view: members take turns in index order.
    pub fn leader(&self, view: View) -> MemberIx {
        let count = u64::try_from(self.members.len()).unwrap_or(u64::MAX).max(1);
        let turn = view.get().checked_rem(count).unwrap_or_default();
        MemberIx::new(u16::try_from(turn).unwrap_or_default())
    }
}

fn thresholds(total: u64) -> Option<(u64, u64)> {
    let total = u128::from(total);
    let quorum = total.checked_mul(2)?.checked_div(3)?.checked_add(1)?;
    let one_honest = total.checked_div(3)?.checked_add(1)?;
    Some((u64::try_from(quorum).ok()?, u64::try_from(one_honest).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> PublicKey {
        PublicKey([byte; 32])
    }

    #[test]
    fn thresholds_of_small_committees() {
        let of = |count: u8| {
            let committee = Committee::equal(Epoch::new(1), (0..count).map(key)).unwrap();
            (committee.quorum(), committee.one_honest())
        };
        let expected =
            [(1, 1), (2, 1), (3, 2), (3, 2), (4, 2), (5, 3), (5, 3), (6, 3), (7, 4), (7, 4)];
        assert_eq!((1..=10).map(of).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn refuses_lists_that_are_no_committee() {
        let member = |byte: u8, weight: u64| Member { key: key(byte), weight };
        let new = |members: Vec<Member>| Committee::new(Epoch::new(1), members).unwrap_err();
        assert_eq!(new(Vec::new()), CommitteeError::Size { found: 0 });
        assert_eq!(new(vec![member(1, 1), member(1, 1)]), CommitteeError::DuplicateKey(0, 1));
        assert_eq!(new(vec![member(1, 1), member(2, 0)]), CommitteeError::NoWeight(1));
        assert_eq!(new(vec![member(1, u64::MAX), member(2, 1)]), CommitteeError::Overflow);
    }

    #[test]
    fn leaders_take_turns() {
        let committee = Committee::equal(Epoch::new(1), (0..4).map(key)).unwrap();
        let leaders: Vec<_> = (3..8).map(|view| committee.leader(View::new(view)).get()).collect();
        assert_eq!(leaders, [3, 0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn quorums_share_an_honest_member(weights in proptest::collection::vec(1..u64::MAX / 8, 1..8)) {
            let members = weights.iter().zip(0..).map(|(weight, byte)| Member { key: key(byte), weight: *weight });
            let committee = Committee::new(Epoch::new(1), members.collect()).unwrap();
            let total: u128 = weights.iter().copied().map(u128::from).sum();
            let quorum = u128::from(committee.quorum());
            // Fewer than a third is faulty.
            let faulty = (total - 1) / 3;
            prop_assert!(quorum * 2 - total > faulty);
            prop_assert!(total - faulty >= quorum);
            prop_assert!(u128::from(committee.one_honest()) > faulty);
        }
    }
}
