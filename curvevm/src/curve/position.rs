//! A position on a curve, moved piece by piece.

use alloc::vec::Vec;

use super::{
    kind::{
        Inside,
        liquidity::{
            after_base_in, after_base_out, after_quote_in, after_quote_out, base_ceil, base_floor,
            quote_ceil, quote_floor,
        },
        path::Path,
    },
    price::Price,
};
use crate::{
    cell::Curve,
    error::Error,
    math::U256,
    module::{Module, PIECES_MAX, Piece, PieceKind},
    types::Base,
};

/// Most steps of a walk: each piece once, and a step onto each next one.
const STEPS_MAX: usize = 2 * PIECES_MAX;

/// Where a curve stands, and where purchases stop.
#[derive(Clone, Debug)]
pub(super) struct Position<'m> {
    module: &'m Module,
    /// Tokens sold.
    pub(super) sold: u64,
    /// Quote collected.
    pub(super) reserve: u64,
    /// See [`Curve::sqrt_price`].
    pub(super) sqrt_price: u128,
    /// See [`Curve::marks`].
    pub(super) marks: Vec<Base>,
    stop: Option<Stop>,
}

/// The point of graduation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// The piece.
    pub(super) piece: usize,
    /// Where in it.
    pub(super) at: Where,
}

/// A point in a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// That many tokens of the piece are sold.
    Sold(u64),
    /// The square root of the price is this.
    SqrtPrice(u128),
}

impl Stop {
    /// The end of a piece.
    pub(super) const fn end_of(index: usize, piece: &Piece) -> Self {
        let at = match piece.kind {
            PieceKind::ConstantLiquidity { sqrt_end, .. } => Where::SqrtPrice(sqrt_end),
            PieceKind::ConstantProduct { .. }
            | PieceKind::Linear { .. }
            | PieceKind::FixedPrice { .. } => Where::Sold(u64::MAX),
        };
        Self { piece: index, at }
    }
}

/// What a walk moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) base: u64,
    pub(super) quote: u64,
    /// Whether more would have moved if the curve did not end.
    pub(super) cut: bool,
}

/// The piece that a position is in.
#[derive(Clone, Copy, Debug)]
enum Spot {
    Path {
        path: Path,
        /// Tokens sold from the piece.
        sold: u64,
        /// Tokens left in it.
        rest: u64,
    },
    Liquidity {
        low: u128,
        high: u128,
        liquidity: u128,
    },
}

impl<'m> Position<'m> {
    pub(super) fn of(module: &'m Module, curve: &Curve) -> Self {
        Self {
            module,
            sold: curve.sold.get(),
            reserve: curve.reserve.get(),
            // A curve that was never sold from may not know it.
            sqrt_price: curve.sqrt_price.max(module.sqrt_start),
            marks: curve.marks.clone(),
            stop: None,
        }
    }

    /// The same, which no purchase moves past `stop`.
    pub(super) fn until(self, stop: Stop) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Whether it is beyond `stop`.
    pub(super) fn is_beyond(&self, stop: Stop) -> bool {
        let piece = self.marks.len();
        piece > stop.piece
            || piece == stop.piece
                && match stop.at {
                    Where::Sold(sold) => self.sold_inside() > sold,
                    Where::SqrtPrice(sqrt) => self.sqrt_price > sqrt,
                }
    }

    /// Whether the pieces are sold out.
    pub(super) fn is_sold_out(&self) -> Result<bool, Error> {
        let last = self.marks.len().saturating_add(1) >= self.module.pieces.len();
        Ok(last && self.is_at_top(&self.spot()?))
    }

    /// The marginal price.
    pub(super) fn price(&self) -> Result<Price, Error> {
        let (quote, base) = match self.spot()? {
            Spot::Path { path, .. } => path.price()?,
            Spot::Liquidity { .. } => {
                (U256::product(self.sqrt_price, self.sqrt_price), U256::from_parts(1, 0))
            }
        };
        Ok(Price { quote, base })
    }

    /// Goes to the piece that the next token is bought from.
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.step_up().map(|_| ())
    }

    /// Buys `base` tokens, or as many as there are.
    pub(super) fn take(&mut self, base: u64) -> Result<Moved, Error> {
        let mut moved = Moved::default();
        for _ in 0..STEPS_MAX {
            let left = base.saturating_sub(moved.base);
            if left == 0 {
                break;
            }
            let Some(spot) = self.step_up()? else { return Ok(Moved { cut: true, ..moved }) };
            let step = match spot {
                Spot::Path { path, rest, .. } => {
                    let base = left.min(rest);
                    Moved { base, quote: path.cost(base)?, cut: false }
                }
                Spot::Liquidity { low: _, high, liquidity } => {
                    let room = base_floor(self.sqrt_price, high, liquidity)?;
                    let to = if left < room {
                        after_base_out(self.sqrt_price, liquidity, left)?
                    } else {
                        high
                    };
                    let quote = quote_ceil(self.sqrt_price, to, liquidity)?;
                    self.sqrt_price = to;
                    Moved { base: left.min(room), quote, cut: false }
                }
            };
            self.move_up(step)?;
            moved = moved.and(step)?;
        }
        Ok(moved)
    }

    /// Buys for `budget`: all of it is used, also the part that buys no whole token, unless the curve ends first.
    pub(super) fn spend(&mut self, budget: u64) -> Result<Moved, Error> {
        let mut moved = Moved::default();
        for _ in 0..STEPS_MAX {
            let left = budget.saturating_sub(moved.quote);
            if left == 0 {
                break;
            }
            let Some(spot) = self.step_up()? else { return Ok(Moved { cut: true, ..moved }) };
            let step = match spot {
                Spot::Path { path, rest, .. } => self.spend_on_path(&path, rest, left)?,
                Spot::Liquidity { low: _, high, liquidity } => {
                    let room = quote_ceil(self.sqrt_price, high, liquidity)?;
                    let to = if left < room {
                        after_quote_in(self.sqrt_price, liquidity, left)?
                    } else {
                        high
                    };
                    let base = base_floor(self.sqrt_price, to, liquidity)?;
                    self.sqrt_price = to;
                    Moved { base, quote: left.min(room), cut: false }
                }
            };
            self.move_up(step)?;
            moved = moved.and(step)?;
        }
        Ok(moved)
    }

    /// Sells `base` tokens.
    pub(super) fn give(&mut self, base: u64) -> Result<Moved, Error> {
        let mut moved = Moved::default();
        for _ in 0..STEPS_MAX {
            let left = base.saturating_sub(moved.base);
            if left == 0 {
                return Ok(moved);
            }
            let step = match self.step_down()? {
                Spot::Path { sold: 0, .. } => return Err(Error::SellExceedsSold),
                Spot::Path { path, sold, .. } => {
                    let base = left.min(sold);
                    Moved { base, quote: path.proceeds(base)?, cut: false }
                }
                Spot::Liquidity { low, high: _, liquidity } => {
                    self.give_to_liquidity(&(low, liquidity), left)?
                }
            };
            self.move_down(step)?;
            moved = moved.and(step)?;
        }
        Err(Error::SellExceedsSold)
    }

    /// Sells as few tokens as give exactly `quote`.
    pub(super) fn withdraw(&mut self, quote: u64) -> Result<Moved, Error> {
        let mut moved = Moved::default();
        for _ in 0..STEPS_MAX {
            let left = quote.saturating_sub(moved.quote);
            if left == 0 {
                return Ok(moved);
            }
            let step = match self.step_down()? {
                Spot::Path { sold: 0, .. } => return Err(Error::InsufficientReserve),
                Spot::Path { path, sold, .. } => match path.given(left)? {
                    Some(base) if base <= sold => Moved { base, quote: left, cut: false },
                    Some(_) | None => {
                        let quote = path.proceeds(sold)?.min(left);
                        Moved { base: sold, quote, cut: false }
                    }
                },
                Spot::Liquidity { low, high: _, liquidity } => {
                    self.withdraw_from_liquidity(low, liquidity, left)?
                }
            };
            self.move_down(step)?;
            moved = moved.and(step)?;
        }
        Err(Error::InsufficientReserve)
    }

    /// A step of [`Self::spend`] in a piece of which `rest` tokens are left.
    fn spend_on_path(&self, path: &Path, rest: u64, left: u64) -> Result<Moved, Error> {
        if !self.is_last() {
            match path.cost(rest) {
                Ok(quote) if quote <= left => return Ok(Moved { base: rest, quote, cut: false }),
                Ok(_) | Err(Error::Overflow) => {
                    let base = path.bought(left, rest)?.min(rest);
                    return Ok(Moved { base, quote: left, cut: false });
                }
                Err(error) => return Err(error),
            }
        }
        // An order for more tokens than are left is cut, also when it costs as much as what is left.
        let base = path.bought(left, rest)?;
        if base < rest {
            return Ok(Moved { base, quote: left, cut: false });
        }
        Ok(Moved { base: rest, quote: path.cost(rest)?.min(left), cut: base > rest })
    }

    /// Sells up to `base` tokens to a piece of constant liquidity: its lower end and its liquidity, by reference, as a call on Solana
    /// passes five words.
    fn give_to_liquidity(
        &mut self,
        &(low, liquidity): &(u128, u128),
        base: u64,
    ) -> Result<Moved, Error> {
        let from = self.sqrt_price;
        let base = base.min(self.sold_in_run());
        // The lowest piece of the run takes all, as its tokens never lead below its start.
        let room = if self.is_run_start() { None } else { Some(base_ceil(low, from, liquidity)?) };
        let (to, base) = match room {
            Some(room) if base >= room => (low, room),
            Some(_) | None => (after_base_in(from, liquidity, base)?, base),
        };
        if to < low {
            return Err(Error::InsufficientReserve);
        }
        self.sqrt_price = to;
        Ok(Moved { base, quote: quote_floor(to, from, liquidity)?, cut: false })
    }

    /// Takes up to `quote` out of a piece of constant liquidity.
    fn withdraw_from_liquidity(
        &mut self,
        low: u128,
        liquidity: u128,
        quote: u64,
    ) -> Result<Moved, Error> {
        let from = self.sqrt_price;
        let room =
            if self.is_run_start() { None } else { Some(quote_floor(low, from, liquidity)?) };
        let (to, quote) = match room {
            Some(room) if quote >= room => (Some(low), room),
            Some(_) | None => (after_quote_out(from, liquidity, quote), quote),
        };
        let sold = self.sold_in_run();
        if let Some(to) = to.filter(|to| *to >= low) {
            let base = base_ceil(to, from, liquidity)?;
            if base <= sold {
                self.sqrt_price = to;
                return Ok(Moved { base, quote, cut: false });
            }
        }
        // It takes all tokens that were sold from the run, and tokens of the piece below it.
        if self.run_start() == 0 {
            return Err(Error::InsufficientReserve);
        }
        self.give_to_liquidity(&(low, liquidity), sold)
    }

    /// The first of the pieces of constant liquidity that stand next to the present one, and are not above it.
    fn run_start(&self) -> usize {
        let piece = self.marks.len();
        let below = self.module.pieces.iter().take(piece).rev();
        let run =
            below.take_while(|piece| matches!(piece.kind, PieceKind::ConstantLiquidity { .. }));
        piece.saturating_sub(run.count())
    }

    fn is_run_start(&self) -> bool {
        self.run_start() == self.marks.len()
    }

    /// Tokens sold from the pieces of constant liquidity up to the present one.
    fn sold_in_run(&self) -> u64 {
        let mark = self.run_start().checked_sub(1).and_then(|before| self.marks.get(before));
        self.sold.saturating_sub(mark.map_or(0, |mark| mark.get()))
    }

    /// Goes to the piece that the next token is bought from; none at the end.
    fn step_up(&mut self) -> Result<Option<Spot>, Error> {
        for _ in 0..PIECES_MAX {
            let spot = self.spot()?;
            if !self.is_at_top(&spot) {
                return Ok(Some(spot));
            }
            if self.is_last() {
                return Ok(None);
            }
            self.marks.push(Base::new(self.sold));
        }
        Ok(None)
    }

    /// Goes to the piece that the next token is sold to.
    fn step_down(&mut self) -> Result<Spot, Error> {
        for _ in 0..PIECES_MAX {
            let spot = self.spot()?;
            let below = match spot {
                Spot::Path { sold: 0, .. } => self.marks.len().checked_sub(1),
                Spot::Path { .. } => None,
                // Tokens that rounding kept stay in the square root of the price, for whoever comes back.
                Spot::Liquidity { .. } if self.sold_in_run() == 0 => {
                    self.run_start().checked_sub(1)
                }
                Spot::Liquidity { low, .. } if self.sqrt_price <= low && !self.is_run_start() => {
                    self.marks.len().checked_sub(1)
                }
                Spot::Liquidity { .. } => None,
            };
            let Some(below) = below else { return Ok(spot) };
            self.marks.truncate(below);
        }
        Err(Error::Overflow)
    }

    /// Whether the piece is the last that is sold.
    fn is_last(&self) -> bool {
        let piece = self.marks.len();
        self.stop.is_some_and(|stop| piece >= stop.piece)
            || piece.saturating_add(1) >= self.module.pieces.len()
    }

    fn is_at_top(&self, spot: &Spot) -> bool {
        match *spot {
            Spot::Path { rest, .. } => rest == 0,
            Spot::Liquidity { high, .. } => self.sqrt_price >= high,
        }
    }

    /// The piece that was entered last, and where it stands.
    fn spot(&self) -> Result<Spot, Error> {
        let index = self.marks.len();
        let piece = self.module.pieces.get(index).ok_or(Error::Overflow)?;
        let stop = self.stop.filter(|stop| stop.piece == index).map(|stop| stop.at);
        if let PieceKind::ConstantLiquidity { liquidity, sqrt_end } = piece.kind {
            let high = match stop {
                Some(Where::SqrtPrice(sqrt)) => sqrt_end.min(sqrt),
                Some(Where::Sold(_)) | None => sqrt_end,
            };
            return Ok(Spot::Liquidity { low: sqrt_low(self.module, index), high, liquidity });
        }
        let sold = self.sold_inside();
        let alone = self.module.pieces.len() == 1;
        let inside = Inside { sold, reserve: alone.then_some(self.reserve) };
        let path = Path::new(&piece.kind, inside)?.ok_or(Error::Overflow)?;
        let length = match stop {
            Some(Where::Sold(stop)) => length(self.module, index, piece).min(stop),
            Some(Where::SqrtPrice(_)) | None => length(self.module, index, piece),
        };
        Ok(Spot::Path { path, sold, rest: length.saturating_sub(sold) })
    }

    /// Tokens sold from the piece that was entered last.
    fn sold_inside(&self) -> u64 {
        self.sold.saturating_sub(self.marks.last().map_or(0, |mark| mark.get()))
    }

    fn move_up(&mut self, step: Moved) -> Result<(), Error> {
        self.sold = self.sold.checked_add(step.base).ok_or(Error::Overflow)?;
        self.reserve = self.reserve.checked_add(step.quote).ok_or(Error::Overflow)?;
        Ok(())
    }

    fn move_down(&mut self, step: Moved) -> Result<(), Error> {
        self.sold = self.sold.checked_sub(step.base).ok_or(Error::SellExceedsSold)?;
        self.reserve = self.reserve.checked_sub(step.quote).ok_or(Error::InsufficientReserve)?;
        Ok(())
    }
}

impl Moved {
    fn and(self, other: Self) -> Result<Self, Error> {
        let base = self.base.checked_add(other.base).ok_or(Error::Overflow)?;
        let quote = self.quote.checked_add(other.quote).ok_or(Error::Overflow)?;
        Ok(Self { base, quote, cut: self.cut || other.cut })
    }
}

/// Tokens that a piece sells.
pub(super) fn length(module: &Module, index: usize, piece: &Piece) -> u64 {
    let start = index
        .checked_sub(1)
        .and_then(|before| module.pieces.get(before))
        .map_or(0, |before| before.end.get());
    piece.end.get().saturating_sub(start)
}

/// The square root of the price at which a piece of constant liquidity starts.
pub(super) fn sqrt_low(module: &Module, index: usize) -> u128 {
    match index.checked_sub(1).and_then(|before| module.pieces.get(before)).map(|piece| &piece.kind)
    {
        Some(PieceKind::ConstantLiquidity { sqrt_end, .. }) => *sqrt_end,
        Some(
            PieceKind::ConstantProduct { .. }
            | PieceKind::Linear { .. }
            | PieceKind::FixedPrice { .. },
        )
        | None => module.sqrt_start,
    }
}
