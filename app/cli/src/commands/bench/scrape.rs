//! Reads a member's metrics.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::quantiles::{Quantiles, millis};

/// How long a member may take to tell its metrics.
const ANSWER: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A member's metrics at one time: each line's name, with its labels, and its value.
#[derive(Clone, Debug, Default)]
pub(super) struct Scrape {
    samples: BTreeMap<String, f64>,
}

/// A histogram, or the difference or sum of some of the same buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Histogram {
    /// Upper bounds in seconds, ascending, and how many observations are at most that.
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: f64,
}

impl Scrape {
    /// Asks the member that serves its metrics at `url`.
    pub(super) async fn of(url: &str) -> Result<Self> {
        let asked = async {
            let address = url.trim_start_matches("http://");
            let mut stream = TcpStream::connect(address).await?;
            // Under HTTP 1.0 the answer ends with the connection and comes in one piece.
            let request = format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = timeout(ANSWER, asked).await.with_context(|| format!("{url} is silent"))?;
        let answer = answer.with_context(|| format!("{url} tells no metrics"))?;
        let (head, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
        let status = head.lines().next().unwrap_or_default();
        ensure!(status.contains(" 200 "), "{url} answers {status}");
        Ok(Self::parse(body))
    }

    /// Reads Prometheus' text format.
    pub(super) fn parse(text: &str) -> Self {
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self { samples: lines.filter_map(sample).collect() }
    }

    /// The histogram of a name, without labels of its own; empty when there is none.
    pub(super) fn histogram(&self, name: &str) -> Histogram {
        let one = |suffix: &str| self.samples.get(&format!("{name}_{suffix}")).copied();
        let bucket = format!("{name}_bucket{{le=\"");
        let mut buckets: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter_map(|(name, value)| {
                let bound = name.strip_prefix(&bucket)?.strip_suffix("\"}")?;
                Some((bound.parse().ok()?, *value))
            })
            .collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        Histogram {
            buckets,
            sum: one("sum").unwrap_or_default(),
            count: one("count").unwrap_or_default(),
        }
    }
}

impl Histogram {
    /// What was observed since `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        self.with(before, -1.0)
    }

    /// The observations of both.
    pub(super) fn and(&self, other: &Self) -> Self {
        self.with(other, 1.0)
    }

    fn with(&self, other: &Self, factor: f64) -> Self {
        if self.buckets.is_empty() && factor > 0.0 {
            return other.clone();
        }
        let others = other.buckets.iter().map(|(_, count)| *count).chain(std::iter::repeat(0.0));
        let buckets = self.buckets.iter().zip(others);
        Self {
            buckets: buckets.map(|((bound, count), it)| (*bound, count + factor * it)).collect(),
            sum: self.sum + factor * other.sum,
            count: self.count + factor * other.count,
        }
    }

    /// The mean, in milliseconds; nothing of no observation.
    pub(super) fn mean_ms(&self) -> Option<f64> {
        let mean = (self.count > 0.0).then(|| self.sum / self.count)?;
        Some(millis(Duration::try_from_secs_f64(mean).ok()?))
    }

    /// Quantiles, linear within a bucket, as Prometheus has them; nothing of no observation.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        let at =
            |quantile: f64| Some(millis(Duration::try_from_secs_f64(self.at(quantile)?).ok()?));
        Some(Quantiles {
            count: format!("{:.0}", self.count).parse().ok()?,
            p50_ms: at(0.5)?,
            p90_ms: at(0.9)?,
            p99_ms: at(0.99)?,
        })
    }

    /// The quantile, in seconds.
    fn at(&self, quantile: f64) -> Option<f64> {
        if self.count <= 0.0 {
            return None;
        }
        let rank = quantile * self.count;
        let mut below = (0.0, 0.0);
        for (bound, count) in &self.buckets {
            if *count >= rank {
                // The last bucket has no end; all that is known is where it starts.
                if bound.is_infinite() {
                    break;
                }
                let part = (rank - below.1) / (count - below.1);
                return Some(below.0 + (bound - below.0) * part);
            }
            below = (*bound, *count);
        }
        Some(below.0)
    }
}
