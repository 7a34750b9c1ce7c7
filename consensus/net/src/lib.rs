//! The tokio driver and the libp2p transport of the consensus engine
