//! The consensus protocol as a pure state machine: HotShot fast finality, rule set R2.
//!
//! # Status
//!
//! Experimental. The wire format and the records of the log are versioned.
//!
//! # Terms
//!
//! * A *view* is a round with one leader; views ascend and may fail. A *height* is a position in the
//!   chain; heights have no gaps. `W` is the committee's weight, a *quorum* weighs
//!   `Q = floor(2W/3) + 1`, and `H = floor(W/3) + 1` holds an honest member.
//! * A *phase-1 certificate* ([`Cert1`]) is a quorum of phase-1 votes for one block in one view. A
//!   *phase-2 certificate* ([`Cert2`]) is a quorum of phase-2 votes: the block is final.
//! * A member's *lock* is the highest phase-1 certificate it knows. A *timeout certificate*
//!   ([`TimeoutCert`]) is a quorum of timeout votes for one view, each of which states a lock.
//! * A *driver* feeds [`Core::step`] with [`Input`]s and carries out its [`Action`]s. The core has no
//!   I/O, clock, randomness, threads or hash maps: the same inputs give the same actions.
//!
//! # Rules
//!
//! 1. **Enter** view `v` on the first of: `Cert1(v-1)`, a timeout certificate of `v-1`, a `Cert2` of
//!    `v-1`, or at start-up with the highest evidence in the log. Pass that evidence on once, start
//!    the view timer.
//! 2. **Propose** as the leader of `v`: a block on the lock, justified by the lock's certificate and,
//!    unless that is of `v-1`, by the timeout certificate of `v-1`.
//! 3. **Vote 1** for a proposal of the current view when this member has neither voted 1 in `v` or
//!    above nor abandoned `v` or above; the justification is of `v-1`, or at least as high as every
//!    lock stated in the attached timeout certificate of `v-1`; the block extends the justified one
//!    by one height; and the application accepts it. The member's own lock plays no part.
//! 4. **Lock** on every higher `Cert1`, with or without its block, and enter the next view.
//! 5. **Vote 2** for the block of a `Cert1(v)` when it is here and executed and this member has
//!    neither abandoned `v` or above nor voted 2 in `v` or above. The view need not be current.
//! 6. **Commit** the block of a `Cert2` and its ancestors, in order, with the certificate as proof.
//! 7. **Time out** of view `w` when the timer of the current view `w` runs out, or when members of
//!    weight `H` have abandoned `w` or higher views: state the lock, and repeat it while stuck.
//! 8. A quorum of timeouts of one view makes a **timeout certificate**; it holds the stated locks and
//!    the certificate of the highest.
//! 9. **Help** a peer that acts in a view before one's own: send it the evidence, once between two
//!    retry ticks.
//!
//! ```text
//! leader     propose ─┐                                             finality: 3 network delays
//! members             └─ vote 1 (all to all) ─┬─ vote 2 (all to all) ── commit
//! next leader                                 └─ propose ...        block interval: 2 delays
//! ```
//!
//! Why it is safe: if `B` is committed in `v`, a quorum locked on `v` or higher before it voted 2, and
//! none of its honest members had abandoned `v` or higher. Whoever proposes in a later view without
//! `Cert1` of the view before needs a timeout quorum of at least `v`, which shares an honest member
//! with the first quorum; that member states a lock of at least `v`, so the proposal extends `B`.
//!
//! # Invariants
//!
//! * **I1** An honest member casts one phase-1 vote in a view.
//! * **I2** It casts no phase-2 vote in `v` once it has abandoned `v` or higher.
//! * **I3** Its lock never falls, and is durable before any vote or timeout that rests on it.
//! * **I4** Its view only ascends while it runs.
//! * **I5** What it commits continues what it committed.
//! * **I6** No view has two phase-1 certificates. If one has, too many members are faulty: halt.
//! * **I7** No commit lies beside the committed chain. If one does: halt.
//!
//! The signing guard is the only producer of this member's signatures and asks the pure predicates
//! of `safety.rs` (I1, I2, I3). [`Verified`] values are the only way in for a peer's message. The
//! simulator in `consensus/sim` judges I1 to I7 with rules of its own.
//!
//! # Failure and persistence
//!
//! Everything signed in a step shares one batch of [`Record`]s, and leaves with `after` set to that
//! batch ([`Action::Persist`]): the driver sends it only when the batch is on disk. The member's own
//! message comes back to itself at the same moment, so that no certificate contains a signature that
//! is not durable. Locks, timeout certificates and commits ride with the next batch; a block is
//! logged before the first vote for it. After a restart the member resumes in the highest view it has
//! evidence for and repeats its last signatures; it never makes a different one. With an empty log
//! on a chain that has blocks it refuses to start.
//!
//! Blocks missing below a certificate are asked for by id, from the signers in turn. Committed
//! blocks are asked for by height, from the signers of the commit, and come from the application's
//! store with their proof.
//!
//! All collectors are bounded: votes are kept for views from `VIEWS_BEHIND_MAX` before to
//! `VIEWS_AHEAD_MAX` after the current one, one for each member, view and kind; the tree holds at most
//! `TREE_BLOCKS_MAX` uncommitted blocks; the rest is named in [`limits.rs`](MESSAGE_BYTES_MAX).
//! Certificates count however far ahead they are.
//!
//! # Deviations from the published protocol
//!
//! * Phase-2 votes of a member ascend by view. That is stricter than one vote in a view, and leaves
//!   one vote to remember.
//! * Votes and certificates name the height, so that a member knows how far behind it is; phase-2
//!   votes name the settlement digest, so that an attestation cannot be moved to another vote.
//! * A timeout by amplification is not evidence for a view; a restart resumes where there is some.
//! * The evidence for laggards is bounded by retry ticks instead of by a clock, and timers have no
//!   jitter: the core knows neither time nor chance.
//! * There is one committee; the epoch is in every signed byte for the day there are more.
//!
//! # Example
//!
//! A committee of one commits a block by itself:
//!
//! ```
//! use asset_consensus::*;
//!
//! let signer = Ed25519Signer::from_seed(&[1; 32])?;
//! let committee = Committee::equal(Epoch::new(1), [signer.public_key()])?;
//! let (chain, genesis) = (ChainId::new([0; 32]), BlockId::new([0; 32]));
//! let pacemaker = PacemakerConfig {
//!     view_base_ms: 1_000,
//!     growth_percent: 150,
//!     view_cap_ms: 30_000,
//!     retry_ms: 250,
//! };
//! let config = Config { chain, committee, genesis, pacemaker, allow_missing_log: false };
//! let head = Head { height: Height::ZERO, id: genesis, proof: None };
//! let (mut core, mut todo) =
//!     Core::recover(config, Some(Box::new(signer)), DurableState::default(), head)?;
//! let mut committed = Vec::new();
//! while committed.is_empty() {
//!     let mut next = Vec::new();
//!     for action in todo.drain(..) {
//!         let input = match action {
//!             Action::Persist { seq, .. } => Input::Persisted { seq },
//!             Action::BuildBlock { view, parent, height, .. } => {
//!                 let block = Block { height, parent, settlement: None, payload: vec![42] };
//!                 Input::BlockBuilt { view, block }
//!             },
//!             Action::Commit { blocks, .. } => {
//!                 committed.extend(blocks);
//!                 continue;
//!             },
//!             _ => continue,
//!         };
//!         core.step(input, &mut next);
//!     }
//!     todo = next;
//! }
//! assert_eq!(committed[0].block().payload, [42]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss
    )
)]

mod chain;
mod committee;
mod durable;
mod fetch;
mod guard;
mod io;
mod limits;
mod machine;
mod pacemaker;
mod safety;
pub mod scheme;
mod signed;
mod tally;
#[cfg(test)]
mod testing;
mod types;
mod verify;
pub mod wire;

pub use committee::{Committee, CommitteeError, Member};
pub use durable::{DurableState, Record};
pub use io::{Action, Config, Head, Input, PacemakerConfig, PeerFault, TimerKind, ViewCause};
pub use limits::*;
pub use machine::{Core, RecoverError, Status};
#[cfg(any(test, feature = "test-utils"))]
pub use safety::Guard;
pub use scheme::{Ed25519, Ed25519Signer, PublicKey, Scheme, Signature, Signer};
pub use signed::SigningContext;
pub use types::*;
pub use verify::{Verified, Verifier, VerifyError};
pub use wire::{DecodeError, Msg, PROTOCOL_VERSION};
