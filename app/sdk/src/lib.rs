//! The Rust client SDK of Asset L2
