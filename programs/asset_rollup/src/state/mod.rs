//! Accounts. Each is the layout of the same name in `asset-rollup-interface`, mapped without copying.

mod action;
mod batch;
mod committee;
mod data;
mod inbox;
mod member;
mod message;
mod nullifiers;
mod rollup;
mod verdict;
mod witness;

pub use action::Action;
pub use batch::{Batch, Commitment, Committers};
pub use committee::{Committee, bit};
pub use data::{Data, DataAccount};
pub use inbox::Inbox;
pub use member::Member;
pub use message::{Message, MessageAccount};
pub use nullifiers::Nullifiers;
pub use rollup::{Finalized, FinalizedRoot, Rollup};
pub use verdict::{Charge, Proof, Verdict};
pub use witness::{Witness, WitnessAccount};

use asset_rollup_interface::state::{self as layout, DISCRIMINATOR_BYTES};
use core::mem::size_of;

// The structs are mapped, and off-chain readers decode Borsh: both must be the same bytes. None has padding (Anchor asserts it),
// all integers are little-endian, and so equal sizes and equal order of fields suffice.
const _: () = assert!(size_of::<Rollup>() + DISCRIMINATOR_BYTES == layout::Rollup::BYTES);
const _: () = assert!(size_of::<Inbox>() + DISCRIMINATOR_BYTES == layout::Inbox::BYTES);
const _: () = assert!(size_of::<Batch>() + DISCRIMINATOR_BYTES == layout::Batch::BYTES);
const _: () = assert!(size_of::<Nullifiers>() + DISCRIMINATOR_BYTES == layout::Nullifiers::BYTES);
const _: () = assert!(size_of::<Member>() + DISCRIMINATOR_BYTES == layout::Member::BYTES);
const _: () = assert!(size_of::<Action>() + DISCRIMINATOR_BYTES == layout::Action::BYTES);
const _: () = assert!(size_of::<Verdict>() + DISCRIMINATOR_BYTES == layout::Verdict::BYTES);
const _: () = assert!(DataAccount::space_for(0) == layout::Data::bytes(0));
const _: () = assert!(DataAccount::space_for(256) == layout::Data::bytes(256));
const _: () = assert!(MessageAccount::space_for(0) == layout::Message::bytes(0));
const _: () = assert!(MessageAccount::space_for(73) == layout::Message::bytes(73));
const _: () = assert!(WitnessAccount::space_for(0) == layout::Witness::bytes(0));
const _: () = assert!(WitnessAccount::space_for(73) == layout::Witness::bytes(73));
#[cfg(target_endian = "big")]
compile_error!("accounts are little-endian");
