//! Pieces of the price.

use curvevm::module::Rounding;

use super::sink::{Keyed, Sink};
use crate::{
    check::curve::SOL_DECIMALS,
    diagnostics::Code,
    hir::{Extent, Piece, PieceKind, Price},
    syntax::Statement,
};

/// The kinds of pieces.
const KINDS: [&str; 4] = ["linear", "constant_product", "fixed", "constant_liquidity"];

impl Sink {
    pub(super) fn pieces(&mut self, field: &Statement<'_>, decimals: u8) -> Option<Vec<Piece>> {
        self.nothing_more(&field.arguments);
        let block = self.required(field.block.as_ref(), "{ … }", field.head_span)?;
        // Every piece is read before one that was refused ends it.
        let pieces: Vec<_> =
            block.statements.iter().map(|statement| self.piece(statement, decimals)).collect();
        pieces.into_iter().collect()
    }

    fn piece(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<Piece> {
        let at = self.known(statement.head, statement.head_span, &KINDS)?;
        self.no_block(statement);
        let kind = match at {
            0 => self.linear(statement, decimals),
            1 => self.constant_product(statement, decimals),
            2 => self.fixed(statement, decimals),
            _ => self.constant_liquidity(statement, decimals),
        };
        Some(Piece { kind: kind?, span: statement.span() })
    }

    fn linear(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<PieceKind> {
        let head = statement.head_span;
        let names = ["sell", "from", "to", "rounding"];
        let [sell, from, to, rounding] = self.keyed(&statement.arguments, names);
        let sell =
            self.required(sell, "sell", head).and_then(|part| self.base(part.value, decimals));
        let from = self.required(from, "from", head);
        let from = from.and_then(|part| self.price(part.value, SOL_DECIMALS));
        let to_part = self.required(to, "to", head);
        let to = to_part.and_then(|part| self.price(part.value, SOL_DECIMALS));
        let rounding = self.rounding(rounding, [Rounding::Ceiling, Rounding::Cumulative])?;
        let (from, to) = (from?, to?);
        self.rises(from, to, to_part)?;
        Some(PieceKind::Linear { sell: sell?, from, to, rounding })
    }

    fn rises(&mut self, from: Price, to: Price, part: Option<Keyed<'_, '_>>) -> Option<()> {
        let Some(part) = part.filter(|_| from.is_above(to)) else { return Some(()) };
        let message = "the price falls: `to` is below `from`";
        self.found(Code::FallingPrice, part.key.to(part.value.span), message);
        None
    }

    fn constant_product(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<PieceKind> {
        let head = statement.head_span;
        let names = ["sell", "virtual_base", "virtual_quote", "rounding"];
        let [sell, virtual_base, virtual_quote, rounding] = self.keyed(&statement.arguments, names);
        let sell =
            self.required(sell, "sell", head).and_then(|part| self.base(part.value, decimals));
        let virtual_base = self.required(virtual_base, "virtual_base", head);
        let virtual_base = virtual_base.and_then(|part| self.base(part.value, decimals));
        let virtual_quote = self.required(virtual_quote, "virtual_quote", head);
        let virtual_quote = virtual_quote.and_then(|part| self.quote(part.value, SOL_DECIMALS));
        let rounding = self.rounding(rounding, [Rounding::Ceiling, Rounding::FloorPlusOne]);
        Some(PieceKind::ConstantProduct {
            sell: sell?,
            virtual_quote: virtual_quote?,
            virtual_base: virtual_base?,
            rounding: rounding?,
        })
    }

    /// A price, or an exact ratio of quote `per` tokens.
    fn fixed(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<PieceKind> {
        let head = statement.head_span;
        let [sell, price, per] = self.keyed(&statement.arguments, ["sell", "price", "per"]);
        let sell =
            self.required(sell, "sell", head).and_then(|part| self.base(part.value, decimals));
        let price = self.required(price, "price", head);
        let Some(per) = per else {
            let price = price.and_then(|part| self.price(part.value, SOL_DECIMALS));
            return Some(PieceKind::Fixed { sell: sell?, price: price? });
        };
        let quote = price.and_then(|part| self.quote(part.value, SOL_DECIMALS));
        let base = self.base(per.value, decimals);
        Some(PieceKind::FixedRatio { sell: sell?, quote: quote?, base: base? })
    }

    fn constant_liquidity(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<PieceKind> {
        let head = statement.head_span;
        let names = ["sell", "from", "to", "liquidity"];
        let [sell, from, to, liquidity] = self.keyed(&statement.arguments, names);
        let from = from.map(|part| self.point(part.value, SOL_DECIMALS));
        let to = self.required(to, "to", head);
        let to = to.and_then(|part| self.point(part.value, SOL_DECIMALS));
        let extent = match (sell, liquidity) {
            (None, None) => self.required(None, "sell` or `liquidity", head),
            (Some(sell), None) => self.base(sell.value, decimals).map(Extent::Sell),
            (None, Some(part)) => self.liquidity(part.value).map(Extent::Liquidity),
            (Some(_), Some(part)) => {
                let message = "`sell` and `liquidity` follow from one another: say one of them";
                self.found(Code::UnexpectedArgument, part.key.to(part.value.span), message);
                None
            }
        };
        let from = match from {
            Some(refused_or_point) => Some(refused_or_point?),
            None => None,
        };
        Some(PieceKind::ConstantLiquidity { from, to: to?, extent: extent? })
    }

    /// The rounding profile: the first when it is not said.
    fn rounding(
        &mut self,
        part: Option<Keyed<'_, '_>>,
        profiles: [Rounding; 2],
    ) -> Option<Rounding> {
        let [first, second] = profiles;
        let Some(part) = part else { return Some(first) };
        let names = profiles.map(|profile| match profile {
            Rounding::Ceiling => "ceiling",
            Rounding::FloorPlusOne => "floor_plus_one",
            Rounding::Cumulative => "cumulative",
        });
        self.choice(part.value, &names).map(|at| if at == 0 { first } else { second })
    }
}
