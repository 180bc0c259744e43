//! A JSON object as compact text, written field by field: one is made for every callback of a load.

use std::fmt::{Display, Write as _};

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Object {
    text: String,
}

/// A key as it is written: a literal, in which nothing has to be escaped.
macro_rules! key {
    ($name:literal) => {
        concat!("\"", $name, "\":")
    };
}
pub(super) use key;

impl Object {
    /// An object without fields, with room for `capacity` bytes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity);
        text.push('{');
        Self { text }
    }

    /// A string; `key` comes from [`key!`].
    #[inline]
    pub(super) fn string(&mut self, key: &'static str, value: &str) {
        self.text.push_str(key);
        push_string(&mut self.text, value);
        self.text.push(',');
    }

    /// A number, or whatever else is JSON as it is displayed; `key` comes from [`key!`].
    #[inline]
    pub(super) fn number(&mut self, key: &'static str, value: impl Display) {
        self.text.push_str(key);
        let _ = write!(self.text, "{value},");
    }

    /// The whole object.
    pub(super) fn end(mut self) -> String {
        if self.text.len() > 1 {
            self.text.pop();
        }
        self.text.push('}');
        self.text
    }
}

/// Appends a JSON string, escaped as serde_json does it.
pub(super) fn push_string(text: &mut String, value: &str) {
    text.push('"');
    // Looks at all of it, for that is done many bytes at a time.
    if value.bytes().fold(0, |found, byte| found | u8::from(has_to_be_escaped(byte))) != 0 {
        push_escaped(text, value);
    } else {
        text.push_str(value);
    }
    text.push('"');
}

fn push_escaped(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some(place) = rest.bytes().position(has_to_be_escaped) {
        let (clean, from) = rest.split_at(place);
        let (character, after) = from.split_at(1);
        text.push_str(clean);
        match character {
            "\"" => text.push_str("\\\""),
            "\\" => text.push_str("\\\\"),
            "\n" => text.push_str("\\n"),
            // A string in memory can be written.
            rare => text.push_str(serde_json::to_string(rare).unwrap_or_default().trim_matches('"')),
        }
        rest = after;
    }
    text.push_str(rest);
}

const fn has_to_be_escaped(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_writing() {
        let mut object = Object::with_capacity(0);
        object.string(key!("b"), "x\n");
        object.number(key!("a"), -1);
        assert_eq!(object.end(), r#"{"b":"x\n","a":-1}"#);
        assert_eq!(Object::with_capacity(0).end(), "{}");
    }

    #[test]
    fn every_character_of_ascii_is_escaped_as_serde_json_does_it() {
        for character in '\0'..='\u{80}' {
            let value = format!("a{character}\u{e9}{character}");
            let mut text = String::new();
            push_string(&mut text, &value);
            assert_eq!(text, serde_json::to_string(&value).unwrap());
        }
    }

    proptest! {
        #[test]
        fn strings_are_escaped_as_serde_json_does_it(value in any::<String>()) {
            let mut text = String::new();
            push_string(&mut text, &value);
            prop_assert_eq!(text, serde_json::to_string(&value).unwrap());
        }
    }
}
