//! Deterministic simulation of the consensus engine
