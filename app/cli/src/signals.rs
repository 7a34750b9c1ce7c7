//! The ways in which a long-running command is asked to stop.

use anyhow::{Context, Result};
use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
};

/// Waits for ctrl-c or SIGTERM.
pub(crate) async fn stop_requested() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for ctrl-c")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Waits until standard input is closed: the process that started this one is gone, or asks it to stop.
pub(crate) async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut sink = [0u8; 64];
    while let Ok(read) = stdin.read(&mut sink).await {
        if read == 0 {
            break;
        }
    }
}
