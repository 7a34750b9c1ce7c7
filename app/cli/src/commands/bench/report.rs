//! The report: figures, and a table of them next to their targets.

use serde::Serialize;

use super::{
    finality::FinalityReport, network::NetworkReport, node::NodeReport, quantiles::Quantiles,
    settlement::SettlementReport,
};

/// Section 10 of the design: the pipeline over the bound.
const RATIO_MIN: f64 = 0.5;
/// On two cores.
const TRADES_PER_SECOND_MIN: f64 = 50_000.0;
const FINALITY_P50_MAX_MS: f64 = 50.0;
const FINALITY_P99_MAX_MS: f64 = 250.0;
const BYTES_PER_TRADE_MAX: f64 = 80.0;
const LAMPORTS_PER_TRADE_MAX: f64 = 100.0;

/// The figures of one run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    /// `release` or `debug`.
    build: &'static str,
    /// Cores that this process may use.
    cores: usize,
    pub(super) node: Option<NodeReport>,
    pub(super) network: Option<NetworkReport>,
}

/// A line of the table.
struct Row {
    what: String,
    measured: String,
    target: Option<Target>,
}

/// What the design asks for, and whether it is reached.
struct Target {
    text: &'static str,
    is_met: bool,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            node: None,
            network: None,
        }
    }

    /// The table.
    pub(super) fn text(&self) -> String {
        let mut rows = vec![row("machine", format!("{} cores, {} build", self.cores, self.build))];
        rows.extend(self.node.iter().flat_map(node_rows));
        if let Some(NetworkReport { members, finality, settlement }) = &self.network {
            rows.extend(finality_rows(*members, finality));
            rows.extend(settlement_rows(settlement));
        }
        table(&rows)
    }
}

fn node_rows(node: &NodeReport) -> Vec<Row> {
    let NodeReport { curves, accounts, trades, block_trades, .. } = node;
    let mut rows = vec![
        row(
            "pipeline workload",
            format!(
                "{} trades on {} curves by {} accounts, {} to a block",
                grouped(*trades as f64),
                grouped(f64::from(*curves)),
                grouped(f64::from(*accounts)),
                grouped(f64::from(*block_trades)),
            ),
        ),
        row("signatures in batches", format!("{} /s", grouped(node.signatures_per_second))),
        row("pipeline trades", format!("{} /s", grouped(node.trades_per_second)))
            .target("at least 50,000 /s", node.trades_per_second >= TRADES_PER_SECOND_MIN),
        row("pipeline over signatures", format!("{:.2}", node.ratio))
            .target("at least 0.50", node.ratio >= RATIO_MIN),
    ];
    if let Some(bytes) = node.posted_bytes_per_trade {
        rows.push(
            row("data of that workload", format!("{bytes:.1} bytes/trade"))
                .target("at most 80 bytes", bytes <= BYTES_PER_TRADE_MAX),
        );
    }
    rows
}

fn finality_rows(members: u8, finality: &FinalityReport) -> Vec<Row> {
    let FinalityReport { rate, seconds, .. } = finality;
    let mut rows = vec![row(
        "finality workload",
        format!("{members} members, {rate} single trades a second for {seconds} s"),
    )];
    if let Some(times) = &finality.committee {
        let is_met = times.p50_ms <= FINALITY_P50_MAX_MS && times.p99_ms <= FINALITY_P99_MAX_MS;
        let row = row("finality in the committee", quantiles(times));
        rows.push(row.target("p50 at most 50 ms, p99 at most 250 ms", is_met));
    }
    let told = finality.block.iter().map(|times| row("block made to told", quantiles(times)));
    rows.extend(told);
    let known = finality.client.iter().map(|times| row("client sent to knew", quantiles(times)));
    rows.extend(known);
    for step in &finality.steps {
        if let Some(mean_ms) = step.mean_ms {
            rows.push(row(&format!("  {}", step.step), format!("mean {mean_ms:.2} ms")));
        }
    }
    rows
}

fn settlement_rows(settlement: &SettlementReport) -> Vec<Row> {
    let SettlementReport { trades, traders, curves, batches, chunks, .. } = settlement;
    let (bytes, lamports) = (settlement.bytes_per_trade, settlement.lamports_per_trade);
    vec![
        row(
            "load",
            format!("{} trades of {traders} accounts on {curves} curves", grouped(*trades as f64)),
        ),
        row("committee throughput", format!("{} trades/s", grouped(settlement.trades_per_second))),
        row(
            "posted",
            format!(
                "{batches} batches, {chunks} chunks, {} bytes for {} lamports",
                grouped(settlement.data_bytes as f64),
                grouped(settlement.lamports as f64),
            ),
        ),
        row("bytes of a posted trade", format!("{bytes:.1}"))
            .target("at most 80", bytes <= BYTES_PER_TRADE_MAX),
        row("lamports of a posted trade", format!("{lamports:.1}"))
            .target("at most 100", lamports <= LAMPORTS_PER_TRADE_MAX),
    ]
}

fn row(what: &str, measured: String) -> Row {
    Row { what: what.to_owned(), measured, target: None }
}

impl Row {
    fn target(self, text: &'static str, is_met: bool) -> Self {
        Self { target: Some(Target { text, is_met }), ..self }
    }
}

fn quantiles(times: &Quantiles) -> String {
    let Quantiles { count, p50_ms, p90_ms, p99_ms } = times;
    format!("p50 {p50_ms:.1} ms, p90 {p90_ms:.1} ms, p99 {p99_ms:.1} ms of {count}")
}

fn table(rows: &[Row]) -> String {
    let longest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| text.chars().count()).max().unwrap_or_default()
    };
    let first = longest(&mut rows.iter().map(|row| &row.what));
    let with_target = rows.iter().filter(|row| row.target.is_some());
    let second = longest(&mut with_target.map(|row| &row.measured));
    let line = |Row { what, measured, target }: &Row| match target {
        Some(Target { text, is_met }) => {
            let verdict = if *is_met { "reached" } else { "missed" };
            format!("{what:<first$}  {measured:<second$}  {text}: {verdict}")
        }
        None => format!("{what:<first$}  {measured}"),
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A whole number with a comma before each three digits.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
