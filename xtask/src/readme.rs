//! Runs the README's tutorial, so that it cannot rot.
//!
//! A `sh` fence that follows a line `<!-- ci: run -->` (blank lines between them do not matter) is run. All marked fences of the
//! file run in one bash with `-euo pipefail`, in order and in the work tree's root, so that a later fence sees the variables and
//! background jobs of an earlier one; at the end the background jobs are ended.

use crate::{shell, workspace};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::{
    fmt::Write,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

const MARK: &str = "<!-- ci: run -->";

/// Arguments of `cargo xtask readme`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// The file [default: README.md].
    file: Option<PathBuf>,
    /// Print the marked commands instead of running them.
    #[arg(long)]
    list: bool,
}

/// A marked fence.
#[derive(Debug, PartialEq, Eq)]
struct Fence {
    /// Line of the file at which its text begins, from 1.
    line: usize,
    text: String,
}

/// Runs the marked fences.
///
/// # Errors
/// There is none, a mark has no fence, or a command fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = workspace::root();
    let file = arguments.file.clone().unwrap_or_else(|| root.join("README.md"));
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let fences = marked(&text).with_context(|| file.display().to_string())?;
    ensure!(!fences.is_empty(), "{}: no fence is marked with {MARK}", file.display());
    let script = script(&fences)?;
    if arguments.list {
        print!("{script}");
        return Ok(());
    }
    let mut bash = Command::new("bash");
    shell::forget_package(&mut bash);
    bash.current_dir(root).args(["-euo", "pipefail", "-c", &script]).stdin(Stdio::null());
    let status = bash.status().context("cannot run bash")?;
    ensure!(status.success(), "a command of {} failed: {status}", file.display());
    Ok(())
}

/// One script of all fences. Each says where it stands before it runs.
fn script(fences: &[Fence]) -> Result<String> {
    let mut script =
        "trap 'jobs=$(jobs -p); [ -z \"$jobs\" ] || { kill $jobs || true; wait || true; }' EXIT\n"
            .to_owned();
    for fence in fences {
        ensure!(
            !fence.text.contains("xtask ci") && !fence.text.contains("xtask readme"),
            "line {}: a marked fence runs the command that runs it",
            fence.line
        );
        writeln!(script, "echo '+ line {}' >&2\n{}", fence.line, fence.text)?;
    }
    Ok(script)
}

fn marked(text: &str) -> Result<Vec<Fence>> {
    let mut fences = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut mark = None;
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        if line == MARK {
            ensure!(mark.is_none(), "line {}: two marks for one fence", index + 1);
            mark = Some(index);
        } else if let Some(language) = line.strip_prefix("```") {
            let body: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .collect();
            if mark.take().is_some() {
                ensure!(language == "sh", "line {}: a marked fence is not `sh`", index + 1);
                fences.push(Fence { line: index + 2, text: body.join("\n") });
            }
        } else if !line.is_empty() {
            ensure!(mark.is_none(), "line {}: the mark before it has no fence", index + 1);
        }
    }
    ensure!(mark.is_none(), "the last mark has no fence");
    Ok(fences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_marked_fences_only() {
        let text = "# Title\n```sh\nnot me\n```\n<!-- ci: run -->\n\n```sh\nfirst\nsecond\n```\ntext\n<!-- ci: run -->\n```sh\nthird\n```\n";
        let fences = marked(text).unwrap();
        assert_eq!(
            fences,
            [
                Fence { line: 8, text: "first\nsecond".to_owned() },
                Fence { line: 14, text: "third".to_owned() }
            ]
        );
    }

    #[test]
    fn mark_inside_another_fence_is_text() {
        let text = "```md\n<!-- ci: run -->\n```\n```sh\nnot me\n```\n";
        assert_eq!(marked(text).unwrap(), []);
    }

    #[test]
    fn refuses_marks_without_a_shell_fence() {
        for text in [
            "<!-- ci: run -->\ntext\n```sh\nls\n```\n",
            "<!-- ci: run -->\n```rust\nfn main() {}\n```\n",
            "<!-- ci: run -->\n<!-- ci: run -->\n```sh\nls\n```\n",
            "<!-- ci: run -->\n",
        ] {
            assert!(marked(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_to_run_itself() {
        let fence = Fence { line: 7, text: "cargo xtask ci".to_owned() };
        assert!(script(&[fence]).unwrap_err().to_string().contains("line 7"));
    }

    fn bash(fences: &[Fence]) -> std::process::Output {
        let script = script(fences).unwrap();
        Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap()
    }

    #[test]
    fn fences_share_a_shell_and_the_first_failure_stops() {
        let fence = |line, text: &str| Fence { line, text: text.to_owned() };
        let output = bash(&[
            fence(1, "name=value"),
            fence(5, "echo $name"),
            fence(9, "false | true\necho no"),
        ]);
        assert!(!output.status.success());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "value\n");
        assert!(String::from_utf8(output.stderr).unwrap().ends_with("+ line 9\n"));
    }

    #[test]
    fn background_jobs_end_with_the_script() {
        let job = "sleep 3600 &\necho $!".to_owned();
        let output = bash(&[Fence { line: 1, text: job }]);
        assert!(output.status.success());
        let process = String::from_utf8(output.stdout).unwrap();
        assert!(!std::path::Path::new("/proc").join(process.trim()).exists());
    }
}
