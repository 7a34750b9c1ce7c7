//! The toolchain in the cache folder: a Debian sid root with rustc and LLVM, the linker, and a standard library for the target.
//!
//! Each part is made once; a part that is half made when the command ends is made again by the next one. To take newer
//! packages, remove the `sbf` folder from the cache.

use super::{
    sandbox::{Sandbox, isolated},
    std_patch,
};
use crate::shell;
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    process::Command,
};

/// The compiler's description of the target.
pub(crate) const TARGET: &str = include_str!("../../sbf/sbpf-solana-solana.json");
const PACKAGES: &str = "rustc,cargo,rust-src,llvm-23-dev,gcc,g++,libc6-dev,zlib1g-dev,libzstd-dev,pkg-config,ca-certificates";
const LINKER: &str = "0.2.6";

/// The versions of the tools that decide over the bytes of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tools {
    /// Version of the compiler.
    pub(crate) rustc: String,
    /// Version of LLVM inside the compiler.
    pub(crate) rustc_llvm: String,
    /// Version of sbpf-linker.
    pub(crate) sbpf_linker: String,
    /// Version of LLVM inside the linker, which generates the code.
    pub(crate) linker_llvm: String,
}

/// A complete toolchain. While it lives, no other process changes the cache.
#[derive(Debug)]
pub(crate) struct Toolchain {
    pub(crate) sandbox: Sandbox,
    /// The folder that is /build in the sandbox.
    pub(crate) build: PathBuf,
    /// The patched library's folder in the sandbox.
    pub(crate) library: String,
    pub(crate) tools: Tools,
    _lock: File,
}

impl Toolchain {
    /// Makes what is missing.
    ///
    /// # Errors
    /// With a message that says what this machine lacks.
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        check_host()?;
        let build = folder.join("build");
        fs::create_dir_all(&build).with_context(|| build.display().to_string())?;
        let lock = lock(&folder.join("lock"))?;
        let root = folder.join("sid");
        make_root(folder, &root)?;
        let sandbox = Sandbox::new(&root, &build)?;
        make_linker(&sandbox, &build)?;
        let tools = tools(&sandbox)?;
        let library = make_library(&root, &build, &tools)?;
        fs::write(build.join("sbpf-solana-solana.json"), TARGET)?;
        Ok(Self { sandbox, build, library, tools, _lock: lock })
    }
}

fn check_host() -> Result<()> {
    const OTHER_WAY: &str = "`anchor build` with Solana's platform-tools is the other way";
    ensure!(cfg!(target_os = "linux"), "the program build needs Linux; {OTHER_WAY}");
    ensure!(
        shell::is_root(),
        "the program build needs root, for it works in a chroot (try `sudo -E env PATH=$PATH cargo xtask program build`); {OTHER_WAY}"
    );
    for tool in ["setpriv", "unshare", "mount", "chroot"] {
        ensure!(
            shell::find(tool).is_some(),
            "the program build needs `{tool}` (package util-linux, coreutils)"
        );
    }
    let allowed = isolated().arg("true").output().is_ok_and(|output| output.status.success());
    ensure!(
        allowed,
        "the program build may not make mounts here; in a container, run it privileged"
    );
    Ok(())
}

fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another program build that uses {}", path.display());
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error).context("lock of the toolchain"),
    }
    Ok(file)
}

fn make_root(folder: &Path, root: &Path) -> Result<()> {
    // debootstrap removes this folder of its own when it is done.
    if root.join("usr/bin/rustc").exists() && !root.join("debootstrap").exists() {
        return Ok(());
    }
    crate::setup::require_debootstrap()?;
    eprintln!("making the Debian sid root in {} (2.6 GB, about a minute)", root.display());
    for stale in [root, &folder.join("sid.new")] {
        remove(stale)?;
    }
    let log_path = folder.join("debootstrap.log");
    let log = File::create(&log_path)?;
    let mut command = isolated();
    command
        .args(["debootstrap", "--variant=minbase"])
        .arg(format!("--include={PACKAGES}"))
        .arg("sid")
        .arg(folder.join("sid.new"))
        .stdout(log.try_clone()?)
        .stderr(log);
    shell::run_as("debootstrap", &mut command).with_context(|| {
        let tail = fs::read_to_string(&log_path).unwrap_or_default();
        let tail = tail.lines().last().unwrap_or("no output").to_owned();
        format!("debootstrap cannot make a Debian sid root: {tail} (see {})", log_path.display())
    })?;
    fs::rename(folder.join("sid.new"), root)?;
    Ok(())
}

/// Removes a folder of ours, unless something is mounted in it.
fn remove(folder: &Path) -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let mounted = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .find(|at| Path::new(at).starts_with(folder));
    if let Some(at) = mounted {
        bail!("{at} is mounted; unmount it first");
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| folder.display().to_string())
        }
        _ => Ok(()),
    }
}

fn make_linker(sandbox: &Sandbox, build: &Path) -> Result<()> {
    let installed = fs::read_to_string(build.join("linker/.crates.toml")).unwrap_or_default();
    if installed.contains(&format!("\"sbpf-linker {LINKER} "))
        && build.join("linker/bin/sbpf-linker").exists()
    {
        return Ok(());
    }
    eprintln!("building sbpf-linker {LINKER} (about two minutes)");
    let environment = [("LLVM_PREFIX", "/usr/lib/llvm-23".to_owned())];
    let words = [
        "cargo",
        "install",
        "sbpf-linker",
        "--version",
        LINKER,
        "--locked",
        "--force",
        "--no-default-features",
        "--features",
        "bpf-linker/llvm-23",
        "--root",
        "/build/linker",
    ];
    shell::run_as(
        "cargo install sbpf-linker (in the sandbox)",
        &mut sandbox.command(&environment, &words),
    )
}

fn tools(sandbox: &Sandbox) -> Result<Tools> {
    let rustc = shell::read(&mut sandbox.command(&[], &["rustc", "-vV"]))?;
    let llvm = &["/usr/lib/llvm-23/bin/llvm-config", "--version"];
    Ok(Tools {
        rustc: field(&rustc, "release: ")?,
        rustc_llvm: field(&rustc, "LLVM version: ")?,
        sbpf_linker: LINKER.to_owned(),
        linker_llvm: shell::read(&mut sandbox.command(&[], llvm))?,
    })
}

fn field(text: &str, name: &str) -> Result<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    Ok(value.with_context(|| format!("`rustc -vV` does not give {name:?}"))?.to_owned())
}

/// Copies and patches the library; gives its path in the sandbox.
fn make_library(root: &Path, build: &Path, tools: &Tools) -> Result<String> {
    let patch = hex::encode(Sha256::digest(std_patch::CHANGES));
    let name = format!("library-{}-{}", tools.rustc, patch.get(..8).unwrap_or(&patch));
    let library = build.join(&name);
    if !library.exists() {
        let made = build.join("library.new");
        remove(&made)?;
        // The link is relative, so it leads to the same folder from outside the root.
        let source = root.join("usr/lib/rustlib/src/rust/library");
        ensure!(source.exists(), "{} lacks the sources of the standard library", root.display());
        shell::run(Command::new("cp").arg("-r").arg(&source).arg(&made))?;
        std_patch::apply(std_patch::CHANGES, &made)?;
        fs::rename(&made, &library)?;
    }
    Ok(format!("/build/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        let text = "rustc 1.97.1 (8bab26f4f)\nrelease: 1.97.1\nLLVM version: 22.1.8";
        assert_eq!(field(text, "release: ").unwrap(), "1.97.1");
        assert_eq!(field(text, "LLVM version: ").unwrap(), "22.1.8");
        assert!(field("", "release: ").is_err());
    }

    #[test]
    fn target_is_json_for_solana() {
        let target: serde_json::Value = serde_json::from_str(TARGET).unwrap();
        assert_eq!(target["os"], "solana");
        assert_eq!(target["obj-is-bitcode"], true);
        // Keys and hashes have no alignment, and the VM has no need of it: without this each is copied byte by byte.
        assert_eq!(target["features"], "+allows-misaligned-mem-access");
    }

    #[test]
    fn half_made_folder_is_removed_and_a_missing_one_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir_all(inner.join("deep")).unwrap();
        remove(&inner).unwrap();
        remove(&inner).unwrap();
        assert!(!inner.exists());
    }

    #[test]
    fn folder_with_a_mount_is_not_removed() {
        let error = remove(Path::new("/proc")).unwrap_err().to_string();
        assert!(error.contains("/proc"), "{error}");
    }
}
