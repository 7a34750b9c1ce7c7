//! What is wrong with a batch.

use std::fmt;

use curvevm::types::Hash;
use serde::Serialize;

/// The first thing in which a batch differs from what its data leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The batch.
    pub batch: u64,
    /// The block: the one that was replayed, or the batch's last for what the whole batch claims.
    pub height: u64,
    /// The segment, for a fault that is in one: what a challenge names.
    pub place: Option<Place>,
    /// What differs.
    pub difference: Difference,
}

/// Where a segment is in a batch's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The chunk, from zero.
    pub chunk: u32,
    /// Where the segment starts in the chunk, in bytes.
    pub offset: u32,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Difference {
    /// A field of the header.
    Header {
        /// The field's name, as in [`curvevm::batch::BatchHeader`].
        field: &'static str,
        /// What the header says.
        claimed: String,
        /// What follows from the batches before it and from its data.
        computed: String,
    },
    /// A chunk cannot be decoded.
    Chunk {
        /// Why.
        reason: String,
    },
    /// A root that a chunk claims beside a segment.
    Root {
        /// Before the segment, or after it.
        side: Side,
        /// What the chunk says.
        claimed: Hash,
        /// What follows from the segments before it, or from it.
        computed: Hash,
    },
    /// No root follows from a segment.
    Segment {
        /// The rule that it breaks.
        reason: String,
    },
}

/// A side of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Before it.
    Before,
    /// After it.
    After,
}

impl Difference {
    /// Compares a field of the header.
    pub(super) fn header<T: PartialEq + fmt::Display>(
        field: &'static str,
        claimed: &T,
        computed: &T,
    ) -> Result<(), Self> {
        if claimed == computed {
            return Ok(());
        }
        let (claimed, computed) = (claimed.to_string(), computed.to_string());
        Err(Self::Header { field, claimed, computed })
    }

    /// Compares a root beside a segment.
    pub(super) fn root(side: Side, claimed: &Hash, computed: &Hash) -> Result<(), Self> {
        if claimed == computed {
            return Ok(());
        }
        Err(Self::Root { side, claimed: *claimed, computed: *computed })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { field, claimed, computed } => {
                write!(f, "its header says {field} {claimed}, its data leads to {computed}")
            }
            Self::Chunk { reason } => f.write_str(reason),
            Self::Root { side, claimed, computed } => {
                write!(
                    f,
                    "its chunk says root {claimed} {side} the segment, replay gives {computed}"
                )
            }
            Self::Segment { reason } => write!(f, "no root follows from the segment: {reason}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch {}, block {}", self.batch, self.height)?;
        if let Some(Place { chunk, offset }) = self.place {
            write!(f, ", chunk {chunk}, offset {offset}")?;
        }
        write!(f, ": {}", self.difference)
    }
}

impl std::error::Error for Fault {}
