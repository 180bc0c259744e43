//! A table of the file while it is read: knows its keys by being asked for them, and notes every problem on the way.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::duration;
use super::problem::{Problem, Problems, did_you_mean};
use super::task::Range as Between;
use crate::callback::template::Template;
use crate::time::Millis;

/// The longest string of a scenario, in bytes.
pub(super) const MAX_STRING: usize = 8 * 1024;

/// What to do with a value that is no string. [`overrides`](super::overrides) says it for a shell.
pub(super) const QUOTES: &str = "put it in quotes";

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// One table of the file.
pub(super) struct Section<'a> {
    /// What it is called in messages: `[receiver]`.
    pub(super) name: String,
    /// Where it begins.
    pub(super) span: Range<usize>,
    table: &'a DeTable<'a>,
    asked: Vec<&'static str>,
    /// Keys of a later version.
    later: Vec<&'static str>,
    pub(super) problems: &'a Problems,
}

impl<'a> Section<'a> {
    pub(super) fn new(name: &str, span: Range<usize>, table: &'a DeTable<'a>, problems: &'a Problems) -> Self {
        Self { name: name.to_owned(), span, table, asked: Vec::new(), later: Vec::new(), problems }
    }

    /// The value of `key`, which is a key from now on.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Value<'a>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.iter().find(|(known, _)| known.get_ref() == key).map(|(_, value)| value)
    }

    /// Where `key` itself stands, if it is there.
    pub(super) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.keys().find(|known| known.get_ref() == key).map(Spanned::span)
    }

    /// Notes a problem.
    pub(super) fn add(&self, problem: Problem) {
        self.problems.add(problem);
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let word = key.get_ref().as_ref();
            if self.asked.contains(&word) || self.later.contains(&word) {
                continue;
            }
            let mut problem = Problem::error(key.span(), format!("unknown key `{word}` in {}", self.name));
            problem = match did_you_mean(word, self.asked.iter().copied()) {
                Some(known) => problem.label(format!("did you mean `{known}`?")),
                None => problem.help(format!("the keys here are {}", list(self.asked.iter().copied()))),
            };
            self.add(problem);
        }
    }

    /// Notes that `what` is not what it is wanted to be.
    pub(super) fn wrong_type(&self, what: &str, value: &Value<'_>, wanted: &str) {
        self.add(mistyped(what, value, wanted));
    }

    pub(super) fn string(&mut self, key: &'static str) -> Option<At<&'a str>> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(&quoted(key), value, "a string");
            return None;
        };
        if text.len() > MAX_STRING {
            self.add(
                Problem::error(value.span(), format!("`{key}` is longer than {MAX_STRING} bytes"))
                    .help("long bodies belong into a file: see `body_file`"),
            );
            return None;
        }
        Some(At { value: text, span: value.span() })
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.string(key).map(|text| text.value.to_owned())
    }

    pub(super) fn template(&mut self, key: &'static str) -> Option<At<Template>> {
        let text = self.string(key)?;
        self.warn_of_placeholders(key, text.value, &text.span);
        Some(At { value: Template::new(text.value), span: text.span })
    }

    /// Notes what looks like a placeholder and is none: it would be sent as it is.
    pub(super) fn warn_of_placeholders(&self, key: &str, text: &str, span: &Range<usize>) {
        let inside = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(inside, _)| inside);
        let is_name = |inside: &&str| {
            !inside.is_empty() && inside.chars().all(|letter| letter.is_alphanumeric() || " _-.".contains(letter))
        };
        if let Some(name) = inside.filter(is_name).find(|name| *name != "n") {
            let is_meant = ["n", "copy", "number", "index", "i"].contains(&name.trim().to_lowercase().as_str());
            let label = if is_meant { "did you mean `{n}`?" } else { "it is sent as it is" };
            self.add(
                Problem::warning(span.clone(), format!("`{{{name}}}` in `{key}` is no placeholder"))
                    .label(label)
                    .help("in strings of a task only `{n}` is filled in, the number of the copy"),
            );
        }
    }

    pub(super) fn integer(&mut self, key: &'static str, allowed: RangeInclusive<i64>) -> Option<At<i64>> {
        let value = self.get(key)?;
        if value.get_ref().as_integer().is_none() {
            self.wrong_type(&quoted(key), value, "a whole number");
            return None;
        }
        let Some(number) = integer_of(value.get_ref()).filter(|number| allowed.contains(number)) else {
            let problem = Problem::error(value.span(), format!("`{key}` is out of range"));
            self.add(problem.label(match (*allowed.start(), *allowed.end()) {
                (least, i64::MAX) => format!("must be {least} or more, and fit into 63 bits"),
                (least, most) => format!("must be from {least} to {}", digits(most)),
            }));
            return None;
        };
        Some(At { value: number, span: value.span() })
    }

    pub(super) fn truth(&mut self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.wrong_type(&quoted(key), value, "true or false");
        }
        truth
    }

    /// All keys of a table whose keys are the user's own, at most `most`, with their values, which are strings.
    pub(super) fn strings(self, most: usize) -> Vec<(At<&'a str>, At<&'a str>)> {
        if self.table.len() > most {
            self.add(Problem::error(self.span.clone(), format!("more than {most} items in {}", self.name)));
        }
        let mut strings = Vec::new();
        for (key, value) in self.table.iter().take(most) {
            match value.get_ref().as_str() {
                Some(text) => strings.push((
                    At { value: key.get_ref().as_ref(), span: key.span() },
                    At { value: text, span: value.span() },
                )),
                None => self.wrong_type(&quoted(key.get_ref()), value, "a string"),
            }
        }
        strings
    }

    /// A probability.
    pub(super) fn chance(&mut self, key: &'static str) -> Option<f64> {
        let value = self.get(key)?;
        self.chance_of(key, value)
    }

    pub(super) fn chance_of(&self, key: &str, value: &Value<'_>) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Integer(_) => integer_of(value.get_ref()).map(|number| number as f64),
            DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            self.wrong_type(&quoted(key), value, "a number from 0 to 1");
            return None;
        };
        if !(0.0..=1.0).contains(&number) {
            self.add(
                Problem::error(value.span(), format!("`{key}` is a probability from 0 to 1"))
                    .help("5 % is written 0.05"),
            );
            return None;
        }
        Some(number)
    }

    /// One word of a list of words.
    pub(super) fn one_of<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<At<T>> {
        let text = self.string(key)?;
        let value = word(text.value, words);
        if value.is_none() {
            self.add(unknown_word(key, &text, words));
        }
        value.map(|value| At { value, span: text.span })
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Option<At<Millis>> {
        let value = self.get(key)?;
        self.duration_of(key, value)
    }

    /// A duration, or `forever`.
    pub(super) fn duration_or_forever(&mut self, key: &'static str) -> Option<At<Millis>> {
        let value = self.get(key)?;
        if value.get_ref().as_str() == Some("forever") {
            return Some(At { value: Millis::FOREVER, span: value.span() });
        }
        self.duration_of(key, value)
    }

    pub(super) fn duration_of(&self, key: &str, value: &Value<'_>) -> Option<At<Millis>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(&quoted(key), value, "a duration, such as \"90s\" or \"1m 30s\"");
            return None;
        };
        match duration::parse(text) {
            Ok(duration) => Some(At { value: duration, span: value.span() }),
            Err(why) => {
                self.add(
                    Problem::error(value.span(), format!("`{key}` is not a duration: {why}")).help(duration::HELP),
                );
                None
            }
        }
    }

    /// `"200ms..2s"`, or one duration for both ends.
    pub(super) fn duration_range(&mut self, key: &'static str) -> Option<At<Between>> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(&quoted(key), value, "a range of durations, such as \"200ms..2s\"");
            return None;
        };
        let text = At { value: text, span: value.span() };
        let (min, max) = text.value.split_once("..").unwrap_or((text.value, text.value));
        match (duration::parse(min), duration::parse(max)) {
            (Ok(min), Ok(max)) if min <= max => Some(At { value: Between { min, max }, span: text.span }),
            (Ok(_), Ok(_)) => {
                self.add(Problem::error(text.span, format!("`{key}` ends before it begins")));
                None
            }
            (Err(why), _) | (_, Err(why)) => {
                self.add(
                    Problem::error(text.span, format!("`{key}` is not a range of durations: {why}"))
                        .help("write it like \"200ms..2s\", or one duration such as \"1s\""),
                );
                None
            }
        }
    }

    /// A table inside this one.
    pub(super) fn section(&mut self, key: &'static str, name: &str) -> Option<Section<'a>> {
        let value = self.get(key)?;
        self.section_of(key, name, value)
    }

    pub(super) fn section_of(&self, key: &str, name: &str, value: &'a Value<'a>) -> Option<Section<'a>> {
        let Some(table) = value.get_ref().as_table() else {
            let problem = match name.strip_prefix('[') {
                Some(_) => mistyped(&quoted(key), value, "a table").help(format!("begin it with {name}")),
                None => mistyped(name, value, "a table"),
            };
            self.add(problem);
            return None;
        };
        Some(Section::new(name, value.span(), table, self.problems))
    }

    /// An array, at most `most` long.
    pub(super) fn array(&mut self, key: &'static str, most: usize) -> Option<At<&'a [Value<'a>]>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(&quoted(key), value, "an array");
            return None;
        };
        if items.len() > most {
            self.add(Problem::error(value.span(), format!("more than {most} items in `{key}`")));
            return None;
        }
        Some(At { value: items, span: value.span() })
    }

    /// An array of tables, at most `most` long.
    pub(super) fn sections(&mut self, key: &'static str, name: &str, most: usize) -> Vec<Section<'a>> {
        if let Some(value) = self.get(key).filter(|value| !value.get_ref().is_array()) {
            self.add(mistyped(&quoted(key), value, "an array of tables").help(format!("begin each with {name}")));
            return Vec::new();
        }
        let Some(items) = self.array(key, most) else { return Vec::new() };
        items.value.iter().filter_map(|item| self.section_of(key, name, item)).collect()
    }
}

pub(super) fn integer_of(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
}

pub(super) fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Option<T> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
}

pub(super) fn unknown_word<T>(key: &str, text: &At<&str>, words: &[(&'static str, T)]) -> Problem {
    let known = || words.iter().map(|(word, _)| *word);
    let problem = Problem::error(text.span.clone(), format!("`{key}` cannot be `{}`", text.value));
    let problem = problem.help(format!("it is one of {}", list(known())));
    match did_you_mean(text.value, known()) {
        Some(known) => problem.label(format!("did you mean `{known}`?")),
        None => problem,
    }
}

pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A key as messages show it.
pub(super) fn quoted(key: &str) -> String {
    format!("`{key}`")
}

/// A large number as TOML may write it: `100_000_000`.
fn digits(number: i64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

pub(super) fn mistyped(what: &str, value: &Value<'_>, wanted: &str) -> Problem {
    let problem = Problem::error(value.span(), format!("{what} must be {wanted}"))
        .label(format!("this is {}", type_name(value.get_ref())));
    let is_plain = !matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_));
    if wanted == "a string" && is_plain { problem.help(QUOTES) } else { problem }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
