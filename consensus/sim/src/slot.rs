//! One running member: the production core with a simulated disk and application.

use crate::app::SimApp;
use crate::disk::SimDisk;
use asset_consensus::{BlockId, Core, MemberIx, Msg, Seq, TimerKind, View};
use std::collections::BTreeMap;

/// A message that waits for a batch of records. `to` is a member, or everybody.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) after: Seq,
    pub(crate) to: Option<MemberIx>,
    pub(crate) msg: Msg,
}

#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) member: MemberIx,
    /// `None` while the slot is down.
    pub(crate) core: Option<Core>,
    pub(crate) disk: SimDisk,
    pub(crate) app: SimApp,
    /// Counts restarts: what was scheduled in an earlier life does not happen.
    pub(crate) life: u64,
    pub(crate) persisted: Seq,
    pub(crate) last_sync_ms: u64,
    pub(crate) waiting: Vec<Waiting>,
    /// The live timer of each kind.
    pub(crate) timers: BTreeMap<TimerKind, u64>,
    pub(crate) last_view: View,
}

impl Slot {
    pub(crate) fn new(member: MemberIx, genesis: BlockId) -> Self {
        Self {
            member,
            core: None,
            disk: SimDisk::default(),
            app: SimApp::new(genesis),
            life: 0,
            persisted: Seq::ZERO,
            last_sync_ms: 0,
            waiting: Vec::new(),
            timers: BTreeMap::new(),
            last_view: View::ZERO,
        }
    }

    /// Takes the messages that waited for what is durable now.
    pub(crate) fn take_released(&mut self) -> Vec<Waiting> {
        let persisted = self.persisted;
        let (ready, waiting) =
            self.waiting.drain(..).partition(|waiting| waiting.after <= persisted);
        self.waiting = waiting;
        ready
    }
}
