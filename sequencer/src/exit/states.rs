//! The chain as it is on the L1: the states after the batches that are not final, and what was seen on the way.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use asset_sdk::l1::{History, HistoryError, L1Client, Level, Rollup};
use curvevm::{
    block::Content,
    codec::decode_chunk,
    inbox::{InboxMessage, MessageKind},
    program::Instruction,
    tx::Transaction,
    types::{Address, CurveId},
};
use tokio::{task::spawn_blocking, time::sleep};

use super::ExitError;
use crate::{chain::ChainSpec, rebuild::Rebuild};

/// How often the L1 is asked again when its answers do not fit together.
const ATTEMPTS_MAX: u32 = 6;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// The chain as it is on the L1.
#[derive(Debug)]
pub(super) struct States {
    history: History,
    owner: Address,
    genesis: Rebuild,
    /// The state after the last final batch and those after the batches that follow it, in order.
    states: VecDeque<Rebuild>,
    /// Every curve that was launched.
    pub(super) curves: BTreeSet<CurveId>,
    /// The indices of messages that carry a transaction of the owner.
    pub(super) own: BTreeSet<u64>,
}

impl States {
    pub(super) fn new(
        client: Arc<L1Client>,
        spec: Arc<ChainSpec>,
        owner: Address,
    ) -> Result<Self, ExitError> {
        let genesis = Rebuild::genesis(spec)?;
        Ok(Self {
            history: History::new(client, Level::Confirmed),
            owner,
            states: VecDeque::from([genesis.clone()]),
            genesis,
            curves: BTreeSet::new(),
            own: BTreeSet::new(),
        })
    }

    /// The state after the last committed batch.
    pub(super) fn head(&self) -> &Rebuild {
        self.states.back().unwrap_or(&self.genesis)
    }

    /// The state after a batch that is final, or was committed after it.
    pub(super) fn after(&self, batch: u64) -> Option<&Rebuild> {
        self.states.iter().find(|state| state.head().batch == batch)
    }

    /// Applies what was committed since, or goes back where something was rolled back. Gives the rollup's account.
    pub(super) async fn catch_up(&mut self) -> Result<Rollup, ExitError> {
        let mut attempts = 0u32;
        loop {
            let rollup = self.history.client().rollup(Level::Confirmed).await?;
            let error = match self.follow(&rollup).await {
                Ok(()) if self.head().head().root == rollup.committed_root => {
                    self.forget(rollup.finalized_number);
                    return Ok(rollup);
                }
                Ok(()) => ExitError::Contradiction,
                Err(error @ (ExitError::Fault(_) | ExitError::Contradiction)) => error,
                Err(ExitError::History(error)) if error.is_transient() => error.into(),
                Err(error) => return Err(error),
            };
            attempts = attempts.saturating_add(1);
            if attempts >= ATTEMPTS_MAX {
                return Err(error);
            }
            tracing::debug!(%error, "reading the L1 again");
            if !matches!(error, ExitError::History(HistoryError::L1(_))) {
                self.go_back(rollup.finalized_number);
            }
            sleep(PAUSE).await;
        }
    }

    async fn follow(&mut self, rollup: &Rollup) -> Result<(), ExitError> {
        if self.head().head().batch > rollup.committed_number {
            return Err(ExitError::Contradiction);
        }
        while self.head().head().batch < rollup.committed_number {
            let number = self.head().head().batch.saturating_add(1);
            let batch = self.history.batch(number).await?;
            let mut rebuild = self.head().clone();
            let applied = spawn_blocking(move || {
                let applied = rebuild.apply(&batch.commit.header, &batch.chunks);
                (rebuild, batch.chunks, applied)
            });
            let (rebuild, chunks, applied) = applied.await.map_err(|_| ExitError::Task)?;
            applied.map_err(|fault| ExitError::Fault(Box::new(fault)))?;
            for chunk in &chunks {
                self.look_into(chunk);
            }
            self.states.push_back(rebuild);
            self.forget(rollup.finalized_number);
        }
        Ok(())
    }

    /// Lets go of the states before the last final one.
    fn forget(&mut self, finalized: u64) {
        while self.states.get(1).is_some_and(|next| next.head().batch <= finalized) {
            self.states.pop_front();
        }
    }

    /// Goes back to what no rollback takes out.
    fn go_back(&mut self, finalized: u64) {
        self.states.retain(|state| state.head().batch <= finalized);
        if self.states.is_empty() {
            self.states.push_back(self.genesis.clone());
        }
    }

    /// Notes curves and the owner's messages.
    fn look_into(&mut self, chunk: &[u8]) {
        // It was applied, so that it can be decoded.
        for placed in decode_chunk(chunk).unwrap_or_default() {
            match &placed.segment.content {
                Content::Nothing => {}
                Content::Transactions(transactions) => {
                    transactions.iter().for_each(|it| self.note_launches(it));
                }
                Content::Messages(messages) => self.note(messages),
            }
        }
    }

    /// Notes what messages carry.
    pub(super) fn note(&mut self, messages: &[InboxMessage]) {
        for message in messages {
            let Some(transaction) = carried(message) else { continue };
            self.note_launches(&transaction);
            if transaction.body.signer == self.owner {
                self.own.insert(message.index);
            }
        }
    }

    /// What was not executed is noted as well: there is nothing of a curve that was not launched.
    fn note_launches(&mut self, transaction: &Transaction) {
        for instruction in &transaction.body.program {
            if let Instruction::Launch(launch) = instruction {
                self.curves.insert(CurveId::derive(&transaction.body.signer, launch.salt));
            }
        }
    }
}

/// The transaction that a message carries.
fn carried(message: &InboxMessage) -> Option<Transaction> {
    match &message.kind {
        MessageKind::Transaction { bytes } => Transaction::decode(bytes).ok(),
        MessageKind::Deposit { .. } | MessageKind::DepositBase { .. } => None,
    }
}
