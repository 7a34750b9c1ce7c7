//! The compiler from outside: fixtures, properties, the templates.

mod curves;
mod dump;
mod fixtures;
mod properties;
mod trades;
