//! Fees by recipient: sums, and what accrues in a cell.

use crate::{
    cell::{Accrued, Money},
    error::Error,
    module::Recipient,
    receipt::{FeeSplit, TakenFees},
    types::{Base, Quote},
};

impl<A: Copy> FeeSplit<A> {
    /// The same with every part changed.
    pub fn map<B>(&self, change: impl Fn(A) -> B) -> FeeSplit<B> {
        FeeSplit {
            protocol: change(self.protocol),
            creator: change(self.creator),
            partner: change(self.partner),
            referrer: change(self.referrer),
            liquidity: change(self.liquidity),
        }
    }

    /// The part of a recipient.
    pub const fn of(&self, recipient: Recipient) -> A {
        match recipient {
            Recipient::Protocol => self.protocol,
            Recipient::Creator => self.creator,
            Recipient::Partner => self.partner,
            Recipient::Referrer => self.referrer,
            Recipient::Liquidity => self.liquidity,
        }
    }
}

impl FeeSplit<u64> {
    /// All parts together; none when they do not fit.
    pub fn total(&self) -> Option<u64> {
        let parts = [self.creator, self.partner, self.referrer, self.liquidity];
        parts.into_iter().try_fold(self.protocol, u64::checked_add)
    }

    /// Adds to the part of a recipient; none when it does not fit.
    pub(super) fn add(&mut self, recipient: Recipient, units: u64) -> Option<()> {
        let part = match recipient {
            Recipient::Protocol => &mut self.protocol,
            Recipient::Creator => &mut self.creator,
            Recipient::Partner => &mut self.partner,
            Recipient::Referrer => &mut self.referrer,
            Recipient::Liquidity => &mut self.liquidity,
        };
        *part = part.checked_add(units)?;
        Some(())
    }
}

impl FeeSplit<Quote> {
    /// All parts together; none when they do not fit.
    pub fn total(&self) -> Option<Quote> {
        self.map(Quote::get).total().map(Quote::new)
    }
}

impl FeeSplit<Base> {
    /// All parts together; none when they do not fit.
    pub fn total(&self) -> Option<Base> {
        self.map(Base::get).total().map(Base::new)
    }
}

impl TakenFees {
    /// The parts in units of their asset.
    pub fn units(&self) -> FeeSplit<u64> {
        match self {
            Self::Quote(split) => split.map(Quote::get),
            Self::Base(split) => split.map(Base::get),
        }
    }

    /// What the referrer receives.
    pub const fn referrer(&self) -> Money {
        match self {
            Self::Quote(split) => Money { quote: split.referrer, base: Base::ZERO },
            Self::Base(split) => Money { quote: Quote::ZERO, base: split.referrer },
        }
    }
}

impl Money {
    /// The sum; none when it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            quote: self.quote.checked_add(other.quote)?,
            base: self.base.checked_add(other.base)?,
        })
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.quote.is_zero() && self.base.is_zero()
    }
}

impl Accrued {
    /// Adds the parts of the protocol, the creator and the partner. That of the referrer is paid at once, and that of the liquidity
    /// is in the pool's reserve.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when a part does not fit; then nothing is added.
    pub fn add(&mut self, fees: &TakenFees) -> Result<(), Error> {
        let money = match *fees {
            TakenFees::Quote(split) => split.map(|quote| Money { quote, base: Base::ZERO }),
            TakenFees::Base(split) => split.map(|base| Money { quote: Quote::ZERO, base }),
        };
        let sum = |held: Money, more: Money| held.checked_add(more).ok_or(Error::Overflow);
        *self = Self {
            protocol: sum(self.protocol, money.protocol)?,
            creator: sum(self.creator, money.creator)?,
            partner: sum(self.partner, money.partner)?,
        };
        Ok(())
    }
}
