//! Where a curve stands, and walks over its pieces.

use curvevm::{
    error::Error,
    module::{Graduation, Module, Piece, PieceKind, Rounding},
};
use num_traits::Zero;

use super::{Moved, liquidity, piece, piece::Inside};
use crate::number::{Int, Rat, ceil, floor, int, ratio, smallest, two_to};

/// Where a curve stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Tokens sold.
    pub sold: Int,
    /// Quote collected.
    pub reserve: Int,
    /// The square root of the price in pieces of constant liquidity, Q64.64.
    pub sqrt: Int,
    /// Tokens that were sold when the second piece was entered, and so on. The piece that was entered last is the present one.
    pub marks: Vec<Int>,
}

/// The point of graduation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stop {
    piece: usize,
    /// Tokens sold from the piece, or the square root of the price.
    at: Int,
}

impl Place {
    /// A curve that has sold nothing.
    pub fn start(module: &Module) -> Self {
        Self { sqrt: int(module.sqrt_start), ..Self::default() }
    }

    /// The marginal price.
    pub fn price(&self, module: &Module) -> Rat {
        match self.liquidity(module) {
            Some(_) => ratio(&self.sqrt * &self.sqrt, two_to(128)),
            None => piece::price(&self.piece(module).kind, &self.inside(module)),
        }
    }

    /// Whether the curve is complete: the reserve has reached the target, or the last piece is sold out.
    pub fn is_complete(&self, module: &Module) -> bool {
        let raised = match module.graduation {
            Graduation::SoldOut => false,
            Graduation::Raised(target) => self.reserve >= int(target.get()),
        };
        raised
            || self.index() + 1 == module.pieces.len()
                && self.is_at(module, &end(module, self.index()))
    }

    /// Buys `base` tokens, or as many as there are up to the point of graduation.
    ///
    /// The point is there only for whoever reaches the target: all whole tokens below it may cost less than that, by less than the
    /// next one's price.
    pub fn take(&mut self, module: &Module, base: &Int) -> Moved {
        let stop = stop(module);
        if let Graduation::Raised(target) = module.graduation {
            let mut free = self.clone();
            let moved = free.take_until(module, &None, base);
            if !moved.cut && free.reserve < int(target.get()) {
                *self = free;
                return moved;
            }
        }
        self.take_until(module, &stop, base)
    }

    fn take_until(&mut self, module: &Module, stop: &Option<Stop>, base: &Int) -> Moved {
        let mut moved = Moved::default();
        while moved.base < *base {
            let Some(top) = self.step_up(module, stop) else {
                moved.cut = true;
                break;
            };
            let left = base - &moved.base;
            let step = match self.liquidity(module) {
                None => {
                    let inside = self.inside(module);
                    let base = left.min(&top - &inside.sold);
                    let quote = piece::cost(&self.piece(module).kind, &inside, &base);
                    Moved { base, quote: quote.unwrap_or_else(|| int(u128::MAX)), cut: false }
                }
                Some((_, liquidity)) => {
                    let room = floor(&liquidity::base(&self.sqrt, &top, &liquidity));
                    let to = match liquidity::after_base_out(&self.sqrt, &liquidity, &left) {
                        Some(to) if left < room => to,
                        Some(_) | None => top,
                    };
                    let quote = ceil(&liquidity::quote(&self.sqrt, &to, &liquidity));
                    self.sqrt = to;
                    Moved { base: left.min(room), quote, cut: false }
                }
            };
            self.moved(&step.base, &step.quote);
            moved.add(&step);
        }
        moved
    }

    /// Buys for `budget`: all of it is used, also what buys no whole token, unless the point of graduation comes first.
    pub fn spend(&mut self, module: &Module, budget: &Int) -> Moved {
        let stop = stop(module);
        let mut moved = Moved::default();
        while moved.quote < *budget {
            let Some(top) = self.step_up(module, &stop) else {
                moved.cut = true;
                break;
            };
            let left = budget - &moved.quote;
            let step = match self.liquidity(module) {
                None => self.spend_on_path(module, &stop, &top, &left),
                Some((_, liquidity)) => {
                    let room = ceil(&liquidity::quote(&self.sqrt, &top, &liquidity));
                    let to = if left < room {
                        liquidity::after_quote_in(&self.sqrt, &liquidity, &left)
                    } else {
                        top
                    };
                    let base = floor(&liquidity::base(&self.sqrt, &to, &liquidity));
                    self.sqrt = to;
                    Moved { base, quote: left.min(room), cut: false }
                }
            };
            self.moved(&step.base, &step.quote);
            moved.add(&step);
        }
        moved
    }

    /// A piece is crossed when its rest costs no more than what is left, and the last one when what is left buys its rest; an order
    /// that would buy more is cut there, also if it pays no less for it.
    fn spend_on_path(&self, module: &Module, stop: &Option<Stop>, top: &Int, left: &Int) -> Moved {
        let (kind, inside) = (&self.piece(module).kind, self.inside(module));
        let rest = top - &inside.sold;
        let cost = piece::cost(kind, &inside, &rest);
        let buys = piece::bought(kind, &inside, left, &(&rest + 1));
        let last = self.is_last(module, stop);
        let crosses = match &cost {
            Some(_) if last => buys >= rest,
            Some(cost) => cost <= left,
            None => false,
        };
        match cost {
            Some(cost) if crosses => {
                let cut = last && buys > rest;
                Moved { base: rest, quote: cost.min(left.clone()), cut }
            }
            Some(_) | None => Moved { base: buys.min(rest), quote: left.clone(), cut: false },
        }
    }

    /// Sells `base` tokens.
    ///
    /// # Errors
    ///
    /// [`Error::SellExceedsSold`], [`Error::InsufficientReserve`].
    pub fn give(&mut self, module: &Module, base: &Int) -> Result<Moved, Error> {
        let mut moved = Moved::default();
        while moved.base < *base {
            self.step_down(module);
            let left = base - &moved.base;
            let step = match self.liquidity(module) {
                None => {
                    let inside = self.inside(module);
                    if inside.sold.is_zero() {
                        return Err(Error::SellExceedsSold);
                    }
                    let base = left.min(inside.sold.clone());
                    let quote = piece::proceeds(&self.piece(module).kind, &inside, &base);
                    Moved { base, quote, cut: false }
                }
                Some((low, liquidity)) => {
                    self.give_to_liquidity(module, (&low, &liquidity), left)?
                }
            };
            self.sold_back(&step)?;
            moved.add(&step);
        }
        Ok(moved)
    }

    /// Sells up to `base` tokens to the present piece, which is of constant liquidity: no more than were sold from it and its
    /// neighbours of this kind below, and no more than lead to its start, unless it is the lowest of them.
    fn give_to_liquidity(
        &mut self,
        module: &Module,
        (low, liquidity): (&Int, &Int),
        base: Int,
    ) -> Result<Moved, Error> {
        let base = base.min(self.sold_in_run(module));
        let room = ceil(&liquidity::base(low, &self.sqrt, liquidity));
        let (to, base) = if base >= room && self.run_start(module) < self.index() {
            (low.clone(), room)
        } else {
            (liquidity::after_base_in(&self.sqrt, liquidity, &base), base)
        };
        if to < *low {
            return Err(Error::InsufficientReserve);
        }
        let quote = floor(&liquidity::quote(&to, &self.sqrt, liquidity));
        self.sqrt = to;
        Ok(Moved { base, quote, cut: false })
    }

    /// Sells as few tokens as give exactly `quote`.
    ///
    /// # Errors
    ///
    /// [`Error::SellExceedsSold`], [`Error::InsufficientReserve`].
    pub fn withdraw(&mut self, module: &Module, quote: &Int) -> Result<Moved, Error> {
        let mut moved = Moved::default();
        while moved.quote < *quote {
            self.step_down(module);
            let left = quote - &moved.quote;
            let step = match self.liquidity(module) {
                None => {
                    let (kind, inside) = (&self.piece(module).kind, self.inside(module));
                    if inside.sold.is_zero() {
                        return Err(Error::InsufficientReserve);
                    }
                    match piece::given(kind, &inside, &left) {
                        Some(base) => Moved { base, quote: left, cut: false },
                        None => {
                            let base = inside.sold.clone();
                            let quote = piece::proceeds(kind, &inside, &base);
                            Moved { base, quote, cut: false }
                        }
                    }
                }
                Some((low, liquidity)) => {
                    self.take_from_liquidity(module, (&low, &liquidity), left)?
                }
            };
            if step.base.is_zero() && step.quote.is_zero() {
                // Nothing was sold here, and nothing below gives more: the chain's steps are counted, and end.
                return Err(Error::InsufficientReserve);
            }
            self.sold_back(&step)?;
            moved.add(&step);
        }
        Ok(moved)
    }

    /// Takes up to `quote` out of the present piece, which is of constant liquidity. When its neighbours and it have not sold as many
    /// tokens as that takes, it takes them all, and the piece below gives the rest.
    fn take_from_liquidity(
        &mut self,
        module: &Module,
        (low, liquidity): (&Int, &Int),
        quote: Int,
    ) -> Result<Moved, Error> {
        let room = floor(&liquidity::quote(low, &self.sqrt, liquidity));
        let (to, quote) = if quote >= room && self.run_start(module) < self.index() {
            (low.clone(), room)
        } else {
            (liquidity::after_quote_out(&self.sqrt, liquidity, &quote), quote)
        };
        let sold = self.sold_in_run(module);
        if to >= *low {
            let base = ceil(&liquidity::base(&to, &self.sqrt, liquidity));
            if base <= sold {
                self.sqrt = to;
                return Ok(Moved { base, quote, cut: false });
            }
        }
        if self.run_start(module) == 0 {
            return Err(Error::InsufficientReserve);
        }
        self.give_to_liquidity(module, (low, liquidity), sold)
    }

    /// The lowest of the pieces of constant liquidity that the present one and its neighbours below are.
    fn run_start(&self, module: &Module) -> usize {
        let is_liquidity = |index: &usize| {
            matches!(module.pieces[*index].kind, PieceKind::ConstantLiquidity { .. })
        };
        (0..=self.index()).rev().take_while(is_liquidity).last().unwrap_or(self.index())
    }

    /// Tokens sold from these pieces.
    fn sold_in_run(&self, module: &Module) -> Int {
        match self.run_start(module).checked_sub(1) {
            Some(below) => &self.sold - &self.marks[below],
            None => self.sold.clone(),
        }
    }

    /// Goes to the piece that the next token is bought from; gives where a purchase in it has to end, none at the end of all.
    fn step_up(&mut self, module: &Module, stop: &Option<Stop>) -> Option<Int> {
        loop {
            let mut top = end(module, self.index());
            if let Some(stop) = stop.as_ref().filter(|stop| stop.piece == self.index()) {
                top = top.min(stop.at.clone());
            }
            if !self.is_at(module, &top) {
                return Some(top);
            }
            if self.is_last(module, stop) {
                return None;
            }
            self.marks.push(self.sold.clone());
        }
    }

    /// Goes to the piece that the next token is sold to: down from a piece of which nothing is sold; from pieces of constant
    /// liquidity all at once when nothing of them is, and else from one to the next where its square root starts.
    fn step_down(&mut self, module: &Module) {
        loop {
            let start = self.run_start(module);
            let below = match self.liquidity(module) {
                None if self.inside(module).sold.is_zero() => self.index().checked_sub(1),
                None => None,
                Some(_) if self.sold_in_run(module).is_zero() => start.checked_sub(1),
                Some((low, _)) if self.sqrt <= low && start < self.index() => {
                    self.index().checked_sub(1)
                }
                Some(_) => None,
            };
            match below {
                Some(below) => self.marks.truncate(below),
                None => break,
            }
        }
    }

    fn is_at(&self, module: &Module, top: &Int) -> bool {
        match self.liquidity(module) {
            Some(_) => self.sqrt >= *top,
            None => self.inside(module).sold >= *top,
        }
    }

    fn is_last(&self, module: &Module, stop: &Option<Stop>) -> bool {
        let last = stop.as_ref().map_or(module.pieces.len() - 1, |stop| stop.piece);
        self.index() >= last
    }

    fn index(&self) -> usize {
        self.marks.len()
    }

    fn piece<'m>(&self, module: &'m Module) -> &'m Piece {
        &module.pieces[self.index()]
    }

    /// The square root at the bottom of the present piece, and its liquidity, if it is of that kind.
    fn liquidity(&self, module: &Module) -> Option<(Int, Int)> {
        match self.piece(module).kind {
            PieceKind::ConstantLiquidity { liquidity, .. } => {
                Some((low(module, self.index()), int(liquidity)))
            }
            PieceKind::ConstantProduct { .. }
            | PieceKind::Linear { .. }
            | PieceKind::FixedPrice { .. } => None,
        }
    }

    /// Tokens sold from the present piece, and the reserve if it is the only one.
    fn inside(&self, module: &Module) -> Inside {
        let mark = self.marks.last().cloned().unwrap_or_default();
        let sold = (&self.sold - mark).max(Int::zero());
        let reserve = (module.pieces.len() == 1).then(|| self.reserve.clone());
        Inside { sold, reserve }
    }

    fn moved(&mut self, base: &Int, quote: &Int) {
        self.sold += base;
        self.reserve += quote;
    }

    fn sold_back(&mut self, step: &Moved) -> Result<(), Error> {
        self.sold -= &step.base;
        self.reserve -= &step.quote;
        if self.sold < Int::zero() {
            return Err(Error::SellExceedsSold);
        }
        if self.reserve < Int::zero() {
            return Err(Error::InsufficientReserve);
        }
        Ok(())
    }
}

impl Moved {
    fn add(&mut self, step: &Self) {
        self.base += &step.base;
        self.quote += &step.quote;
        self.cut |= step.cut;
    }
}

/// Where a piece ends: the tokens that it sells, or the square root of the price.
fn end(module: &Module, index: usize) -> Int {
    match module.pieces[index].kind {
        PieceKind::ConstantLiquidity { sqrt_end, .. } => int(sqrt_end),
        PieceKind::ConstantProduct { .. }
        | PieceKind::Linear { .. }
        | PieceKind::FixedPrice { .. } => {
            let start = index.checked_sub(1).map_or(0, |before| module.pieces[before].end.get());
            int(module.pieces[index].end.get()) - int(start)
        }
    }
}

/// The square root of the price at which a piece of constant liquidity starts.
fn low(module: &Module, index: usize) -> Int {
    let before = index.checked_sub(1).map(|before| &module.pieces[before].kind);
    match before {
        Some(PieceKind::ConstantLiquidity { sqrt_end, .. }) => int(*sqrt_end),
        Some(_) | None => int(module.sqrt_start),
    }
}

/// The first point at which the tokens below it, bought at once from the start and each piece rounded up, have cost the target;
/// none when the curve ends with its pieces. Rounding profiles do not count.
fn stop(module: &Module) -> Option<Stop> {
    let Graduation::Raised(target) = module.graduation else { return None };
    let mut left = int(target.get());
    for (index, piece) in module.pieces.iter().enumerate() {
        let cost_to = |to: &Int| match piece.kind {
            PieceKind::ConstantLiquidity { liquidity, .. } => {
                Some(ceil(&liquidity::quote(&low(module, index), to, &int(liquidity))))
            }
            PieceKind::ConstantProduct { .. }
            | PieceKind::Linear { .. }
            | PieceKind::FixedPrice { .. } => {
                let start = Inside { sold: int(0), reserve: None };
                piece::cost(&exact(&piece.kind), &start, to)
            }
        };
        let end = end(module, index);
        let worth = cost_to(&end)?;
        if left <= worth {
            let at = match piece.kind {
                // The square root that as much quote leads to.
                PieceKind::ConstantLiquidity { liquidity, .. } if left < worth => {
                    liquidity::after_quote_in(&low(module, index), &int(liquidity), &left)
                }
                PieceKind::ConstantLiquidity { .. } => end,
                PieceKind::ConstantProduct { .. }
                | PieceKind::Linear { .. }
                | PieceKind::FixedPrice { .. } => {
                    let reached = |sold: &Int| cost_to(sold).is_none_or(|cost| cost >= left);
                    smallest(&end, reached)?
                }
            };
            return Some(Stop { piece: index, at });
        }
        left -= worth;
    }
    None
}

/// The kind with the profile that rounds once.
fn exact(kind: &PieceKind) -> PieceKind {
    let mut kind = kind.clone();
    match &mut kind {
        PieceKind::ConstantProduct { rounding, .. } | PieceKind::Linear { rounding, .. } => {
            *rounding = Rounding::Ceiling;
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {}
    }
    kind
}
