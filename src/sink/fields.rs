//! Reading the fields of a JSON object, with a complaint for each that is not as documented.

use serde_json::{Map, Value};

use super::complaint::{Complaint, described};

/// An object under judgement. A field is named by its path (`msg.index`); its key is the last part.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    complaints: &'a mut Vec<Complaint>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>, complaints: &'a mut Vec<Complaint>) -> Self {
        Self { object, complaints }
    }

    /// The fields of an object that one of these fields holds.
    pub(super) fn inside<'b>(&'b mut self, object: &'b Map<String, Value>) -> Fields<'b> {
        Fields::new(object, self.complaints)
    }

    pub(super) fn complain(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
    }

    /// The field if it is there at all.
    pub(super) fn optional(&self, path: &str) -> Option<&'a Value> {
        self.object.get(path.rsplit('.').next().unwrap_or(path))
    }

    /// The field, which must be there.
    fn required(&mut self, path: &'static str) -> Option<&'a Value> {
        let value = self.optional(path);
        if value.is_none() {
            self.complain(Complaint::Missing(path));
        }
        value
    }

    /// The field, which must be there and be read by `read`.
    fn read<T>(
        &mut self,
        path: &'static str,
        wanted: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.required(path)?;
        let found = read(value);
        if found.is_none() {
            self.complain(Complaint::Wrong { field: path, wanted, found: described(value) });
        }
        found
    }

    /// A string.
    pub(super) fn text(&mut self, path: &'static str) -> Option<&'a str> {
        self.read(path, "a string", Value::as_str)
    }

    /// A string, or nothing.
    pub(super) fn optional_text(&mut self, path: &'static str) -> Option<&'a str> {
        self.optional(path).and_then(|_| self.text(path))
    }

    /// This very `value`; `wanted` is how it is written in JSON.
    pub(super) fn exactly<T>(&mut self, path: &'static str, wanted: &'static str, value: T)
    where
        Value: PartialEq<T>,
    {
        self.read(path, wanted, |found| (*found == value).then_some(()));
    }

    /// A JSON number, whole or not.
    pub(super) fn number(&mut self, path: &'static str) {
        self.read(path, "a number", |value| value.is_number().then_some(()));
    }

    /// A whole number, as a JSON number or as a string: published tables and samples disagree about `index` and `code`.
    pub(super) fn integer(&mut self, path: &'static str) -> Option<i64> {
        self.read(path, "a whole number", integer)
    }

    /// A string that holds JSON: the second parse.
    pub(super) fn held(&mut self, path: &'static str) -> Option<(&'a str, Value)> {
        let text = self.read(path, "a string holding JSON", Value::as_str)?;
        match serde_json::from_str(text) {
            Ok(value) => Some((text, value)),
            Err(error) => {
                self.complain(Complaint::HoldsNoJson { field: path, reason: error.to_string() });
                None
            }
        }
    }
}

/// A whole number, as a JSON number or as a string.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(digits) => digits.parse().ok(),
        other => other.as_i64(),
    }
}
