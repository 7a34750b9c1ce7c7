//! Every field of every message, altered; with the real scheme.

use super::*;
use crate::scheme::{Ed25519, Ed25519Signer, Signer};
use crate::testing::{
    blocks, cert1, cert2, genesis_cert, proposal, timeout, timeout_cert, verifier,
};
use crate::testing::{vote1, vote2};
use crate::types::{Block, Height, SealedBlock, Seq};

fn refused(msg: Msg) -> VerifyError {
    verifier().verify(msg).expect_err("altered")
}

#[test]
fn accepts_what_members_make() {
    let chain = blocks(3);
    let lock = cert1(&[0, 1, 2], 1, &chain[0]);
    let votes = [timeout(1, 2, &lock), timeout(2, 2, &genesis_cert()), timeout(3, 2, &lock)];
    let tc = timeout_cert(&votes);
    let range = CommittedRange { blocks: chain.clone(), proof: cert2(&[0, 2, 3], 3, &chain[2]) };
    let msgs = vec![
        Msg::Proposal(Box::new(proposal(1, &chain[0], &genesis_cert(), None))),
        Msg::Proposal(Box::new(proposal(3, &chain[1], &lock, Some(&tc)))),
        Msg::Vote1(vote1(3, 1, &chain[0])),
        Msg::Vote2(vote2(3, 3, &chain[2])),
        Msg::Timeout(Box::new(votes[0].clone())),
        Msg::Cert1(Box::new(genesis_cert())),
        Msg::TimeoutCert(Box::new(tc)),
        Msg::Range(Box::new(range)),
    ];
    assert!(verifier().verify_many(msgs).iter().all(Result::is_ok));
}

#[test]
fn one_bad_message_does_not_spoil_the_batch() {
    let chain = blocks(1);
    let mut bad = vote1(2, 1, &chain[0]);
    bad.view = View::new(2);
    let msgs = [vote1(1, 1, &chain[0]), bad, vote1(3, 1, &chain[0])].map(Msg::Vote1);
    let verdicts = verifier().verify_many(msgs.to_vec());
    let valid: Vec<_> = verdicts.iter().map(Result::is_ok).collect();
    assert_eq!(valid, [true, false, true]);
    assert_eq!(verdicts[1], Err(VerifyError::Signature));
}

#[test]
fn refuses_votes_with_an_altered_field() {
    let chain = blocks(3);
    let settled = &chain[2];
    let vote = vote1(1, 1, &chain[0]);
    assert_eq!(refused(Msg::Vote1(Vote1 { view: View::new(2), ..vote })), VerifyError::Signature);
    assert_eq!(
        refused(Msg::Vote1(Vote1 { height: Height::new(2), ..vote })),
        VerifyError::Signature
    );
    assert_eq!(refused(Msg::Vote1(Vote1 { block: chain[1].id(), ..vote })), VerifyError::Signature);
    assert_eq!(
        refused(Msg::Vote1(Vote1 { voter: MemberIx::new(2), ..vote })),
        VerifyError::Signature
    );
    let stranger = MemberIx::new(4);
    assert_eq!(
        refused(Msg::Vote1(Vote1 { voter: stranger, ..vote })),
        VerifyError::UnknownMember(stranger)
    );
    let found = Epoch::new(2);
    assert_eq!(
        refused(Msg::Vote1(Vote1 { epoch: found, ..vote })),
        VerifyError::Epoch { found, expected: Epoch::new(1) }
    );
    assert_eq!(refused(Msg::Vote1(Vote1 { view: View::ZERO, ..vote })), VerifyError::GenesisView);
    let vote = vote2(1, 3, settled);
    let other = Some(Digest::new([9; 32]));
    assert_eq!(refused(Msg::Vote2(Vote2 { settlement: other, ..vote })), VerifyError::Signature);
    assert_eq!(refused(Msg::Vote2(Vote2 { attestation: None, ..vote })), VerifyError::Attestation);
    let attestation = Some(vote.signature);
    assert_eq!(refused(Msg::Vote2(Vote2 { attestation, ..vote })), VerifyError::Signature);
}

#[test]
fn a_phase_1_vote_is_not_a_phase_2_vote() {
    let chain = blocks(1);
    let one = vote1(1, 1, &chain[0]);
    let two = Vote2 { signature: one.signature, ..vote2(1, 1, &chain[0]) };
    assert_eq!(refused(Msg::Vote2(two)), VerifyError::Signature);
}

#[test]
fn refuses_certificates_that_are_none() {
    let chain = blocks(1);
    let cert = |voters: &[u16]| Msg::Cert1(Box::new(cert1(voters, 1, &chain[0])));
    assert_eq!(refused(cert(&[0, 1])), VerifyError::Quorum { found: 2, needed: 3 });
    assert_eq!(refused(cert(&[0, 1, 1])), VerifyError::SignerOrder);
    assert_eq!(refused(cert(&[2, 1, 0])), VerifyError::SignerOrder);
    assert_eq!(refused(cert(&[])), VerifyError::Quorum { found: 0, needed: 3 });
    assert_eq!(refused(cert(&[0, 1, 2, 9])), VerifyError::UnknownMember(MemberIx::new(9)));
    // View 0 is no way around the signatures.
    let forged = Cert1 { block: chain[0].id(), ..genesis_cert() };
    assert_eq!(refused(Msg::Cert1(Box::new(forged))), VerifyError::GenesisView);
    let forged = Cert2 { view: View::ZERO, signatures: Vec::new(), ..cert2(&[], 1, &chain[0]) };
    assert_eq!(refused(Msg::Cert2(Box::new(forged))), VerifyError::GenesisView);
}

#[test]
fn refuses_timeout_certificates_that_hide_a_lock() {
    let chain = blocks(1);
    let lock = cert1(&[0, 1, 2], 1, &chain[0]);
    let low = genesis_cert();
    let tc = timeout_cert(&[timeout(0, 2, &lock), timeout(1, 2, &low), timeout(2, 2, &low)]);
    let hidden = TimeoutCert { lock: low, ..tc.clone() };
    let (lock, view) = (View::ZERO, View::new(2));
    assert_eq!(refused(Msg::TimeoutCert(Box::new(hidden))), VerifyError::LockView { lock, view });
    let mut lying = tc;
    lying.signatures[0].lock_view = View::ZERO;
    lying.lock = genesis_cert();
    assert_eq!(refused(Msg::TimeoutCert(Box::new(lying))), VerifyError::Signature);
}

#[test]
fn refuses_proposals_of_others_and_with_another_justification() {
    let chain = blocks(2);
    let made = proposal(1, &chain[0], &genesis_cert(), None);
    let other_view = Proposal { view: View::new(2), ..made.clone() };
    assert_eq!(refused(Msg::Proposal(Box::new(other_view))), VerifyError::Signature);
    let justify = cert1(&[0, 1, 2], 1, &chain[0]);
    let other = Proposal { justify, ..made.clone() };
    assert_eq!(refused(Msg::Proposal(Box::new(other))), VerifyError::Signature);
    let other = Proposal { block: chain[1].clone(), ..made };
    assert_eq!(refused(Msg::Proposal(Box::new(other))), VerifyError::Signature);
}

#[test]
fn refuses_a_block_under_another_id() {
    let chain = blocks(1);
    let claimed = borsh::to_vec(&chain[0].id()).unwrap();
    let other = Block { payload: vec![42], ..chain[0].block().clone() };
    let bytes = [claimed, borsh::to_vec(&other).unwrap()].concat();
    let forged: SealedBlock = borsh::from_slice(&bytes).unwrap();
    assert_eq!(refused(Msg::BlockAnswer(forged)), VerifyError::BlockId(chain[0].id()));
}

#[test]
fn evidence_needs_a_contradiction() {
    let chain = blocks(2);
    let (first, second) = (vote1(1, 1, &chain[0]), vote1(1, 1, &chain[1]));
    assert!(verifier().verify_evidence(&Evidence::Votes1(first.clone(), second.clone())));
    assert!(!verifier().verify_evidence(&Evidence::Votes1(first.clone(), first.clone())));
    let framed = Vote1 { voter: MemberIx::new(2), ..second };
    assert!(!verifier().verify_evidence(&Evidence::Votes1(first, framed)));
}

#[test]
fn ed25519_batches_agree_with_single_checks() {
    let signers: Vec<_> =
        (0..5).map(|seed| Ed25519Signer::from_seed(&[seed; 32]).unwrap()).collect();
    let item = |signer: &Ed25519Signer, byte: u8| {
        let digest = Digest::new([byte; 32]);
        SignedItem { key: signer.public_key(), digest, signature: signer.sign(&digest) }
    };
    let items: Vec<_> = signers.iter().zip(0..).map(|(signer, byte)| item(signer, byte)).collect();
    assert!(Ed25519.verify_batch(&[]));
    assert!(Ed25519.verify_batch(&items));
    for at in 0..items.len() {
        let mut altered = items.clone();
        altered[at].signature.0[40] ^= 1;
        assert!(!Ed25519.verify_batch(&altered) && !Ed25519.verify_batch(&altered[at..=at]));
        let mut altered = items.clone();
        altered[at].digest = Digest::new([99; 32]);
        assert!(!Ed25519.verify_batch(&altered) && !Ed25519.verify_batch(&altered[at..=at]));
    }
    // ZIP-215 takes a key of small order in both ways; strict rules would refuse it.
    let mut small = [0; 32];
    small[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let identity = SignedItem {
        key: PublicKey(small),
        digest: Digest::new([3; 32]),
        signature: Signature(signature),
    };
    assert!(Ed25519.verify_batch(&[identity]));
    assert!(Ed25519.verify_batch(&[items[0], identity]));
}

#[test]
fn ed25519_signs_the_same_bytes_again() {
    let signer = Ed25519Signer::from_seed(&[7; 32]).unwrap();
    let digest = Digest::new([1; 32]);
    assert_eq!(signer.sign(&digest), signer.sign(&digest));
    assert_eq!(Seq::ZERO.next().get(), 1);
}
