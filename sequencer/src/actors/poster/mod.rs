//! The batch poster: brings closed batches to the L1 and finalizes them.
//!
//! # Rules
//!
//! 1. The poster of batch `n` is member `n mod members`. Each time `poster_timeout` passes while the L1 still lacks it, the
//!    next member posts it as well. A second post or commit of the same batch changes nothing.
//! 2. Whatever is done next follows from the accounts of the rollup as they are read then, never from what this node did.
//! 3. Batches are committed in order; the data of a member's coming batches is posted ahead.
//! 4. A commit needs a quorum of attestations. They come with the certificate of the batch's last block; where consensus
//!    finalized that block through a later one, the members are asked for them.
//! 5. A batch is finalized when both its slots and its seconds have passed; a data account that is of no more use is closed.
//! 6. Messages below the finalized inbox cursor are closed, a bounded number at a time, so that who paid for them gets the rent
//!    back: message `n` by member `n mod members`, and by each next member once `poster_timeout` passes while it is open.

mod actor;
mod attestations;
mod closing;
mod error;
mod finalizer;
mod metrics;
mod state;

pub(crate) use actor::{Poster, PosterConfig};
pub(crate) use attestations::Attestations;
pub(crate) use finalizer::{Finalizer, is_over};
pub(crate) use metrics::PosterMetrics;
pub(crate) use state::PosterStage;
