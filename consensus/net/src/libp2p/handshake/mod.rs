//! The handshake at the start of each substream, which proves the committee key of both ends.

use std::io;

use asset_consensus::MemberIx;
use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_zebra::{Signature, VerificationKey};
use futures::{AsyncRead, AsyncWrite};
use libp2p::PeerId;
use sha2::{Digest as _, Sha256};

use crate::{
    libp2p::{
        CommitteeAccess,
        codec::{self, ReadError},
    },
    transport::Class,
};

const DOMAIN: &[u8] = b"asset-l2/consensus/handshake/v1";
const VERSION: u16 = 1;
/// No message of the handshake is longer.
const MESSAGE_SIZE_MAX: usize = 256;

type Nonce = [u8; 32];

/// Why a member refuses the other end of a substream. The numbers are part of the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Refusal {
    /// A message does not decode.
    Malformed = 1,
    /// The handshake version is not known.
    Version = 2,
    /// The traffic class is not known.
    Class = 3,
    /// The chain is another one.
    Chain = 4,
    /// The committee is another one.
    Committee = 5,
    /// The index is outside the committee.
    UnknownMember = 6,
    /// The index is the refusing member's own: the same key runs twice.
    OwnMember = 7,
    /// The signature is not by the claimed member's key.
    Signature = 8,
    /// Another member than the expected one answers at an address.
    OtherMember = 9,
}

impl Refusal {
    /// The name of the reason in logs and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::Class => "class",
            Self::Chain => "chain",
            Self::Committee => "committee",
            Self::UnknownMember => "unknown_member",
            Self::OwnMember => "own_member",
            Self::Signature => "signature",
            Self::OtherMember => "other_member",
        }
    }
}

/// A handshake did not complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// The substream broke; trying again may help.
    #[error("the substream broke")]
    Io(#[from] io::Error),
    /// This end refused the other.
    #[error("refused the peer: {}", .0.name())]
    Refused(Refusal),
    /// The other end refused this one.
    #[error("refused by the peer: {}", .0.name())]
    RefusedByPeer(Refusal),
}

impl From<ReadError> for HandshakeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            ReadError::Oversized { .. } => Self::Refused(Refusal::Malformed),
        }
    }
}

/// The proved other end of a substream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The member.
    pub(crate) member: MemberIx,
    /// The boot of its process.
    pub(crate) boot: u64,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Hello {
    version: u16,
    class: u8,
    chain_id: [u8; 32],
    committee_hash: [u8; 32],
    boot: u64,
    member: u16,
    nonce: Nonce,
}

#[derive(BorshSerialize, BorshDeserialize)]
enum Answer {
    Welcome { boot: u64, member: u16, nonce: Nonce, signature: [u8; 64] },
    Refuse(Refusal),
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Proof {
    signature: [u8; 64],
}

#[derive(BorshSerialize, BorshDeserialize)]
enum Verdict {
    Done,
    Refuse(Refusal),
}

/// The local end of every handshake.
#[derive(Debug)]
pub(crate) struct Handshaker {
    access: CommitteeAccess,
    local_peer: PeerId,
    boot: u64,
}

impl Handshaker {
    pub(crate) fn new(access: CommitteeAccess, local_peer: PeerId) -> Self {
        Self { access, local_peer, boot: rand::random() }
    }

    pub(crate) const fn access(&self) -> &CommitteeAccess {
        &self.access
    }

    /// Opens a substream of `class` to `member`, which is expected behind `peer`.
    pub(crate) async fn open<S>(
        &self,
        stream: &mut S,
        peer: PeerId,
        class: Class,
        member: MemberIx,
    ) -> Result<Remote, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let nonce: Nonce = rand::random();
        write(stream, &self.hello(class, nonce)).await?;
        let (boot, found, their_nonce, signature) = match read(stream).await? {
            Answer::Welcome { boot, member, nonce, signature } => (boot, member, nonce, signature),
            Answer::Refuse(reason) => return Err(HandshakeError::RefusedByPeer(reason)),
        };
        let found = MemberIx::new(found);
        self.check_member(found).map_err(HandshakeError::Refused)?;
        self.check_signature(found, &peer, &nonce, signature).map_err(HandshakeError::Refused)?;
        if found != member {
            return Err(HandshakeError::Refused(Refusal::OtherMember));
        }
        write(stream, &Proof { signature: self.sign(&peer, &their_nonce) }).await?;
        match read(stream).await? {
            Verdict::Done => Ok(Remote { member, boot }),
            Verdict::Refuse(reason) => Err(HandshakeError::RefusedByPeer(reason)),
        }
    }

    /// Accepts a substream that `peer` opened.
    pub(crate) async fn accept<S>(
        &self,
        stream: &mut S,
        peer: PeerId,
    ) -> Result<(Remote, Class), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let hello: Hello = match read(stream).await {
            Err(HandshakeError::Refused(reason)) => {
                return refuse(stream, Answer::Refuse, reason).await;
            }
            other => other?,
        };
        let class = match self.check_hello(&hello) {
            Ok(class) => class,
            Err(reason) => return refuse(stream, Answer::Refuse, reason).await,
        };
        let nonce: Nonce = rand::random();
        write(stream, &self.welcome(&peer, &hello.nonce, nonce)).await?;
        let Proof { signature } = read(stream).await?;
        let member = MemberIx::new(hello.member);
        if let Err(reason) = self.check_signature(member, &peer, &nonce, signature) {
            return refuse(stream, Verdict::Refuse, reason).await;
        }
        write(stream, &Verdict::Done).await?;
        Ok((Remote { member, boot: hello.boot }, class))
    }

    fn hello(&self, class: Class, nonce: Nonce) -> Hello {
        Hello {
            version: VERSION,
            class: class_number(class),
            chain_id: self.access.chain_id,
            committee_hash: self.access.committee_hash,
            boot: self.boot,
            member: self.access.local.get(),
            nonce,
        }
    }

    fn welcome(&self, peer: &PeerId, their_nonce: &Nonce, nonce: Nonce) -> Answer {
        let signature = self.sign(peer, their_nonce);
        Answer::Welcome { boot: self.boot, member: self.access.local.get(), nonce, signature }
    }

    fn check_hello(&self, hello: &Hello) -> Result<Class, Refusal> {
        if hello.version != VERSION {
            return Err(Refusal::Version);
        }
        if hello.chain_id != self.access.chain_id {
            return Err(Refusal::Chain);
        }
        if hello.committee_hash != self.access.committee_hash {
            return Err(Refusal::Committee);
        }
        self.check_member(MemberIx::new(hello.member))?;
        let known = Class::ALL.into_iter().find(|class| class_number(*class) == hello.class);
        known.ok_or(Refusal::Class)
    }

    fn check_member(&self, member: MemberIx) -> Result<(), Refusal> {
        if usize::from(member.get()) >= self.access.keys.len() {
            return Err(Refusal::UnknownMember);
        }
        if member == self.access.local {
            return Err(Refusal::OwnMember);
        }
        Ok(())
    }

    fn sign(&self, peer: &PeerId, their_nonce: &Nonce) -> [u8; 64] {
        let digest = self.digest(&self.local_peer, peer, their_nonce);
        self.access.signing_key.sign(&digest).to_bytes()
    }

    fn check_signature(
        &self,
        member: MemberIx,
        peer: &PeerId,
        nonce: &Nonce,
        signature: [u8; 64],
    ) -> Result<(), Refusal> {
        let key = self.access.keys.get(usize::from(member.get())).ok_or(Refusal::UnknownMember)?;
        let key = VerificationKey::try_from(*key).map_err(|_| Refusal::Signature)?;
        let digest = self.digest(peer, &self.local_peer, nonce);
        key.verify(&Signature::from(signature), &digest).map_err(|_| Refusal::Signature)
    }

    fn digest(&self, signer: &PeerId, other: &PeerId, nonce: &Nonce) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(self.access.chain_id);
        hasher.update(self.access.committee_hash);
        for peer in [signer, other] {
            let bytes = peer.to_bytes();
            let size = u16::try_from(bytes.len()).expect("a peer id is a short multihash");
            hasher.update(size.to_le_bytes());
            hasher.update(bytes);
        }
        hasher.update(nonce);
        hasher.finalize().into()
    }
}

const fn class_number(class: Class) -> u8 {
    match class {
        Class::Control => 0,
        Class::Block => 1,
        Class::App => 2,
    }
}

/// Tells the other end why, so that its operator can read the reason in its own log.
async fn refuse<S, M: BorshSerialize, T>(
    stream: &mut S,
    message: impl FnOnce(Refusal) -> M,
    reason: Refusal,
) -> Result<T, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // The refusal stands even if the peer cannot be told.
    if write(stream, &message(reason)).await.is_ok() {
        // Reading until the peer hangs up lets the reason arrive before the connection is closed.
        let _ = codec::read_frame(stream, 0).await;
    }
    Err(HandshakeError::Refused(reason))
}

async fn write<S, M: BorshSerialize>(stream: &mut S, message: &M) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let bytes = borsh::to_vec(message)?;
    codec::write_frames(stream, &[bytes.into()]).await
}

async fn read<S, M: BorshDeserialize>(stream: &mut S) -> Result<M, HandshakeError>
where
    S: AsyncRead + Unpin,
{
    let bytes = codec::read_frame(stream, MESSAGE_SIZE_MAX).await?;
    borsh::from_slice(&bytes).map_err(|_| HandshakeError::Refused(Refusal::Malformed))
}

#[cfg(test)]
mod tests;
