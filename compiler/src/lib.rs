//! CurveScript: a compiler from curve definitions and trade scripts to CurveVM.
//!
//! # Status
//!
//! Experimental. The language is specified in `docs/spec/curvescript.md`.
//!
//! # Terms
//!
//! A *source* is a list of *statements*, one to a line: a head word, arguments, and for some a block of statements. A
//! *curve file* holds one `curve` statement and compiles to a [`curvevm::module::Module`]; a *trade script* holds one
//! instruction in each statement and compiles to transaction programs.
//!
//! ```text
//! source -> lexer -> tokens -> parser -> syntax tree -> check -> HIR -> lower -> module, report -> codegen
//! ```
//!
//! # Invariants
//!
//! 1. No source makes the compiler panic; sizes, nesting and the number of errors are bounded ([`limits`]).
//! 2. Every pass returns a value and what it found, so that the errors of a file are reported at once.
//! 3. No floating point: a number is an exact decimal until it is rounded once, downwards, in `lower`.
//! 4. A compiled module passes [`curvevm::curve::verify::verify`] and fits a transaction.
//!
//! # Example
//!
//! ```
//! let source = r#"curve {
//!     name "Moon Cat"
//!     symbol "MCAT"
//!     supply 2_000_000
//!     price {
//!         linear sell 800_000 from 0.00001sol to 0.00005sol
//!     }
//!     fee protocol 0.5% creator 0.5%
//!     graduation sold_out
//! }"#;
//! let compiled = curvescript::compile_curve(source).unwrap();
//! assert_eq!(compiled.module.pieces.len(), 1);
//! assert_eq!(compiled.hash, compiled.module.hash());
//!
//! let errors = curvescript::compile_curve("curve { nmae \"Moon Cat\" }").unwrap_err();
//! assert_eq!((errors.first().line, errors.first().column), (1, 1));
//! ```
#![forbid(unsafe_code)]

mod check;
mod codegen;
mod compile;
mod decimal;
mod diagnostics;
mod hir;
mod lexer;
mod lower;
mod parser;
mod source;
mod syntax;

pub use codegen::CompiledCurve;
pub use compile::{TradeContext, compile_curve, compile_trades};
pub use diagnostics::{Code, Diagnostic, Diagnostics};
pub use lower::{Completion, PieceReport, Report};
pub use source::{Span, limits};
