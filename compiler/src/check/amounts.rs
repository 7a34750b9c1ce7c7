//! Numbers with their units.

use curvevm::types::{Base, Quote};

use super::sink::Sink;
use crate::{
    decimal::{Decimal, UnitsError},
    diagnostics::{Code, Finding},
    hir::Price,
    syntax::{Argument, ArgumentKind},
};

/// Basis points in a percent, as a power of ten.
const PERCENT_DECIMALS: u8 = 2;

/// Which asset an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Base,
    Quote,
}

impl Sink {
    /// An amount of the launched asset: whole tokens, or `units`.
    pub(super) fn base(&mut self, argument: &Argument<'_>, decimals: u8) -> Option<Base> {
        let (value, unit) = self.number(argument, "a number of tokens, as `1_000` or `5units`")?;
        let units = match unit {
            "" => self.units(argument, value, decimals),
            "units" => self.units(argument, value, 0),
            _ => self.wrong_unit(
                argument,
                "tokens are counted whole, `1_000`, or in base units, `5units`",
            ),
        };
        units.map(Base::new)
    }

    /// An amount of the quote asset: `sol` or `lamports`.
    pub(super) fn quote(&mut self, argument: &Argument<'_>, decimals: u8) -> Option<Quote> {
        let (value, unit) =
            self.number(argument, "an amount of quote, as `1.5sol` or `20lamports`")?;
        let units = match unit {
            "sol" => self.units(argument, value, decimals),
            "lamports" => self.units(argument, value, 0),
            _ => self.wrong_unit(argument, "quote is counted as `1.5sol` or `20lamports`"),
        };
        units.map(Quote::new)
    }

    /// A price: quote for one whole token.
    pub(super) fn price(&mut self, argument: &Argument<'_>, decimals: u8) -> Option<Price> {
        let (value, unit) = self.number(argument, "a price, as `0.00001sol`")?;
        let scale = i16::from(value.scale);
        let exponent = match unit {
            "sol" => i16::from(decimals) - scale,
            "lamports" => -scale,
            _ => {
                return self.wrong_unit(
                    argument,
                    "a price is quote for one token, as `0.00001sol` or `28lamports`",
                );
            }
        };
        Some(Price { mantissa: value.mantissa, exponent })
    }

    /// A share, in basis points.
    pub(super) fn bps(&mut self, argument: &Argument<'_>) -> Option<u16> {
        let (value, unit) = self.number(argument, "a share, as `95bps` or `0.95%`")?;
        let bps = match unit {
            "bps" => self.units(argument, value, 0),
            "%" => self.units(argument, value, PERCENT_DECIMALS),
            _ => self.wrong_unit(argument, "a share is counted as `95bps` or `0.95%`"),
        };
        let bps = u16::try_from(bps?);
        bps.map_err(|_| self.found(Code::OutOfRange, argument.span, "this is too large")).ok()
    }

    /// A plain number up to `most`.
    pub(super) fn count(&mut self, argument: &Argument<'_>, most: u8) -> Option<u8> {
        let (value, unit) = self.number(argument, "a number")?;
        let count = match unit {
            "" => self.units(argument, value, 0)?,
            _ => return self.wrong_unit(argument, "this number has no unit"),
        };
        let count = u8::try_from(count).ok().filter(|count| *count <= most);
        if count.is_none() {
            self.found(Code::OutOfRange, argument.span, format!("this is {most} at most"));
        }
        count
    }

    /// Which asset a number counts, by its unit; one without a unit counts tokens.
    pub(super) fn asset(&mut self, argument: &Argument<'_>) -> Option<Asset> {
        match self.number(argument, "an amount")?.1 {
            "" | "units" => Some(Asset::Base),
            "sol" | "lamports" => Some(Asset::Quote),
            _ => self
                .wrong_unit(argument, "tokens: `5` or `5units`; quote: `1.5sol` or `20lamports`"),
        }
    }

    pub(super) fn number<'s>(
        &mut self,
        argument: &Argument<'s>,
        expected: &str,
    ) -> Option<(Decimal, &'s str)> {
        match &argument.kind {
            ArgumentKind::Number { value, unit } => Some((*value, unit)),
            ArgumentKind::Word(_) | ArgumentKind::Text(_) => self.wrong_kind(argument, expected),
            ArgumentKind::Bad => None,
        }
    }

    /// The number in base units of so many decimals, exactly.
    fn units(&mut self, argument: &Argument<'_>, value: Decimal, decimals: u8) -> Option<u64> {
        let refused = |code, message: String| Finding::new(code, argument.span, message);
        let units = value.units(decimals).map_err(|error| match error {
            UnitsError::TooPrecise if decimals == 0 => {
                refused(Code::TooPrecise, "this is counted in whole numbers".into())
            }
            UnitsError::TooPrecise => {
                refused(Code::TooPrecise, format!("at most {decimals} digits may follow the point"))
            }
            UnitsError::TooLarge => {
                refused(Code::OutOfRange, "the amount passes 64 bits of base units".into())
            }
        });
        units.map_err(|finding| self.report(finding)).ok()
    }

    fn wrong_unit<T>(&mut self, argument: &Argument<'_>, help: &str) -> Option<T> {
        let finding =
            Finding::new(Code::WrongUnit, argument.span, "the unit does not fit or is missing");
        self.report(finding.help(help));
        None
    }
}
