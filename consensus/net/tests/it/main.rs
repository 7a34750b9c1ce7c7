//! The driver and the transport from outside: over memory, and over real sockets on loopback.

mod committee;
mod driver;
mod support;
mod transport;
