//! A bounded run of each fuzz target of `curvevm/fuzz`.
//!
//! Each starts from the committed seeds (`curvevm/fuzz/seeds/<target>`). What it finds on the way goes to the cache folder, where the
//! next run finds it again; an input that fails is left there too, and named in the report. The compiler is the stable one of the
//! repository, told to accept what libFuzzer's instrumentation needs; without a sanitizer, as there is no unsafe code to watch but
//! what maps vector registers.

use crate::{setup, shell, workspace};
use anyhow::{Context, Result};
use std::fs;

/// The fuzz targets.
const TARGETS: [&str; 3] = ["decode", "verify", "execute"];
/// How long each runs in CI, in seconds.
const SECONDS: u32 = 20;
/// The longest input, in bytes.
const INPUT_BYTES_MAX: u32 = 4_096;

/// How long to look for failures.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// For how long each target runs, in seconds.
    #[arg(long, default_value_t = SECONDS)]
    seconds: u32,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { seconds: SECONDS }
    }
}

/// Runs every target.
///
/// # Errors
/// A target cannot be built, or an input makes it fail.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let seconds = arguments.seconds;
    let tool = setup::cargo_fuzz()?;
    let cache = workspace::cache()?;
    let folder = workspace::root().join("curvevm/fuzz");
    for target in TARGETS {
        let found = cache.join("fuzz-corpus").join(target);
        let failed = cache.join("fuzz-failed").join(target);
        for folder in [&found, &failed] {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let mut command = shell::cargo();
        // The program is found by cargo under its own name.
        command.env("PATH", setup::path_with(&tool)?).env("RUSTC_BOOTSTRAP", "1");
        command.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]).arg(&folder);
        command.arg("--target-dir").arg(cache.join("fuzz-target")).arg(target);
        command.arg(&found).arg(folder.join("seeds").join(target)).arg("--");
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={INPUT_BYTES_MAX}"));
        command.arg(format!("-artifact_prefix={}/", failed.display()));
        shell::run(&mut command)?;
    }
    Ok(())
}
