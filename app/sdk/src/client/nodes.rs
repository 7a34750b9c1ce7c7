//! The nodes of a client: connections, and which of them is preferred.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jsonrpsee::{
    core::ClientError as TransportError,
    http_client::{HttpClient, HttpClientBuilder},
    ws_client::{WsClient, WsClientBuilder},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{config::ClientConfig, error::ClientError};

/// Calls and subscriptions that may be open on one WebSocket.
const WS_CONCURRENT_MAX: usize = 16_384;
/// Notifications of a subscription that may wait for their reader.
const WS_BUFFER: usize = 256;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u32 = 32 * 1024 * 1024;

/// One node.
pub(super) struct Node {
    pub(super) url: String,
    http: HttpClient,
    /// Opened at the first subscription, and anew after it broke.
    ws: Mutex<Option<Arc<WsClient>>>,
    call_timeout: Duration,
}

/// All nodes of a client.
pub(super) struct Nodes {
    nodes: Vec<Node>,
    preferred: AtomicUsize,
    retry_for: Duration,
    pause: Duration,
}

impl Node {
    fn new(url: &str, config: &ClientConfig) -> Result<Self, ClientError> {
        let bad = || ClientError::BadUrl { url: url.to_owned() };
        let url = url.trim().trim_end_matches('/');
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(bad());
        }
        let http = HttpClientBuilder::default()
            .request_timeout(config.call_timeout)
            .max_response_size(ANSWER_BYTES_MAX)
            .build(url)
            .map_err(|_| bad())?;
        Ok(Self {
            url: url.to_owned(),
            http,
            ws: Mutex::new(None),
            call_timeout: config.call_timeout,
        })
    }

    /// The open WebSocket, or a new one.
    pub(super) async fn ws(&self) -> Result<Arc<WsClient>, TransportError> {
        let mut slot = self.ws.lock().await;
        if let Some(open) = slot.as_ref().filter(|open| open.is_connected()) {
            return Ok(Arc::clone(open));
        }
        let open = WsClientBuilder::default()
            .request_timeout(self.call_timeout)
            .connection_timeout(self.call_timeout)
            .max_response_size(ANSWER_BYTES_MAX)
            .max_concurrent_requests(WS_CONCURRENT_MAX)
            .max_buffer_capacity_per_subscription(WS_BUFFER)
            .build(self.ws_url())
            .await?;
        let open = Arc::new(open);
        *slot = Some(Arc::clone(&open));
        Ok(open)
    }

    /// The WebSocket address: a node serves both on one port.
    pub(super) fn ws_url(&self) -> String {
        self.url.replacen("http", "ws", 1)
    }

    pub(super) const fn http(&self) -> &HttpClient {
        &self.http
    }
}

impl Nodes {
    pub(super) fn new<U: AsRef<str>>(
        urls: &[U],
        config: &ClientConfig,
    ) -> Result<Self, ClientError> {
        if urls.is_empty() {
            return Err(ClientError::NoNodes);
        }
        let nodes =
            urls.iter().map(|url| Node::new(url.as_ref(), config)).collect::<Result<_, _>>()?;
        Ok(Self {
            nodes,
            preferred: AtomicUsize::new(0),
            retry_for: config.retry_for,
            pause: config.pause,
        })
    }

    /// All nodes.
    pub(super) fn all(&self) -> &[Node] {
        &self.nodes
    }

    /// The nodes, the preferred one first.
    fn in_order(&self) -> impl Iterator<Item = (usize, &Node)> {
        let first = self.preferred.load(Ordering::Relaxed);
        self.nodes.iter().enumerate().cycle().skip(first).take(self.nodes.len())
    }

    /// The preferred node.
    pub(super) fn preferred(&self) -> &Node {
        let at = self.preferred.load(Ordering::Relaxed);
        self.nodes.get(at).unwrap_or_else(|| unreachable!("the preferred node is one of the nodes"))
    }

    /// Prefers the node after the preferred one.
    pub(super) fn rotate(&self) {
        let next = self.preferred.load(Ordering::Relaxed).saturating_add(1);
        self.preferred.store(if next < self.nodes.len() { next } else { 0 }, Ordering::Relaxed);
    }

    /// Calls the nodes in order, and again after a pause, until one answers or time is up.
    pub(super) async fn call<T, F, Fut>(&self, call: F) -> Result<T, ClientError>
    where
        F: Fn(HttpClient) -> Fut,
        Fut: Future<Output = Result<T, TransportError>>,
    {
        let deadline = Instant::now() + self.retry_for;
        loop {
            let mut last = ClientError::NoNodes;
            for (at, node) in self.in_order() {
                match call(node.http.clone()).await {
                    Ok(answer) => {
                        self.preferred.store(at, Ordering::Relaxed);
                        return Ok(answer);
                    }
                    Err(error) => last = ClientError::from_transport(error, &self.urls()),
                }
                if !last.is_transient() {
                    return Err(last);
                }
            }
            if Instant::now() >= deadline {
                return Err(last);
            }
            sleep(self.pause).await;
        }
    }

    fn urls(&self) -> String {
        self.nodes.iter().map(|node| node.url.as_str()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientConfig, ClientError, Node, Nodes};

    #[test]
    fn the_websocket_is_on_the_same_port() {
        let node = Node::new("http://127.0.0.1:8899/", &ClientConfig::new()).unwrap();
        assert_eq!(node.ws_url(), "ws://127.0.0.1:8899");
        let node = Node::new("https://node.example", &ClientConfig::new()).unwrap();
        assert_eq!(node.ws_url(), "wss://node.example");
    }

    #[test]
    fn refuses_what_is_no_address() {
        for url in ["", "127.0.0.1:8899", "ws://127.0.0.1:1", "ftp://x"] {
            assert!(
                matches!(Node::new(url, &ClientConfig::new()), Err(ClientError::BadUrl { .. })),
                "{url}"
            );
        }
        assert!(matches!(Nodes::new::<&str>(&[], &ClientConfig::new()), Err(ClientError::NoNodes)));
    }

    #[test]
    fn nodes_take_turns() {
        let nodes =
            Nodes::new(&["http://a:1", "http://b:1", "http://c:1"], &ClientConfig::new()).unwrap();
        assert_eq!(nodes.preferred().url, "http://a:1");
        nodes.rotate();
        let order: Vec<_> = nodes.in_order().map(|(at, _)| at).collect();
        assert_eq!(order, [1, 2, 0]);
        nodes.rotate();
        nodes.rotate();
        assert_eq!(nodes.preferred().url, "http://a:1");
    }
}
