//! Which messages of the inbox this member closes. No I/O.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use asset_sdk::l1::{CLOSED_MESSAGES_MAX, Message};
use tokio::time::Instant;

use super::state::Turns;

/// Messages that are looked at in one turn: as many as one call gives.
const LOOKED_MAX: u64 = 100;
/// Messages below the finalized cursor that are looked at after a start. Older ones were closed while other members ran, or are
/// left to who paid for them.
const BACK_MAX: u64 = 10_000;

/// What is known of messages that finalized batches have consumed; losing it costs time only.
#[derive(Debug, Default)]
pub(super) struct Closing {
    /// The oldest message that may still be open.
    oldest: Option<u64>,
    /// Since when this member knows that it may be closed; none while it may not.
    since: Option<Instant>,
    /// Messages from that one on that the L1 did not close, at most as many as are looked at.
    left: BTreeSet<u64>,
}

impl Closing {
    /// The messages to look at, when those below `cursor` may be closed.
    pub(super) fn next(&mut self, cursor: u64, now: Instant) -> Range<u64> {
        let oldest = *self.oldest.get_or_insert(cursor.saturating_sub(BACK_MAX));
        if oldest < cursor {
            self.since.get_or_insert(now);
        } else {
            self.since = None;
        }
        oldest..cursor.min(oldest.saturating_add(LOOKED_MAX)).max(oldest)
    }

    /// The messages to close, of those from `first` on that were looked at: this member's, and in time those of others.
    pub(super) fn choose(
        &mut self,
        turns: &Turns,
        (first, found): (u64, Vec<Option<Message>>),
        now: Instant,
    ) -> Vec<Message> {
        let open = |message: &Message| !self.left.contains(&message.index);
        let settled = found.iter().take_while(|message| !message.as_ref().is_some_and(open));
        let settled = settled.count() as u64;
        let waited = match self.since {
            Some(since) if settled == 0 => now.saturating_duration_since(since),
            Some(_) | None => Duration::ZERO,
        };
        let mine = found.into_iter().flatten().filter(open);
        let mine = mine.filter(|message| turns.is_mine(message.index, waited));
        let mine = mine.take(CLOSED_MESSAGES_MAX).collect();
        if settled > 0 {
            let oldest = first.saturating_add(settled);
            (self.oldest, self.since) = (Some(oldest), Some(now));
            self.left = self.left.split_off(&oldest);
        }
        mine
    }

    /// Leaves a message to who paid for it: somebody closed it meanwhile, or its payer cannot be repaid.
    pub(super) fn leave(&mut self, index: u64) {
        self.left.insert(index);
    }
}

#[cfg(test)]
mod tests {
    use curvevm::types::{Address, Hash};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn turns(me: u64) -> Turns {
        Turns { me, members: 4, timeout: TIMEOUT }
    }

    fn message(index: u64) -> Message {
        Message {
            version: 1,
            bump: 1,
            reserved: [0; 6],
            rollup: Address::new([1; 32]),
            payer: Address::new([2; 32]),
            hash: Hash::ZERO,
            slot: 1,
            index,
            body: vec![],
        }
    }

    fn indices(messages: &[Message]) -> Vec<u64> {
        messages.iter().map(|message| message.index).collect()
    }

    #[test]
    fn looks_below_the_cursor_a_bounded_number_at_a_time_and_a_bounded_number_back() {
        let now = Instant::now();
        let mut closing = Closing::default();
        assert_eq!(closing.next(0, now), 0..0);
        assert_eq!(closing.next(7, now), 0..7);
        assert_eq!(closing.next(1_000, now), 0..LOOKED_MAX);
        let mut late = Closing::default();
        let from = 1_000_000 - BACK_MAX;
        assert_eq!(late.next(1_000_000, now), from..from + LOOKED_MAX);
        // A look at the L1 that is behind an earlier one.
        assert_eq!(late.next(5, now), from..from);
    }

    #[test]
    fn goes_past_what_is_closed() {
        let now = Instant::now();
        let mut closing = Closing::default();
        let first = closing.next(1_000, now).start;
        let found = vec![None; 100];
        assert_eq!(closing.choose(&turns(0), (first, found), now), vec![]);
        assert_eq!(closing.next(1_000, now), 100..200);
        // What is closed behind one that is open is looked at again.
        let found = vec![None, Some(message(101)), None];
        closing.choose(&turns(0), (100, found), now);
        assert_eq!(closing.next(1_000, now), 101..201);
    }

    #[test]
    fn a_message_that_cannot_be_closed_holds_nothing_up() {
        let now = Instant::now();
        let mut closing = Closing::default();
        let found = || (0, (0..3).map(|at| Some(message(at))).collect());
        assert_eq!(closing.next(3, now), 0..3);
        let alone = Turns { me: 0, members: 1, timeout: TIMEOUT };
        assert_eq!(indices(&closing.choose(&alone, found(), now)), [0, 1, 2]);
        closing.leave(0);
        closing.leave(2);
        assert_eq!(indices(&closing.choose(&alone, found(), now)), [1]);
        assert_eq!(closing.next(3, now), 1..3);
        assert_eq!(closing.choose(&alone, (1, vec![None, Some(message(2))]), now), vec![]);
        assert_eq!(closing.next(3, now), 3..3);
        assert!(closing.left.is_empty());
    }

    #[test]
    fn each_message_is_one_member_s_and_the_next_s_after_the_timeout() {
        let start = Instant::now();
        let mut closing = Closing::default();
        let open = |range: Range<u64>| (range.start, range.map(|at| Some(message(at))).collect());
        let range = closing.next(8, start);
        let mine = closing.choose(&turns(1), open(range.clone()), start);
        assert_eq!(indices(&mine), [1, 5]);
        let later = start + TIMEOUT;
        assert_eq!(closing.next(8, later), range);
        let mine = closing.choose(&turns(1), open(range.clone()), later);
        assert_eq!(indices(&mine), [0, 1, 4, 5]);
        // No more than one transaction closes, and the wait starts anew once the oldest is closed.
        let mine = closing.choose(&turns(1), open(0..100), start + TIMEOUT * 3);
        assert_eq!(indices(&mine), (0..8).collect::<Vec<u64>>());
        let mut found = open(range).1;
        found[0] = None;
        let mine = closing.choose(&turns(1), (0, found), start + TIMEOUT * 3);
        assert_eq!(indices(&mine), [1, 5]);
    }

    #[test]
    fn nothing_waits_while_there_is_nothing_to_close() {
        let start = Instant::now();
        let mut closing = Closing::default();
        assert_eq!(closing.next(0, start), 0..0);
        let later = start + TIMEOUT * 9;
        assert_eq!(closing.next(2, later), 0..2);
        let found = vec![Some(message(0)), Some(message(1))];
        assert_eq!(indices(&closing.choose(&turns(1), (0, found), later)), [1]);
    }
}
