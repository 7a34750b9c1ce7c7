//! Until the pool lands.
use crate::{
    cell::{Curve, Pool},
    curve::Terms,
    error::Error,
    module::Module,
    program::{BuyOrder, SellOrder},
    receipt::TakenFees,
    types::{Base, Quote, Shares},
};
pub(super) struct Fill {
    pub base: Base,
    pub quote: Quote,
    pub fees: TakenFees,
    pub trader_quote: Quote,
    pub trader_base: Base,
    pub quote_after: Quote,
    pub base_after: Base,
}
impl Fill {
    pub(super) fn settle(self, _: &mut Pool) -> Result<(), Error> {
        Err(Error::OpcodeInactive)
    }
}
pub(super) struct Added {
    pub quote: Quote,
    pub base: Base,
    pub shares: Shares,
}
impl Added {
    pub(super) fn settle(&self, _: &mut Pool) -> Result<(), Error> {
        Err(Error::OpcodeInactive)
    }
}
pub(super) fn buy(_: &Module, _: &Pool, _: &BuyOrder, _: &Terms) -> Result<Fill, Error> {
    Err(Error::OpcodeInactive)
}
pub(super) fn sell(_: &Module, _: &Pool, _: &SellOrder, _: &Terms) -> Result<Fill, Error> {
    Err(Error::OpcodeInactive)
}
pub(super) fn migrate(_: &Module, _: &Curve, _: u64) -> Result<Pool, Error> {
    Err(Error::OpcodeInactive)
}
pub(super) fn add(_: &Pool, _: Quote, _: Base) -> Result<Added, Error> {
    Err(Error::OpcodeInactive)
}
pub(super) fn remove(_: &Pool, _: Shares) -> Result<Added, Error> {
    Err(Error::OpcodeInactive)
}
pub(super) fn vested(_: &Module, _: &Pool, _: u64) -> Base {
    Base::ZERO
}
