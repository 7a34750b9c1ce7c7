//! Runs commands in the toolchain's root, with /proc, /dev and the build folder mounted.
//!
//! Mounts live in a mount namespace of their own and all processes in a process namespace of their own. When this process ends,
//! however it ends, the kernel kills the sandbox's processes and drops its mounts: there is nothing to clean up.

use anyhow::Result;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a build needs to know of the world outside, besides files.
const PASSED_ON: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "CARGO_BUILD_JOBS",
    "CARGO_TERM_COLOR",
];

const ENTER: &str = r#"set -eu
root=$1 build=$2
shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$build" "$root/build"
chroot "$root" /usr/bin/env -i "$@""#;

/// A root folder and the folder that is seen as /build in it.
#[derive(Debug)]
pub(crate) struct Sandbox {
    root: PathBuf,
    build: PathBuf,
}

impl Sandbox {
    /// Prepares the folders and the host's resolver and certificate files in the root.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn new(root: &Path, build: &Path) -> Result<Self> {
        fs::create_dir_all(root.join("build"))?;
        fs::create_dir_all(build.join("home"))?;
        for file in ["etc/ssl/certs/ca-certificates.crt", "etc/resolv.conf", "etc/hosts"] {
            let from = Path::new("/").join(file);
            if from.exists() {
                fs::copy(&from, root.join(file))?;
            }
        }
        Ok(Self { root: root.to_path_buf(), build: build.to_path_buf() })
    }

    /// A command inside the root with only these environment variables and the ones in `PASSED_ON`.
    pub(crate) fn command(&self, environment: &[(&str, String)], words: &[&str]) -> Command {
        let mut command = isolated();
        command.args(["sh", "-c", ENTER, "sandbox"]).arg(&self.root).arg(&self.build);
        command.args(["HOME=/build/home", "PATH=/usr/lib/llvm-23/bin:/usr/bin:/bin"]);
        for name in PASSED_ON {
            if let Ok(value) = env::var(name) {
                command.arg(format!("{name}={value}"));
            }
        }
        for (name, value) in environment {
            command.arg(format!("{name}={value}"));
        }
        command.args(words);
        command
    }
}

/// A command that runs its arguments in namespaces which end with this process.
pub(crate) fn isolated() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--mount-proc", "--propagation", "private"]);
    command.args(["--pid", "--fork", "--kill-child", "--"]);
    let path = env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}
