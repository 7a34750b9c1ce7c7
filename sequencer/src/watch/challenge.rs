//! What is done about a fault: the one place where it becomes a challenge.

use asset_sdk::l1::PostedBatch;

use super::FoundFault;
use crate::rebuild::Rebuild;

/// Acts on a fault, once, when it is found.
///
/// Everything that a challenge needs is here: the place of the segment, the chunk that holds it, and the state before the batch,
/// from which replaying up to that place gives the witness. The program has no challenge instructions yet, so that it is only
/// said; whoever reads it acts.
pub(super) fn act(found: &FoundFault, batch: &PostedBatch, before: &Rebuild) {
    tracing::error!(
        fault = %found.fault,
        commit = %batch.commit.signature,
        root_before = %before.head().root,
        "a committed batch is wrong"
    );
}
