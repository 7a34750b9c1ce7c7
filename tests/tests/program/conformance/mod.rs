//! The conformance vectors of `tests/conformance` through the program, on both builds.
//!
//! `segments.json` is made and run natively by `curvevm/tests/conformance`; here the program gives the same. The files of
//! `tests/conformance/replay` show encodings, signatures and state trees by whole segments, which is the form that the program takes; the
//! scenarios in this folder make them. `UPDATE_CONFORMANCE=1` writes them anew; without it they are only compared.

mod encodings;
mod scene;
mod segments;
mod signatures;
mod trees;
mod vector;

use std::{fmt::Write as _, fs, path::PathBuf};

use super::support::Replayer;
use vector::{File, VERSION, Vector};

/// The least number of vectors that are run on both sides.
const VECTORS_MIN: usize = 200;
/// The files that are made here.
const FILES: [Made; 3] = [
    (
        "encodings",
        "Encodings of every cell, instruction and form of a segment.",
        encodings::vectors,
    ),
    (
        "signatures",
        "ed25519 under ZIP-215, each the only transaction of a segment.",
        signatures::vectors,
    ),
    (
        "trees",
        "State trees of many shapes, and witnesses of keys that are there and that are not.",
        trees::vectors,
    ),
];

/// A file: its name, what it shows, what makes it.
type Made = (&'static str, &'static str, fn() -> Vec<Vector>);

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/conformance"))
}

fn path(name: &str) -> PathBuf {
    folder().join("replay").join(name).with_extension("json")
}

/// One case to a line.
fn render(about: &str, cases: &[Vector]) -> String {
    let mut text = format!("{{\"version\":{VERSION},\"about\":\"{about}\",\"cases\":[");
    for (at, case) in cases.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(text, "{comma}\n{}", serde_json::to_string(case).unwrap()).unwrap();
    }
    text + "\n]}\n"
}

#[test]
fn the_scenarios_make_the_vectors_that_are_kept() {
    let update = std::env::var_os("UPDATE_CONFORMANCE").is_some_and(|value| value == "1");
    for (name, about, make) in FILES {
        let text = render(about, &make());
        if update {
            fs::write(path(name), &text).unwrap();
        }
        let kept = fs::read_to_string(path(name)).unwrap();
        for (line, (kept, made)) in (1..).zip(kept.lines().zip(text.lines())) {
            assert!(
                kept == made,
                "{name}.json, line {line}: the scenarios make another one; if that is meant, run with UPDATE_CONFORMANCE=1\n{made}"
            );
        }
        assert_eq!(kept.len(), text.len(), "{name}.json has another number of cases");
    }
}

on_each_build! {
    fn the_program_gives_what_the_vectors_say(build: Build) {
        let mut replayer = Replayer::new(build);
        let mut count = 0;
        for (name, _, _) in FILES {
            let text = fs::read_to_string(path(name)).unwrap();
            let file: File = serde_json::from_str(&text).unwrap();
            assert_eq!(file.version, VERSION);
            for vector in &file.cases {
                let (answer, _) = replayer.replay(&vector.case());
                assert_eq!(answer, vector.expect.answer(), "{name}: {}", vector.name);
                count += 1;
            }
        }
        for (name, case, expected) in segments::read(&folder().join("segments.json")) {
            assert_eq!(replayer.replay(&case).0, expected, "segments: {name}");
            count += 1;
        }
        assert!(count >= VECTORS_MIN, "{count}");
    }
}
