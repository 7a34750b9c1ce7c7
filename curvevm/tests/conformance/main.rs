//! The conformance vectors of `tests/conformance`: run, compared to the byte, and checked for what they cover.
//!
//! The files are written anew by `UPDATE_CONFORMANCE=1 cargo test -p curvevm --test conformance`, and by nothing else.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

mod merkle;
mod modules;
mod segments;
mod signatures;
mod tree;
mod vectors;
mod world;

use vectors::Suite;

/// Every file.
const SUITES: &[Suite] = &[merkle::SUITE, segments::SUITE, signatures::SUITE, tree::SUITE];

#[test]
fn merkle_roots() {
    merkle::SUITE.check();
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
fn segments() {
    segments::SUITE.check();
}
