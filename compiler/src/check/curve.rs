//! Curve files.

use curvevm::{
    module::{Fees, Graduation, Recipient, Rounding},
    program::{NAME_BYTES_MAX, SYMBOL_BYTES_MAX},
};

use super::sink::{Keyed, Sink};
use crate::{
    diagnostics::{Code, Finding},
    hir::{Curve, Piece, PieceKind, Spans},
    source::Span,
    syntax::{Statement, Tree},
};

/// Decimals of an asset whose file does not say them.
const DECIMALS_DEFAULT: u8 = 6;
/// The most decimals of an asset, as the verifier has it.
const DECIMALS_MAX: u8 = 18;
/// Decimals of SOL, the only asset that curves are priced in.
const SOL_DECIMALS: u8 = 9;

/// Reads the `curve` statement of a file; none when anything was found.
pub(crate) fn curve(tree: &Tree<'_>) -> (Option<Curve>, Vec<Finding>) {
    let mut sink = Sink::default();
    let curve = sink.file(tree).and_then(|statement| sink.curve(statement));
    (curve.filter(|_| sink.findings.is_empty()), sink.findings)
}

impl Sink {
    fn file<'t, 's>(&mut self, tree: &'t Tree<'s>) -> Option<&'t Statement<'s>> {
        let mut found = None;
        for statement in &tree.statements {
            if self.known(statement.head, statement.head_span, &["curve"]).is_none() {
                continue;
            }
            if found.is_some() {
                self.found(Code::Duplicate, statement.head_span, "a file defines one curve");
                continue;
            }
            found = Some(statement);
        }
        self.required(found, "curve", Span::new(0, 0))
    }

    fn curve(&mut self, statement: &Statement<'_>) -> Option<Curve> {
        self.nothing_more(&statement.arguments);
        let head = statement.head_span;
        let block = self.required(statement.block.as_ref(), "{ … }", head)?;
        let names = ["name", "symbol", "decimals", "supply", "price", "fee", "graduation"];
        let [name, symbol, decimals, supply, price, fee, graduation] = self.fields(block, names);

        let name = self.required(name, "name", head);
        let name = name.and_then(|field| self.label(field, NAME_BYTES_MAX));
        let symbol = self.required(symbol, "symbol", head);
        let symbol = symbol.and_then(|field| self.label(field, SYMBOL_BYTES_MAX));
        // The file is read on with the default, so that its other errors are found as well.
        let decimals = decimals
            .and_then(|field| self.only(field))
            .and_then(|argument| self.count(argument, DECIMALS_MAX))
            .unwrap_or(DECIMALS_DEFAULT);
        let supply = self.required(supply, "supply", head);
        let supply_span = supply.map_or(head, Statement::span);
        let supply = supply.and_then(|field| self.only(field));
        let supply = supply.and_then(|argument| self.base(argument, decimals));
        let price = self.required(price, "price", head);
        let pieces = price.and_then(|field| self.pieces(field, decimals));
        let fee = self.required(fee, "fee", head);
        let fees = fee.map(|field| self.fees(field));
        let graduation = self.required(graduation, "graduation", head);
        let graduation_span = graduation.map_or(head, Statement::span);
        let graduation = graduation.and_then(|field| self.graduation(field));

        let spans = Spans {
            head,
            supply: supply_span,
            price: price.map_or(head, |field| field.head_span),
            fee: fee.map_or(head, Statement::span),
            graduation: graduation_span,
        };
        Some(Curve {
            name: name?,
            symbol: symbol?,
            decimals,
            supply: supply?,
            pieces: pieces?,
            fees: fees?,
            graduation: graduation?,
            spans,
        })
    }

    /// A name or a symbol, under the rule that a launch is held to.
    fn label(&mut self, field: &Statement<'_>, bytes_max: usize) -> Option<String> {
        let argument = self.only(field)?;
        let text = self.text(argument)?;
        let printable = !text.chars().any(char::is_control);
        if text.trim().is_empty() || text.len() > bytes_max || !printable {
            let message =
                format!("a {} has 1 to {bytes_max} bytes of printable characters", field.head);
            self.found(Code::InvalidText, argument.span, message);
            return None;
        }
        Some(text)
    }

    fn pieces(&mut self, field: &Statement<'_>, decimals: u8) -> Option<Vec<Piece>> {
        self.nothing_more(&field.arguments);
        let block = self.required(field.block.as_ref(), "{ … }", field.head_span)?;
        // Every piece is read before one that was refused ends it.
        let pieces: Vec<_> =
            block.statements.iter().map(|statement| self.piece(statement, decimals)).collect();
        pieces.into_iter().collect()
    }

    fn piece(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<Piece> {
        let at =
            self.known(statement.head, statement.head_span, &["linear", "constant_product"])?;
        self.no_block(statement);
        if at == 0 {
            self.linear(statement, decimals)
        } else {
            self.constant_product(statement, decimals)
        }
    }

    fn linear(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<Piece> {
        let head = statement.head_span;
        let [sell, from, to] = self.keyed(&statement.arguments, ["sell", "from", "to"]);
        let sell =
            self.required(sell, "sell", head).and_then(|part| self.base(part.value, decimals));
        let from = self.required(from, "from", head);
        let from_price = from.and_then(|part| self.price(part.value, SOL_DECIMALS));
        let to = self.required(to, "to", head);
        let to_price = to.and_then(|part| self.price(part.value, SOL_DECIMALS));
        let (from_price, to_price) = (from_price?, to_price?);
        if let Some(to) = to.filter(|_| from_price.is_above(to_price)) {
            let message = "the price falls: `to` is below `from`";
            self.found(Code::FallingPrice, to.key.to(to.value.span), message);
            return None;
        }
        let kind = PieceKind::Linear { from: from_price, to: to_price };
        Some(Piece { sell: sell?, kind, span: statement.span() })
    }

    fn constant_product(&mut self, statement: &Statement<'_>, decimals: u8) -> Option<Piece> {
        let head = statement.head_span;
        let names = ["sell", "virtual_base", "virtual_quote", "rounding"];
        let [sell, virtual_base, virtual_quote, rounding] = self.keyed(&statement.arguments, names);
        let sell =
            self.required(sell, "sell", head).and_then(|part| self.base(part.value, decimals));
        let virtual_base = self.required(virtual_base, "virtual_base", head);
        let virtual_base = virtual_base.and_then(|part| self.base(part.value, decimals));
        let virtual_quote = self.required(virtual_quote, "virtual_quote", head);
        let virtual_quote = virtual_quote.and_then(|part| self.quote(part.value, SOL_DECIMALS));
        let rounding = match rounding {
            None => Some(Rounding::Ceiling),
            Some(part) => match self.choice(part.value, &["ceiling", "floor_plus_one"])? {
                0 => Some(Rounding::Ceiling),
                _ => Some(Rounding::FloorPlusOne),
            },
        };
        let kind = PieceKind::ConstantProduct {
            virtual_quote: virtual_quote?,
            virtual_base: virtual_base?,
            rounding: rounding?,
        };
        Some(Piece { sell: sell?, kind, span: statement.span() })
    }

    /// The fees; a component that is not said, or was refused, is zero.
    fn fees(&mut self, field: &Statement<'_>) -> Fees {
        self.no_block(field);
        if self.first(field).is_none() {
            return Fees::none();
        }
        let [protocol, creator] = self.keyed(&field.arguments, ["protocol", "creator"]);
        let mut bps = |part: Option<Keyed<'_, '_>>| part.and_then(|part| self.bps(part.value));
        let parts = [
            (Recipient::Protocol, bps(protocol).unwrap_or(0)),
            (Recipient::Creator, bps(creator).unwrap_or(0)),
        ];
        Fees::on_top(&parts.into_iter().filter(|(_, bps)| *bps > 0).collect::<Vec<_>>())
    }

    fn graduation(&mut self, field: &Statement<'_>) -> Option<Graduation> {
        self.no_block(field);
        let (rule, rest) = self.first(field)?;
        match self.choice(rule, &["sold_out", "raised"])? {
            0 => {
                self.nothing_more(rest);
                Some(Graduation::SoldOut)
            }
            _ => {
                let target = rest.first();
                let target = self.required(target, "the amount to raise", rule.span)?;
                self.nothing_more(&rest[1..]);
                self.quote(target, SOL_DECIMALS).map(Graduation::Raised)
            }
        }
    }
}
