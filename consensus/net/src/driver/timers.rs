//! The timers of the core.

use std::{future, time::Duration};

use asset_consensus::{TimerKind, View};
use tokio::time::{Instant, sleep_until};

/// The view timer runs up to this much longer, by chance, so that members do not all give up in the same instant.
const VIEW_JITTER_MAX: f64 = 0.1;

/// One running timer of each kind.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    view: Option<Timer>,
    retry: Option<Timer>,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    view: View,
    at: Instant,
}

impl Timers {
    /// Starts a timer in place of the one of its kind.
    pub(crate) fn set(&mut self, kind: TimerKind, view: View, after_ms: u64) {
        let after = Duration::from_millis(after_ms);
        let after = match kind {
            TimerKind::View => after.mul_f64(1.0 + rand::random_range(0.0..=VIEW_JITTER_MAX)),
            TimerKind::Retry => after,
        };
        *self.slot(kind) = Some(Timer { view, at: Instant::now() + after });
    }

    /// Waits for the first timer to run out, and says which. Cancel-safe.
    pub(crate) async fn expired(&self) -> TimerKind {
        match self.first() {
            Some((at, kind)) => {
                sleep_until(at).await;
                kind
            }
            None => future::pending().await,
        }
    }

    /// Ends a timer that ran out, and gives the view it was set for.
    pub(crate) fn take(&mut self, kind: TimerKind) -> Option<View> {
        self.slot(kind).take().map(|timer| timer.view)
    }

    fn first(&self) -> Option<(Instant, TimerKind)> {
        let view = self.view.map(|timer| (timer.at, TimerKind::View));
        let retry = self.retry.map(|timer| (timer.at, TimerKind::Retry));
        view.into_iter().chain(retry).min()
    }

    const fn slot(&mut self, kind: TimerKind) -> &mut Option<Timer> {
        match kind {
            TimerKind::View => &mut self.view,
            TimerKind::Retry => &mut self.retry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_timer_is_first_and_is_taken_once() {
        let mut timers = Timers::default();
        assert_eq!(timers.first(), None);
        timers.set(TimerKind::View, View::new(1), 10_000);
        timers.set(TimerKind::Retry, View::new(2), 300);
        assert_eq!(timers.first().map(|(_, kind)| kind), Some(TimerKind::Retry));
        assert_eq!(timers.take(TimerKind::Retry), Some(View::new(2)));
        assert_eq!(timers.take(TimerKind::Retry), None);
        assert_eq!(timers.first().map(|(_, kind)| kind), Some(TimerKind::View));
    }

    #[test]
    fn a_later_timer_replaces_the_one_of_its_kind() {
        let mut timers = Timers::default();
        timers.set(TimerKind::View, View::new(1), 10);
        let replaced = timers.first();
        timers.set(TimerKind::View, View::new(2), 10_000);
        assert!(timers.first() > replaced);
        assert_eq!(timers.take(TimerKind::View), Some(View::new(2)));
    }
}
