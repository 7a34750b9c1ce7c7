//! Running other programs.

use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::{Command, Stdio},
};

/// The cargo that runs this binary.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::workspace::root());
    forget_package(&mut command);
    command
}

/// Leaves out what cargo told this binary about its package: build scripts watch these variables, so that dependencies would be built
/// again whenever a command of xtask and one of cargo itself take turns.
pub(crate) fn forget_package(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
        command.env_remove(name);
    }
}

/// Whether cargo sets the variable for the binary of a package that it runs.
fn is_of_a_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "OUT_DIR" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Runs the command with the terminal's streams, without stdin.
///
/// # Errors
/// The command cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    run_as(&line, command)
}

/// Like [`run`], for a command whose line says little to a reader: errors call it `line`.
///
/// # Errors
/// The command cannot be started or does not succeed.
pub(crate) fn run_as(line: &str, command: &mut Command) -> Result<()> {
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("cannot run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs the command and gives what it wrote to stdout, without the last line end.
///
/// # Errors
/// The command cannot be started or does not succeed; the error carries what it wrote to stderr.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed: {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("output of `{line}`"))?;
    Ok(text.trim_end().to_owned())
}

/// Whether the command can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The program's file on PATH, or in the folders of system tools, which PATH often lacks.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whether this process runs as the superuser.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsString::from)
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cargo_does_not_hear_of_the_package_that_starts_it() {
        // Cargo sets it for this test.
        assert!(env::var_os("CARGO_PKG_NAME").is_some());
        let left: Vec<_> =
            cargo().get_envs().map(|(name, value)| (name.to_owned(), value.is_some())).collect();
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(left.contains(&(name.into(), false)), "{name} in {left:?}");
        }
        assert!(!is_of_a_package(OsStr::new("CARGO_TARGET_DIR")));
    }

    #[test]
    fn failing_command_is_named_with_its_stderr() {
        let error = read(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        let message = format!("{error:#}");
        assert!(
            message.contains("sh -c") && message.contains("why") && message.contains('3'),
            "{message}"
        );
    }

    #[test]
    fn missing_command_is_named() {
        let error = run(&mut Command::new("asset-no-such-program")).unwrap_err();
        assert!(format!("{error:#}").contains("asset-no-such-program"));
        assert_eq!(find("asset-no-such-program"), None);
    }
}
