//! From the HIR to a verified module, with what the lowering costs in precision.

mod liquidity;
mod module;
mod price;
mod report;

pub(crate) use module::module;
pub use report::{Completion, PieceReport, Report};
