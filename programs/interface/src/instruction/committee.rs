//! Instructions of the committee: bonds, and who is in it.

use alloc::{vec, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    genesis::committee_hash,
    host::sha256,
    types::{Address, Hash, Signature},
};

use super::{Meta, SYSTEM_PROGRAM, instruction};

/// Locks a bond for a key, or adds to it. The owner pays and gets it back by [`BeginUnbond`] and [`FinishUnbond`].
///
/// A member needs [`crate::state::Rollup::bond_lamports`] in all. Only the owner of a live bond may add to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterMember {
    /// The member's key.
    pub key: Address,
    /// Lamports to lock, besides the rent minimum.
    pub amount: u64,
    /// The key's signature over [`RegisterMember::digest`]: it is held by whoever agrees to this owner.
    pub signature: Signature,
}

instruction!(RegisterMember, "register_member", [0x2c, 0x13, 0xa0, 0x3b, 0x11, 0x7a, 0x26, 0x10]);

impl RegisterMember {
    /// What the key signs: `sha256("asset-l2/member/v1" ‖ chain id ‖ program id ‖ owner)`.
    pub fn digest(chain_id: &Hash, program_id: &Address, owner: &Address) -> Hash {
        let domain = b"asset-l2/member/v1";
        sha256(&[domain, chain_id.as_bytes(), program_id.as_bytes(), owner.as_bytes()])
    }
}

/// Accounts of [`RegisterMember`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterMemberAccounts {
    /// `[signer, writable]` Pays the bond and the rent, and owns both.
    pub owner: Address,
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// `[writable]` The key's member, created at first.
    pub member: Address,
}

impl RegisterMemberAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.owner),
            Meta::writable(self.rollup),
            Meta::writable(self.member),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Begins to withdraw a bond. Refused to active members of the committee, and to those who are convicted and not slashed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BeginUnbond {}

instruction!(BeginUnbond, "begin_unbond", [0xff, 0x2b, 0xc8, 0xa7, 0xd9, 0x06, 0xd5, 0x0d]);

/// Accounts of [`BeginUnbond`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeginUnbondAccounts {
    /// `[signer]` The bond's owner.
    pub owner: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The member.
    pub member: Address,
}

impl BeginUnbondAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::signer(self.owner), Meta::readonly(self.rollup), Meta::writable(self.member)]
    }
}

/// Pays a bond and its rent to the owner, and closes the member.
///
/// Two challenge windows after [`BeginUnbond`] (a window, and the longest extension of one), when every batch that was live then
/// is finalized or rolled back, and no verdict is younger than a window, so that there is time to execute each. Of a slashed bond
/// the rent is left, which the owner may take at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FinishUnbond {}

instruction!(FinishUnbond, "finish_unbond", [0xbc, 0xb8, 0x15, 0x65, 0xa4, 0x3e, 0xe4, 0x44]);

/// Accounts of [`FinishUnbond`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishUnbondAccounts {
    /// `[signer, writable]` The bond's owner, paid.
    pub owner: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` The member, closed.
    pub member: Address,
}

impl FinishUnbondAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![Meta::payer(self.owner), Meta::readonly(self.rollup), Meta::writable(self.member)]
    }
}

/// Replaces the committee, for the next batch on.
///
/// Every new member has a live bond and is convicted in neither the present committee nor the one before.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RotateCommittee {
    /// The keys of the new committee, in index order.
    pub members: Vec<Address>,
    /// Indices in the present committee, strictly increasing, with signatures over [`Rotation::digest`]: a quorum of the
    /// active members.
    pub signatures: Vec<(u8, Signature)>,
}

instruction!(RotateCommittee, "rotate_committee", [0x2f, 0xac, 0xa4, 0x4c, 0xba, 0x7e, 0x6f, 0x0d]);

/// What the committee agrees to when it is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The chain id.
    pub chain_id: Hash,
    /// The program.
    pub program_id: Address,
    /// The epoch of the present committee.
    pub epoch: u64,
    /// The hash of the present committee.
    pub committee_hash: Hash,
}

impl Rotation {
    /// What the present committee signs:
    /// `sha256("asset-l2/rotate/v1" ‖ chain id ‖ program id ‖ epoch u64 ‖ committee hash ‖ new committee hash)`.
    pub fn digest(&self, members: &[Address]) -> Hash {
        sha256(&[
            b"asset-l2/rotate/v1",
            self.chain_id.as_bytes(),
            self.program_id.as_bytes(),
            &self.epoch.to_le_bytes(),
            self.committee_hash.as_bytes(),
            committee_hash(members).as_bytes(),
        ])
    }
}

/// Accounts of [`RotateCommittee`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateCommitteeAccounts {
    /// `[writable]` The rollup.
    pub rollup: Address,
    /// The new members, in index order.
    pub members: Vec<Address>,
}

impl RotateCommitteeAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        let members = self.members.iter().map(|member| Meta::readonly(*member));
        core::iter::once(Meta::writable(self.rollup)).chain(members).collect()
    }
}
