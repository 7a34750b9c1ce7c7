//! Exact decimals, as numbers are written.

use crate::source::limits::DIGITS_MAX;

/// `mantissa / 10^scale`, without trailing zeros after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) mantissa: u128,
    pub(crate) scale: u8,
}

/// Why a text is no decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    Malformed,
    TooLong,
}

/// Why a decimal is no number of base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitsError {
    TooPrecise,
    TooLarge,
}

// A mantissa of the most digits fits 128 bits.
const _: () = assert!(10u128.checked_pow(DIGITS_MAX as u32).is_some());

impl Decimal {
    /// Reads `12`, `1_000` or `0.5`; underscores stand between digits.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        if !is_grouped(whole) || fraction.is_some_and(|fraction| !is_grouped(fraction)) {
            return Err(ParseError::Malformed);
        }
        let fraction = fraction.unwrap_or_default().trim_end_matches(['0', '_']);
        let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
        if digits(whole) + digits(fraction) > DIGITS_MAX {
            return Err(ParseError::TooLong);
        }
        let bytes = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit);
        let mantissa = bytes.fold(0u128, |all, digit| all * 10 + u128::from(digit - b'0'));
        Ok(Self { mantissa, scale: u8::try_from(digits(fraction)).unwrap_or(u8::MAX) })
    }

    /// The number in units of `10^-decimals`, exactly.
    pub(crate) fn units(self, decimals: u8) -> Result<u64, UnitsError> {
        let units = self.wide_units(decimals)?;
        u64::try_from(units).map_err(|_| UnitsError::TooLarge)
    }

    /// As [`Self::units`], in 128 bits.
    pub(crate) fn wide_units(self, decimals: u8) -> Result<u128, UnitsError> {
        let shift = decimals.checked_sub(self.scale).ok_or(UnitsError::TooPrecise)?;
        10u128
            .checked_pow(u32::from(shift))
            .and_then(|factor| self.mantissa.checked_mul(factor))
            .ok_or(UnitsError::TooLarge)
    }
}

/// Whether a text is digits, with single underscores between them.
fn is_grouped(text: &str) -> bool {
    text.split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decimal, ParseError, UnitsError};

    fn units(text: &str, decimals: u8) -> Result<u64, UnitsError> {
        Decimal::parse(text).unwrap().units(decimals)
    }

    #[test]
    fn converts_exactly_or_says_why_not() {
        assert_eq!(units("1.5", 9), Ok(1_500_000_000));
        assert_eq!(units("1_000.50", 2), Ok(100_050));
        assert_eq!(units("1.0000000000", 0), Ok(1));
        assert_eq!(units("0.001", 2), Err(UnitsError::TooPrecise));
        assert_eq!(units("18446744073709551615", 0), Ok(u64::MAX));
        assert_eq!(units("18446744073709551616", 0), Err(UnitsError::TooLarge));
        assert_eq!(units("99999999999999999999999999999999999999", 18), Err(UnitsError::TooLarge));
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", ".", "1.", ".5", "1..2", "1.2.3", "_1", "1_", "1__0", "1._5", "1.5_"] {
            assert_eq!(Decimal::parse(text), Err(ParseError::Malformed), "{text}");
        }
        assert_eq!(Decimal::parse(&"9".repeat(39)), Err(ParseError::TooLong));
        assert!(Decimal::parse(&"9".repeat(38)).is_ok());
    }

    proptest! {
        #[test]
        fn reads_what_was_written(units in any::<u64>(), decimals in 0u8..=18) {
            let one = 10u128.pow(u32::from(decimals));
            let (whole, rest) = (u128::from(units) / one, u128::from(units) % one);
            let text = if decimals == 0 { whole.to_string() } else {
                format!("{whole}.{rest:0width$}", width = usize::from(decimals))
            };
            prop_assert_eq!(Decimal::parse(&text).unwrap().units(decimals), Ok(units));
        }
    }
}
