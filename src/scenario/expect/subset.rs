//! Whether a JSON value holds at least what was expected, and where it does not.

use serde_json::Value;

/// The most differences that are told.
const MAX_TOLD: usize = 10;

/// Where `actual` is not what was expected: `state.code: expected 0, got 7`.
///
/// An object may have more fields than expected; an array has to have just the expected items, each compared in the same way.
/// Numbers are equal by value: 0 and 0.0 are.
pub fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    compare(expected, actual, "", &mut differences);
    differences.truncate(MAX_TOLD);
    differences
}

fn compare(expected: &Value, actual: &Value, path: &str, differences: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match others.get(name) {
                    Some(other) => compare(field, other, &path, differences),
                    None => differences.push(format!("{path}: expected {}, there is none", short(field))),
                }
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                compare(item, other, &format!("{path}[{index}]"), differences);
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            differences.push(format!("{}expected {} items, got {}", place(path), items.len(), others.len()));
        }
        (Value::Number(one), Value::Number(other)) if one == other || one.as_f64() == other.as_f64() => {}
        _ if expected == actual => {}
        _ => differences.push(format!("{}expected {}, got {}", place(path), short(expected), short(actual))),
    }
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

/// A value in at most eighty characters.
pub(super) fn short(value: &Value) -> String {
    const MOST: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_is_fine_and_less_is_told() {
        let actual = json!({ "state": "ended", "files": [{ "index": 0, "played": true }], "code": 0.0, "more": null });
        for (expected, lines) in [
            (json!({}), vec![]),
            (json!({ "state": "ended", "code": 0 }), vec![]),
            (json!({ "files": [{ "index": 0 }] }), vec![]),
            (json!({ "state": "running" }), vec![r#"state: expected "running", got "ended""#]),
            (json!({ "files": [{ "index": 1 }] }), vec!["files[0].index: expected 1, got 0"]),
            (json!({ "files": [] }), vec!["files: expected 0 items, got 1"]),
            (json!({ "code": "0" }), vec![r#"code: expected "0", got 0.0"#]),
            (json!({ "exit": { "code": 1 } }), vec![r#"exit: expected {"code":1}, there is none"#]),
            (
                json!([1]),
                vec![
                    r#"expected [1], got {"state":"ended","files":[{"index":0,"played":true}],"code":0.0,"more":null}"#,
                ],
            ),
        ] {
            assert_eq!(differences(&expected, &actual), lines, "{expected}");
        }
    }
}
