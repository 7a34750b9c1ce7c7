//! Ports for members: fixed over restarts, and outside the range from which the system takes ports of outgoing connections, so
//! that nobody takes a member's port while it is down.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use rand::Rng;

use crate::error::LocalnetError;

/// Below Linux's range of ephemeral ports.
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;
/// How many ports are tried for each that is needed.
const TRIES: usize = 256;

/// A port that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _tcp: TcpListener,
    _udp: UdpSocket,
    pub(crate) port: u16,
}

/// Holds `count` ports that are free for TCP and UDP on the loopback interface. Drop them right before their users start.
pub(crate) fn hold(count: usize) -> Result<Vec<Held>, LocalnetError> {
    let mut random = rand::rng();
    let mut held = Vec::with_capacity(count);
    for _ in 0..count.saturating_mul(TRIES) {
        if held.len() == count {
            break;
        }
        let port = random.random_range(FIRST..=LAST);
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        if let (Ok(tcp), Ok(udp)) = (tcp, udp) {
            held.push(Held { _tcp: tcp, _udp: udp, port });
        }
    }
    if held.len() == count {
        Ok(held)
    } else {
        Err(LocalnetError::NoPort { first: FIRST, last: LAST })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FIRST, LAST, hold};

    #[test]
    fn held_ports_differ() {
        let held = hold(16).unwrap();
        let ports: BTreeSet<u16> = held.iter().map(|held| held.port).collect();
        assert_eq!(ports.len(), 16);
        assert!(ports.iter().all(|port| (FIRST..=LAST).contains(port)));
    }
}
