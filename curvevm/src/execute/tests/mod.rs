//! Tests of execution: what each opcode does, every error, atomicity, conservation.

mod admission;
mod claim;
mod conservation;
mod errors;
mod faults;
mod launch;
mod liquidity;
mod message;
mod referral;
mod session;
mod trade;
mod transfer;
mod world;
