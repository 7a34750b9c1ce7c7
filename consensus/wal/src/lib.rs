//! The write-ahead log of the consensus engine
