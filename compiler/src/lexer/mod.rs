//! From text to tokens.

mod scan;
mod token;

pub(crate) use scan::lex;
pub(crate) use token::{Token, TokenKind};
