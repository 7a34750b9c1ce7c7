//! Patches a copy of the standard library's sources so that it builds for `target_os = "solana"`.
//!
//! The changes are data (`xtask/sbf/std.toml`); every edit states how often its text occurs, so that a library that moved on
//! stops the build instead of being patched by half.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{fs, path::Path};

/// The changes, as they are in the repository.
pub(crate) const CHANGES: &str = include_str!("../../sbf/std.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    #[serde(default)]
    edit: Vec<Edit>,
    #[serde(default)]
    create: Vec<Create>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    find: String,
    replace: String,
    #[serde(default = "once")]
    count: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    file: String,
    text: String,
}

const fn once() -> usize {
    1
}

/// Applies `changes` to the sources in `library`.
///
/// # Errors
/// A file is missing, a text does not occur as often as stated, or a file to create exists already.
pub(crate) fn apply(changes: &str, library: &Path) -> Result<()> {
    let changes: Changes = toml::from_str(changes).context("the list of changes to std")?;
    for edit in &changes.edit {
        let file = library.join(&edit.file);
        let text = fs::read_to_string(&file)
            .with_context(|| format!("{}: the sources of std have changed", edit.file))?;
        let found = text.matches(&edit.find).count();
        ensure!(
            found == edit.count,
            "{}: the sources of std have changed: expected {} times {:?}, found {found}",
            edit.file,
            edit.count,
            edit.find,
        );
        fs::write(&file, text.replace(&edit.find, &edit.replace))?;
    }
    for create in &changes.create {
        let file = library.join(&create.file);
        ensure!(!file.exists(), "{}: the sources of std have changed: it exists", create.file);
        fs::write(&file, &create.text).with_context(|| create.file.clone())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_EDIT: &str = "[[edit]]\nfile = 'a.rs'\nfind = 'old'\nreplace = 'new'\ncount = 2\n";

    #[test]
    fn replaces_every_occurrence_and_creates_files() {
        let library = tempfile::tempdir().unwrap();
        fs::write(library.path().join("a.rs"), "old, older").unwrap();
        let changes = format!("{ONE_EDIT}[[create]]\nfile = 'b.rs'\ntext = 'text'\n");
        apply(&changes, library.path()).unwrap();
        assert_eq!(fs::read_to_string(library.path().join("a.rs")).unwrap(), "new, newer");
        assert_eq!(fs::read_to_string(library.path().join("b.rs")).unwrap(), "text");
    }

    #[test]
    fn refuses_text_that_occurs_less_or_more_often() {
        for text in ["old", "old old old", "none"] {
            let library = tempfile::tempdir().unwrap();
            fs::write(library.path().join("a.rs"), text).unwrap();
            let error = apply(ONE_EDIT, library.path()).unwrap_err().to_string();
            assert!(error.contains("a.rs") && error.contains("expected 2 times"), "{error}");
            assert_eq!(fs::read_to_string(library.path().join("a.rs")).unwrap(), text);
        }
    }

    #[test]
    fn refuses_missing_and_existing_files() {
        let library = tempfile::tempdir().unwrap();
        let error = apply(ONE_EDIT, library.path()).unwrap_err();
        assert!(format!("{error:#}").contains("a.rs: the sources of std have changed"));

        fs::write(library.path().join("b.rs"), "mine").unwrap();
        let error = apply("[[create]]\nfile = 'b.rs'\ntext = ''\n", library.path()).unwrap_err();
        assert!(error.to_string().contains("b.rs"));
        assert_eq!(fs::read_to_string(library.path().join("b.rs")).unwrap(), "mine");
    }

    #[test]
    fn committed_changes_parse() {
        let changes: Changes = toml::from_str(CHANGES).unwrap();
        assert_eq!((changes.edit.len(), changes.create.len()), (6, 1));
    }
}
