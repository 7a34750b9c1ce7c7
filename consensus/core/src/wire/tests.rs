//! The encoding: round trips, bounds, garbage, and bytes that must not change.

use super::*;
use crate::testing::*;
use crate::types::{Block, MemberIx, View};
use proptest::prelude::*;

fn samples() -> Vec<Msg> {
    let chain = blocks(3);
    let lock = cert1(&[0, 1, 2], 1, &chain[0]);
    let votes = [timeout(1, 2, &lock), timeout(2, 2, &genesis_cert()), timeout(3, 2, &lock)];
    let tc = timeout_cert(&votes);
    let proof = cert2(&[0, 2, 3], 3, &chain[2]);
    vec![
        Msg::Proposal(Box::new(proposal(3, &chain[1], &lock, Some(&tc)))),
        Msg::Vote1(vote1(3, 1, &chain[0])),
        Msg::Vote2(vote2(3, 3, &chain[2])),
        Msg::Timeout(Box::new(votes[0].clone())),
        Msg::Cert1(Box::new(lock)),
        Msg::Cert2(Box::new(proof.clone())),
        Msg::TimeoutCert(Box::new(tc)),
        Msg::BlockRequest(chain[0].id()),
        Msg::BlockAnswer(chain[2].clone()),
        Msg::RangeRequest(Height::new(7)),
        Msg::Range(Box::new(CommittedRange { blocks: chain, proof })),
    ]
}

#[test]
fn round_trips_every_kind() {
    for msg in samples() {
        assert_eq!(decode(&encode(&msg)).unwrap(), msg);
    }
}

#[test]
fn refuses_every_truncation_and_any_appendix() {
    for msg in samples() {
        let bytes = encode(&msg);
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length} bytes of {msg:?}");
        }
        let longer = [bytes, vec![0]].concat();
        assert!(matches!(decode(&longer), Err(DecodeError::Malformed(_))));
    }
}

#[test]
fn refuses_other_versions() {
    let mut bytes = encode(&Msg::RangeRequest(Height::new(7)));
    bytes[0] = 2;
    assert!(matches!(decode(&bytes), Err(DecodeError::Version { found: Some(2) })));
    assert!(matches!(decode(&[1]), Err(DecodeError::Version { found: None })));
}

#[test]
fn refuses_what_is_out_of_bounds() {
    let what = |msg: Msg| match decode(&encode(&msg)) {
        Err(DecodeError::OutOfBounds { what }) => what,
        other => panic!("{other:?}"),
    };
    let chain = blocks(1);
    let mut cert = cert1(&[0, 1, 2], 1, &chain[0]);
    cert.signatures.swap(0, 1);
    assert_eq!(what(Msg::Cert1(Box::new(cert.clone()))), "the order of signers");
    let entry = cert.signatures[0].clone();
    cert.signatures = vec![entry; MEMBERS_MAX + 1];
    for (index, entry) in cert.signatures.iter_mut().enumerate() {
        entry.member = MemberIx::new(index as u16);
    }
    assert_eq!(what(Msg::Cert1(Box::new(cert))), "the number of signers");
    let payload = vec![0; PAYLOAD_BYTES_MAX + 1];
    let block = SealedBlock::seal(Block { payload, ..chain[0].block().clone() }, &CHAIN);
    assert_eq!(what(Msg::BlockAnswer(block)), "the payload");
    let empty = CommittedRange { blocks: Vec::new(), proof: cert2(&[0, 1, 2], 1, &chain[0]) };
    assert_eq!(what(Msg::Range(Box::new(empty))), "the number of blocks");
    let oversized = vec![0; MESSAGE_BYTES_MAX + 1];
    assert!(matches!(decode(&oversized), Err(DecodeError::Oversized { .. })));
}

/// Other members, the log and the Solana program compute the same: a change here is a new version.
#[test]
fn ids_and_signed_bytes_are_pinned() {
    let chain = blocks(3);
    let hex = |bytes: &[u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let view = View::new(5);
    let pins = [
        (hex(chain[0].id().as_bytes()), BLOCK_WITHOUT_SETTLEMENT),
        (hex(chain[2].id().as_bytes()), BLOCK_WITH_SETTLEMENT),
        (hex(CONTEXT.vote1(view, Height::new(1), &GENESIS).as_bytes()), VOTE1),
        (hex(CONTEXT.vote2(view, Height::new(1), &GENESIS, None).as_bytes()), VOTE2),
        (hex(CONTEXT.timeout(view, View::new(4)).as_bytes()), TIMEOUT),
        (hex(CONTEXT.proposal(view, &GENESIS, &genesis_cert(), None).as_bytes()), PROPOSAL),
    ];
    for (found, pinned) in pins {
        assert_eq!(found, pinned);
    }
}

const BLOCK_WITHOUT_SETTLEMENT: &str =
    "881728062df91b94ca73b9f068754f1f0d5167915aa11be618d7814a047723d0";
const BLOCK_WITH_SETTLEMENT: &str =
    "16fd8ffe2e05610fdbeac938663dcb6acbaa14d1cd5d213ba3bdb2cc3d320b7c";
const VOTE1: &str = "07ef77d1d6af410fdab259fbbe32dee02d1890d442f789818706ec498b2c976e";
const VOTE2: &str = "0a1d6ab7f9f62c1a1860e36f3fea6ab45ba9ef5fbbc56986f95847bfdec51e5b";
const TIMEOUT: &str = "8bc5eee6d9824baf905512a6f9ff3f6ad615e66e232531df1efb86279f98b768";
const PROPOSAL: &str = "27a9bd1458a8c0232aee59237428de22e3a6fa5ec11f1a913c449398c6ee38a1";

proptest! {
    #[test]
    fn garbage_is_an_error_or_canonical(mut bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        bytes.splice(0..0, PROTOCOL_VERSION.to_le_bytes());
        if let Ok(msg) = decode(&bytes) {
            prop_assert_eq!(encode(&msg), bytes);
        }
    }

    #[test]
    fn altered_messages_are_an_error_or_canonical(
        which in 0..11usize,
        at in any::<prop::sample::Index>(),
        flip in 1..=255u8,
    ) {
        let mut bytes = encode(&samples()[which]);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(msg) = decode(&bytes) {
            prop_assert_eq!(encode(&msg), bytes);
        }
    }
}
