//! From the syntax tree to the HIR: names, kinds, units and what must be said.

mod amounts;
mod curve;
mod fees;
mod pieces;
mod sink;
mod terms;
mod trades;

pub(crate) use curve::curve;
pub(crate) use trades::trades;
