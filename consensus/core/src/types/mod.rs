//! The data that members exchange and store: identifiers, blocks, votes, certificates, evidence.

mod block;
mod cert;
mod evidence;
mod ids;
mod vote;

pub use block::{Block, SealedBlock};
pub use cert::{Cert1, Cert2, Cert2Signature, MemberSignature, TimeoutCert, TimeoutSignature};
pub use evidence::Evidence;
pub use ids::{BlockId, ChainId, Digest, Epoch, Height, MemberIx, Seq, View};
pub use vote::{CommittedRange, Proposal, TimeoutVote, Vote1, Vote2};
