//! Signatures of the committee, as they certify a batch or a rotation.

use anchor_lang::prelude::*;
use curvevm::{
    host,
    types::{Hash, Signature},
};

use crate::{
    error::{RollupError, ensure},
    state::{Rollup, bit},
};

/// A member's signature.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct MemberSignature {
    /// The member's index in the committee.
    pub member: u8,
    /// The signature.
    pub signature: [u8; 64],
}

/// The signatures over a digest are those of a quorum of the active members. Gives the signers' bits.
///
/// # Errors
///
/// [`RollupError::NoQuorum`], [`RollupError::MemberOrder`], [`RollupError::UnknownMember`], [`RollupError::MemberConvicted`],
/// [`RollupError::BadSignature`].
pub fn check_quorum(rollup: &Rollup, digest: &Hash, signatures: &[MemberSignature]) -> Result<u32> {
    ensure(signatures.len() >= rollup.quorum(), RollupError::NoQuorum)?;
    let (mut signers, mut next) = (0u32, 0u8);
    for entry in signatures {
        ensure(entry.member >= next, RollupError::MemberOrder)?;
        let key = rollup.member(entry.member)?;
        ensure(rollup.active & bit(entry.member) != 0, RollupError::MemberConvicted)?;
        let valid = host::verify(&key, digest, &Signature::new(entry.signature));
        ensure(valid, RollupError::BadSignature)?;
        signers |= bit(entry.member);
        next = entry.member.saturating_add(1);
    }
    Ok(signers)
}
