//! `LAUNCH`: a curve on a published module, and with it the creator's own purchase, before anybody else's.

use alloc::vec::Vec;

use super::{Fault, Machine, State, name::Name};
use crate::{
    cell::{Accrued, Cell, Curve, Phase},
    error::Error,
    program::{Launch, NAME_BYTES_MAX, SYMBOL_BYTES_MAX},
    receipt::Event,
    types::{Base, CurveId, Quote},
};

impl<S: State> Machine<'_, S> {
    pub(super) fn launch(&mut self, launch: &Launch) -> Result<Event, Fault> {
        check_text(&launch.name, NAME_BYTES_MAX)?;
        check_text(&launch.symbol, SYMBOL_BYTES_MAX)?;
        if !self.rules()?.takes(&launch.quote_asset) {
            return Err(Error::UnknownAsset.into());
        }
        let sqrt_price = self.module(&launch.module)?.sqrt_start;
        let id = CurveId::derive(&self.signer, launch.salt);
        let name = Name::Curve(id);
        if self.journal.get(name)?.is_some() {
            return Err(Error::CurveExists.into());
        }
        let curve = Curve {
            version: 0,
            module: launch.module,
            quote_asset: launch.quote_asset,
            creator: self.signer,
            name: launch.name.clone(),
            symbol: launch.symbol.clone(),
            launched_ms: self.context.time_ms,
            sold: Base::ZERO,
            reserve: Quote::ZERO,
            sqrt_price,
            marks: Vec::new(),
            fees: Accrued::default(),
            phase: Phase::Trading,
        };
        self.journal.put(name, Cell::Curve(curve))?;
        let first_buy = match &launch.first_buy {
            Some(order) => Some(self.buy(&id, order, None)?),
            None => None,
        };
        Ok(Event::Launched { curve: id, module: launch.module, first_buy })
    }
}

fn check_text(text: &str, bytes_max: usize) -> Result<(), Error> {
    let printable = text.chars().all(|char| !char.is_control());
    if text.trim().is_empty() || text.len() > bytes_max || !printable {
        return Err(Error::InvalidMetadata);
    }
    Ok(())
}
