//! A node: its parts put together, watched, and stopped in order.

mod data_dir;
mod engine;
mod handle;
mod local;
mod router;
mod settlement;
mod start;
mod supervisor;
mod tasks;

pub use handle::NodeHandle;
pub(crate) use local::read_genesis;
pub(crate) use settlement::check_rollup;
pub use start::Node;

#[cfg(test)]
mod tests;
