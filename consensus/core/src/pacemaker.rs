//! How long a view may last.

use crate::io::PacemakerConfig;

/// Counts failed views in a row; each makes the timer longer, progress resets it.
#[derive(Clone, Debug)]
pub(crate) struct Pacemaker {
    config: PacemakerConfig,
    failed: u32,
}

impl Pacemaker {
    pub(crate) const fn new(config: PacemakerConfig) -> Self {
        Self { config, failed: 0 }
    }

    pub(crate) const fn retry_ms(&self) -> u64 {
        self.config.retry_ms
    }

    /// A view was abandoned.
    pub(crate) const fn on_failure(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// A block was committed.
    pub(crate) const fn on_commit(&mut self) {
        self.failed = 0;
    }

    /// `base * growth^failed`, at most the cap, rounded down at each step.
    pub(crate) fn view_ms(&self) -> u64 {
        let mut timer = self.config.view_base_ms;
        for _ in 0..self.failed {
            let grown = u128::from(timer)
                .saturating_mul(u128::from(self.config.growth_percent))
                .checked_div(100)
                .unwrap_or_default();
            let grown = u64::try_from(grown).unwrap_or(u64::MAX);
            // No further growth: at the cap, or a growth of 100 percent.
            if grown >= self.config.view_cap_ms || grown == timer {
                return grown.min(self.config.view_cap_ms);
            }
            timer = grown;
        }
        timer.min(self.config.view_cap_ms)
    }
}

impl PacemakerConfig {
    /// What is wrong with the timers, if anything.
    pub fn violation(&self) -> Option<&'static str> {
        if self.view_base_ms == 0 || self.retry_ms == 0 {
            return Some("timers are at least 1 ms");
        }
        if self.growth_percent < 100 {
            return Some("growth_percent is at least 100");
        }
        if self.view_cap_ms < self.view_base_ms {
            return Some("view_cap_ms is at least view_base_ms");
        }
        (self.retry_ms >= self.view_base_ms).then_some("retry_ms is below view_base_ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> PacemakerConfig {
        PacemakerConfig { view_base_ms: 100, growth_percent: 150, view_cap_ms: 400, retry_ms: 20 }
    }

    #[test]
    fn grows_to_the_cap_and_is_reset_by_progress() {
        let mut pacemaker = Pacemaker::new(config());
        let timers: Vec<_> = (0..6)
            .map(|_| {
                let timer = pacemaker.view_ms();
                pacemaker.on_failure();
                timer
            })
            .collect();
        assert_eq!(timers, [100, 150, 225, 337, 400, 400]);
        pacemaker.on_commit();
        assert_eq!(pacemaker.view_ms(), 100);
    }

    #[test]
    fn many_failures_cost_nothing() {
        let flat = PacemakerConfig { growth_percent: 100, ..config() };
        let pacemaker = Pacemaker { config: flat, failed: u32::MAX };
        assert_eq!(pacemaker.view_ms(), 100);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(config().violation(), None);
        let wrong = [
            PacemakerConfig { view_base_ms: 0, ..config() },
            PacemakerConfig { growth_percent: 99, ..config() },
            PacemakerConfig { view_cap_ms: 99, ..config() },
            PacemakerConfig { retry_ms: 100, ..config() },
        ];
        assert!(wrong.iter().all(|config| config.violation().is_some()));
    }
}
