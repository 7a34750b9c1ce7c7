//! Finalizes batches whose challenge window is over, and closes data accounts and messages.

use std::{collections::BTreeSet, slice, sync::Arc, time::Duration};

use asset_sdk::{
    keys::Key,
    l1::{Batch, L1Client, L1Error, Level, Message, Rollup},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};

use super::{PosterConfig, PosterMetrics, closing::Closing, state::Turns};
use crate::{
    actors::{executor::now_ms, stopped, watcher::L1View},
    chain::ChainSpec,
};

/// The pause between two looks at what is to be done.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// Finalized batches below the last one whose data accounts are looked for.
const CLEANED_MAX: u64 = 64;

/// Finalizes batches.
#[derive(Debug)]
pub(crate) struct Finalizer {
    pub(crate) config: PosterConfig,
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) client: Arc<L1Client>,
    pub(crate) key: Arc<Key>,
    pub(crate) l1: watch::Receiver<Arc<L1View>>,
    /// Asks the watcher for a look.
    pub(crate) look: Arc<Notify>,
    pub(crate) metrics: PosterMetrics,
}

/// What is known from earlier looks; losing it costs time only.
#[derive(Debug)]
struct Memory {
    /// Since when the window of a batch is over.
    over: Option<(u64, Instant)>,
    /// The last batch whose data account of this member was looked for.
    cleaned: u64,
    /// Which messages are closed.
    closing: Closing,
}

impl Finalizer {
    /// Runs until `stop` turns true.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut memory = Memory { over: None, cleaned: 0, closing: Closing::default() };
        let mut failures = 0u32;
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                done = self.turn(&mut memory) => match done {
                    Ok(()) => failures = 0,
                    Err(error) => {
                        failures = failures.saturating_add(1);
                        self.metrics.failures.inc();
                        tracing::warn!(%error, "what is over could not be finalized or closed, trying again");
                    }
                },
            }
            let pause = PAUSE.saturating_mul(2u32.saturating_pow(failures.min(16)));
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(pause.min(BACKOFF_MAX)) => {}
            }
        }
    }

    async fn turn(&mut self, memory: &mut Memory) -> Result<(), L1Error> {
        let view = self.l1.borrow_and_update().clone();
        if !view.reachable {
            return Ok(());
        }
        if view.finalized < view.committed {
            self.finalize_next(memory).await?;
        }
        self.clean(memory, view.finalized).await?;
        self.close_messages(&mut memory.closing, view.finalized_cursor).await
    }

    /// Finalizes the next batch when its window is over and it is this member's turn.
    async fn finalize_next(&self, memory: &mut Memory) -> Result<(), L1Error> {
        let rollup = self.client.rollup(Level::Confirmed).await?;
        let number = rollup.finalized_number.saturating_add(1);
        if number > rollup.committed_number {
            self.look.notify_one();
            return Ok(());
        }
        let Some(batch) = self.client.batch(number, Level::Confirmed).await? else { return Ok(()) };
        let slot = self.client.slot(Level::Confirmed).await?;
        if !is_over(&rollup, &batch, slot, now_ms() / 1_000) {
            return Ok(());
        }
        let since = match memory.over {
            Some((known, since)) if known == number => since,
            Some(_) | None => Instant::now(),
        };
        memory.over = Some((number, since));
        if !self.turns().is_mine(number, since.elapsed()) {
            return Ok(());
        }
        let data = self.client.data(number, &batch.poster, Level::Confirmed).await?;
        let poster = data.map(|data| data.poster);
        match self.client.finalize_batch(&self.key, &batch, poster.as_ref()).await {
            Ok(landed) => {
                self.metrics.finalized.inc();
                tracing::info!(batch = number, slot = landed.slot, "finalized a batch on the L1");
            }
            // The L1's clock is behind this one, or another member was faster: the next look tells.
            Err(L1Error::Program { name, .. }) => {
                tracing::debug!(batch = number, name, "the L1 does not finalize the batch yet");
            }
            Err(error) => return Err(error),
        }
        self.look.notify_one();
        Ok(())
    }

    fn turns(&self) -> Turns {
        let members = self.spec.genesis.committee.len() as u64;
        Turns { me: u64::from(self.config.member), members, timeout: self.config.timeout }
    }

    /// Closes this member's data accounts of finalized batches: those of batches that another member committed.
    async fn clean(&self, memory: &mut Memory, finalized: u64) -> Result<(), L1Error> {
        let from = memory.cleaned.max(finalized.saturating_sub(CLEANED_MAX)).saturating_add(1);
        let me = self.key.address();
        let numbers: BTreeSet<u64> = (from..=finalized).collect();
        for number in numbers {
            if self.client.data(number, &me, Level::Confirmed).await?.is_some() {
                self.client.close_data(&self.key, number, &me).await?;
                tracing::info!(batch = number, "closed a data account of no more use");
            }
            memory.cleaned = number;
        }
        Ok(())
    }

    /// Closes some messages that finalized batches have consumed, so that who paid for them gets the rent back.
    async fn close_messages(&self, closing: &mut Closing, cursor: u64) -> Result<(), L1Error> {
        let range = closing.next(cursor, Instant::now());
        if range.is_empty() {
            return Ok(());
        }
        let first = range.start;
        let found = self.client.messages(range, Level::Confirmed).await?;
        let messages = closing.choose(&self.turns(), (first, found), Instant::now());
        if messages.is_empty() || self.close(&messages).await? {
            return Ok(());
        }
        // The others go without the one that somebody else closed, or that cannot be closed.
        for message in &messages {
            if !self.close(slice::from_ref(message)).await? {
                closing.leave(message.index);
            }
        }
        Ok(())
    }

    /// Closes messages in one transaction. Gives whether the L1 did.
    async fn close(&self, messages: &[Message]) -> Result<bool, L1Error> {
        let (first, count) = (messages.first().map(|message| message.index), messages.len());
        match self.client.close_messages(&self.key, messages).await {
            Ok(_) => {
                self.metrics.messages_closed.inc_by(count as u64);
                tracing::info!(first, count, "returned the rent of messages");
                Ok(true)
            }
            Err(error @ L1Error::Execution { .. }) => {
                tracing::debug!(%error, first, count, "messages were not closed");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the challenge window is over, by slots and by seconds.
pub(crate) fn is_over(rollup: &Rollup, batch: &Batch, slot: u64, unix_time: u64) -> bool {
    let committed_at = if batch.unix_time < 0 { 0 } else { batch.unix_time.cast_unsigned() };
    let slots = rollup.challenge_slots.saturating_add(u64::from(batch.extension_slots));
    let secs = rollup.challenge_secs.saturating_add(u64::from(batch.extension_secs));
    slot > batch.slot.saturating_add(slots) && unix_time > committed_at.saturating_add(secs)
}
