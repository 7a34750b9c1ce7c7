//! Tests of SHA-256 in lanes.

use std::vec::Vec;

use proptest::prelude::*;

use super::{Compress, hash_lanes, longest, sha256_each, x86};
use crate::{host::sha256, types::Hash};

fn one_by_one(messages: &[Vec<u8>]) -> Vec<Hash> {
    messages.iter().map(|message| sha256(&[message])).collect()
}

/// The digests in lanes, however few are busy.
fn in_lanes<const LANES: usize>(with: impl Compress<LANES>, messages: &[Vec<u8>]) -> Vec<Hash> {
    let mut digests = Vec::new();
    for chunk in messages.chunks(LANES) {
        hash_lanes(with, longest(chunk), chunk, &mut digests);
    }
    digests
}

fn agree(messages: &[Vec<u8>]) {
    let expected = one_by_one(messages);
    if let Some(avx512) = x86::Avx512::detect() {
        assert_eq!(in_lanes(avx512, messages), expected, "AVX-512");
    }
    if let Some(avx2) = x86::Avx2::detect() {
        assert_eq!(in_lanes(avx2, messages), expected, "AVX2");
    }
    if let Some(digests) = sha256_each(messages) {
        assert_eq!(digests, expected);
    }
}

#[test]
fn every_length_around_the_padding_agrees() {
    let messages: Vec<Vec<u8>> =
        (0..260u16).map(|length| (0..length).map(|at| (at ^ length) as u8).collect()).collect();
    agree(&messages);
    // Alone in its lanes.
    for message in messages.chunks(1) {
        agree(message);
    }
}

#[test]
fn a_long_message_among_short_ones_agrees() {
    for at in 0..20 {
        let mut messages = std::vec![std::vec![7; 40]; 20];
        messages[at] = std::vec![9; 5_000];
        agree(&messages);
    }
}

proptest! {
    #[test]
    fn nodes_of_a_tree_agree(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 65), 0..50),
    ) {
        agree(&messages);
    }

    #[test]
    fn messages_of_any_lengths_agree(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..50),
    ) {
        agree(&messages);
    }
}
