//! `segments.json`, whose form is that of `curvevm/tests/conformance`.

use std::{fs, path::Path};

use asset_rollup_interface::error::{RollupError, rejection};
use curvevm::error::Error;
use serde_json::Value;

use super::super::support::{Answer, Case};

/// The cases of the file with the answers that the program must give.
pub(super) fn read(path: &Path) -> Vec<(String, Case, Answer)> {
    let text = fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let read =
        |case: &Value| (text_of(&case["name"]).to_owned(), input(case), answer(&case["expect"]));
    cases.iter().map(read).collect()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A number, or its decimal text.
fn number<T: TryFrom<u64>>(value: &Value) -> T {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let fits = number.and_then(|number| T::try_from(number).ok());
    fits.unwrap_or_else(|| panic!("{value} is no number that fits"))
}

fn input(case: &Value) -> Case {
    let bytes = |name: &str| hex::decode(text_of(&case[name])).unwrap();
    Case {
        chain_id: text_of(&case["chain_id"]).parse().unwrap(),
        witness: bytes("witness"),
        chunk: bytes("chunk"),
        offset: number(&case["offset"]),
        chunk_bytes_max: number(&case["chunk_bytes_max"]),
    }
}

fn answer(expect: &Value) -> Answer {
    let refusal = &expect["refusal"];
    if refusal.is_null() {
        let hash = |name: &str| text_of(&expect[name]).parse().unwrap();
        return Ok((hash("post_root"), hash("receipts_hash")));
    }
    let error = match text_of(&refusal["kind"]) {
        "Transaction" => {
            let error = Error::from_code(number(&refusal["code"])).unwrap();
            return Err(rejection(number(&refusal["index"]), error));
        }
        "BadWitness" => RollupError::BadWitness,
        "WrongPreRoot" => RollupError::WrongPreRoot,
        "NoSegment" => RollupError::NoSegment,
        "BadChunk" => RollupError::BadChunk,
        "NotInWitness" => RollupError::CellNotInWitness,
        "Corrupt" => RollupError::CorruptState,
        "SegmentFull" => RollupError::SegmentFull,
        "Height" | "Time" => RollupError::WrongBlock,
        "MessageIndex" | "MessageCount" => RollupError::WrongMessage,
        other => panic!("unknown refusal {other}"),
    };
    Err(error.code())
}
