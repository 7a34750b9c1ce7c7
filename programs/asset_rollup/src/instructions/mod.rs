//! Instructions, one file each: accounts, then the handler.

pub mod close_data;
pub mod close_message;
pub mod commit_batch;
pub mod deposit_sol;
pub mod finalize_batch;
pub mod initialize;
pub mod post_data;
pub mod replay_segment;
pub mod withdraw;

pub use close_data::*;
pub use close_message::*;
pub use commit_batch::*;
pub use deposit_sol::*;
pub use finalize_batch::*;
pub use initialize::*;
pub use post_data::*;
pub use replay_segment::*;
pub use withdraw::*;
