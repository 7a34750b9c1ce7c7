//! From tokens to the syntax tree.

mod parse;

pub(crate) use parse::parse;
