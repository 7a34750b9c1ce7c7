//! The syntax tree: statements, without what they mean.

mod tree;

pub(crate) use tree::{Argument, ArgumentKind, Block, Statement, Tree};
