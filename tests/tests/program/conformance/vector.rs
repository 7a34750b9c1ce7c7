//! The form of a vector.

use asset_rollup_interface::error::{RollupError, rejected};
use curvevm::{host::sha256, types::Hash};
use serde::{Deserialize, Serialize};

use super::super::support::{Answer, Case};

/// The version of the form.
pub(super) const VERSION: u32 = 1;

/// A file of vectors.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: u32,
    pub(super) about: String,
    pub(super) cases: Vec<Vector>,
}

/// A segment and what follows from it. Bytes are in hexadecimal.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vector {
    pub(super) name: String,
    /// Where the case is from, when it is not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// An encoding that is part of the witness or of the chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<Encoding>,
    /// The signature of the only transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<Signed>,
    pub(super) replay: Replay,
    pub(super) expect: Expect,
}

/// The encoding of a value.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Encoding {
    /// `cell`, `instruction`, `transaction` or `segment` (which is its Borsh form, the chunk has the short one).
    pub(super) of: String,
    pub(super) bytes: String,
}

/// A signature over a digest.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    pub(super) key: String,
    pub(super) digest: String,
    pub(super) signature: String,
    pub(super) valid: bool,
}

/// What a segment is replayed from.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    pub(super) chain_id: String,
    pub(super) chunk_bytes_max: u16,
    pub(super) witness: String,
    pub(super) chunk: String,
    pub(super) offset: u32,
}

/// What follows from a segment.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Expect {
    /// A root and receipts (Borsh).
    Effect { post_root: String, receipts: String },
    /// The program refuses, with this error of its own.
    Refused { error: String, number: u32 },
    /// The transaction at this place may be in no block.
    Rejected { transaction: usize, error: String, number: u32 },
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn hash(text: &str) -> Hash {
    text.parse().unwrap()
}

impl Vector {
    /// The vector of a case; what follows from it is the native machine's answer.
    pub(super) fn new(name: impl Into<String>, case: &Case) -> Self {
        Self {
            name: name.into(),
            source: None,
            encoding: None,
            signature: None,
            replay: Replay {
                chain_id: case.chain_id.to_string(),
                chunk_bytes_max: case.chunk_bytes_max,
                witness: hex::encode(&case.witness),
                chunk: hex::encode(&case.chunk),
                offset: case.offset,
            },
            expect: Expect::new(case),
        }
    }

    /// The same, with an encoding that it holds.
    pub(super) fn of(mut self, of: &str, bytes: &[u8]) -> Self {
        let (of, bytes) = (of.to_owned(), hex::encode(bytes));
        self.encoding = Some(Encoding { of, bytes });
        self
    }

    pub(super) fn case(&self) -> Case {
        let replay = &self.replay;
        Case {
            chain_id: hash(&replay.chain_id),
            witness: bytes(&replay.witness),
            chunk: bytes(&replay.chunk),
            offset: replay.offset,
            chunk_bytes_max: replay.chunk_bytes_max,
        }
    }
}

impl Expect {
    fn new(case: &Case) -> Self {
        match case.effect() {
            Ok((root, receipts)) => {
                Self::Effect { post_root: root.to_string(), receipts: hex::encode(receipts) }
            }
            Err(number) => match rejected(number) {
                Some((transaction, error)) => {
                    Self::Rejected { transaction, error: error.name().to_owned(), number }
                }
                None => {
                    let error = RollupError::from_code(number).unwrap().name().to_owned();
                    Self::Refused { error, number }
                }
            },
        }
    }

    /// As the program says it.
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Effect { post_root, receipts } => {
                Ok((hash(post_root), sha256(&[&bytes(receipts)])))
            }
            Self::Refused { number, .. } | Self::Rejected { number, .. } => Err(*number),
        }
    }
}
