//! Results on standard output, progress and errors on standard error.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use serde::Serialize;

/// Where results and progress go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes a result: one line of JSON, or text for people.
    pub(crate) fn result<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        let line = if self.json { serde_json::to_string(value)? } else { text() };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).context("cannot write the result")
    }

    /// Writes an event as one line of JSON, where that is wanted.
    pub(crate) fn event<T: Serialize>(self, value: &T) {
        if self.json
            && let Ok(line) = serde_json::to_string(value)
        {
            // Nobody may be listening any more; the work goes on.
            let mut out = io::stdout().lock();
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }

    /// Says what is going on.
    pub(crate) fn progress(self, text: &str) {
        // Nobody may be listening; the work goes on.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says why it failed: the error, then each cause once.
    pub(crate) fn fail(self, error: &anyhow::Error) -> ExitCode {
        let mut said = error.to_string();
        let mut text = format!("error: {said}");
        for cause in error.chain().skip(1).map(ToString::to_string) {
            if !said.contains(&cause) {
                text.push_str("\n  because: ");
                text.push_str(&cause);
                said = cause;
            }
        }
        self.progress(&text);
        ExitCode::FAILURE
    }
}
