//! Configuration of the libp2p transport.

use std::{fmt, time::Duration};

use asset_consensus::{MESSAGE_BYTES_MAX, MemberIx};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use libp2p::Multiaddr;

use crate::transport::{Class, QueueLimits};

/// Bounds of one traffic class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassLimits {
    /// The longest frame, in bytes. The same for every member of a chain.
    pub frame_size_bytes_max: usize,
    /// The send queue to each peer.
    pub queue: QueueLimits,
}

/// Where a member can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerConfig {
    /// The member.
    pub member: MemberIx,
    /// Its addresses, tried in order. A trailing `/p2p/...` pins its peer id.
    pub addresses: Vec<Multiaddr>,
}

/// What a member proves in the handshake, and against what it checks the others.
#[derive(Clone)]
pub struct CommitteeAccess {
    /// The chain.
    pub chain_id: [u8; 32],
    /// The hash of the committee.
    pub committee_hash: [u8; 32],
    /// The consensus keys of the members, in index order.
    pub keys: Vec<VerificationKeyBytes>,
    /// The index of the local member.
    pub local: MemberIx,
    /// The consensus key of the local member.
    pub signing_key: SigningKey,
}

impl fmt::Debug for CommitteeAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitteeAccess")
            .field("local", &self.local)
            .field("members", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// Configuration of [`Libp2pTransport`](crate::libp2p::Libp2pTransport).
#[derive(Clone, Debug)]
pub struct Libp2pConfig {
    /// Addresses to listen on: `/ip4/../tcp/..` and `/ip4/../udp/../quic-v1`. Port 0 lets the system choose.
    pub listen: Vec<Multiaddr>,
    /// The other members. A member without addresses is waited for.
    pub peers: Vec<PeerConfig>,
    /// How long a connection may exist without a proof of a committee key.
    pub gate_timeout: Duration,
    /// How long dialing one address, or one step of opening a link, may take.
    pub dial_timeout: Duration,
    /// How long one write may stall before the link is opened anew.
    pub write_timeout: Duration,
    /// The first pause before a member is dialed again; it doubles up to `redial_max`, and half of it is random.
    pub redial_min: Duration,
    /// The longest pause before a member is dialed again.
    pub redial_max: Duration,
    /// How many connections without a proof may exist at one time.
    pub strangers_max: usize,
    /// How many inbound frames of each class may wait for the receiver.
    pub inbox_frames_max: usize,
    /// Bounds of [`Class::Control`].
    pub control: ClassLimits,
    /// Bounds of [`Class::Block`].
    pub block: ClassLimits,
    /// Bounds of [`Class::App`].
    pub app: ClassLimits,
}

impl Libp2pConfig {
    /// A configuration for a committee of up to a few dozen members.
    pub fn recommended(listen: Vec<Multiaddr>, peers: Vec<PeerConfig>) -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        let limits = |frame_size_bytes_max, frames_max, size_bytes_max| ClassLimits {
            frame_size_bytes_max,
            queue: QueueLimits { frames_max, size_bytes_max },
        };
        Self {
            listen,
            peers,
            gate_timeout: Duration::from_secs(5),
            dial_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(10),
            redial_min: Duration::from_millis(50),
            redial_max: Duration::from_secs(5),
            strangers_max: 64,
            inbox_frames_max: 1024,
            control: limits(256 * KIB, 1024, 8 * MIB),
            block: limits(MESSAGE_BYTES_MAX, 64, 3 * MESSAGE_BYTES_MAX),
            app: limits(MIB, 4096, 32 * MIB),
        }
    }

    /// The bounds of a class.
    pub const fn limits(&self, class: Class) -> &ClassLimits {
        match class {
            Class::Control => &self.control,
            Class::Block => &self.block,
            Class::App => &self.app,
        }
    }
}
