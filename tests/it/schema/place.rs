//! Tables of a scenario, and what the schema says of each: both walked together.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::TEXT;
use super::corpus::corpus;

/// A table of a scenario that only known keys may stand in.
#[derive(Clone)]
pub(super) struct Place {
    /// The scenario's name.
    pub(super) scenario: String,
    /// The whole scenario.
    root: Value,
    /// Where in it, as a JSON pointer.
    pointer: String,
    /// What the schema says of it.
    pub(super) schema: &'static Map<String, Value>,
}

impl Place {
    /// What is known of the table's keys.
    pub(super) fn properties(&self) -> &'static Map<String, Value> {
        self.schema["properties"].as_object().unwrap()
    }

    /// The table.
    pub(super) fn table(&self) -> &Map<String, Value> {
        self.root.pointer(&self.pointer).unwrap().as_object().unwrap()
    }

    /// The scenario with another value in this table.
    pub(super) fn with(&self, key: &str, value: Value) -> Value {
        let mut root = self.root.clone();
        root.pointer_mut(&self.pointer).unwrap()[key] = value;
        root
    }

    /// The scenario as it is.
    pub(super) fn whole(&self) -> &Value {
        &self.root
    }
}

/// All ways that the schema leaves open, behind references: of `retry` a word, a table, a list.
pub(super) fn ways(schema: &'static Value) -> Vec<&'static Map<String, Value>> {
    let Some(fields) = schema.as_object() else { return Vec::new() };
    if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
        return ways(TEXT.pointer(reference.trim_start_matches('#')).unwrap());
    }
    match fields.get("anyOf").and_then(Value::as_array).filter(|_| !fields.contains_key("type")) {
        Some(ways) => ways.iter().flat_map(self::ways).collect(),
        None => vec![fields],
    }
}

/// Every closed table of the schema, by the place of its text there, and where scenarios have it: at most `most` times each.
pub(super) fn places(most: usize) -> Vec<(String, Vec<Place>)> {
    let mut found: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    closed(&TEXT, "", &mut names);
    for (scenario, root) in corpus() {
        let mut seen = Vec::new();
        walk(&root, String::new(), &TEXT, &mut seen);
        for (pointer, schema) in seen {
            let name = &names[&std::ptr::from_ref(schema)];
            let places = found.entry(name.clone()).or_default();
            if places.len() < most {
                places.push(Place { scenario: scenario.clone(), root: root.clone(), pointer, schema });
            }
        }
    }
    names
        .into_values()
        .map(|name| (found.remove(&name).unwrap_or_default(), name))
        .map(|(all, name)| (name, all))
        .collect()
}

type Schema = Map<String, Value>;

fn walk(instance: &Value, pointer: String, schema: &'static Value, seen: &mut Vec<(String, &'static Schema)>) {
    let ways = ways(schema);
    match instance {
        Value::Object(fields) => {
            let Some(way) = ways.into_iter().find(|way| way.get("additionalProperties") == Some(&Value::Bool(false)))
            else {
                return;
            };
            for (key, value) in fields {
                walk(value, format!("{pointer}/{key}"), &way["properties"][key], seen);
            }
            seen.push((pointer, way));
        }
        Value::Array(items) => {
            let Some(way) = ways.into_iter().find_map(|way| way.get("items")) else { return };
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{index}"), way, seen);
            }
        }
        _ => {}
    }
}

/// The closed tables below a place of the schema's text: `task`, `task.files`, `stepFault.delay`.
fn closed(text: &'static Value, path: &str, found: &mut BTreeMap<*const Schema, String>) {
    match text {
        Value::Object(fields) => {
            if fields.get("additionalProperties") == Some(&Value::Bool(false)) {
                found.insert(std::ptr::from_ref(fields), if path.is_empty() { "scenario" } else { path }.to_owned());
            }
            for (key, value) in fields {
                let step = if ["$defs", "properties", "items", "anyOf"].contains(&key.as_str()) { "" } else { key };
                let dot = if path.is_empty() || step.is_empty() { "" } else { "." };
                closed(value, &format!("{path}{dot}{step}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| closed(item, path, found)),
        _ => {}
    }
}
