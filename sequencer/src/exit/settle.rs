//! What is done with batches and withdrawals on the L1.

use asset_rollup_interface::error::RollupError;
use asset_sdk::l1::{Chunk, Claim, Commit, L1Error, Level, Member, MintProof, Rollup};
use curvevm::{
    batch::chunk_hash,
    cell::{Cell, Curve, Withdrawal},
    module::Module,
    program::Amount,
    tree::Tree,
    types::{AssetId, CurveId, Hash},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    Built, Event, Exit, ExitError, Outlook,
    driver::{hashed, withdrawals},
    event::of,
};
use crate::actors::{executor::now_ms, poster::is_over};

/// Chunks that are on their way to the L1 at one time.
const CHUNKS_IN_FLIGHT: usize = 8;

impl Exit {
    /// Posts what is missing of a batch's data. What was posted of another batch of the number is withdrawn first.
    pub(super) async fn post(
        &self,
        built: &Built,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let (number, me) = (built.header.number, self.poster.address());
        let mut posted = self.client.data(number, &me, Level::Confirmed).await?;
        let hashes: Vec<Hash> = built.chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        let fits = |posted: &[Hash]| {
            let same = |(one, other): (&Hash, &Hash)| *one == Hash::ZERO || one == other;
            posted.len() == hashes.len() && posted.iter().zip(&hashes).all(same)
        };
        if posted.as_ref().is_some_and(|data| !fits(&data.hashes)) {
            self.client.close_data(&self.poster, number, &me).await?;
            posted = None;
        }
        let missing: Vec<u16> = match &posted {
            Some(data) => data.missing().collect(),
            None => (0..).take(hashes.len()).collect(),
        };
        let count = u16::try_from(hashes.len()).unwrap_or(u16::MAX);
        let chunks = missing.len() as u64;
        let post = |index: u16| async move {
            let Some(bytes) = built.chunks.get(usize::from(index)) else { return Ok(()) };
            self.client.post_data(&self.poster, Chunk { number, index, count, bytes }).await?;
            Ok::<_, L1Error>(())
        };
        let posting = stream::iter(missing).map(post).buffer_unordered(CHUNKS_IN_FLIGHT);
        posting.try_collect::<()>().await?;
        if chunks > 0 {
            report(&Event::Posted { batch: number, chunks });
        }
        Ok(())
    }

    /// Commits a batch whose data is posted, unless somebody else was first.
    pub(super) async fn commit(
        &self,
        rollup: &Rollup,
        built: &Built,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let (batch, me) = (built.header.number, self.poster.address());
        let commit = Commit {
            header: &built.header,
            signatures: &[],
            data_poster: &me,
            committed_inbox_cursor: rollup.committed_inbox_cursor,
            member: Some(&me),
        };
        match self.client.commit_batch(&self.poster, commit).await {
            Ok(landed) => {
                let transaction = landed.signature.to_string();
                let messages = built.messages as u64;
                report(&Event::Committed { batch, messages, transaction });
                Ok(())
            }
            Err(error) => {
                let now = self.client.rollup(Level::Confirmed).await?;
                let is_late =
                    now.committed_number >= batch || now.committee_slot > rollup.committee_slot;
                if is_late { Ok(()) } else { Err(error.into()) }
            }
        }
    }

    /// Claims what is final and not paid.
    pub(super) async fn claim(
        &mut self,
        rollup: &Rollup,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let batch = rollup.finalized_number;
        let Some(state) = self.states.after(batch) else { return Ok(()) };
        if Some(state.head().root) != rollup.finalized_root(batch) {
            return Err(ExitError::Contradiction);
        }
        let tree = hashed(state);
        for withdrawal in withdrawals(&tree, &self.wish.recipient).into_values() {
            if self.is_settled(withdrawal.index).await? {
                continue;
            }
            let witness = tree.witness(&[Withdrawal::key(withdrawal.index)])?;
            self.pay((batch, &tree), (&withdrawal, &witness), report).await?;
            self.settled.insert(withdrawal.index);
        }
        Ok(())
    }

    async fn pay(
        &mut self,
        (batch, tree): (u64, &Tree),
        (withdrawal, witness): (&Withdrawal, &[u8]),
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let (index, recipient) = (withdrawal.index, withdrawal.recipient);
        let Amount::Quote(AssetId::SOL, quote) = withdrawal.amount else {
            return self.pay_tokens(tree, Claim { batch, withdrawal, witness }, report).await;
        };
        match self.client.withdraw(&self.poster, Claim { batch, withdrawal, witness }).await {
            Ok(landed) => {
                let (lamports, transaction) = (quote.get(), landed.signature.to_string());
                self.paid_lamports = self.paid_lamports.saturating_add(lamports);
                report(&Event::Paid { index, lamports, recipient, transaction });
                Ok(())
            }
            // Anybody may claim it.
            Err(_) if self.client.is_paid(index, Level::Confirmed).await? => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Pays a withdrawal of tokens; creates the mint of a launched asset where nobody has. What the L1 refuses is said, and left.
    async fn pay_tokens(
        &self,
        tree: &Tree,
        claim: Claim<'_>,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let Withdrawal { index, amount, recipient, .. } = *claim.withdrawal;
        let (what, mint) = (of(&amount), self.client.mint_of(&amount));
        let mut paid = self.client.withdraw_token(&self.poster, claim).await;
        if let (Err(L1Error::MintMissing { .. }), Amount::Base(curve, _)) = (&paid, amount) {
            self.create_mint(tree, (claim.batch, curve)).await?;
            paid = self.client.withdraw_token(&self.poster, claim).await;
        }
        match paid {
            Ok(landed) => {
                let transaction = landed.signature.to_string();
                report(&Event::PaidTokens { index, what, mint, recipient, transaction });
                Ok(())
            }
            // Anybody may claim it.
            Err(_) if self.client.is_paid(index, Level::Confirmed).await? => Ok(()),
            Err(error @ L1Error::Unreachable { .. }) => Err(error.into()),
            Err(error) => {
                let what = format!("pay withdrawal {index} of {what}");
                report(&Event::NotDone { what, reason: error.to_string() });
                Ok(())
            }
        }
    }

    /// Creates the mint of a launched asset, proved under the root of a finalized batch, unless somebody else was first.
    async fn create_mint(
        &self,
        tree: &Tree,
        (batch, curve): (u64, CurveId),
    ) -> Result<(), ExitError> {
        let at = Curve::key(&curve);
        let Some(Cell::Curve(cell)) = tree.get(&at)? else { return Err(ExitError::Contradiction) };
        let witness = tree.witness(&[at, Module::key(&cell.module)])?;
        let proof = MintProof { batch, curve, witness: &witness };
        match self.client.create_mint(&self.poster, proof).await {
            Err(error) if error.program_number() != Some(RollupError::MintExists.code()) => {
                Err(error.into())
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Finalizes the next batch, or waits for its window, while something of the owner is in a batch that is not final. Gives whether
    /// there is such a batch.
    pub(super) async fn finalize(
        &mut self,
        outlook: &Outlook,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<bool, ExitError> {
        if outlook.unpaid.iter().all(|it| self.settled.contains(&it.index)) {
            return Ok(false);
        }
        let number = outlook.rollup.finalized_number.saturating_add(1);
        let Some(batch) = self.client.batch(number, Level::Confirmed).await? else {
            // It was finalized, or rolled back, meanwhile.
            self.wait(format!("for what became of batch {number}"), report).await;
            return Ok(true);
        };
        if is_over(&outlook.rollup, &batch, outlook.slot, now_ms() / 1_000) {
            let data = self.client.data(number, &batch.poster, Level::Confirmed).await?;
            let data_poster = data.map(|data| data.poster);
            match self.client.finalize_batch(&self.poster, &batch, data_poster.as_ref()).await {
                Ok(landed) => {
                    let transaction = landed.signature.to_string();
                    report(&Event::Finalized { batch: number, transaction });
                    return Ok(true);
                }
                // The L1's clock is behind this one, or somebody else was faster.
                Err(L1Error::Program { .. } | L1Error::Execution { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.wait(format!("for the challenge window of batch {number}"), report).await;
        Ok(true)
    }

    /// Has the rent of the owner's messages returned to the poster.
    pub(super) async fn close_messages(
        &self,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let final_cursor = self.client.rollup(Level::Confirmed).await?.finalized_inbox_cursor;
        let mut count = 0u64;
        for index in self.states.own.range(..final_cursor) {
            let end = index.saturating_add(1);
            let found = self.client.messages(*index..end, Level::Confirmed).await?;
            let paid_here = |it: &asset_sdk::l1::Message| it.payer == self.poster.address();
            let own: Vec<_> = found.into_iter().flatten().filter(paid_here).collect();
            // Where somebody closes it at the same time the rent returns all the same.
            if !own.is_empty() && self.client.close_messages(&self.poster, &own).await.is_ok() {
                count = count.saturating_add(1);
            }
        }
        if count > 0 {
            report(&Event::MessagesClosed { count });
        }
        Ok(())
    }

    /// Withdraws the poster's bond, and waits for it.
    pub(super) async fn take_bond(
        &mut self,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let me = self.poster.address();
        if self.client.rollup(Level::Confirmed).await?.committee().contains(&me) {
            return Ok(());
        }
        loop {
            let Some(member) = self.client.member(&me, Level::Confirmed).await? else {
                return Ok(());
            };
            if member.owner != me {
                return Ok(());
            }
            if member.status == Member::BONDED {
                let landed = self.client.begin_unbond(&self.poster, &me).await?;
                report(&Event::Unbonding { transaction: landed.signature.to_string() });
                continue;
            }
            self.finish_unbond(&member, report).await?;
        }
    }

    /// Takes the poster's bond, or what is left of it, or waits a moment while that cannot be done.
    pub(super) async fn finish_unbond(
        &mut self,
        member: &Member,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        match self.client.finish_unbond(&self.poster, &member.key).await {
            Ok(landed) => {
                let (lamports, transaction) = (member.bond, landed.signature.to_string());
                report(&Event::BondReturned { lamports, transaction });
                Ok(())
            }
            Err(L1Error::Program { .. }) => {
                self.wait("for the bond: two challenge windows".to_owned(), report).await;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
