//! Every check of the repository, in order of cost.
//!
//! The first step that fails stops the run. The program is built from source before anything runs it, and all tests that load
//! the program load that build (`ASSET_ROLLUP_SO_DIR`), not the committed one.

use crate::{fuzz, program, readme, setup, shell};
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use std::time::{Duration, Instant};

/// Arguments of `cargo xtask ci`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run this step only (may be repeated).
    #[arg(long, value_enum, value_name = "STEP")]
    only: Vec<Step>,
    /// Leave this step out (may be repeated).
    #[arg(long, value_enum, value_name = "STEP")]
    skip: Vec<Step>,
}

/// The steps, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Install system packages and tools that are missing.
    Setup,
    /// Formatting.
    Fmt,
    /// The repository's own rules (xtask/tests/tidy.rs).
    Tidy,
    /// clippy without warnings.
    Clippy,
    /// Documentation without warnings.
    Doc,
    /// The program for sBPF v0 and v3, from source.
    ProgramBuild,
    /// The committed program is built from the present sources.
    ProgramVerify,
    /// Unit and integration tests.
    Test,
    /// Examples in the documentation.
    Doctest,
    /// The program's unit tests, and its tests on the build of this run.
    ProgramTest,
    /// A short run of each fuzz target.
    Fuzz,
    /// The whole path over real processes.
    E2e,
    /// The commands of the README.
    Readme,
}

/// The program's manifest; it is not a member of the workspace.
const PROGRAM: &str = "programs/asset_rollup/Cargo.toml";
/// The fuzz targets' manifest; they are built with the fuzzer's flags only.
const FUZZ: &str = "curvevm/fuzz/Cargo.toml";
// All steps select the whole workspace, so that dependencies are built once, with one set of features.
const TESTS: &[&str] = &["nextest", "run", "--workspace", "--locked"];
const NEITHER_PROGRAM_NOR_E2E: &str = "not (package(=asset-tests) and binary(/^(program|e2e)/))";

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Result<()> {
        match self {
            Self::Setup => setup::ci_tools(),
            Self::Fmt => {
                cargo(&["fmt", "--all", "--check"], &[])?;
                cargo(&["fmt", "--manifest-path", PROGRAM, "--check"], &[])?;
                cargo(&["fmt", "--manifest-path", FUZZ, "--check"], &[])
            }
            Self::Tidy => {
                cargo(&["test", "--quiet", "--locked", "--package", "xtask", "--test", "tidy"], &[])
            }
            Self::Clippy => {
                cargo(
                    &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
                    &[],
                )?;
                cargo(
                    &["clippy", "--manifest-path", PROGRAM, "--locked", "--", "-D", "warnings"],
                    &[],
                )
            }
            Self::Doc => {
                let deny = [("RUSTDOCFLAGS", "-D warnings".to_owned())];
                cargo(&["doc", "--workspace", "--no-deps", "--locked"], &deny)
            }
            Self::ProgramBuild => program::run(&program::Command::Build(Default::default())),
            Self::ProgramVerify => program::run(&program::Command::Verify(Default::default())),
            Self::Test => cargo(
                &[TESTS, &["--ignore-default-filter", "--filterset", NEITHER_PROGRAM_NOR_E2E]]
                    .concat(),
                &fresh_program()?,
            ),
            Self::Doctest => cargo(&["test", "--doc", "--workspace", "--locked"], &[]),
            Self::ProgramTest => {
                cargo(&["test", "--manifest-path", PROGRAM, "--locked", "--lib"], &[])?;
                cargo(
                    &[TESTS, &["--profile", "program", "--test", "program"]].concat(),
                    &fresh_program()?,
                )
            }
            Self::Fuzz => fuzz::run(&fuzz::Arguments::default()),
            Self::E2e => {
                // With the tests, so that dependencies get the features that they have in the other steps.
                cargo(&["build", "--workspace", "--locked", "--bins", "--tests"], &[])?;
                cargo(&[TESTS, &["--profile", "e2e", "--test", "e2e*"]].concat(), &fresh_program()?)
            }
            Self::Readme => readme::run(&readme::Arguments::default()),
        }
    }
}

/// Runs the chosen steps.
///
/// # Errors
/// The first step that fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let steps = chosen(arguments);
    ensure!(!steps.is_empty(), "no step is left to run");
    let mut done: Vec<(Step, Duration)> = Vec::new();
    for (index, &step) in steps.iter().enumerate() {
        eprintln!("\n=== {} ({}/{})", step.name(), index + 1, steps.len());
        let start = Instant::now();
        let result = step.run();
        let duration = start.elapsed();
        result.with_context(|| {
            format!("ci: step `{}` failed after {duration:.1?}; run it alone with `cargo xtask ci --only {}`", step.name(), step.name())
        })?;
        eprintln!("=== {}: ok in {duration:.1?}", step.name());
        done.push((step, duration));
    }
    eprintln!("\nci: all steps passed");
    for (step, duration) in &done {
        eprintln!("{:>10.1?}  {}", duration, step.name());
    }
    Ok(())
}

fn chosen(arguments: &Arguments) -> Vec<Step> {
    Step::value_variants()
        .iter()
        .copied()
        .filter(|step| arguments.only.is_empty() || arguments.only.contains(step))
        .filter(|step| !arguments.skip.contains(step))
        .collect()
}

fn cargo(words: &[&str], environment: &[(&str, String)]) -> Result<()> {
    let mut command = shell::cargo();
    command.args(words).envs(environment.iter().map(|(name, value)| (name, value)));
    shell::run(&mut command)
}

fn fresh_program() -> Result<[(&'static str, String); 1]> {
    let folder = program::fresh_build()?.into_os_string().into_string();
    let folder = folder.ok().context("the cache folder is not UTF-8")?;
    Ok([("ASSET_ROLLUP_SO_DIR", folder)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(only: &[Step], skip: &[Step]) -> Arguments {
        Arguments { only: only.to_vec(), skip: skip.to_vec() }
    }

    #[test]
    fn all_steps_run_in_order_and_the_program_is_built_before_it_is_tested() {
        let steps = chosen(&arguments(&[], &[]));
        assert_eq!(steps, Step::value_variants());
        let at = |step| steps.iter().position(|other| *other == step).unwrap();
        for user in [Step::ProgramVerify, Step::Test, Step::ProgramTest, Step::E2e] {
            assert!(at(Step::ProgramBuild) < at(user), "{}", user.name());
        }
    }

    #[test]
    fn only_and_skip_choose_steps_and_keep_their_order() {
        assert_eq!(chosen(&arguments(&[Step::Test, Step::Fmt], &[])), [Step::Fmt, Step::Test]);
        assert_eq!(chosen(&arguments(&[Step::Test, Step::Fmt], &[Step::Fmt])), [Step::Test]);
        assert!(!chosen(&arguments(&[], &[Step::E2e])).contains(&Step::E2e));
        assert!(run(&arguments(&[Step::Fmt], &[Step::Fmt])).is_err());
    }
}
