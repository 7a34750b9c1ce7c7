//! Instructions, one file each: accounts, then the handler.

pub mod begin_unbond;
pub mod close_batch;
pub mod close_data;
pub mod close_message;
pub mod close_verdict;
pub mod commit_batch;
pub mod deposit_sol;
pub mod finalize_batch;
pub mod finish_unbond;
pub mod initialize;
pub mod post_data;
pub mod register_member;
pub mod replay_segment;
pub mod report_equivocation;
pub mod rotate_committee;
pub mod slash;
pub mod withdraw;

pub use begin_unbond::*;
pub use close_batch::*;
pub use close_data::*;
pub use close_message::*;
pub use close_verdict::*;
pub use commit_batch::*;
pub use deposit_sol::*;
pub use finalize_batch::*;
pub use finish_unbond::*;
pub use initialize::*;
pub use post_data::*;
pub use register_member::*;
pub use replay_segment::*;
pub use report_equivocation::*;
pub use rotate_committee::*;
pub use slash::*;
pub use withdraw::*;
