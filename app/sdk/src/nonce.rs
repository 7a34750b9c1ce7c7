//! Nonces for many orders in flight.
//!
//! # Rules
//!
//! 1. A nonce is given out once.
//! 2. Nonces in flight span less than a window: executing one that is a window above another would make that other too old.
//! 3. A nonce whose transaction was refused is left unused; the window slides over it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use curvevm::nonce::WINDOW;
use tokio::sync::Notify;

/// Gives out the nonces of one account.
#[derive(Clone, Debug)]
pub struct NonceManager {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    released: Notify,
}

#[derive(Debug)]
struct State {
    next: u64,
    in_flight: BTreeSet<u64>,
}

/// A nonce in flight, until it is dropped. Keep it until the transaction's fate is known.
#[derive(Debug)]
pub struct NonceLease {
    shared: Arc<Shared>,
    nonce: u64,
}

impl NonceManager {
    /// Gives out nonces from `next` on, see [`crate::rpc::AccountView::nonce_next`].
    pub fn new(next: u64) -> Self {
        let state = Mutex::new(State { next, in_flight: BTreeSet::new() });
        Self { shared: Arc::new(Shared { state, released: Notify::new() }) }
    }

    /// Takes a nonce, when it can be in flight beside the others.
    pub fn try_take(&self) -> Option<NonceLease> {
        let mut state = self.shared.state();
        let lowest = state.in_flight.first().copied().unwrap_or(state.next);
        if state.next.saturating_sub(lowest) >= WINDOW || state.next == u64::MAX {
            return None;
        }
        let nonce = state.next;
        state.next = nonce.saturating_add(1);
        state.in_flight.insert(nonce);
        drop(state);
        Some(NonceLease { shared: Arc::clone(&self.shared), nonce })
    }

    /// Takes a nonce, waiting until it can be in flight beside the others.
    pub async fn take(&self) -> NonceLease {
        loop {
            // Registered before the look, so that a release in between is not missed.
            let released = self.shared.released.notified();
            if let Some(lease) = self.try_take() {
                return lease;
            }
            released.await;
        }
    }

    /// The nonce that is given out next.
    pub fn peek(&self) -> u64 {
        self.shared.state().next
    }

    /// Skips to `next`, when that is further; another client of the same key has been at work.
    pub fn advance_to(&self, next: u64) {
        let mut state = self.shared.state();
        state.next = state.next.max(next);
    }

    /// How many nonces are in flight.
    pub fn in_flight(&self) -> usize {
        self.shared.state().in_flight.len()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves a valid state, so that a panic elsewhere cannot have broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NonceLease {
    /// The nonce.
    pub const fn nonce(&self) -> u64 {
        self.nonce
    }
}

impl Drop for NonceLease {
    fn drop(&mut self) {
        self.shared.state().in_flight.remove(&self.nonce);
        self.shared.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use curvevm::nonce::{NonceWindow, WINDOW};

    use super::NonceManager;

    #[test]
    fn gives_each_nonce_once_and_keeps_the_span_below_a_window() {
        let manager = NonceManager::new(5);
        let mut leases: Vec<_> = std::iter::from_fn(|| manager.try_take()).collect();
        assert_eq!(leases.len() as u64, WINDOW);
        assert_eq!(
            leases.iter().map(super::NonceLease::nonce).collect::<Vec<_>>(),
            (5..261).collect::<Vec<_>>()
        );
        // The lowest still flies: no room, whatever else has landed.
        drop(leases.remove(1));
        assert!(manager.try_take().is_none());
        drop(leases.remove(0));
        assert_eq!(manager.try_take().map(|lease| lease.nonce()), Some(261));
    }

    #[test]
    fn whatever_lands_first_the_window_takes_all_in_flight() {
        let manager = NonceManager::new(0);
        let leases: Vec<_> = std::iter::from_fn(|| manager.try_take()).collect();
        let mut window = NonceWindow::default();
        for lease in leases.iter().rev() {
            window.take(lease.nonce()).unwrap();
        }
    }

    #[test]
    fn skips_forward_only() {
        let manager = NonceManager::new(7);
        manager.advance_to(3);
        assert_eq!(manager.peek(), 7);
        manager.advance_to(9);
        assert_eq!(manager.try_take().map(|lease| lease.nonce()), Some(9));
    }

    #[test]
    fn the_last_nonce_is_never_given_out() {
        let manager = NonceManager::new(u64::MAX - 1);
        let lease = manager.try_take().unwrap();
        assert_eq!(lease.nonce(), u64::MAX - 1);
        assert!(manager.try_take().is_none());
    }

    #[tokio::test]
    async fn a_waiting_client_goes_on_when_a_nonce_is_released() {
        let manager = NonceManager::new(0);
        let mut leases: Vec<_> = std::iter::from_fn(|| manager.try_take()).collect();
        let waiting = tokio::spawn({
            let manager = manager.clone();
            async move { manager.take().await.nonce() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(leases.remove(0));
        assert_eq!(waiting.await.unwrap(), WINDOW);
    }
}
