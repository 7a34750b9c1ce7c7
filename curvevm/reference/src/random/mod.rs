//! Random modules, orders and sequences of transactions, out of any source of choices: a seeded generator or a fuzzer's bytes.

mod fees;
mod messages;
mod modules;
mod orders;

use rand_chacha::{
    ChaCha12Rng,
    rand_core::{RngCore, SeedableRng},
};

pub use fees::{curve_fees, pool_fees};
pub use messages::{corrupt, deposit};
pub use modules::{broken, module, with_fees, without_fees};
pub use orders::{Cast, buy_order, program, sell_order};

/// A source of choices.
pub trait Choices {
    /// A number below `bound`; zero when the bound is.
    fn below(&mut self, bound: u64) -> u64;

    /// A number from `low` to `high`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low);
        low + if width == u64::MAX { self.below(u64::MAX) } else { self.below(width + 1) }
    }

    /// True once in `of` times.
    fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    /// A number of any magnitude up to `most`: all lengths in bits are as likely.
    fn magnitude(&mut self, most: u64) -> u64 {
        let bits = self.between(0, u64::from(64 - most.leading_zeros()));
        let number = match bits {
            0 => 0,
            64 => self.between(1 << 63, u64::MAX),
            bits => self.between(1 << (bits - 1), (1 << bits) - 1),
        };
        number.min(most)
    }
}

/// One of the items.
pub fn pick<'i, T>(choices: &mut dyn Choices, items: &'i [T]) -> &'i T {
    let at = choices.below(items.len() as u64);
    &items[usize::try_from(at).unwrap_or(0)]
}

/// Choices by a seed.
#[derive(Debug)]
pub struct Seeded(ChaCha12Rng);

impl Seeded {
    /// The choices of a seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }
}

impl Choices for Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.next_u64() % bound }
    }
}

/// Choices by bytes; the first choice each time when there are no more.
#[derive(Debug)]
pub struct Bytes<'b>(pub &'b [u8]);

impl Bytes<'_> {
    /// Whether all are used up.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Choices for Bytes<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        // As few bytes as tell all choices apart, so that a fuzzer's changes stay small.
        let bits = 64 - bound.saturating_sub(1).leading_zeros();
        let mut number = 0u64;
        for _ in 0..bits.div_ceil(8) {
            let Some((byte, rest)) = self.0.split_first() else { break };
            number = number << 8 | u64::from(*byte);
            self.0 = rest;
        }
        if bound == 0 { 0 } else { number % bound }
    }
}
