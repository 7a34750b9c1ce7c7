//! Amounts as people write them: `1.5sol`, or an integer in base units. Exact: no floating point, nothing is rounded.

use curvevm::types::{Base, Quote};

/// Decimals of SOL.
pub const SOL_DECIMALS: u8 = 9;

/// A text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing, or not of the form.
    #[error(
        "`{0}` is no amount: write base units as an integer (1500000000), or an amount with its unit (1.5sol)"
    )]
    Form(String),
    /// A point without a unit.
    #[error("`{0}` has a fraction but no unit: base units are whole, write for example 1.5sol")]
    Fraction(String),
    /// More digits after the point than the unit has.
    #[error("`{text}` has {found} digits after the point, the unit has {max}")]
    TooPrecise {
        /// The text.
        text: String,
        /// Digits found.
        found: usize,
        /// Digits allowed.
        max: u8,
    },
    /// More than 64 bits of base units.
    #[error("`{0}` is too large: at most {max} base units fit", max = u64::MAX)]
    TooLarge(String),
    /// A unit that is not known here.
    #[error("`{unit}` in `{text}` is no known unit: use {known}, or base units")]
    Unit {
        /// The text.
        text: String,
        /// The unit found.
        unit: String,
        /// The unit that would be right.
        known: String,
    },
}

/// Reads an amount of SOL: `1.5sol`, `1500000000`, `1500000000lamports`.
///
/// # Errors
///
/// [`AmountError`].
pub fn parse_sol(text: &str) -> Result<Quote, AmountError> {
    let trimmed = text.trim();
    if let Some(number) = strip_unit(trimmed, "lamports").or_else(|| strip_unit(trimmed, "lamport"))
    {
        return units(number, text).map(Quote::new);
    }
    parse(text, "sol", SOL_DECIMALS).map(Quote::new)
}

/// Reads an amount of a launched asset: base units, or a decimal number followed by `t` or the symbol (`12.5t`, `12.5DOGE`).
///
/// # Errors
///
/// [`AmountError`].
pub fn parse_tokens(text: &str, symbol: &str, decimals: u8) -> Result<Base, AmountError> {
    if let Some(number) = strip_unit(text.trim(), symbol) {
        return scaled(number, text, decimals).map(Base::new);
    }
    parse(text, "t", decimals).map(Base::new)
}

/// Writes lamports as SOL: `1.5sol`.
pub fn format_sol(amount: Quote) -> String {
    format!("{}sol", format_decimal(amount.get(), SOL_DECIMALS))
}

/// Writes base units as a decimal number without trailing zeros.
pub fn format_decimal(units: u64, decimals: u8) -> String {
    let digits = format!("{units:0>width$}", width = usize::from(decimals).saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(usize::from(decimals)));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// Base units, or a decimal number with `unit`.
fn parse(text: &str, unit: &str, decimals: u8) -> Result<u64, AmountError> {
    let trimmed = text.trim();
    if let Some(number) = strip_unit(trimmed, unit) {
        return scaled(number, text, decimals);
    }
    if let Some(found) = trimmed.find(|c: char| c.is_alphabetic()).and_then(|at| trimmed.get(at..))
    {
        return Err(AmountError::Unit {
            text: text.to_owned(),
            unit: found.to_owned(),
            known: unit.to_owned(),
        });
    }
    if trimmed.contains('.') {
        return Err(AmountError::Fraction(text.to_owned()));
    }
    units(trimmed, text)
}

/// What stands before a unit, in any case of its letters.
fn strip_unit<'t>(text: &'t str, unit: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(unit.len())?;
    let (number, found) = text.split_at_checked(at)?;
    let number = number.trim_end();
    let is_number = number.ends_with(|c: char| c.is_ascii_digit() || c == '.');
    (found.eq_ignore_ascii_case(unit) && is_number).then_some(number)
}

/// An integer; `_` may stand between digits.
fn units(number: &str, text: &str) -> Result<u64, AmountError> {
    let digits = digits(number, text)?;
    if digits.is_empty() {
        return Err(AmountError::Form(text.to_owned()));
    }
    digits.parse().map_err(|_| AmountError::TooLarge(text.to_owned()))
}

/// A decimal number, in base units.
fn scaled(number: &str, text: &str, decimals: u8) -> Result<u64, AmountError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (whole, fraction) = (digits(whole, text)?, digits(fraction, text)?);
    if whole.is_empty() && fraction.is_empty() {
        return Err(AmountError::Form(text.to_owned()));
    }
    if fraction.len() > usize::from(decimals) {
        return Err(AmountError::TooPrecise {
            text: text.to_owned(),
            found: fraction.len(),
            max: decimals,
        });
    }
    let all = format!("{whole}{fraction:0<width$}", width = usize::from(decimals));
    all.parse().map_err(|_| AmountError::TooLarge(text.to_owned()))
}

fn digits(part: &str, text: &str) -> Result<String, AmountError> {
    let misplaced = part.starts_with('_') || part.ends_with('_') || part.contains("__");
    if misplaced || !part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return Err(AmountError::Form(text.to_owned()));
    }
    Ok(part.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use curvevm::types::{Base, Quote};

    use super::{AmountError, format_decimal, format_sol, parse_sol, parse_tokens};

    #[test]
    fn reads_sol_exactly() {
        for (text, lamports) in [
            ("1.5sol", 1_500_000_000),
            ("1.5 SOL", 1_500_000_000),
            ("0.000000001sol", 1),
            (".5sol", 500_000_000),
            ("2.sol", 2_000_000_000),
            ("1_000", 1_000),
            ("0", 0),
            ("7lamports", 7),
            ("18446744073.709551615sol", u64::MAX),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_sol(text), Ok(Quote::new(lamports)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_exact_or_not_an_amount() {
        for text in [
            "", "sol", ".sol", "-1", "+1", "1e9", "0x10", "1..5sol", "1,5sol", "_1", "1__0",
            "1 000",
        ] {
            let error = parse_sol(text).unwrap_err();
            assert!(
                matches!(error, AmountError::Form(_) | AmountError::Unit { .. }),
                "{text}: {error}"
            );
        }
        assert!(matches!(parse_sol("1.5"), Err(AmountError::Fraction(_))));
        assert!(matches!(
            parse_sol("1.0000000001sol"),
            Err(AmountError::TooPrecise { found: 10, max: 9, .. })
        ));
        assert!(matches!(parse_sol("18446744073.709551616sol"), Err(AmountError::TooLarge(_))));
        assert!(matches!(parse_sol("18446744073709551616"), Err(AmountError::TooLarge(_))));
        assert!(matches!(parse_sol("1.5usdc"), Err(AmountError::Unit { .. })));
    }

    #[test]
    fn reads_tokens_by_their_symbol() {
        assert_eq!(parse_tokens("1.5DOGE", "DOGE", 6), Ok(Base::new(1_500_000)));
        assert_eq!(parse_tokens("1.5t", "DOGE", 6), Ok(Base::new(1_500_000)));
        assert_eq!(parse_tokens("15", "DOGE", 6), Ok(Base::new(15)));
        assert!(matches!(parse_tokens("1.5cat", "DOGE", 6), Err(AmountError::Unit { .. })));
    }

    #[test]
    fn writes_what_it_reads() {
        assert_eq!(format_sol(Quote::new(1_500_000_000)), "1.5sol");
        assert_eq!(format_sol(Quote::ZERO), "0sol");
        assert_eq!(format_decimal(42, 0), "42");
        for units in [0, 1, 999_999_999, 1_000_000_000, 12_345_678_901, u64::MAX] {
            assert_eq!(parse_sol(&format_sol(Quote::new(units))), Ok(Quote::new(units)));
        }
    }
}
