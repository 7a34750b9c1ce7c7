//! The libp2p transport: direct streams between the members of a committee, over QUIC and over TCP with noise and yamux.
//!
//! # Status
//!
//! Experimental. The protocol name is `/asset-l2/consensus/1`.
//!
//! # Terms
//!
//! * *Link*: what a member holds to send to one other member: one substream for each [`Class`](crate::transport::Class),
//!   opened by the sender and written by nobody else. Two members that talk hold one link each.
//! * *Gate*: a connection stays only if its peer proves the key of a committee member in time.
//! * *Boot*: a random number drawn when a process starts. A new boot of a member makes the others open their links anew.
//!
//! # Handshake
//!
//! Each substream begins with it; `A` opened the substream, `B` accepted it. Frames follow, from `A` to `B` only.
//!
//! ```text
//! A -> B   Hello   { version, class, chain id, committee hash, boot, index, nonce of A }
//! B -> A   Welcome { boot, index, nonce of B, signature of B over the nonce of A }   or Refuse { reason }
//! A -> B   Proof   { signature of A over the nonce of B }
//! B -> A   Done                                                                      or Refuse { reason }
//! ```
//!
//! A signature is made with the committee key over
//! `sha256("asset-l2/consensus/handshake/v1" || chain id || committee hash || own peer id || other peer id || nonce of the other)`,
//! where a peer id is preceded by its length (u16 LE). libp2p has authenticated both peer ids before, so the signature binds the
//! committee key to the connection.
//!
//! # Frames
//!
//! `length u32 LE || bytes`, with a bound on the length for each class. A longer frame closes its substream and is counted.
//!
//! # Invariants
//!
//! 1. `L1` No byte of a peer reaches an inbox before its handshake.
//! 2. `L2` A stranger holds a connection no longer than the gate's time limit, and strangers hold a bounded number of them.
//! 3. `L3` Memory for an inbound frame grows with the bytes that arrived, never with the length that was announced.

mod codec;
mod config;
mod directory;
mod handshake;
mod identity;
mod inbound;
mod link;
mod metrics;
mod swarm;
mod transport;

pub use config::{ClassLimits, CommitteeAccess, Libp2pConfig, PeerConfig};
pub use handshake::Refusal;
pub use identity::{IdentityError, load_or_create_identity};
pub use libp2p::{Multiaddr, PeerId, identity::Keypair};
pub use metrics::TransportMetrics;
pub use transport::{Libp2pTransport, StartError};
