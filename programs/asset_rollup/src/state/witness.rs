//! What a challenger uploads.

use anchor_lang::{Discriminator, accounts::Slab, prelude::*};
use asset_rollup_interface::state::{DISCRIMINATOR_BYTES, Parts, Witness as Layout};

use crate::{
    error::{RollupError, ensure, fail},
    state::Batch,
};

/// A witness; fields as in `asset_rollup_interface::state::Witness`, the body after it.
#[account]
pub struct Witness {
    pub version: u8,
    pub reserved: [u8; 3],
    pub state_length: u32,
    pub chunk_length: u32,
    pub next_length: u32,
    pub rollup: Address,
    pub owner: Address,
    pub number: u64,
    pub batch_hash: [u8; 32],
    pub post_root: [u8; 32],
    pub deposit: u64,
}

/// The account: [`Witness`], then the length and the bytes of the body.
pub type WitnessAccount = Slab<Witness, u8>;

impl Witness {
    /// The length of the body.
    ///
    /// # Errors
    ///
    /// [`RollupError::WitnessSize`].
    pub fn body_length(&self) -> Result<u32> {
        let parts = [self.chunk_length, self.next_length];
        let length = parts.iter().try_fold(self.state_length, |sum, part| sum.checked_add(*part));
        length.ok_or(fail(RollupError::WitnessSize))
    }

    /// Writes the header into an account of this program, which is zero and as long as the body asks for.
    ///
    /// # Errors
    ///
    /// [`RollupError::WitnessNotZero`], [`RollupError::WitnessSize`].
    pub fn create(&self, account: &AccountView) -> Result<()> {
        ensure(account.owned_by(&crate::ID), RollupError::WitnessNotZero)?;
        let body_length = self.body_length()?;
        let bytes = usize::try_from(body_length).map(Layout::bytes);
        ensure(bytes == Ok(account.data_len()), RollupError::WitnessSize)?;
        let mut account = *account;
        let mut data = account.try_borrow_mut()?;
        let (head, _) = data
            .split_first_chunk_mut::<{ Layout::BODY_AT }>()
            .ok_or(fail(RollupError::WitnessSize))?;
        ensure(*head == [0; Layout::BODY_AT], RollupError::WitnessNotZero)?;
        let (discriminator, rest) = head.split_at_mut(DISCRIMINATOR_BYTES);
        discriminator.copy_from_slice(Self::DISCRIMINATOR);
        let header = bytemuck::bytes_of(self);
        let (fields, length) =
            rest.split_at_mut_checked(header.len()).ok_or(fail(RollupError::WitnessSize))?;
        fields.copy_from_slice(header);
        length.copy_from_slice(&body_length.to_le_bytes());
        Ok(())
    }

    /// The parts of the body.
    ///
    /// # Errors
    ///
    /// [`RollupError::WitnessSize`].
    pub fn parts<'a>(&self, body: &'a [u8]) -> Result<Parts<'a>> {
        let lengths = [self.state_length, self.chunk_length, self.next_length];
        Parts::cut(body, lengths).map_err(|_| fail(RollupError::WitnessSize))
    }

    /// Whether it was uploaded against this batch.
    pub fn is_against(&self, batch: &Batch) -> bool {
        let of_rollup = self.rollup == batch.rollup && self.number == batch.number;
        of_rollup && self.batch_hash == batch.batch_hash
    }
}
