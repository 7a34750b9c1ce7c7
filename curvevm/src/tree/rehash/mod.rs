//! Hashing of what was written into a tree: batched natively, one by one on Solana, where every hash is a system call.
//!
//! Both give the same hashes to the same nodes, and both walk with a stack of their own: the depth is up to the keys, and
//! call frames are few on Solana. The walk one by one is what the batched one is tested against.

#[cfg(not(target_os = "solana"))]
mod batched;
#[cfg(any(target_os = "solana", test))]
mod sequential;

#[cfg(not(target_os = "solana"))]
pub(super) use batched::rehash;
#[cfg(target_os = "solana")]
pub(super) use sequential::rehash;

#[cfg(test)]
mod tests;
