//! Metrics and health over HTTP: `/metrics` in Prometheus' text format, `/health/live`, `/health/ready`.

mod server;

pub(crate) use server::TelemetryServer;
