//! What is handed out: compiled curves and transaction programs.

mod curve;
mod programs;

pub use curve::CompiledCurve;
pub(crate) use curve::compiled;
pub(crate) use programs::programs;
