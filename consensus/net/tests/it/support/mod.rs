//! A small application, and committees of it.

mod counter;
mod members;
mod proxy;

use std::{future::Future, time::Duration};

pub(crate) use counter::Counter;
pub(crate) use members::{
    Committee, pacemaker, secret, transport, transport_config, transport_with,
};
pub(crate) use proxy::Proxy;

/// The deadline of a whole test. Nothing waits for time to pass but for something to happen.
const DEADLINE: Duration = Duration::from_secs(120);

/// Runs a test under the deadline.
pub(crate) async fn within<T>(test: impl Future<Output = T>) -> T {
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_test_writer()
        .try_init();
    tokio::time::timeout(DEADLINE, test).await.expect("the test passes its deadline")
}
