//! Exact prices.

/// `mantissa · 10^exponent` quote base units for one whole token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) mantissa: u128,
    pub(crate) exponent: i16,
}

/// The price at an end of a piece of constant liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Price(Price),
    /// Its square root, Q64.64.
    Sqrt(u128),
}

impl Price {
    /// Whether this price is above another.
    pub(crate) fn is_above(self, other: Self) -> bool {
        let exponent = self.exponent.min(other.exponent);
        // A mantissa that does not fit at the smaller exponent is the larger one: only one of the two is moved.
        let aligned = |price: Self| match price.mantissa {
            0 => Some(0),
            mantissa => 10u128
                .checked_pow(u32::from(price.exponent.abs_diff(exponent)))
                .and_then(|factor| mantissa.checked_mul(factor)),
        };
        match (aligned(self), aligned(other)) {
            (Some(this), Some(other)) => this > other,
            (None, _) => true,
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Price;

    #[test]
    fn compares_across_exponents() {
        let price = |mantissa, exponent| Price { mantissa, exponent };
        assert!(price(2, 0).is_above(price(19, -1)));
        assert!(!price(2, 0).is_above(price(20, -1)));
        assert!(!price(2, 0).is_above(price(21, -1)));
        assert!(price(1, 9).is_above(price(10u128.pow(37), -38)));
        assert!(!price(10u128.pow(37), -38).is_above(price(1, 9)));
        assert!(!price(0, 9).is_above(price(1, -38)));
        assert!(price(1, -38).is_above(price(0, 9)));
    }
}
