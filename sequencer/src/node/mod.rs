//! A node: its parts put together, watched, and stopped in order.

mod data_dir;
mod handle;
mod router;
mod settlement;
mod start;

pub use handle::NodeHandle;
pub use start::Node;

#[cfg(test)]
mod tests;
