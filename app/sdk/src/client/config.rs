//! How patient a client is.

use std::time::Duration;

/// How patient a client is.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// How long one call to one node may take.
    pub call_timeout: Duration,
    /// How long to go on with other nodes, and with the first again, while errors are transient.
    pub retry_for: Duration,
    /// The pause after every node was tried.
    pub pause: Duration,
    /// How long a subscription may be silent before the node is asked instead.
    pub silence: Duration,
    /// How long [`super::Client::wait_for`] waits in all.
    pub wait_timeout: Duration,
}

impl ClientConfig {
    /// 10 s for a call, transient errors for 30 s, silence of 5 s, waits of 2 min.
    pub const fn new() -> Self {
        Self {
            call_timeout: Duration::from_secs(10),
            retry_for: Duration::from_secs(30),
            pause: Duration::from_millis(100),
            silence: Duration::from_secs(5),
            wait_timeout: Duration::from_secs(120),
        }
    }
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self::new()
    }
}
