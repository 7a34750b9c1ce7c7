//! `PUBLISH_MODULE`: a module is verified once, and stored under its hash.

use alloc::sync::Arc;

use super::{Fault, Machine, State, name::Name};
use crate::{cell::Cell, curve, error::Error, meter, module::Module, receipt::Event};

impl<S: State> Machine<'_, S> {
    pub(super) fn publish(&mut self, module: &Module) -> Result<Event, Fault> {
        self.journal.charge(meter::verification(module))?;
        curve::verify::verify(module).map_err(|_| Error::InvalidModule)?;
        let hash = module.hash();
        let name = Name::Module(hash);
        if self.journal.get(name)?.is_some() {
            return Err(Error::ModuleExists.into());
        }
        self.journal.put(name, Cell::Module(Arc::new(module.clone())))?;
        Ok(Event::Published { module: hash })
    }
}
