//! What builds need on a machine, and the demonstration.
//!
//! Looked up by capability, not by package: a machine that has the tools from elsewhere is left alone. Of the native
//! dependencies, OpenSSL (vendored, by way of the Solana crates) needs a C compiler, make and perl; SQLite, zstd, lz4 and aws-lc
//! bring their sources and need the C compiler only. Nothing needs protoc, libclang, libudev or pkg-config.

use crate::{shell, workspace};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The version that CI is tested with.
const NEXTEST: &str = "0.9.143";

/// The version that CI is tested with.
const CARGO_FUZZ: &str = "0.13.2";

/// A thing that builds need: how to see that it is there, and the Debian package that brings it.
struct Need {
    program: &'static str,
    arguments: &'static [&'static str],
    package: &'static str,
}

const NEEDS: [Need; 4] = [
    Need { program: "cc", arguments: &["--version"], package: "build-essential" },
    Need { program: "c++", arguments: &["--version"], package: "build-essential" },
    Need { program: "make", arguments: &["--version"], package: "build-essential" },
    // What OpenSSL's configuration script loads; Debian's perl-base is not enough.
    Need { program: "perl", arguments: &["-MFindBin", "-MIPC::Cmd", "-e", "1"], package: "perl" },
];

/// Arguments of `cargo xtask demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Passed on to `asset devnet --demo`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    passed_on: Vec<String>,
}

/// Installs what is missing of the system packages, and puts the local program key where `anchor build` looks for it.
///
/// # Errors
/// Something is missing and cannot be installed; the message says what.
pub(crate) fn run() -> Result<()> {
    system_packages()?;
    anchor_key(&workspace::root())
}

/// `setup`, then the demonstration.
///
/// # Errors
/// Setup or the demonstration fails.
pub(crate) fn demo(arguments: &DemoArguments) -> Result<()> {
    system_packages()?;
    let mut command = shell::cargo();
    command.args(["run", "--package", "asset-cli", "--", "devnet", "--demo"]);
    shell::run(command.args(&arguments.passed_on))
}

/// Installs the tools that only CI needs.
///
/// # Errors
/// A tool is missing and cannot be installed.
pub(crate) fn ci_tools() -> Result<()> {
    system_packages()?;
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if shell::read(shell::cargo().args([tool, "--version"])).is_err() {
            shell::run(Command::new("rustup").args(["component", "add", component]))
                .with_context(|| format!("`cargo {tool}` is missing"))?;
        }
    }
    if shell::read(shell::cargo().args(["nextest", "--version"])).is_err() {
        eprintln!("installing cargo-nextest (some minutes)");
        shell::run(shell::cargo().args([
            "install",
            "cargo-nextest",
            "--locked",
            "--version",
            NEXTEST,
        ]))?;
    }
    cargo_fuzz().map(|_| ())
}

/// The folder of cargo-fuzz, which is installed in the cache folder unless cargo finds one.
///
/// # Errors
/// It is missing and cannot be installed.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    let tools = workspace::cache()?.join("tools");
    let programs = tools.join("bin");
    let mut look = shell::cargo();
    look.env("PATH", path_with(&programs)?).args(["fuzz", "--version"]);
    if shell::read(&mut look).is_err() {
        eprintln!("installing cargo-fuzz (some minutes)");
        let mut install = shell::cargo();
        install.args(["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ, "--root"]);
        shell::run(install.arg(&tools))?;
    }
    Ok(programs)
}

/// PATH with a folder more, at its end.
///
/// # Errors
/// The folder's name cannot be in a PATH.
pub(crate) fn path_with(folder: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([folder.to_path_buf()]);
    env::join_paths(folders).with_context(|| format!("{} in PATH", folder.display()))
}

/// Makes sure that debootstrap and the keys of Debian's archive are there.
///
/// # Errors
/// They are missing and cannot be installed.
pub(crate) fn require_debootstrap() -> Result<()> {
    let keys = Path::new("/usr/share/keyrings/debian-archive-keyring.gpg");
    let mut missing = Vec::new();
    if shell::find("debootstrap").is_none() {
        missing.push("debootstrap");
    }
    if !keys.exists() {
        missing.push("debian-archive-keyring");
    }
    install(&missing)
}

fn system_packages() -> Result<()> {
    let mut missing: Vec<&str> = NEEDS
        .iter()
        .filter(|need| !shell::succeeds(need.program, need.arguments))
        .map(|need| need.package)
        .collect();
    missing.dedup();
    install(&missing)
}

fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    if shell::find("apt-get").is_none() {
        bail!("missing on this machine: {list} (names of Debian packages)");
    }
    ensure!(shell::is_root(), "missing on this machine: run `sudo apt-get install -y {list}`");
    eprintln!("installing {list}");
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        shell::run(command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(words))
    };
    let mut words = vec!["install", "-y", "--no-install-recommends"];
    words.extend(packages);
    // A fresh machine has no lists, an old one may have lists of packages that are gone.
    apt(&["update"])?;
    apt(&words).with_context(|| format!("cannot install {list}"))
}

/// `anchor build` reads the program's key from the target folder, and makes a new one when there is none.
fn anchor_key(root: &Path) -> Result<()> {
    let deploy = root.join("target/deploy");
    let key = deploy.join("asset_rollup-keypair.json");
    if !key.exists() {
        fs::create_dir_all(&deploy)?;
        fs::copy(root.join("programs/keys/asset_rollup-keypair.json"), &key)
            .context("the local program key")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchor_key_is_put_in_place_once() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("programs/keys")).unwrap();
        fs::write(root.path().join("programs/keys/asset_rollup-keypair.json"), "[1]").unwrap();
        let key = root.path().join("target/deploy/asset_rollup-keypair.json");
        anchor_key(root.path()).unwrap();
        assert_eq!(fs::read_to_string(&key).unwrap(), "[1]");
        fs::write(&key, "mine").unwrap();
        anchor_key(root.path()).unwrap();
        assert_eq!(fs::read_to_string(&key).unwrap(), "mine");
    }
}
