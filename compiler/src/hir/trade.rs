//! A trade as a script says it.

use curvevm::{
    program::{BuyOrder, Claim, SellOrder},
    types::{Address, Base, Quote, Shares},
};

/// One line of a trade script; amounts in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trade {
    Buy { order: BuyOrder, referrer: Option<Address> },
    Sell { order: SellOrder, referrer: Option<Address> },
    AddLiquidity { quote: Quote, base_max: Base, shares_min: Shares },
    RemoveLiquidity { shares: Shares, quote_min: Quote, base_min: Base },
    Claim(Claim),
    MigrateToAmm,
}
