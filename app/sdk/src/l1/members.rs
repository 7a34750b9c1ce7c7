//! Bonds, verdicts and the committee: reads, and one method for each instruction.

use std::ops::Range;

use asset_rollup_interface::{
    instruction::{RegisterMember, ReportEquivocation, RotateCommittee},
    state::{Batch, Member, Verdict},
};
use curvevm::types::{Address, Quote};

use super::{
    client::{L1Client, layout},
    config::Level,
    error::L1Error,
    instructions as ix,
    send::Landed,
};
use crate::keys::Key;

impl L1Client {
    /// The member of a key; nothing when it has no bond.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn member(&self, key: &Address, level: Level) -> Result<Option<Member>, L1Error> {
        let at = self.addresses().member(key);
        let Some(data) = self.owned(&at, level).await? else { return Ok(None) };
        Member::parse(&data).map(Some).map_err(|reason| layout(&at, reason))
    }

    /// A verdict; nothing when there is none of this index, or it was closed.
    ///
    /// # Errors
    ///
    /// As [`L1Client::member`].
    pub async fn verdict(&self, index: u64, level: Level) -> Result<Option<Verdict>, L1Error> {
        let at = self.addresses().verdict(index);
        let Some(data) = self.owned(&at, level).await? else { return Ok(None) };
        Verdict::parse(&data).map(Some).map_err(|reason| layout(&at, reason))
    }

    /// The verdicts of these indices that are not closed, in order.
    ///
    /// # Errors
    ///
    /// As [`L1Client::member`].
    pub async fn verdicts(
        &self,
        indices: Range<u64>,
        level: Level,
    ) -> Result<Vec<Verdict>, L1Error> {
        let at: Vec<_> = indices.map(|index| self.addresses().verdict(index)).collect();
        self.parsed(&at, level, Verdict::parse).await
    }

    /// Locks a bond for a member's key, or adds to it; `owner` pays and gets it back.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn register_member(
        &self,
        owner: &Key,
        member: &Key,
        amount: Quote,
    ) -> Result<Landed, L1Error> {
        let (chain_id, program_id) = (&self.config().chain_id, &self.config().program_id);
        let digest = RegisterMember::digest(chain_id, program_id, &owner.address());
        let registration = RegisterMember {
            key: member.address(),
            amount: amount.get(),
            signature: member.sign(&digest),
        };
        self.write(owner, ix::register_member(self, owner, &registration)).await
    }

    /// Begins to withdraw a bond.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the program's while the key is an active member of the committee.
    pub async fn begin_unbond(&self, owner: &Key, key: &Address) -> Result<Landed, L1Error> {
        self.write(owner, ix::begin_unbond(self, owner, key)).await
    }

    /// Pays a bond and its rent to the owner, or the rent that a slash has left.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the program's before the time of unbonding is over.
    pub async fn finish_unbond(&self, owner: &Key, key: &Address) -> Result<Landed, L1Error> {
        self.write(owner, ix::finish_unbond(self, owner, key)).await
    }

    /// Replaces the committee, under signatures over [`asset_rollup_interface::instruction::Rotation::digest`]; anybody may send it.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn rotate_committee(
        &self,
        payer: &Key,
        rotation: &RotateCommittee,
    ) -> Result<Landed, L1Error> {
        self.write(payer, ix::rotate_committee(self, rotation)).await
    }

    /// Proves that a member voted for two blocks in one view. Gives the index of the verdict too.
    ///
    /// # Errors
    ///
    /// [`L1Error`]; [`L1Error::Execution`] also when another verdict was written at the same moment: report again.
    pub async fn report_equivocation(
        &self,
        challenger: &Key,
        report: &ReportEquivocation,
    ) -> Result<(Landed, u64), L1Error> {
        let index = self.rollup(Level::Confirmed).await?.verdicts;
        let write = ix::report_equivocation(self, challenger, (report, index));
        Ok((self.write(challenger, write).await?, index))
    }

    /// Executes a verdict on one of those that it accuses; anybody may send it. `verdict` is the account as read.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn slash(
        &self,
        payer: &Key,
        verdict: &Verdict,
        accused: u8,
    ) -> Result<Landed, L1Error> {
        self.write(payer, ix::slash(self, verdict, accused)).await
    }

    /// Gives the rent of a verdict back to its challenger, once it was executed on all that it accuses.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn close_verdict(&self, payer: &Key, verdict: &Verdict) -> Result<Landed, L1Error> {
        self.write(payer, ix::close_verdict(self, verdict)).await
    }

    /// Closes a batch account that a rollback left behind. `batch` is the account as read.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn close_batch(&self, payer: &Key, batch: &Batch) -> Result<Landed, L1Error> {
        self.write(payer, ix::close_batch(self, batch)).await
    }
}
