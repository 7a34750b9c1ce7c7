//! The `asset` command.
fn main() {}
