//! The shape of a body: everything about its bytes but what it tells.

use serde_json::Value;

use super::body::{Body, Members};
use super::writing::Writing;
use crate::callback::{Alarm, Kind};
use crate::text::{one_line, without_passwords_of_urls};
use crate::time::Millis;

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `null`
    Null,
    /// `true`, `false`
    Truth,
    /// A whole number.
    Integer,
    /// Any other number.
    Fraction,
    /// A list.
    Array,
    /// An object, not one in a string.
    Object,
    /// A string.
    Text,
    /// A whole number in a string.
    Digits,
    /// A string that holds an object.
    Held,
    /// A string that holds a list of strings, with or without a newline behind it.
    Urls {
        /// Whether there is one.
        newline: bool,
    },
    /// 32 hex digits in lower case.
    Hex,
    /// The same in capitals.
    CapitalHex,
    /// The name of an alarm.
    Alarm,
    /// This very value, as JSON.
    Exactly(String),
    /// A time in seconds where milliseconds belong, or the other way round; whether in a string.
    OtherUnit {
        /// What it counts.
        counts: &'static str,
        /// Whether in a string.
        text: bool,
    },
}

impl Form {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Truth => "true or false".to_owned(),
            Self::Integer => "a number".to_owned(),
            Self::Fraction => "a number that is not whole".to_owned(),
            Self::Array => "a list".to_owned(),
            Self::Object => "an object".to_owned(),
            Self::Text => "a string".to_owned(),
            Self::Digits => "a number in a string".to_owned(),
            Self::Held => "an object in a string".to_owned(),
            Self::Urls { newline: true } => "a list of strings in a string, with a newline behind it".to_owned(),
            Self::Urls { newline: false } => "a list of strings in a string, without a newline behind it".to_owned(),
            Self::Hex => "32 hex digits".to_owned(),
            Self::CapitalHex => "32 hex digits in capitals".to_owned(),
            Self::Alarm => "the name of an alarm".to_owned(),
            Self::Exactly(value) => value.clone(),
            Self::OtherUnit { counts, text: false } => format!("a number of {counts}"),
            Self::OtherUnit { counts, text: true } => format!("a number of {counts} in a string"),
        }
    }
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) form: Form,
}

/// The shape of a body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    pub(super) outer: Vec<Field>,
    /// Of the object in `msg`; nothing if there is none.
    pub(super) msg: Vec<Field>,
    /// Whether `index` counts from 1.
    pub(super) from_one: bool,
    pub(super) outer_writing: Writing,
    pub(super) msg_writing: Writing,
    pub(super) urls_writing: Writing,
}

impl Shape {
    /// The shape of a body that came at `at`.
    pub(super) fn of(body: &Body<'_>, at: Millis) -> Self {
        let kind = Kind::by_name(&body.event);
        let outer = |(key, value): &(String, Value)| Field { key: key.clone(), form: outer(key, value, body, at) };
        let msg = |(key, value): &(String, Value)| Field { key: key.clone(), form: inner(key, value, kind, at) };
        let urls = body.outer.text("source_urls").filter(|urls| list(urls).is_some()).unwrap_or_default();
        let held = body.msg.as_ref().and(body.outer.text("msg")).unwrap_or_default();
        Self {
            outer: body.outer.0.iter().map(outer).collect(),
            msg: body.msg.iter().flat_map(|Members(members)| members.iter().map(msg)).collect(),
            from_one: counts_from_one(body, urls).unwrap_or(false),
            outer_writing: Writing::of(body.text),
            msg_writing: Writing::of(held),
            // The newline is a matter of its form.
            urls_writing: Writing::of(urls.strip_suffix('\n').unwrap_or(urls)),
        }
    }

    /// About how many bytes it takes to keep it.
    pub(super) fn weight(&self) -> usize {
        let fields = self.outer.iter().chain(&self.msg);
        size_of::<Self>() + fields.map(|field| size_of::<Field>() + field.key.len() + 32).sum::<usize>()
    }
}

/// A field beside `msg`.
fn outer(key: &str, value: &Value, body: &Body<'_>, at: Millis) -> Form {
    match (key, value) {
        ("event_type" | "interface" | "product_name", _) => {
            Form::Exactly(one_line(&without_passwords_of_urls(&value.to_string()), 60))
        }
        ("msg", Value::String(_)) if body.msg.is_some() => Form::Held,
        ("source_urls", Value::String(urls)) if list(urls).is_some() => Form::Urls { newline: urls.ends_with('\n') },
        ("event_time" | "t", _) => number(value, Unit::Seconds, at),
        ("sign", Value::String(sign)) if is_hex(sign, b'a'..=b'f') => Form::Hex,
        ("sign", Value::String(sign)) if is_hex(sign, b'A'..=b'F') => Form::CapitalHex,
        _ => any(value),
    }
}

/// A field in `msg`.
fn inner(key: &str, value: &Value, kind: Option<Kind>, at: Millis) -> Form {
    match (kind, key, value) {
        (Some(Kind::TaskAlarm), _, Value::String(name)) if Alarm::ALL.iter().any(|alarm| alarm.name() == name) => {
            Form::Alarm
        }
        (_, "task_start_time" | "task_exit_time", _) => number(value, Unit::Millis, at),
        (_, "index" | "code" | "duration", _) => number(value, Unit::None, at),
        _ => any(value),
    }
}

fn any(value: &Value) -> Form {
    match value {
        Value::Null => Form::Null,
        Value::Bool(_) => Form::Truth,
        Value::Number(number) if number.is_i64() || number.is_u64() => Form::Integer,
        Value::Number(_) => Form::Fraction,
        Value::String(_) => Form::Text,
        Value::Array(_) => Form::Array,
        Value::Object(_) => Form::Object,
    }
}

/// What a number counts.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    None,
    Seconds,
    Millis,
}

/// A number, or one in a string.
fn number(value: &Value, unit: Unit, at: Millis) -> Form {
    let digits = value.as_str().and_then(|text| text.parse::<i64>().ok());
    let Some(number) = value.as_i64().or(digits) else { return any(value) };
    let text = digits.is_some();
    match unit {
        Unit::Seconds if is_near(number, at.0) => Form::OtherUnit { counts: "milliseconds", text },
        Unit::Millis if is_near(number, at.0 / 1000) => Form::OtherUnit { counts: "seconds", text },
        _ if text => Form::Digits,
        _ => Form::Integer,
    }
}

/// Whether a number is of the size of an instant. Before 1973 there is none: scenarios may begin at 0.
fn is_near(number: i64, instant: u64) -> bool {
    let instant = i64::try_from(instant).unwrap_or(i64::MAX);
    instant >= 100_000_000 && (instant / 2..=instant.saturating_mul(2)).contains(&number)
}

/// Whether the file that is told of is at the place before its index, and not at it.
fn counts_from_one(body: &Body<'_>, urls: &str) -> Option<bool> {
    let msg = body.msg.as_ref()?;
    let (url, index) = (msg.text("url")?, usize::try_from(msg.integer("index")?).ok()?);
    let urls = list(urls)?;
    let is_at = |place: Option<usize>| place.and_then(|place| urls.get(place)).is_some_and(|known| known == url);
    Some(is_at(index.checked_sub(1)) && !is_at(Some(index)))
}

fn is_hex(sign: &str, letters: std::ops::RangeInclusive<u8>) -> bool {
    sign.len() == 32 && sign.bytes().all(|digit| digit.is_ascii_digit() || letters.contains(&digit))
}

/// The list in a string, if every item is a string.
fn list(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}
