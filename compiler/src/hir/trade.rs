//! A trade as a script says it.

use curvevm::{
    program::{BuyOrder, SellOrder},
    types::Quote,
};

/// One line of a trade script; amounts in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trade {
    Buy(BuyOrder),
    Sell(SellOrder),
    AddLiquidity(Quote),
    MigrateToAmm,
}
