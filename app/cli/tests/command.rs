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

/// What `asset curve quote --json` answers.
fn quote(args: &[&str]) -> Value {
    let output = asset(&[&["curve", "quote", "--json"], args].concat());
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {failed}");
    assert_eq!(stdout(&output).lines().count(), 1);
    serde_json::from_str(stdout(&output)).unwrap()
}

#[test]
fn a_quote_is_pump_funs_to_the_lamport() {
    for curve in ["pump-fun", PUMP] {
        let all = quote(&[curve, "--buy", "--out", "793100000000000"]);
        assert_eq!(all["side"], "buy");
        assert_eq!(all["base"], 793_100_000_000_000_u64);
        assert_eq!(all["quote"], 85_005_359_057_u64);
        let fees = &all["fees"];
        assert_eq!(fees["asset"], "quote");
        assert_eq!(
            (&fees["protocol"], &fees["creator"]),
            (&807_550_912.into(), &255_016_078.into())
        );
        assert_eq!((&fees["partner"], &fees["referrer"]), (&0.into(), &0.into()));
        assert_eq!(fees["total"], 807_550_912_u64 + 255_016_078);
        assert_eq!(all["trader_quote"], 85_005_359_057_u64 + 807_550_912 + 255_016_078);
        assert_eq!(all["trader_base"], 793_100_000_000_000_u64);
        assert_eq!(all["partial"], false);
        let after = &all["after"];
        assert_eq!(after["sold"], 793_100_000_000_000_u64);
        assert_eq!(after["reserve"], 85_005_359_057_u64);
        assert_eq!((&after["sqrt_price"], &after["complete"]), (&"0".into(), &true.into()));
    }
}

#[test]
fn a_quote_is_of_any_state() {
    // A purchase of mainnet: 30,000,000 lamports on a fresh curve.
    let first = quote(&["pump-fun", "--buy", "--in", "30000000"]);
    assert_eq!(first["base"], 1_058_707_391_261_u64);
    assert_eq!(first["after"]["reserve"], 29_629_629);
    // The state after it is a state to quote in.
    let (sold, reserve) = ("1058707391261", "29629629");
    let state = ["pump-fun", "--sold", sold, "--reserve", reserve];
    let back = quote(&[&state[..], &["--sell", "--in", sold]].concat());
    assert_eq!((&back["after"]["sold"], &back["partial"]), (&0.into(), &false.into()));
    assert!(back["trader_quote"].as_u64().unwrap() < 29_629_629);
    // More than is left is filled partially.
    let rest = quote(&["pump-fun", "--sold", "793099999999999", "--buy", "--in", "1000000000"]);
    assert_eq!((&rest["base"], &rest["partial"]), (&1.into(), &true.into()));
    assert_eq!(rest["after"]["complete"], true);
    let wanted = quote(&[&state[..], &["--sell", "--out", "1000000"]].concat());
    assert_eq!(wanted["trader_quote"], 1_000_000);
}

#[test]
fn a_quote_knows_time_referrers_and_roots() {
    let complete = concat!(env!("CARGO_MANIFEST_DIR"), "/../../compiler/examples/complete.curve");
    let at = |args: &[&str]| quote(&[&[complete, "--buy", "--in", "1000000000"], args].concat());
    let (first, later) = (at(&[]), at(&["--time", "3600"]));
    assert_eq!(first["fees"]["asset"], "base");
    // Half of the tokens, then 0.5 · 0.95^60 of them.
    let part = |quoted: &Value| {
        quoted["fees"]["total"].as_f64().unwrap() / quoted["base"].as_f64().unwrap()
    };
    assert!((part(&first) - 0.5).abs() < 1e-6 && (part(&later) - 0.023).abs() < 1e-3);
    assert!(at(&["--referred"])["fees"]["referrer"].as_u64().unwrap() > 0);
    assert_eq!(first["fees"]["referrer"], 0);
    // The root and the rest of the state after it are a state to quote in.
    let after = &first["after"];
    let state = ["sold", "reserve", "sqrt_price"].map(|name| match &after[name] {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    });
    let [sold, reserve, root] = &state;
    let state = ["--sold", sold, "--reserve", reserve, "--sqrt-price", root];
    let next = at(&state);
    assert!(next["base"].as_u64() < first["base"].as_u64(), "{next} {first}");
}

#[test]
fn a_quote_says_the_same_in_both_forms() {
    let args = ["curve", "quote", "raydium-launchlab", "--buy", "--in", "1000000000"];
    let output = asset(&args);
    let json = quote(&args[2..]);
    for name in ["base", "quote", "trader_base", "trader_quote"] {
        assert!(stdout(&output).contains(&json[name].to_string()), "{name}");
    }
}

#[test]
fn a_quote_that_cannot_be_says_why() {
    let message = |args: &[&str]| error(&[&["curve", "quote"], args].concat());
    let unknown = message(&["no-such-curve", "--buy", "--in", "5"]);
    assert!(unknown.contains("no-such-curve") && unknown.contains("meteora-dbc"), "{unknown}");
    assert!(message(&["pump-fun", "--buy", "--in", "0"]).contains("ZeroAmount (101)"));
    assert!(message(&["pump-fun", "--sell", "--in", "5"]).contains("SellExceedsSold (107)"));
    let sold_out = ["pump-fun", "--sold", "793100000000000", "--buy", "--in", "5"];
    assert!(message(&sold_out).contains("CurveComplete (106)"));
    let too_many = message(&["pump-fun", "--sold", "793100000000001", "--buy", "--in", "5"]);
    assert!(too_many.contains("793100000000000"), "{too_many}");
    let poor = message(&[
        "pump-fun",
        "--sold",
        "793100000000000",
        "--reserve",
        "1",
        "--sell",
        "--in",
        "5",
    ]);
    assert!(poor.contains("85005359"), "{poor}");
    let root = message(&["pump-fun", "--sqrt-price", "5", "--buy", "--in", "5"]);
    assert!(root.contains("constant liquidity"), "{root}");
    for usage in [
        &["--buy"][..],
        &["--in", "5"],
        &["--buy", "--sell", "--in", "5"],
        &["--buy", "--in", "5", "--out", "5"],
    ] {
        let output = asset(&[&["curve", "quote", "pump-fun"], usage].concat());
        assert_eq!(output.status.code(), Some(2), "{usage:?}");
    }
}

#[test]
fn templates_are_listed_and_every_one_quotes() {
    let output = asset(&["curve", "templates", "--json"]);
    let all: Value = serde_json::from_str(stdout(&output)).unwrap();
    let names: Vec<&str> =
        all.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let expected = [
        "pump-fun",
        "raydium-launchlab",
        "raydium-launchlab-fixed",
        "raydium-launchlab-linear",
        "meteora-dbc",
    ];
    assert_eq!(names, expected);
    for template in all.as_array().unwrap() {
        let name = template["name"].as_str().unwrap();
        assert_eq!(quote(&[name, "--buy", "--in", "1000000000"])["module"], template["module"]);
    }
}

#[test]
fn a_template_is_launched_under_a_name_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("id.json");
    key(&path);
    let args = ["launch", "pump-fun", "--key", path.to_str().unwrap(), "--url", &dead()];
    assert!(error(&args).contains("--name"));
}
