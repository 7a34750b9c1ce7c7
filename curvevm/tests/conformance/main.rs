//! The conformance vectors of `tests/conformance`: run, compared to the byte, and checked for what they cover.
//!
//! The files are written anew by `UPDATE_CONFORMANCE=1 cargo test -p curvevm --test conformance`, and by nothing else.

mod encodings;
mod malformed;
mod merkle;
mod modules;
mod numbers;
mod segments;
mod signatures;
mod tree;
mod vectors;
mod world;

use std::collections::BTreeSet;

use curvevm::error::Error;

use vectors::{BYTES_MAX, Suite};

/// Every file.
const SUITES: &[Suite] = &[
    encodings::SUITE,
    malformed::SUITE,
    merkle::SUITE,
    numbers::SUITE,
    segments::SUITE,
    signatures::SUITE,
    tree::SUITE,
];
/// The fewest cases of all files.
const CASES_MIN: usize = 200;

#[test]
fn encodings() {
    encodings::SUITE.check();
}

#[test]
fn malformed() {
    malformed::SUITE.check();
}

#[test]
fn merkle_roots() {
    merkle::SUITE.check();
}

#[test]
fn numbers() {
    numbers::SUITE.check();
}

#[test]
fn segments() {
    segments::SUITE.check();
}

#[test]
fn signatures() {
    signatures::SUITE.check();
}

#[test]
fn trees() {
    tree::SUITE.check();
}

#[test]
fn there_are_enough_cases_and_not_too_many_bytes() {
    let cases: usize = SUITES.iter().map(|suite| suite.stored().len()).sum();
    // The pairs of points of small order alone do not make up the number.
    assert!(cases >= CASES_MIN + 196, "{cases}");
    let bytes: u64 = SUITES.iter().map(|suite| suite.path().metadata().unwrap().len()).sum();
    assert!(bytes < BYTES_MAX, "{bytes}");
}

/// By execution, by admission, or by decoding.
#[test]
fn every_error_occurs() {
    // No opcode is inactive at this version.
    let exceptions = BTreeSet::from([Error::OpcodeInactive.name().to_owned()]);
    let mut given = segments::errors();
    given.extend(malformed::errors());
    let all: BTreeSet<_> = Error::ALL.iter().map(|error| error.name().to_owned()).collect();
    let missing: BTreeSet<_> = all.difference(&given).cloned().collect();
    assert_eq!(missing, exceptions);
}
