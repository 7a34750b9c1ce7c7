//! The nonce window: replay protection that lets a client send many orders at once, without a clock.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::error::Error;

/// Nonces in the window.
pub const WINDOW: u64 = 256;
/// How far above the base a nonce may lie; taking one above the window moves the window up to it.
pub const AHEAD_MAX: u64 = 511;
const WORDS: usize = 4;

/// Which nonces are used: all below `base`, and those whose bit is set in `[base, base + 256)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct NonceWindow {
    base: u64,
    bitmap: [u64; WORDS],
}

impl NonceWindow {
    /// The lowest nonce that may still be taken.
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// The lowest nonce above all that were taken; a client that sends one after the other takes this.
    pub fn next(&self) -> u64 {
        let highest = (0..WINDOW).rev().find(|at| self.is_set(*at));
        self.base.saturating_add(highest.map_or(0, |at| at.saturating_add(1)))
    }

    /// Whether `nonce` may be taken.
    ///
    /// # Errors
    ///
    /// [`Error::NonceUsed`], [`Error::NonceTooDistant`].
    pub fn check(&self, nonce: u64) -> Result<(), Error> {
        let ahead = nonce.checked_sub(self.base).ok_or(Error::NonceUsed)?;
        if ahead > AHEAD_MAX || nonce == u64::MAX {
            return Err(Error::NonceTooDistant);
        }
        if ahead < WINDOW && self.is_set(ahead) {
            return Err(Error::NonceUsed);
        }
        Ok(())
    }

    /// Takes `nonce`.
    ///
    /// # Errors
    ///
    /// As [`NonceWindow::check`]; the window is then as before.
    pub fn take(&mut self, nonce: u64) -> Result<(), Error> {
        self.check(nonce)?;
        let ahead = nonce.saturating_sub(self.base);
        self.slide(ahead.saturating_sub(WINDOW.saturating_sub(1)));
        self.set(nonce.saturating_sub(self.base));
        let used = u64::from(self.leading_used());
        self.slide(used);
        Ok(())
    }

    fn is_set(&self, at: u64) -> bool {
        self.word(at).is_some_and(|word| word >> (at & 63) & 1 == 1)
    }

    fn word(&self, at: u64) -> Option<u64> {
        self.bitmap.get(usize::try_from(at >> 6).ok()?).copied()
    }

    fn set(&mut self, at: u64) {
        let word = usize::try_from(at >> 6).ok().and_then(|word| self.bitmap.get_mut(word));
        if let Some(word) = word {
            *word |= 1 << (at & 63);
        }
    }

    fn leading_used(&self) -> u32 {
        let mut used = 0u32;
        for word in self.bitmap {
            let ones = word.trailing_ones();
            used = used.saturating_add(ones);
            if ones < 64 {
                break;
            }
        }
        used
    }

    /// Moves the base up by `by`.
    fn slide(&mut self, by: u64) {
        if by == 0 {
            return;
        }
        let (words, bits) = (by >> 6, by & 63);
        let old = *self;
        for (index, word) in self.bitmap.iter_mut().enumerate() {
            let from = (index as u64).saturating_add(words).saturating_mul(64);
            let low = old.word(from).unwrap_or(0);
            let high = old.word(from.saturating_add(64)).unwrap_or(0);
            *word = if bits == 0 { low } else { low >> bits | high << 64u64.saturating_sub(bits) };
        }
        self.base = self.base.saturating_add(by);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{AHEAD_MAX, NonceWindow};
    use crate::error::Error;

    #[test]
    fn edges_of_the_window() {
        let mut window = NonceWindow::default();
        assert_eq!(window.check(AHEAD_MAX), Ok(()));
        assert_eq!(window.check(AHEAD_MAX + 1), Err(Error::NonceTooDistant));
        assert_eq!(window.check(u64::MAX), Err(Error::NonceTooDistant));
        window.take(255).unwrap();
        assert_eq!(window.base(), 0);
        window.take(256).unwrap();
        assert_eq!(window.base(), 1);
        assert_eq!(window.check(0), Err(Error::NonceUsed));
        assert_eq!(window.check(1), Ok(()));
        assert_eq!(window.next(), 257);
    }

    #[test]
    fn the_last_nonces_are_refused_and_nothing_wraps() {
        let mut window = NonceWindow { base: u64::MAX - 10, bitmap: [0; 4] };
        assert_eq!(window.take(u64::MAX), Err(Error::NonceTooDistant));
        assert_eq!(window.take(u64::MAX - 1), Ok(()));
    }

    proptest! {
        /// The window agrees with a plain set of used nonces above the base.
        #[test]
        fn agrees_with_a_set(nonces in prop::collection::vec(0u64..2_000, 1..400)) {
            let mut window = NonceWindow::default();
            let mut used = BTreeSet::new();
            for nonce in nonces {
                let expected = if nonce < window.base() || used.contains(&nonce) {
                    Err(Error::NonceUsed)
                } else if nonce > window.base() + AHEAD_MAX {
                    Err(Error::NonceTooDistant)
                } else {
                    Ok(())
                };
                prop_assert_eq!(window.take(nonce), expected);
                if expected.is_ok() {
                    used.insert(nonce);
                    prop_assert_eq!(window.take(nonce), Err(Error::NonceUsed));
                }
                prop_assert!(window.next() > *used.iter().next_back().unwrap_or(&0) || used.is_empty());
            }
        }
    }
}
