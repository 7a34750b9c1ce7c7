//! A position on a curve, moved piece by piece.

use alloc::vec::Vec;

use super::piece::{Inside, bought, cost, given, proceeds};
use crate::{
    cell::{Curve, Mark},
    error::Error,
    module::{Module, PIECES_MAX, Piece},
    types::{Base, Quote},
};

/// Tokens sold, reserve, and the reserve at the start of each entered piece after the first.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) sold: Base,
    pub(super) reserve: Quote,
    pub(super) sqrt_price: u128,
    pub(super) marks: Vec<Mark>,
}

/// Most steps of a walk: each piece once, and a step onto each next one.
const STEPS_MAX: usize = 2 * PIECES_MAX;

impl Position {
    pub(super) fn of(curve: &Curve) -> Self {
        Self {
            sold: curve.sold,
            reserve: curve.reserve,
            sqrt_price: curve.sqrt_price,
            marks: curve.marks.clone(),
        }
    }

    /// Buys exactly `base` tokens; gives their cost.
    pub(super) fn take(&mut self, module: &Module, base: Base) -> Result<Quote, Error> {
        let mut left = base.get();
        let mut total = 0u64;
        for _ in 0..STEPS_MAX {
            if left == 0 {
                return Ok(Quote::new(total));
            }
            self.step_up(module)?;
            let (piece, inside) = self.inside(module)?;
            let now = left.min(self.rest(piece)?);
            let quote = cost(&piece.kind, inside, now)?;
            self.moved_up(now, quote)?;
            left = left.saturating_sub(now);
            total = total.checked_add(quote).ok_or(Error::Overflow)?;
        }
        Err(Error::Overflow)
    }

    /// Buys for at most `budget`; gives the tokens and what was used: all of it, unless the curve ends first.
    pub(super) fn take_for(
        &mut self,
        module: &Module,
        budget: Quote,
    ) -> Result<(Base, Quote), Error> {
        let mut left = budget.get();
        let mut base = 0u64;
        for _ in 0..STEPS_MAX {
            if left == 0 || self.sold >= module.sale_end() {
                break;
            }
            self.step_up(module)?;
            let (piece, inside) = self.inside(module)?;
            let rest = self.rest(piece)?;
            let (now, quote) = match cost(&piece.kind, inside, rest) {
                Ok(all) if all <= left => (rest, all),
                // The whole budget stays in the reserve, also the part of it that does not buy a whole unit.
                Ok(_) | Err(Error::Overflow) => {
                    let most = rest.saturating_sub(1);
                    (bought(&piece.kind, inside, left, most)?, left)
                }
                Err(error) => return Err(error),
            };
            self.moved_up(now, quote)?;
            left = left.saturating_sub(quote);
            base = base.checked_add(now).ok_or(Error::Overflow)?;
        }
        let used = budget.get().saturating_sub(left);
        Ok((Base::new(base), Quote::new(used)))
    }

    /// Gives back exactly `base` tokens; gives their proceeds.
    pub(super) fn give(&mut self, module: &Module, base: Base) -> Result<Quote, Error> {
        let mut left = base.get();
        let mut total = 0u64;
        for _ in 0..STEPS_MAX {
            if left == 0 {
                return Ok(Quote::new(total));
            }
            self.step_down();
            let (piece, inside) = self.inside(module)?;
            let now = left.min(inside.sold);
            if now == 0 {
                return Err(Error::SellExceedsSold);
            }
            let quote = proceeds(&piece.kind, inside, now)?;
            self.moved_down(now, quote)?;
            left = left.saturating_sub(now);
            total = total.checked_add(quote).ok_or(Error::Overflow)?;
        }
        Err(Error::Overflow)
    }

    /// The fewest tokens whose proceeds are at least `quote`.
    pub(super) fn base_for(&self, module: &Module, quote: Quote) -> Result<Base, Error> {
        let mut walk = self.clone();
        let mut left = quote.get();
        let mut base = 0u64;
        for _ in 0..STEPS_MAX {
            if left == 0 {
                return Ok(Base::new(base));
            }
            walk.step_down();
            let (piece, inside) = walk.inside(module)?;
            let now = given(&piece.kind, inside, left)?;
            if now == 0 {
                return Err(Error::InsufficientReserve);
            }
            let got = proceeds(&piece.kind, inside, now)?;
            walk.moved_down(now, got)?;
            left = left.saturating_sub(got);
            base = base.checked_add(now).ok_or(Error::Overflow)?;
        }
        Err(Error::InsufficientReserve)
    }

    /// The piece that was entered last, and where it stands.
    fn inside<'m>(&self, module: &'m Module) -> Result<(&'m Piece, Inside), Error> {
        let index = self.marks.len();
        let piece = module.pieces.get(index).ok_or(Error::CurveComplete)?;
        let mark = self.mark();
        let inside = Inside {
            sold: self.sold.checked_sub(mark.sold).ok_or(Error::Overflow)?.get(),
            reserve: self
                .reserve
                .checked_sub(mark.reserve)
                .ok_or(Error::InsufficientReserve)?
                .get(),
        };
        Ok((piece, inside))
    }

    /// Where the piece that was entered last started.
    fn mark(&self) -> Mark {
        self.marks.last().copied().unwrap_or_default()
    }

    /// Tokens left in `piece`.
    fn rest(&self, piece: &Piece) -> Result<u64, Error> {
        piece.end.checked_sub(self.sold).map(Base::get).ok_or(Error::Overflow)
    }

    /// Enters the next piece when the present one is sold out.
    fn step_up(&mut self, module: &Module) -> Result<(), Error> {
        let piece = module.pieces.get(self.marks.len()).ok_or(Error::CurveComplete)?;
        if self.sold < piece.end {
            return Ok(());
        }
        self.marks.push(Mark { sold: self.sold, reserve: self.reserve });
        if self.marks.len() < module.pieces.len() { Ok(()) } else { Err(Error::CurveComplete) }
    }

    /// Leaves a piece that has sold nothing for the one before it.
    fn step_down(&mut self) {
        if self.sold == self.mark().sold {
            self.marks.pop();
        }
    }

    fn moved_up(&mut self, base: u64, quote: u64) -> Result<(), Error> {
        self.sold = self.sold.checked_add(Base::new(base)).ok_or(Error::Overflow)?;
        self.reserve = self.reserve.checked_add(Quote::new(quote)).ok_or(Error::Overflow)?;
        Ok(())
    }

    fn moved_down(&mut self, base: u64, quote: u64) -> Result<(), Error> {
        self.sold = self.sold.checked_sub(Base::new(base)).ok_or(Error::SellExceedsSold)?;
        self.reserve =
            self.reserve.checked_sub(Quote::new(quote)).ok_or(Error::InsufficientReserve)?;
        Ok(())
    }
}
