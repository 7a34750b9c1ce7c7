//! Numbers with their units.

use std::fmt::Display;

use curvevm::{
    module::RATE_ONE,
    types::{Base, Quote, Shares},
};

use super::sink::Sink;
use crate::{
    decimal::{Decimal, UnitsError},
    diagnostics::{Code, Finding},
    hir::{Point, Price},
    syntax::{Argument, ArgumentKind},
};

/// Basis points in a percent, as a power of ten.
const PERCENT_DECIMALS: u8 = 2;
/// Billionths in a percent, a basis point and a millionth, as powers of ten.
const RATE_DECIMALS: [u8; 3] = [7, 5, 3];
/// Units of durations and their seconds.
const DURATIONS: [(&str, u64); 4] = [("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400)];

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

    /// The rate of a fee, in billionths.
    pub(super) fn rate(&mut self, argument: &Argument<'_>) -> Option<u32> {
        let (value, unit) = self.number(argument, "a rate, as `0.95%` or `95bps`")?;
        let [percent, bps, millionths] = RATE_DECIMALS;
        let rate = match unit {
            "%" => self.units(argument, value, percent),
            "bps" => self.units(argument, value, bps),
            "ppm" => self.units(argument, value, millionths),
            _ => self.wrong_unit(argument, "a rate is counted as `0.95%`, `95bps` or `9500ppm`"),
        };
        let rate = u32::try_from(rate?).ok().filter(|rate| *rate <= RATE_ONE);
        if rate.is_none() {
            self.found(Code::OutOfRange, argument.span, "a rate is 100% at most");
        }
        rate
    }

    /// A duration, in seconds.
    pub(super) fn duration(&mut self, argument: &Argument<'_>) -> Option<u32> {
        let (value, unit) = self.number(argument, "a duration, as `60s` or `30d`")?;
        let Some((_, secs)) = DURATIONS.iter().find(|(name, _)| *name == unit) else {
            let help = "a duration is counted as `60s`, `10min`, `6h` or `30d`";
            return self.wrong_unit(argument, help);
        };
        let all = self.units(argument, value, 0)?.checked_mul(*secs);
        let all = all.and_then(|all| u32::try_from(all).ok());
        if all.is_none() {
            let message = format!("a duration is {} seconds at most", u32::MAX);
            self.found(Code::OutOfRange, argument.span, message);
        }
        all
    }

    /// Shares of a pool: a whole number.
    pub(super) fn shares(&mut self, argument: &Argument<'_>) -> Option<Shares> {
        let (value, unit) = self.number(argument, "a number of shares")?;
        let shares = match unit {
            "" => self.units(argument, value, 0),
            _ => self.wrong_unit(argument, "shares are counted without a unit"),
        };
        shares.map(Shares::new)
    }

    /// The price at an end of a piece of constant liquidity: quote for one whole token, or its square root itself.
    pub(super) fn point(&mut self, argument: &Argument<'_>, decimals: u8) -> Option<Point> {
        if let ArgumentKind::Number { value, unit: "sqrt" } = &argument.kind {
            return self.wide(argument, *value).map(Point::Sqrt);
        }
        self.price(argument, decimals).map(Point::Price)
    }

    /// Liquidity, as a whole number in Q64.64.
    pub(super) fn liquidity(&mut self, argument: &Argument<'_>) -> Option<u128> {
        let (value, unit) = self.number(argument, "liquidity, a whole number in Q64.64")?;
        match unit {
            "" => self.wide(argument, value),
            _ => self.wrong_unit(argument, "liquidity is counted without a unit, in Q64.64"),
        }
    }

    /// A whole number of 128 bits.
    fn wide(&mut self, argument: &Argument<'_>, value: Decimal) -> Option<u128> {
        let wide = value.wide_units(0);
        let message = "this is counted in whole numbers";
        wide.map_err(|_| self.found(Code::TooPrecise, argument.span, message)).ok()
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
    pub(super) fn count<N: Copy + TryFrom<u64> + PartialOrd + Display>(
        &mut self,
        argument: &Argument<'_>,
        most: N,
    ) -> Option<N> {
        let (value, unit) = self.number(argument, "a number")?;
        let count = match unit {
            "" => self.units(argument, value, 0)?,
            _ => return self.wrong_unit(argument, "this number has no unit"),
        };
        let count = N::try_from(count).ok().filter(|count| *count <= most);
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
