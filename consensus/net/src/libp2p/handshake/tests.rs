//! Tests of the handshake over an in-memory pipe.

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use tokio::io::DuplexStream;

use super::*;
use pipe::Pipe;

mod pipe {
    //! A tokio duplex pipe behind the `futures` traits.

    use std::{
        io,
        pin::Pin,
        task::{Context, Poll},
    };

    use futures::{AsyncRead, AsyncWrite};
    use tokio::io::{AsyncRead as TokioRead, AsyncWrite as TokioWrite, DuplexStream, ReadBuf};

    pub(super) struct Pipe(pub(super) DuplexStream);

    impl AsyncRead for Pipe {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let mut buf = ReadBuf::new(buf);
            Pin::new(&mut self.0).poll_read(cx, &mut buf).map_ok(|()| buf.filled().len())
        }
    }

    impl AsyncWrite for Pipe {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, buf)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from([seed; 32])
}

fn access(local: u16) -> CommitteeAccess {
    CommitteeAccess {
        chain_id: [1; 32],
        committee_hash: [2; 32],
        keys: (0..4).map(|index| VerificationKeyBytes::from(&key(index))).collect(),
        local: MemberIx::new(local),
        signing_key: key(u8::try_from(local).unwrap()),
    }
}

fn pipes() -> (Pipe, Pipe) {
    let (a, b): (DuplexStream, DuplexStream) = tokio::io::duplex(1024);
    (Pipe(a), Pipe(b))
}

/// Runs a handshake from `opener` to `acceptor`, who expects to be called member 1.
async fn run(
    opener: CommitteeAccess,
    acceptor: CommitteeAccess,
) -> (Result<Remote, HandshakeError>, Result<(Remote, Class), HandshakeError>) {
    let (peer_a, peer_b) = (PeerId::random(), PeerId::random());
    let a = Handshaker::new(opener, peer_a);
    let b = Handshaker::new(acceptor, peer_b);
    let (mut near, mut far) = pipes();
    let expected = MemberIx::new(1);
    let open = async move {
        let result = a.open(&mut near, peer_b, Class::Block, expected).await;
        drop(near);
        result
    };
    futures::join!(open, b.accept(&mut far, peer_a))
}

#[tokio::test]
async fn proves_both_ends() {
    let (opened, accepted) = run(access(0), access(1)).await;
    assert_eq!(opened.unwrap().member, MemberIx::new(1));
    let (remote, class) = accepted.unwrap();
    assert_eq!((remote.member, class), (MemberIx::new(0), Class::Block));
}

#[tokio::test]
async fn refuses_an_opener_of_another_chain() {
    let other = CommitteeAccess { chain_id: [9; 32], ..access(0) };
    let (opened, accepted) = run(other, access(1)).await;
    assert!(matches!(opened, Err(HandshakeError::RefusedByPeer(Refusal::Chain))));
    assert!(matches!(accepted, Err(HandshakeError::Refused(Refusal::Chain))));
}

#[tokio::test]
async fn refuses_an_opener_of_another_committee() {
    let other = CommitteeAccess { committee_hash: [9; 32], ..access(0) };
    let (opened, accepted) = run(other, access(1)).await;
    assert!(matches!(opened, Err(HandshakeError::RefusedByPeer(Refusal::Committee))));
    assert!(matches!(accepted, Err(HandshakeError::Refused(Refusal::Committee))));
}

#[tokio::test]
async fn refuses_an_opener_without_the_key_it_claims() {
    let impostor = CommitteeAccess { signing_key: key(77), ..access(0) };
    let (opened, accepted) = run(impostor, access(1)).await;
    assert!(matches!(opened, Err(HandshakeError::RefusedByPeer(Refusal::Signature))));
    assert!(matches!(accepted, Err(HandshakeError::Refused(Refusal::Signature))));
}

#[tokio::test]
async fn refuses_an_acceptor_without_the_key_it_claims() {
    let impostor = CommitteeAccess { signing_key: key(77), ..access(1) };
    let (opened, accepted) = run(access(0), impostor).await;
    assert!(matches!(opened, Err(HandshakeError::Refused(Refusal::Signature))));
    assert!(matches!(accepted, Err(HandshakeError::Io(_))));
}

#[tokio::test]
async fn refuses_another_member_than_expected() {
    let (opened, accepted) = run(access(0), access(2)).await;
    assert!(matches!(opened, Err(HandshakeError::Refused(Refusal::OtherMember))));
    assert!(matches!(accepted, Err(HandshakeError::Io(_))));
}

#[tokio::test]
async fn refuses_its_own_index_and_an_unknown_one() {
    let (_, accepted) = run(access(1), access(1)).await;
    assert!(matches!(accepted, Err(HandshakeError::Refused(Refusal::OwnMember))));
    let outside = CommitteeAccess { local: MemberIx::new(4), ..access(0) };
    let (_, accepted) = run(outside, access(1)).await;
    assert!(matches!(accepted, Err(HandshakeError::Refused(Refusal::UnknownMember))));
}

#[tokio::test]
async fn a_proof_for_another_connection_is_refused() {
    // The acceptor sees the opener under another peer id than the opener signs for: a relayed handshake.
    let (peer_a, peer_b) = (PeerId::random(), PeerId::random());
    let a = Handshaker::new(access(0), peer_a);
    let b = Handshaker::new(access(1), peer_b);
    let (mut near, mut far) = pipes();
    let open = async move {
        let result = a.open(&mut near, peer_b, Class::Block, MemberIx::new(1)).await;
        drop(near);
        result
    };
    let (opened, accepted) = futures::join!(open, b.accept(&mut far, PeerId::random()));
    assert!(matches!(opened, Err(HandshakeError::Refused(Refusal::Signature))));
    assert!(accepted.is_err());
}

#[tokio::test]
async fn refuses_garbage() {
    let b = Handshaker::new(access(1), PeerId::random());
    let (mut near, mut far) = pipes();
    let speak = async move {
        codec::write_frames(&mut near, &[[1u8; 9].as_slice().into()]).await.unwrap();
        drop(near);
    };
    let ((), accepted) = futures::join!(speak, b.accept(&mut far, PeerId::random()));
    assert!(matches!(accepted, Err(HandshakeError::Refused(Refusal::Malformed))));
}
