//! Strings of a task in which `{n}` is the number of the copy.

use std::borrow::Cow;

use serde_json::Value;

/// The placeholder.
pub const COPY: &str = "{n}";

/// A string that may differ from copy to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    /// What stands between the placeholders: looked for once, and not for every callback of a load.
    pieces: Vec<String>,
}

impl Template {
    /// The string as it stands in the scenario.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { pieces: text.split(COPY).map(str::to_owned).collect(), text }
    }

    /// Whether two copies get different strings.
    pub const fn varies(&self) -> bool {
        self.pieces.len() > 1
    }

    /// The string as written.
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// The string for copy `copy` (from 1).
    pub fn for_copy(&self, copy: u64) -> Cow<'_, str> {
        if self.varies() { self.pieces.join(&copy.to_string()).into() } else { Cow::Borrowed(&self.text) }
    }
}

/// The string for copy `copy` (from 1).
pub fn filled(text: &str, copy: u64) -> Cow<'_, str> {
    if text.contains(COPY) { text.replace(COPY, &copy.to_string()).into() } else { Cow::Borrowed(text) }
}

/// Fills the placeholder in every string inside `value`; keys stay as they are.
pub fn fill(value: &mut Value, copy: u64) {
    match value {
        Value::String(text) if text.contains(COPY) => *text = text.replace(COPY, &copy.to_string()),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, copy)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, copy)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled() {
        let template = Template::new("rtmp://x.test/{n}/show-{n}");
        assert!(template.varies());
        assert_eq!(template.for_copy(7), "rtmp://x.test/7/show-7");
        assert!(matches!(Template::new("plain").for_copy(7), Cow::Borrowed("plain")));
    }

    #[test]
    fn strings_deep_inside_are_filled() {
        let mut value = serde_json::json!({"{n}": ["a{n}", {"b": "{n}"}], "c": 1});
        fill(&mut value, 3);
        assert_eq!(value, serde_json::json!({"{n}": ["a3", {"b": "3"}], "c": 1}));
    }
}
