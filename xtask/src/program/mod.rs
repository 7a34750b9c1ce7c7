//! The Solana program: build from package registries only, and verification of the committed result.
//!
//! Upstream rustc and LLVM build the program inside a Debian sid root (`chroot`) in the cache folder, so that neither the host's
//! compiler nor a download of Solana's platform-tools matters. `anchor build` stays the other way to build the same source.
//!
//! ```text
//! sources -> sid root: cargo -Zbuild-std (patched std) -> sbpf-linker -> asset_rollup-{v0,v3}.so -> programs/artifacts
//! ```
//!
//! # Invariants
//! 1. No mount outlives a command: all mounts are made in a mount namespace of the sandbox, which dies with this process.
//! 2. One command at a time uses a cache folder (`sbf/lock`).
//! 3. The fingerprint in the manifest covers every byte that the compiler is given and every setting of the recipe.

mod artifacts;
mod build;
mod sandbox;
mod sources;
mod stack_arguments;
mod std_patch;
mod toolchain;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Display},
    path::PathBuf,
};

/// `cargo xtask program ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the program's `.so` from source. Works as root on Linux, with packages from registries only.
    Build(BuildArguments),
    /// Fail when programs/artifacts is not built from the present sources.
    Verify(VerifyArguments),
}

/// Arguments of `cargo xtask program build`.
#[derive(Debug, Default, Args)]
pub(crate) struct BuildArguments {
    /// The sBPF version to build for; both when left out.
    #[arg(long, value_enum, conflicts_with = "update")]
    arch: Option<Arch>,
    /// Where the `.so` files and their manifest go [default: target/sbf of this checkout].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also replace the committed files in programs/artifacts.
    #[arg(long)]
    update: bool,
}

/// Arguments of `cargo xtask program verify`.
#[derive(Debug, Default, Args)]
pub(crate) struct VerifyArguments {
    /// A folder with a fresh build to compare the bytes with [default: target/sbf of this checkout, if it is there].
    #[arg(long, value_name = "DIR")]
    fresh: Option<PathBuf>,
}

/// Version of the sBPF instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arch {
    /// The first version, accepted by every cluster of today.
    V0,
    /// Static syscalls and stricter files; later the only one that can be deployed.
    V3,
}

impl Arch {
    const ALL: [Self; 2] = [Self::V0, Self::V3];

    fn file(self) -> String {
        format!("asset_rollup-{self}.so")
    }
}

impl Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0 => "v0",
            Self::V3 => "v3",
        })
    }
}

/// Runs one of the commands.
///
/// # Errors
/// The toolchain cannot be set up, the program does not compile, or the artifacts do not match.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Build(arguments) => {
            let arches = arguments.arch.map_or(Arch::ALL.to_vec(), |arch| vec![arch]);
            let out = match &arguments.out {
                Some(out) => std::path::absolute(out)?,
                None => fresh_folder(),
            };
            build::build(&arches, &out)?;
            if arguments.update { artifacts::update(&out) } else { Ok(()) }
        }
        Command::Verify(arguments) => artifacts::verify(arguments.fresh.as_deref()),
    }
}

/// The folder of a build of the present sources, for tests.
///
/// # Errors
/// There is none.
pub(crate) fn fresh_build() -> Result<PathBuf> {
    let folder = fresh_folder();
    artifacts::require_current(&folder)?;
    Ok(folder)
}

/// Where a build goes when no folder is named. It is not in the cache folder, which other checkouts with other sources share.
fn fresh_folder() -> PathBuf {
    crate::workspace::root().join("target/sbf")
}
