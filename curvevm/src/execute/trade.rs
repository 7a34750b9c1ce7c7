//! `BUY` and `SELL`, on a curve and on the pool that it becomes.
//!
//! What a trade fills and costs is computed by [`crate::curve`] and [`crate::pool`]; here it is paid. The referrer's part of a fee
//! is paid at once, the others wait in the curve or in the pool to be claimed.

use super::{Fault, Machine, State};
use crate::{
    cell::Phase,
    curve::{self, Terms},
    error::Error,
    meter,
    module::Module,
    pool,
    program::{BuyOrder, SellOrder},
    receipt::{Side, Trade, Venue},
    types::{Address, AssetId, CurveId},
};

/// An order of either side.
#[derive(Clone, Copy)]
enum Order<'o> {
    Buy(&'o BuyOrder),
    Sell(&'o SellOrder),
}

impl<S: State> Machine<'_, S> {
    /// `BUY`.
    pub(super) fn buy(
        &mut self,
        id: &CurveId,
        order: &BuyOrder,
        referrer: Option<&Address>,
    ) -> Result<Trade, Fault> {
        let (asset, trade) = self.fill(id, &Order::Buy(order), referrer)?;
        self.spend(&asset, trade.trader_quote)?;
        let signer = self.signer;
        self.give_base(&signer, id, trade.trader_base)?;
        self.pay_referrer(&trade, asset, referrer)?;
        Ok(trade)
    }

    /// `SELL`.
    pub(super) fn sell(
        &mut self,
        id: &CurveId,
        order: &SellOrder,
        referrer: Option<&Address>,
    ) -> Result<Trade, Fault> {
        let (asset, trade) = self.fill(id, &Order::Sell(order), referrer)?;
        self.take_base(id, trade.trader_base)?;
        let signer = self.signer;
        self.credit(&signer, asset, trade.trader_quote)?;
        self.pay_referrer(&trade, asset, referrer)?;
        Ok(trade)
    }

    /// Fills an order where the curve trades now; gives the asset that it is priced in.
    fn fill(
        &mut self,
        id: &CurveId,
        order: &Order<'_>,
        referrer: Option<&Address>,
    ) -> Result<(AssetId, Trade), Fault> {
        if let Some(referrer) = referrer {
            if *referrer == self.signer {
                return Err(Error::SelfReferral.into());
            }
            if !self.has_account(referrer)? {
                return Err(Error::UnknownReferrer.into());
            }
        }
        let terms = Terms { time_ms: self.context.time_ms, referred: referrer.is_some() };
        let curve = self.curve(id)?;
        let (asset, phase, module) = (curve.quote_asset, curve.phase, curve.module);
        let module = self.module(&module)?;
        let trade = match phase {
            Phase::Trading | Phase::Complete => self.on_curve(id, &module, order, &terms)?,
            Phase::Migrated => self.on_pool(id, &module, order, &terms)?,
        };
        Ok((asset, trade))
    }

    fn on_curve(
        &mut self,
        id: &CurveId,
        module: &Module,
        order: &Order<'_>,
        terms: &Terms,
    ) -> Result<Trade, Fault> {
        self.journal.charge(meter::curve_price(module))?;
        let curve = self.curve_mut(id)?;
        let (side, fill) = match *order {
            Order::Buy(order) => (Side::Buy, curve::buy(module, curve, order, terms)?),
            Order::Sell(order) => (Side::Sell, curve::sell(module, curve, order, terms)?),
        };
        let trade = Trade {
            curve: *id,
            side,
            base: fill.base,
            quote: fill.quote,
            fees: fill.fees,
            trader_quote: fill.trader_quote,
            trader_base: fill.trader_base,
            partial: fill.partial,
            venue: Venue::Curve,
            base_after: fill.sold_after,
            reserve_after: fill.reserve_after,
        };
        fill.settle(module, curve)?;
        Ok(trade)
    }

    fn on_pool(
        &mut self,
        id: &CurveId,
        module: &Module,
        order: &Order<'_>,
        terms: &Terms,
    ) -> Result<Trade, Fault> {
        self.journal.charge(meter::pool_price(module))?;
        let pool = self.pool_mut(id)?;
        let (side, fill) = match *order {
            Order::Buy(order) => (Side::Buy, pool::buy(module, pool, order, terms)?),
            Order::Sell(order) => (Side::Sell, pool::sell(module, pool, order, terms)?),
        };
        let trade = Trade {
            curve: *id,
            side,
            base: fill.base,
            quote: fill.quote,
            fees: fill.fees,
            trader_quote: fill.trader_quote,
            trader_base: fill.trader_base,
            partial: false,
            venue: Venue::Pool,
            base_after: fill.base_after,
            reserve_after: fill.quote_after,
        };
        fill.settle(pool)?;
        Ok(trade)
    }

    fn pay_referrer(
        &mut self,
        trade: &Trade,
        asset: AssetId,
        referrer: Option<&Address>,
    ) -> Result<(), Fault> {
        let Some(referrer) = referrer else { return Ok(()) };
        let due = trade.fees.referrer();
        self.credit(referrer, asset, due.quote)?;
        self.give_base(referrer, &trade.curve, due.base)
    }
}
