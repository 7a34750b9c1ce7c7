//! The `asset` binary: results on standard output, everything else on standard error, exit codes.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

const PUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../compiler/examples/pump.curve");

fn asset(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asset"));
    for variable in ["ASSET_URL", "ASSET_KEY", "ASSET_L1_URL", "ASSET_CONFIG", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command.args(args).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// The error of a command that failed: code 1, nothing on standard output.
fn error(args: &[&str]) -> String {
    let output = asset(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    assert_eq!(stdout(&output), "", "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn key(path: &Path) -> String {
    let output = asset(&["keygen", "--json", "--out", path.to_str().unwrap()]);
    assert!(output.status.success());
    let made: Value = serde_json::from_str(stdout(&output)).unwrap();
    made["address"].as_str().unwrap().to_owned()
}

/// An address on which nobody listens.
fn dead() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

#[test]
fn a_key_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("id.json");
    let address = key(&path);
    let bytes: Vec<u8> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(bytes.len(), 64);
    assert_eq!(asset_sdk::Key::read(&path).unwrap().address().to_string(), address);
    assert!(error(&["keygen", "--out", path.to_str().unwrap()]).contains("exists"));
}

#[test]
fn json_changes_the_form_only() {
    let text = asset(&["curve", "compile", PUMP]);
    let json = asset(&["--json", "curve", "compile", PUMP]);
    assert!(text.status.success() && json.status.success());
    assert_eq!(stdout(&json).lines().count(), 1);
    let compiled: Value = serde_json::from_str(stdout(&json)).unwrap();
    let module = compiled["module"].as_str().unwrap();
    assert!(stdout(&text).contains(module));
    // What pump.fun's curve raises in all, from its published constants.
    assert_eq!(compiled["raises"], 85_005_359_057_u64);
}

#[test]
fn all_errors_of_a_curve_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.curve");
    std::fs::write(&path, "curve {\n    nmae \"X\"\n    symbol 5\n}\n").unwrap();
    let error = error(&["curve", "compile", path.to_str().unwrap()]);
    assert!(error.contains("nmae") && error.contains("symbol"), "{error}");
}

#[test]
fn a_node_that_does_not_answer_is_named() {
    let url = dead();
    let error = error(&["status", "--url", &url]);
    assert!(error.contains(&url) && error.contains("check the address"), "{error}");
}

#[test]
fn a_missing_or_broken_key_file_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("id.json");
    let args = ["balance", "--key", path.to_str().unwrap(), "--url", &dead()];
    assert!(error(&args).contains("asset keygen"));
    std::fs::write(&path, format!("{:?}", [7u8; 32])).unwrap();
    assert!(error(&args).contains("holds 32 bytes, expected 64"));
}

#[test]
fn a_configuration_with_an_unknown_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.toml");
    std::fs::write(&path, "colour = \"red\"\n").unwrap();
    let error = error(&["node", "--config", path.to_str().unwrap()]);
    assert!(error.contains("colour"), "{error}");
}

#[test]
fn a_folder_that_is_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("genesis.json"), "{}").unwrap();
    let error = error(&["devnet", "--dir", dir.path().to_str().unwrap()]);
    assert!(error.contains("not empty"), "{error}");
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    assert_eq!(asset(&["deposit", "1.5", "--key", "k"]).status.code(), Some(2));
    assert_eq!(asset(&["no-such-command"]).status.code(), Some(2));
    assert!(asset(&["--help"]).status.success());
}
