//! What the unit tests share: a committee of four with mock keys, and signed messages of any of
//! them, honest or not.

use crate::committee::Committee;
use crate::io::{Config, Head, PacemakerConfig};
use crate::scheme::{Mock, MockSigner, PublicKey, Signature, Signer};
use crate::signed::SigningContext;
use crate::types::{
    Block, BlockId, Cert1, Cert2, Cert2Signature, ChainId, Digest, Epoch, Height, MemberIx,
    MemberSignature, Proposal, SealedBlock, TimeoutCert, TimeoutSignature, TimeoutVote, View,
    Vote1, Vote2,
};
use crate::verify::Verifier;

pub(crate) const EPOCH: Epoch = Epoch::new(1);
pub(crate) const CHAIN: ChainId = ChainId::new([7; 32]);
pub(crate) const GENESIS: BlockId = BlockId::new([9; 32]);
pub(crate) const CONTEXT: SigningContext = SigningContext { chain: CHAIN, epoch: EPOCH };

pub(crate) fn key(member: u16) -> PublicKey {
    PublicKey([member as u8 + 1; 32])
}

pub(crate) fn signer(member: u16) -> Box<dyn Signer> {
    Box::new(MockSigner(key(member)))
}

fn sign(member: u16, digest: &Digest) -> Signature {
    MockSigner(key(member)).sign(digest)
}

pub(crate) fn committee() -> Committee {
    Committee::equal(EPOCH, (0..4).map(key)).unwrap()
}

pub(crate) fn config() -> Config {
    Config {
        chain: CHAIN,
        committee: committee(),
        genesis: GENESIS,
        pacemaker: PacemakerConfig {
            view_base_ms: 1_000,
            growth_percent: 200,
            view_cap_ms: 5_000,
            retry_ms: 100,
        },
        allow_missing_log: false,
    }
}

pub(crate) fn genesis_head() -> Head {
    Head { height: Height::ZERO, id: GENESIS, proof: None }
}

pub(crate) fn verifier() -> Verifier<Mock> {
    Verifier::new(Mock, CHAIN, committee(), GENESIS)
}

pub(crate) fn genesis_cert() -> Cert1 {
    Cert1::genesis(EPOCH, Height::ZERO, GENESIS)
}

/// A block told from its siblings by `tag`. Every third height settles.
pub(crate) fn block(height: u64, parent: BlockId, tag: u8) -> SealedBlock {
    let settlement = height.is_multiple_of(3).then_some([tag; 32]);
    let height = Height::new(height);
    SealedBlock::seal(Block { height, parent, settlement, payload: vec![tag] }, &CHAIN)
}

/// A chain of `length` blocks on genesis.
pub(crate) fn blocks(length: u64) -> Vec<SealedBlock> {
    let mut parent = GENESIS;
    let mut chain = Vec::new();
    for height in 1..=length {
        chain.push(block(height, parent, height as u8));
        parent = chain.last().unwrap().id();
    }
    chain
}

pub(crate) fn vote1(voter: u16, view: u64, block: &SealedBlock) -> Vote1 {
    let (view, height, id) = (View::new(view), block.height(), block.id());
    let signature = sign(voter, &CONTEXT.vote1(view, height, &id));
    let voter = MemberIx::new(voter);
    Vote1 { epoch: EPOCH, view, height, block: id, voter, signature }
}

pub(crate) fn vote2(voter: u16, view: u64, block: &SealedBlock) -> Vote2 {
    let (view, height, id, settlement) =
        (View::new(view), block.height(), block.id(), block.settlement());
    let signature = sign(voter, &CONTEXT.vote2(view, height, &id, settlement.as_ref()));
    let attestation = settlement.map(|digest| sign(voter, &digest));
    let voter = MemberIx::new(voter);
    Vote2 { epoch: EPOCH, view, height, block: id, settlement, voter, signature, attestation }
}

pub(crate) fn cert1(voters: &[u16], view: u64, block: &SealedBlock) -> Cert1 {
    let signed = |voter: &u16| {
        let vote = vote1(*voter, view, block);
        MemberSignature { member: vote.voter, signature: vote.signature }
    };
    Cert1 {
        epoch: EPOCH,
        view: View::new(view),
        height: block.height(),
        block: block.id(),
        signatures: voters.iter().map(signed).collect(),
    }
}

pub(crate) fn cert2(voters: &[u16], view: u64, block: &SealedBlock) -> Cert2 {
    let signed = |voter: &u16| {
        let Vote2 { voter: member, signature, attestation, .. } = vote2(*voter, view, block);
        Cert2Signature { member, signature, attestation }
    };
    Cert2 {
        epoch: EPOCH,
        view: View::new(view),
        height: block.height(),
        block: block.id(),
        settlement: block.settlement(),
        signatures: voters.iter().map(signed).collect(),
    }
}

pub(crate) fn timeout(voter: u16, view: u64, lock: &Cert1) -> TimeoutVote {
    let view = View::new(view);
    let signature = sign(voter, &CONTEXT.timeout(view, lock.view));
    TimeoutVote { epoch: EPOCH, view, lock: lock.clone(), voter: MemberIx::new(voter), signature }
}

pub(crate) fn timeout_cert(votes: &[TimeoutVote]) -> TimeoutCert {
    let signed = |vote: &TimeoutVote| TimeoutSignature {
        member: vote.voter,
        lock_view: vote.lock.view,
        signature: vote.signature,
    };
    let lock = votes.iter().map(|vote| &vote.lock).max_by_key(|lock| lock.view).unwrap();
    TimeoutCert {
        epoch: EPOCH,
        view: votes[0].view,
        signatures: votes.iter().map(signed).collect(),
        lock: lock.clone(),
    }
}

/// A proposal by the leader of the view.
pub(crate) fn proposal(
    view: u64,
    block: &SealedBlock,
    justify: &Cert1,
    timeout: Option<&TimeoutCert>,
) -> Proposal {
    let view = View::new(view);
    let digest = CONTEXT.proposal(view, &block.id(), justify, timeout);
    Proposal {
        epoch: EPOCH,
        view,
        block: block.clone(),
        justify: justify.clone(),
        timeout: timeout.cloned(),
        signature: sign(committee().leader(view).get(), &digest),
    }
}
