//! Free ports on loopback.
//!
//! A member keeps its ports over a restart, so that they are chosen before it first starts: the system gives them, all are
//! held until the last is chosen, and then they are left to the members.

use std::net::{TcpListener, UdpSocket};

use anyhow::{Context as _, Result};

/// Ports that nothing listens on.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
}

impl Ports {
    /// A free TCP port.
    pub(crate) fn tcp(&mut self) -> Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("find a free TCP port")?;
        let port = listener.local_addr().context("read the port")?.port();
        self.tcp.push(listener);
        Ok(port)
    }

    /// A free UDP port.
    pub(crate) fn udp(&mut self) -> Result<u16> {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).context("find a free UDP port")?;
        let port = socket.local_addr().context("read the port")?.port();
        self.udp.push(socket);
        Ok(port)
    }
}

#[cfg(test)]
mod tests {
    use super::Ports;

    #[test]
    fn ports_that_are_held_are_different() {
        let mut ports = Ports::default();
        let mut given: Vec<u16> = (0..20).map(|_| ports.tcp().unwrap()).collect();
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), 20);
    }
}
