//! How a body differs from what pullpush would send, one difference for each thing that can be said.

use std::collections::BTreeSet;

use super::shape::{Field, Form, Shape};
use super::writing::{Escape, Spacing, Writing};
use crate::text::one_line;

/// Which text is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The body.
    Body,
    /// The text in `msg`.
    Msg,
    /// The text in `source_urls`.
    SourceUrls,
}

impl Part {
    const fn words(self) -> &'static str {
        match self {
            Self::Body => "the body",
            Self::Msg => "`msg`",
            Self::SourceUrls => "`source_urls`",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// No profile, or not this one, sends such a callback by itself.
    NotSent,
    /// A field that is not there.
    Missing {
        /// Where it should be.
        part: Part,
        /// Its key.
        key: String,
    },
    /// A field that should not be there.
    Extra {
        /// Where it is.
        part: Part,
        /// Its key.
        key: String,
        /// What it is.
        found: Form,
    },
    /// A field that is something else.
    Form {
        /// Where it is.
        part: Part,
        /// Its key.
        key: String,
        /// What it should be.
        expected: Form,
        /// What it is.
        found: Form,
    },
    /// `msg.index` counts from 1, by its place in `source_urls`.
    FromOne {
        /// Whether it is a number in a string.
        text: bool,
    },
    /// A field that is there more than once.
    Twice {
        /// Where it is.
        part: Part,
        /// Its key.
        key: String,
    },
    /// The keys stand in another order.
    Order {
        /// Where.
        part: Part,
        /// All of them.
        keys: String,
    },
    /// Something stands between tokens.
    Spacing {
        /// Where.
        part: Part,
        /// What.
        spacing: Spacing,
    },
    /// Letters are escaped that need not be.
    Escaped {
        /// Where.
        part: Part,
        /// Which.
        escape: Escape,
    },
}

/// What a step lays over to make a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cover {
    /// Nothing: that there is a step is enough.
    Step,
    /// A field, with a value of its form.
    Field {
        /// `Msg` or `Body`.
        part: Part,
        /// Its key.
        key: String,
        /// A value as JSON.
        value: serde_json::Value,
    },
    /// All bytes, from a file: nothing else makes it.
    Bytes,
}

impl Difference {
    /// A word for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotSent => "not-sent",
            Self::Missing { .. } => "missing",
            Self::Extra { .. } => "extra",
            Self::Form { expected: Form::Exactly(_), found: Form::Exactly(_), .. } => "value",
            Self::Form { .. } => "type",
            Self::FromOne { .. } => "from-one",
            Self::Twice { .. } => "twice",
            Self::Order { .. } => "order",
            Self::Spacing { .. } => "spacing",
            Self::Escaped { .. } => "escape",
        }
    }

    /// The field, if it is about one.
    pub fn field(&self) -> Option<String> {
        match self {
            Self::Missing { part, key }
            | Self::Extra { part, key, .. }
            | Self::Form { part, key, .. }
            | Self::Twice { part, key } => Some(path(*part, key)),
            Self::FromOne { .. } => Some(path(Part::Msg, "index")),
            _ => None,
        }
    }

    /// What so many of the callbacks do, as the rest of a sentence; `profile` is what they are compared with.
    pub fn words(&self, profile: &str) -> String {
        let field = self.field().map(|field| format!("`{field}`")).unwrap_or_default();
        match self {
            Self::NotSent => format!("are of a kind that {profile} never sends"),
            Self::Missing { .. } => format!("have no {field}; {profile} has it"),
            Self::Extra { found, .. } => format!("have {field}, {}; {profile} has none", found.words()),
            Self::Form { expected: Form::Exactly(expected), found: Form::Exactly(found), .. } => {
                format!("say {found} in {field}; {profile} says {expected}")
            }
            Self::Form { expected, found, .. } => {
                format!("have {field} as {}; {profile} as {}", found.words(), expected.words())
            }
            Self::FromOne { .. } => format!("count {field} from 1, as `msg.url` is in `source_urls`; {profile} from 0"),
            Self::Twice { .. } => format!("have {field} more than once"),
            Self::Order { part: Part::Body, keys } => format!("have the keys in another order: {keys}"),
            Self::Order { part, keys } => format!("have the keys in {} in another order: {keys}", part.words()),
            Self::Spacing { part, spacing: Spacing::NewlineBehind } => {
                format!("have a newline behind {}", part.words())
            }
            Self::Spacing { part, .. } => format!("have white space between the tokens of {}", part.words()),
            Self::Escaped { part, escape } => format!("{} in {}", escape.words(), part.words()),
        }
    }

    /// What a step needs to send the like.
    pub fn cover(&self) -> Cover {
        match self {
            Self::NotSent => Cover::Step,
            Self::FromOne { text } => {
                let value = if *text { "1".into() } else { 1.into() };
                Cover::Field { part: Part::Msg, key: "index".to_owned(), value }
            }
            Self::Extra { part, key, found } | Self::Form { part, key, found, .. } => match example(key, found) {
                Some(value) => Cover::Field { part: *part, key: key.clone(), value },
                None => Cover::Bytes,
            },
            _ => Cover::Bytes,
        }
    }
}

fn path(part: Part, key: &str) -> String {
    let key = one_line(key, 60);
    if part == Part::Msg { format!("msg.{key}") } else { key }
}

/// A value of a form; nothing where TOML has none, or where a value would be no use.
fn example(key: &str, form: &Form) -> Option<serde_json::Value> {
    Some(match form {
        // A false one is one that `[faults]` can make.
        _ if key == "sign" => return None,
        // An empty one would be of no use.
        Form::Object | Form::Array if matches!(key, "msg" | "source_urls") => return None,
        Form::Null => return None,
        Form::Truth => true.into(),
        Form::Integer => 0.into(),
        Form::Fraction => 0.5.into(),
        Form::Array => serde_json::Value::Array(Vec::new()),
        Form::Object => serde_json::Value::Object(serde_json::Map::new()),
        Form::Digits => "0".into(),
        Form::Held => "{}".into(),
        Form::Urls { newline } => format!("[\"http://media.test/1\"]{}", if *newline { "\n" } else { "" }).into(),
        Form::Alarm => "PullFileFailed".into(),
        Form::Exactly(value) => return serde_json::from_str(value).ok(),
        Form::OtherUnit { text: true, .. } => "0".into(),
        Form::OtherUnit { text: false, .. } => 0.into(),
        Form::Text | Form::Hex | Form::CapitalHex => "…".into(),
    })
}

/// All differences between two shapes.
pub(super) fn differences(expected: &Shape, found: &Shape) -> Vec<Difference> {
    let mut differences = Vec::new();
    fields(Part::Body, &expected.outer, &found.outer, &mut differences);
    // Without an object in `msg` that is all there is to say about it.
    let held = |shape: &Shape| shape.outer.iter().any(|field| field.key == "msg" && field.form == Form::Held);
    if held(found) {
        fields(Part::Msg, &expected.msg, &found.msg, &mut differences);
    }
    if found.from_one {
        let text = found.msg.iter().any(|field| field.key == "index" && field.form == Form::Digits);
        differences.push(Difference::FromOne { text });
    }
    writing(Part::Body, found.outer_writing, &mut differences);
    writing(Part::Msg, found.msg_writing, &mut differences);
    writing(Part::SourceUrls, found.urls_writing, &mut differences);
    differences
}

fn fields(part: Part, expected: &[Field], found: &[Field], differences: &mut Vec<Difference>) {
    let keys: BTreeSet<_> = found.iter().map(|field| &field.key).collect();
    for field in expected.iter().filter(|field| !keys.contains(&field.key)) {
        differences.push(Difference::Missing { part, key: field.key.clone() });
    }
    let mut seen = BTreeSet::new();
    for Field { key, form } in found {
        if !seen.insert(key) {
            differences.push(Difference::Twice { part, key: key.clone() });
            continue;
        }
        match expected.iter().find(|field| field.key == *key) {
            None => differences.push(Difference::Extra { part, key: key.clone(), found: form.clone() }),
            Some(field) if field.form != *form => differences.push(Difference::Form {
                part,
                key: key.clone(),
                expected: field.form.clone(),
                found: form.clone(),
            }),
            Some(_) => {}
        }
    }
    let in_order = match part {
        Part::Msg => found.iter().map(|field| place(expected, &field.key)).is_sorted(),
        _ => found.iter().map(|field| &field.key).is_sorted(),
    };
    if !in_order {
        let keys = found.iter().map(|field| field.key.as_str()).take(32).collect::<Vec<_>>().join(", ");
        differences.push(Difference::Order { part, keys: one_line(&keys, 200) });
    }
    // Each is counted once for a body.
    differences.sort();
    differences.dedup();
}

/// Where a key belongs; new ones come last.
fn place(expected: &[Field], key: &str) -> usize {
    expected.iter().position(|field| field.key == key).unwrap_or(usize::MAX)
}

fn writing(part: Part, found: Writing, differences: &mut Vec<Difference>) {
    if found.spacing != Spacing::Compact {
        differences.push(Difference::Spacing { part, spacing: found.spacing });
    }
    differences.extend(found.escapes().map(|escape| Difference::Escaped { part, escape }));
}
