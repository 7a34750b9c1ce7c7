//! A TCP hop that can fall silent without closing anything, as a host does that loses its power.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A hop to one target.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    silent: watch::Sender<bool>,
    _task: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, receiver) = watch::channel(false);
        let mut task = JoinSet::new();
        task.spawn(accept(listener, target, receiver));
        Self { address, silent, _task: task }
    }

    /// Stops to forward and to accept, and keeps every socket open.
    pub(crate) fn fall_silent(&self) {
        self.silent.send_replace(true);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, silent: watch::Receiver<bool>) {
    let mut hops = JoinSet::new();
    let forwarding = async {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            hops.spawn(forward(near, target, silent.clone()));
        }
    };
    until_silent(silent.clone(), forwarding).await;
    std::future::pending().await
}

async fn forward(mut near: TcpStream, target: SocketAddr, silent: watch::Receiver<bool>) {
    let mut far = TcpStream::connect(target).await.unwrap();
    until_silent(silent, copy_bidirectional(&mut near, &mut far)).await;
    // The sockets stay open for as long as the proxy lives.
    std::future::pending().await
}

async fn until_silent<T>(mut silent: watch::Receiver<bool>, work: impl Future<Output = T>) {
    tokio::select! {
        _ = work => {}
        _ = silent.wait_for(|silent| *silent) => {}
    }
}
