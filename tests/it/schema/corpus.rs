//! Scenarios as JSON: the shipped ones, those of the contract and of the README, and one with what the others leave out.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

/// The forms that no other scenario shows.
const REST: &str = r#"
version = 1
[receiver]
retry = ["1s"]
[payload]
key = "testkey"
[[task]]
[[task.step]]
event = "TaskStart"
fault = { drop = true, duplicate = {}, delay = { by = "1s" }, corrupt = {}, signature = {}, connection = {} }
expect = { status = [200, "4xx"], json = { "/a" = 1 }, headers = { a = "b" } }
[[task]]
source = "vod"
files = [{ url = "http://media.test/1.m3u8", duration = "20m" }]
exit = { message = "" }
[task.faults]
drop = 0
duplicate = { chance = 0 }
[[task.incident]]
kind = "push-broken"
at = "5m"
exits = [{ exit = { code = -22 } }]
[[probe]]
at = "1s"
get = "/"
[[faults]]
until = "1h"
match = { stream_id = "a*", task_id = "*", to_url = "*", source = "*", event = "Task*" }
drop = 0
[[faults]]
from = "1h"
[load]
stages = "30s@50"
[receiver.headers]
[expect]
[expect.refused]
"#;

/// Tables that say nothing.
const EMPTY: &str = r#"
version = 1
receiver = {}
payload = {}
service = {}
[[task]]
step = [{ event = "TaskStart" }]
[load]
rate = 1
"#;

/// `{ times = 3, every = "5s" }`, beside a live stream.
const REST_OF_IT: &str = r#"
version = 1
receiver = { retry = { times = 3, every = "5s" } }
[[task]]
source = "live"
url = "rtmp://origin.test/live/a"
end = "1h"
[load]
rate = "max"
"#;

/// All of them, by name. Those that name a file beside them are left out: the reader would look for it.
pub(super) fn corpus() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = [("REST", REST), ("EMPTY", EMPTY), ("REST_OF_IT", REST_OF_IT)];
    let mut texts: Vec<_> = own.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    for folder in ["scenarios", "scenarios/contract"] {
        let files = files(&root.join(folder)).into_iter();
        texts.extend(files.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())));
    }
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let blocks = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks = blocks.filter(|text| !text.contains("duraton")).map(|text| text.replace("body_file = ", "#"));
    texts.extend(blocks.enumerate().map(|(index, text)| (format!("README {index}"), text)));
    texts.into_iter().map(|(name, text)| (name, json(&text).unwrap())).collect()
}

/// The scenarios in a folder, sorted.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

/// TOML → JSON; nothing if it is no TOML. Dates become strings, as they do in Taplo.
pub(super) fn json(text: &str) -> Option<Value> {
    let table = DeTable::parse(text.trim_start_matches('\u{feff}')).ok()?;
    Some(object(table.get_ref()))
}

fn object(table: &DeTable<'_>) -> Value {
    Value::Object(table.iter().map(|(key, value)| (key.get_ref().to_string(), value_of(value.get_ref()))).collect())
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or(Value::from(f64::MAX), Value::from)
        }
        // What JSON cannot say is no number in it.
        DeValue::Float(number) => {
            let number = number.as_str().replace('_', "").parse().ok().and_then(Number::from_f64);
            number.map_or(Value::Null, Value::Number)
        }
        DeValue::Boolean(truth) => Value::from(*truth),
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| value_of(item.get_ref())).collect(),
        DeValue::Table(table) => object(table),
    }
}

/// JSON → TOML, a line for each key of the root.
pub(super) fn toml(root: &Value) -> String {
    let lines = root.as_object().unwrap().iter().map(|(key, value)| format!("{key} = {}\n", inline(value)));
    lines.collect()
}

fn inline(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Array(items) => format!("[{}]", list(items.iter().map(inline).collect())),
        Value::Object(fields) => format!("{{ {} }}", list(pairs(fields))),
        plain => plain.to_string(),
    }
}

fn pairs(fields: &Map<String, Value>) -> Vec<String> {
    fields.iter().map(|(key, value)| format!("{} = {}", Value::from(key.as_str()), inline(value))).collect()
}
