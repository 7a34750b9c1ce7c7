//! Sources with their expected dumps: `<name>.curve` or `<name>.trade`, and `<name>.expect` beside it.
//!
//! `UPDATE_EXPECT=1 cargo test -p curvescript fixtures` writes the expected dumps anew.

use std::{collections::BTreeSet, env, fs, path::Path, path::PathBuf};

use curvescript::{Code, Diagnostics, compile_curve, compile_trades};

use crate::dump;

/// Codes whose sources are too long to be files; they are made in [`sources_past_the_bounds_are_refused`].
const MADE: [Code; 3] = [Code::SourceTooLong, Code::TooManyTokens, Code::TooManyErrors];

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/fixtures", "examples"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut paths: Vec<_> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "curve" || ending == "trade")
        })
        .collect();
    paths.sort();
    paths
}

fn compile(path: &Path) -> Result<String, Diagnostics> {
    let source = fs::read_to_string(path).unwrap();
    if path.extension().is_some_and(|ending| ending == "curve") {
        compile_curve(&source).map(|compiled| dump::curve(&compiled))
    } else {
        compile_trades(&source, &dump::CONTEXT).map(|programs| dump::programs(&programs))
    }
}

#[test]
fn fixtures_give_their_expected_dumps() {
    let update = env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for path in fixtures() {
        let file = path.file_name().unwrap().to_str().unwrap();
        let dump = compile(&path).unwrap_or_else(|diagnostics| diagnostics.render(file));
        let name = file.replace('.', "_");
        let expected = Path::new(env!("CARGO_MANIFEST_DIR"));
        let expected = expected.join("tests/fixtures").join(format!("{name}.expect"));
        if update {
            fs::write(&expected, &dump).unwrap();
        } else if fs::read_to_string(&expected).ok().as_ref() != Some(&dump) {
            wrong.push(format!("{file}:\n{dump}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_fixture() {
    let errors = fixtures().iter().filter_map(|path| compile(path).err()).collect::<Vec<_>>();
    let seen: BTreeSet<_> = errors.iter().flatten().map(|diagnostic| diagnostic.code).collect();
    let all: BTreeSet<_> = Code::ALL.iter().copied().filter(|code| !MADE.contains(code)).collect();
    assert_eq!(seen, all);
}

#[test]
fn examples_compile() {
    for path in fixtures().iter().filter(|path| path.parent().unwrap().ends_with("examples")) {
        assert!(compile(path).is_ok(), "{}", path.display());
    }
}

#[test]
fn sources_past_the_bounds_are_refused() {
    use curvescript::limits::{ERRORS_MAX, SOURCE_BYTES_MAX, TOKENS_MAX};
    let codes = |source: &str| {
        let diagnostics = compile_trades(source, &dump::CONTEXT).unwrap_err();
        diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&"#".repeat(SOURCE_BYTES_MAX + 1)), [Code::SourceTooLong]);
    assert!(compile_trades(&"#".repeat(SOURCE_BYTES_MAX), &dump::CONTEXT).is_ok());

    assert_eq!(codes(&";".repeat(TOKENS_MAX + 1)), [Code::TooManyTokens]);
    assert!(compile_trades(&";".repeat(TOKENS_MAX), &dump::CONTEXT).is_ok());

    let many = codes(&"BUY 0\n".repeat(ERRORS_MAX + 1));
    assert_eq!(many.len(), ERRORS_MAX + 1);
    assert_eq!(many.last(), Some(&Code::TooManyErrors));
    assert_eq!(codes(&"BUY 0\n".repeat(ERRORS_MAX)), vec![Code::ZeroAmount; ERRORS_MAX]);
}
