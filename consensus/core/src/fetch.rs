//! What is missing, whom it was asked of, and how much each peer was answered.

use crate::limits::{ANSWERS_PER_TICK_MAX, FETCHES_MAX};
use crate::types::{BlockId, Height, MemberIx};
use std::collections::{BTreeMap, BTreeSet};

/// Open requests. What is needed is told anew after each input, so nothing stays asked for that is
/// not needed any more; unanswered requests go to the next peer at each retry tick.
#[derive(Debug, Default)]
pub(crate) struct Fetch {
    blocks: BTreeMap<BlockId, Open>,
    range: Option<Open>,
    range_from: Height,
}

#[derive(Debug)]
struct Open {
    attempts: usize,
    due: bool,
}

impl Open {
    const NEW: Self = Self { attempts: 0, due: true };

    /// Whom to ask now, if it is time.
    fn take(&mut self, peers: &[MemberIx]) -> Option<MemberIx> {
        if !core::mem::take(&mut self.due) {
            return None;
        }
        let turn = self.attempts.checked_rem(peers.len())?;
        self.attempts = self.attempts.wrapping_add(1);
        peers.get(turn).copied()
    }
}

impl Fetch {
    /// Replaces the needed blocks. Each comes with peers that may have it; those to ask now are
    /// returned.
    pub(crate) fn need_blocks(
        &mut self,
        needed: &BTreeMap<BlockId, Vec<MemberIx>>,
    ) -> Vec<(BlockId, MemberIx)> {
        self.blocks.retain(|id, _| needed.contains_key(id));
        let mut asked = Vec::new();
        for (id, peers) in needed.iter().take(FETCHES_MAX) {
            let open = self.blocks.entry(*id).or_insert(Open::NEW);
            asked.extend(open.take(peers).map(|peer| (*id, peer)));
        }
        asked
    }

    /// Committed blocks are needed from this height on, or none. Whom to ask now.
    pub(crate) fn need_range(&mut self, need: Option<(Height, &[MemberIx])>) -> Option<MemberIx> {
        let Some((from, peers)) = need else {
            self.range = None;
            return None;
        };
        let open = self.range.get_or_insert(Open::NEW);
        if from != self.range_from {
            // The last answer helped: ask the same peer for more, at once.
            self.range_from = from;
            open.attempts = open.attempts.saturating_sub(1);
            open.due = true;
        }
        open.take(peers)
    }

    pub(crate) fn wants(&self, id: &BlockId) -> bool {
        self.blocks.contains_key(id)
    }

    pub(crate) const fn wants_range(&self) -> bool {
        self.range.is_some()
    }

    /// A retry tick: everything that is still open is due again.
    pub(crate) fn on_tick(&mut self) {
        self.blocks.values_mut().chain(self.range.iter_mut()).for_each(|open| open.due = true);
    }
}

/// How much each peer was given since the last retry tick.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    given: BTreeMap<MemberIx, u32>,
    helped: BTreeSet<MemberIx>,
}

impl Answers {
    /// Whether the peer may have one more answer; counts it.
    pub(crate) fn take(&mut self, peer: MemberIx) -> bool {
        let given = self.given.entry(peer).or_default();
        *given = given.saturating_add(1);
        *given <= ANSWERS_PER_TICK_MAX
    }

    /// Whether the peer may have evidence of where the others are; true once in a tick.
    pub(crate) fn take_help(&mut self, peer: MemberIx) -> bool {
        self.helped.insert(peer)
    }

    pub(crate) fn was_helped(&self, peer: MemberIx) -> bool {
        self.helped.contains(&peer)
    }

    pub(crate) fn on_tick(&mut self) {
        self.given.clear();
        self.helped.clear();
    }
}
