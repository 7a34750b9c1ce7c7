//! End-to-end tests: a committee of processes over libp2p, the program's bytecode on an embedded L1, clients over RPC.
//!
//! They need the `asset` binary beside them in the target folder (`cargo build -p asset-cli`), or its path in `ASSET_BIN`.

#[path = "e2e/bad_input.rs"]
mod bad_input;
#[path = "e2e/challenge.rs"]
mod challenge;
#[path = "e2e/crash.rs"]
mod crash;
#[path = "e2e/curve_to_pool.rs"]
mod curve_to_pool;
#[path = "e2e/exit.rs"]
mod exit;
#[path = "e2e/forge.rs"]
mod forge;
#[path = "e2e/l1_fork.rs"]
mod l1_fork;
#[path = "e2e/support.rs"]
mod support;
#[path = "e2e/tokens.rs"]
mod tokens;
#[path = "e2e/watch.rs"]
mod watch;
#[path = "e2e/watcher.rs"]
mod watcher;
#[path = "e2e/whole_path.rs"]
mod whole_path;
