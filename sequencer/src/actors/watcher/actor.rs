//! The watcher's loop.

use std::{sync::Arc, time::Duration};

use asset_rollup_interface::state::LayoutError;
use asset_sdk::l1::{L1Client, L1Error, Level, Message};
use curvevm::types::Address;
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::{L1View, WatcherMetrics};
use crate::actors::{executor::Version, stopped};

/// The longest pause after failed looks.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// The shortest pause between two looks, when somebody asks for one.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// Configuration of the watcher.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WatcherConfig {
    /// The time between two looks.
    pub(crate) poll_interval: Duration,
    /// How settled the inbox must be.
    pub(crate) commitment: Level,
}

/// The L1 watcher.
#[derive(Debug)]
pub(crate) struct Watcher {
    pub(crate) config: WatcherConfig,
    pub(crate) client: Arc<L1Client>,
    pub(crate) view: watch::Sender<Arc<L1View>>,
    /// How far the chain has consumed the inbox.
    pub(crate) head: watch::Receiver<Arc<Version>>,
    /// Asks for a look now.
    pub(crate) wanted: Arc<Notify>,
    pub(crate) metrics: WatcherMetrics,
}

impl Watcher {
    /// Runs until `stop` turns true.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut failures = 0u32;
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                looked = self.look() => failures = if looked { 0 } else { failures.saturating_add(1) },
            }
            let pause = backoff(self.config.poll_interval, failures);
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(pause) => {}
                () = self.wanted.notified(), if failures == 0 => sleep(PAUSE_MIN).await,
            }
        }
    }

    /// Reads once and publishes. Gives whether that succeeded.
    async fn look(&self) -> bool {
        let mut view = L1View::clone(&self.view.borrow());
        let result = self.read(&mut view).await;
        if let Err(error) = &result {
            self.metrics.failures.inc();
            if view.reachable {
                tracing::warn!(%error, "the L1 cannot be read");
            }
            view.fail(error);
        }
        self.metrics.reachable.set(i64::from(view.reachable));
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.metrics.slot.set(gauge(view.slot));
        self.metrics.committed.set(gauge(view.committed));
        self.metrics.finalized.set(gauge(view.finalized));
        self.metrics.inbox_count.set(gauge(view.inbox_count));
        self.view.send_replace(Arc::new(view));
        result.is_ok()
    }

    async fn read(&self, view: &mut L1View) -> Result<(), L1Error> {
        let (slot, rollup, inbox) = tokio::try_join!(
            self.client.slot(Level::Confirmed),
            self.client.rollup(Level::Confirmed),
            self.client.inbox(self.config.commitment),
        )?;
        view.update(slot, &rollup, &inbox);
        let missing = view.missing(self.head.borrow().chain.inbox_cursor);
        let found = self.client.messages(missing, self.config.commitment).await?;
        // The accounts may be read from an earlier slot than the inbox: what follows a missing one is not taken either.
        for account in found.into_iter().map_while(|account| account) {
            let message = account.message().map_err(|reason| self.unknown(&account, reason))?;
            if !view.append(message, account.hash) {
                break;
            }
        }
        Ok(())
    }

    fn unknown(&self, account: &Message, reason: LayoutError) -> L1Error {
        let address = self.client.addresses().message(account.index).to_bytes();
        L1Error::Layout { address: Address::new(address), reason: reason.to_string() }
    }
}

/// The pause after `failures` in a row: twice as long each time.
fn backoff(interval: Duration, failures: u32) -> Duration {
    interval.saturating_mul(2u32.saturating_pow(failures.min(16))).min(BACKOFF_MAX.max(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_l1_that_does_not_answer_is_said_and_what_was_known_stays() {
        // A port that nobody listens on.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let spec = crate::testing::spec();
        let url = format!("http://{free}");
        let config = asset_sdk::l1::L1Config::new(url.clone(), *spec.program_id(), spec.id);
        let mut known = L1View::with_messages(Vec::new());
        known.committed = 7;
        let watcher = Watcher {
            config: WatcherConfig {
                poll_interval: Duration::from_secs(1),
                commitment: Level::Finalized,
            },
            client: Arc::new(L1Client::new(config)),
            view: watch::Sender::new(Arc::new(known)),
            head: watch::channel(Arc::new(Version::genesis(&spec).unwrap())).1,
            wanted: Arc::new(Notify::new()),
            metrics: WatcherMetrics::default(),
        };
        assert!(!watcher.look().await);
        let view = watcher.view.borrow().clone();
        assert!(!view.reachable);
        assert_eq!(view.committed, 7);
        let problem = view.problem.clone().unwrap();
        assert_eq!(problem.number, asset_sdk::rpc::NodeError::L1Unreachable);
        assert!(problem.message.contains(&url), "{}", problem.message);
    }

    #[test]
    fn the_pause_doubles_up_to_its_bound() {
        let interval = Duration::from_millis(400);
        assert_eq!(backoff(interval, 0), interval);
        assert_eq!(backoff(interval, 2), interval * 4);
        assert_eq!(backoff(interval, 1_000), BACKOFF_MAX);
        assert_eq!(backoff(BACKOFF_MAX * 2, 3), BACKOFF_MAX * 2);
    }
}
