//! Purchases and sales, on the curve and on the pool, and launches with their first purchase.

use curvevm::{
    cell::Phase,
    error::Error,
    module::Module,
    program::{BuyOrder, Launch, NAME_BYTES_MAX, SYMBOL_BYTES_MAX, SellOrder},
    receipt::{Event, FeeSplit, Side, TakenFees, Trade, Venue},
    tx::Body,
    types::{Address, Base, CurveId, Quote},
};

use super::{Accrued, Curve, Model, units};
use crate::{
    curve::{self, Place, Terms},
    fees::Split,
    fill::{Fee, Fill},
    number::{Int, int},
    pool,
};

impl Model {
    pub(super) fn buy(
        &mut self,
        body: &Body,
        id: &CurveId,
        order: &BuyOrder,
        referrer: Option<Address>,
    ) -> Result<Event, Error> {
        self.check_referrer(&body.signer, referrer)?;
        let (curve, module) = self.curve_and_module(id)?;
        let terms = self.terms(&curve, referrer);
        let (fill, venue) = match curve.phase {
            Phase::Migrated => {
                let pool = &self.pools[id];
                (pool::buy(&module, pool, order, &terms)?, Venue::Pool)
            }
            Phase::Complete => return Err(Error::CurveComplete),
            Phase::Trading => (curve::buy(&module, &curve.place, order, &terms)?, Venue::Curve),
        };
        self.spend(body, curve.quote_asset, &fill.trader_quote)?;
        self.debit(&body.signer, curve.quote_asset, &fill.trader_quote)?;
        self.give_tokens(id, &body.signer, &fill.trader_base)?;
        self.settle(id, &module, Side::Buy, venue, fill, referrer).map(Event::Traded)
    }

    pub(super) fn sell(
        &mut self,
        body: &Body,
        id: &CurveId,
        order: &SellOrder,
        referrer: Option<Address>,
    ) -> Result<Event, Error> {
        self.check_referrer(&body.signer, referrer)?;
        let (curve, module) = self.curve_and_module(id)?;
        let terms = self.terms(&curve, referrer);
        let (fill, venue) = match curve.phase {
            Phase::Migrated => {
                let pool = &self.pools[id];
                (pool::sell(&module, pool, order, &terms)?, Venue::Pool)
            }
            Phase::Trading | Phase::Complete => {
                (curve::sell(&module, &curve.place, order, &terms)?, Venue::Curve)
            }
        };
        self.take_tokens(id, &body.signer, &fill.trader_base)?;
        self.credit(&body.signer, curve.quote_asset, &fill.trader_quote)?;
        self.settle(id, &module, Side::Sell, venue, fill, referrer).map(Event::Traded)
    }

    pub(super) fn launch(&mut self, body: &Body, launch: &Launch) -> Result<Event, Error> {
        check_text(&launch.name, NAME_BYTES_MAX)?;
        check_text(&launch.symbol, SYMBOL_BYTES_MAX)?;
        self.check_asset(&launch.quote_asset)?;
        let module = self.modules.get(&launch.module).ok_or(Error::UnknownModule)?;
        let id = CurveId::derive(&body.signer, launch.salt);
        if self.curves.contains_key(&id) {
            return Err(Error::CurveExists);
        }
        let curve = Curve {
            module: launch.module,
            quote_asset: launch.quote_asset,
            creator: body.signer,
            name: launch.name.clone(),
            symbol: launch.symbol.clone(),
            launched_ms: self.time_ms,
            place: Place::start(module),
            fees: Accrued::default(),
            phase: Phase::Trading,
        };
        self.curves.insert(id, curve);
        let first_buy = match &launch.first_buy {
            None => None,
            Some(order) => match self.buy(body, &id, order, None)? {
                Event::Traded(trade) => Some(trade),
                _ => None,
            },
        };
        Ok(Event::Launched { curve: id, module: launch.module, first_buy })
    }

    fn check_referrer(&self, signer: &Address, referrer: Option<Address>) -> Result<(), Error> {
        match referrer {
            Some(referrer) if referrer == *signer => Err(Error::SelfReferral),
            Some(referrer) if !self.accounts.contains_key(&referrer) => Err(Error::UnknownReferrer),
            Some(_) | None => Ok(()),
        }
    }

    fn terms(&self, curve: &Curve, referrer: Option<Address>) -> Terms {
        Terms {
            secs: self.time_ms.saturating_sub(curve.launched_ms) / 1_000,
            referred: referrer.is_some(),
        }
    }

    /// Writes the state after a trade and pays the referrer.
    fn settle(
        &mut self,
        id: &CurveId,
        module: &Module,
        side: Side,
        venue: Venue,
        fill: Fill,
        referrer: Option<Address>,
    ) -> Result<Trade, Error> {
        let mut curve = self.curves[id].clone();
        let (base_after, reserve_after) = match venue {
            Venue::Curve => {
                accrue(&mut curve.fees, &fill.fee);
                curve.place = fill.place.clone();
                curve.phase =
                    if curve.place.is_complete(module) { Phase::Complete } else { Phase::Trading };
                (curve.place.sold.clone(), curve.place.reserve.clone())
            }
            Venue::Pool => {
                let pool = self.pools.get_mut(id).ok_or(Error::NotMigrated)?;
                accrue(&mut pool.fees, &fill.fee);
                pool.base = fill.pool_base.clone();
                pool.quote = fill.pool_quote.clone();
                (pool.base.clone(), pool.quote.clone())
            }
        };
        let asset = curve.quote_asset;
        self.curves.insert(*id, curve);
        if let Some(referrer) = referrer {
            match &fill.fee {
                Fee::Quote(split) => self.credit(&referrer, asset, &split.referrer)?,
                Fee::Base(split) if split.referrer != int(0) => {
                    self.give_tokens(id, &referrer, &split.referrer)?;
                }
                Fee::Base(_) => {}
            }
        }
        Ok(Trade {
            curve: *id,
            side,
            base: Base::new(units(&fill.base)?),
            quote: Quote::new(units(&fill.quote)?),
            fees: taken(&fill.fee)?,
            trader_quote: Quote::new(units(&fill.trader_quote)?),
            trader_base: Base::new(units(&fill.trader_base)?),
            partial: fill.partial,
            venue,
            base_after: Base::new(units(&base_after)?),
            reserve_after: Quote::new(units(&reserve_after)?),
        })
    }
}

fn accrue(fees: &mut Accrued, fee: &Fee) {
    match fee {
        Fee::Quote(split) => fees.add_quote(split),
        Fee::Base(split) => fees.add_base(split),
    }
}

fn taken(fee: &Fee) -> Result<TakenFees, Error> {
    Ok(match fee {
        Fee::Quote(split) => TakenFees::Quote(parts(split, Quote::new)?),
        Fee::Base(split) => TakenFees::Base(parts(split, Base::new)?),
    })
}

fn parts<A>(split: &Split, unit: impl Fn(u64) -> A) -> Result<FeeSplit<A>, Error> {
    let part = |amount: &Int| units(amount).map(&unit);
    Ok(FeeSplit {
        protocol: part(&split.protocol)?,
        creator: part(&split.creator)?,
        partner: part(&split.partner)?,
        referrer: part(&split.referrer)?,
        liquidity: part(&split.liquidity)?,
    })
}

/// A text of 1 to `bytes_max` bytes without control characters, and not of blanks only.
fn check_text(text: &str, bytes_max: usize) -> Result<(), Error> {
    let good =
        !text.trim().is_empty() && text.len() <= bytes_max && !text.chars().any(char::is_control);
    if good { Ok(()) } else { Err(Error::InvalidMetadata) }
}
