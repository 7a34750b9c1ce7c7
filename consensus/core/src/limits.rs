//! Named bounds of everything that a peer can make a member hold.

/// Members of a committee.
pub const MEMBERS_MAX: usize = 128;
/// Bytes of a block's payload.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// Payload bytes a leader lets the uncommitted chain reach, so that blocks committed by one
/// certificate fit into one [`CommittedRange`](crate::CommittedRange).
pub const UNCOMMITTED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Blocks in one catch-up answer.
pub const RANGE_BLOCKS_MAX: usize = 1024;
/// Payload bytes after which a catch-up answer ends with the next block that has a certificate.
pub const RANGE_BYTES_SOFT_MAX: usize = 4 * 1024 * 1024;
/// Bytes of an encoded message.
pub const MESSAGE_BYTES_MAX: usize = 24 * 1024 * 1024;
/// How far ahead of the current view votes are collected.
pub const VIEWS_AHEAD_MAX: u64 = 16;
/// How far behind the current view votes and certificates are kept when nothing commits.
pub const VIEWS_BEHIND_MAX: u64 = 64;
/// Proposals of one view that are kept: the leader's and one more, as evidence.
pub const PROPOSALS_PER_VIEW_MAX: usize = 2;
/// Uncommitted blocks that are held.
pub const TREE_BLOCKS_MAX: usize = 256;
/// A lock further above the committed height than this makes a member ask for committed blocks.
pub const UNCOMMITTED_HEIGHTS_USUAL: u64 = 8;
/// Requests for blocks by id that are open at once.
pub const FETCHES_MAX: usize = 16;
/// Answers (evidence, blocks, ranges) that one peer gets between two retry ticks.
pub const ANSWERS_PER_TICK_MAX: u32 = 32;

const _: () = assert!(PAYLOAD_BYTES_MAX < UNCOMMITTED_BYTES_MAX);
const _: () =
    assert!(UNCOMMITTED_BYTES_MAX + RANGE_BYTES_SOFT_MAX + PAYLOAD_BYTES_MAX < MESSAGE_BYTES_MAX);
const _: () = assert!(VIEWS_AHEAD_MAX < VIEWS_BEHIND_MAX);
