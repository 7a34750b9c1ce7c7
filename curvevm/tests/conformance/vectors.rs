//! Files of conformance vectors: one case to a line, read, run and compared.

use std::{fmt::Write as _, path::PathBuf, sync::Once};

use serde_json::{Map, Value, json};

/// The version of the files' format.
const VERSION: u64 = 1;
/// The most bytes of all files together.
pub(crate) const BYTES_MAX: u64 = 2_000_000;
/// Set to write the files anew.
const UPDATE: &str = "UPDATE_CONFORMANCE";

/// A file of vectors: how its cases are made, and how one is run.
pub(crate) struct Suite {
    /// The file's name, without its ending.
    pub(crate) name: &'static str,
    /// What a case says.
    pub(crate) about: &'static str,
    /// Where the cases come from; empty when they are this repository's.
    pub(crate) sources: &'static [&'static str],
    /// The cases without what is expected of them: objects with a `name`.
    pub(crate) cases: fn() -> Vec<Value>,
    /// What a case gives; reads nothing but the case.
    pub(crate) run: fn(&Value) -> Value,
}

impl Suite {
    pub(crate) fn path(&self) -> PathBuf {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance");
        PathBuf::from(folder).join(self.name).with_extension("json")
    }

    /// The cases of the file.
    pub(crate) fn stored(&self) -> Vec<Value> {
        update();
        let text = std::fs::read_to_string(self.path()).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(file["version"], json!(VERSION), "{}", self.name);
        file["cases"].as_array().unwrap().clone()
    }

    /// Runs every case of the file, and compares the file with what would be written now, to the byte.
    pub(crate) fn check(&self) {
        for case in self.stored() {
            assert_eq!((self.run)(&case), case["expect"], "{}: {}", self.name, case["name"]);
        }
        let stored = std::fs::read_to_string(self.path()).unwrap();
        let made = self.text();
        for (at, (stored, made)) in stored.lines().zip(made.lines()).enumerate() {
            assert_eq!(stored, made, "{}.json, line {}", self.name, at + 1);
        }
        assert!(stored == made, "{}.json has another number of cases", self.name);
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{{\"version\":{VERSION},\"about\":{},\"sources\":{},\"cases\":[\n",
            json!(self.about),
            json!(self.sources)
        );
        let mut names = std::collections::BTreeSet::new();
        let cases = (self.cases)();
        for (at, mut case) in cases.iter().cloned().enumerate() {
            assert!(names.insert(case["name"].to_string()), "twice: {}", case["name"]);
            let expect = (self.run)(&case);
            case.as_object_mut().unwrap().insert("expect".into(), expect);
            write(&case, &mut text);
            text.push_str(if at + 1 == cases.len() { "\n" } else { ",\n" });
        }
        text.push_str("]}\n");
        text
    }
}

/// Writes all files anew when that is asked for, once and before any is read.
fn update() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if std::env::var_os(UPDATE).is_some() {
            for suite in super::SUITES {
                std::fs::write(suite.path(), suite.text()).unwrap();
            }
        }
    });
}

/// Writes a value with its fields in a fixed order: the name first, what is expected last.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| (*name == "expect", *name != "name", *name));
            out.push('{');
            for (at, (name, value)) in fields.into_iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                write!(out, "{comma}{}:", json!(name)).unwrap();
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            write!(out, "{leaf}").unwrap();
        }
    }
}

/// A case with more fields.
pub(crate) fn case(name: impl Into<String>, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("{fields}") };
    let mut case = Map::from_iter([("name".to_owned(), Value::String(name.into()))]);
    case.extend(fields);
    Value::Object(case)
}

/// The bytes of a field in hexadecimal.
pub(crate) fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(case, field)).unwrap_or_else(|error| panic!("{field}: {error}"))
}

/// The 32 bytes, or 64, of a field in hexadecimal.
pub(crate) fn array<const N: usize>(case: &Value, field: &str) -> [u8; N] {
    bytes(case, field).try_into().unwrap_or_else(|_| panic!("{field} has another length"))
}

/// The text of a field.
pub(crate) fn text<'c>(case: &'c Value, field: &str) -> &'c str {
    case[field].as_str().unwrap_or_else(|| panic!("no {field} in {case}"))
}

/// The number of a field: decimal digits, so that no reader rounds it.
pub(crate) fn number<N: core::str::FromStr>(case: &Value, field: &str) -> N {
    text(case, field).parse().unwrap_or_else(|_| panic!("{field} is no number"))
}

/// The variant's name, without its fields.
pub(crate) fn variant(value: &impl core::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}
