//! `[faults]` and `[[faults]]`, those of a task, and the `fault` of a step.

use toml::de::DeValue;

use super::events::events;
use crate::callback::Kind;
use crate::callback::sign::BadSignature;
use crate::scenario::fault::chances::Chances;
use crate::scenario::fault::matching::{Matching, Pattern};
use crate::scenario::fault::window::{Window, Windows};
use crate::scenario::fault::{BadConnection, Corruption, Duplicate, DuplicateAs};
use crate::scenario::problem::{Problem, did_you_mean};
use crate::scenario::section::{At, Section, Value, list, mistyped, unknown_word, word};
use crate::time::Millis;

/// What is to be known about the rest of the scenario.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// Whether callbacks are signed.
    pub(super) signed: bool,
}

/// The most windows of faults, and as many for each task.
const MAX_WINDOWS: usize = 100;

/// `[faults]`, or every `[[faults]]`, whatever it is called here.
pub(super) fn read(section: &mut Section<'_>, name: &str, context: Context) -> Windows {
    let is_list = section.get("faults").is_some_and(|value| value.get_ref().is_array());
    let tables = if is_list {
        section.sections("faults", &format!("[[{name}]]"), MAX_WINDOWS)
    } else {
        section.section("faults", &format!("[{name}]")).into_iter().collect()
    };
    Windows::new(tables.into_iter().map(|table| window(table, context)).collect())
}

fn window(mut section: Section<'_>, context: Context) -> Window {
    let from = section.duration("from");
    let until = section.duration("until");
    if let (from, Some(until)) = (from.as_ref().map_or(Millis::ZERO, |from| from.value), &until)
        && until.value <= from
    {
        section.add(
            Problem::error(until.span.clone(), "this window ends before it begins")
                .help("`from` and `until` are scenario times, both from its start: until = \"2h 10m\""),
        );
    }
    let matching = section.section("match", "`match`").map_or_else(Matching::default, matching);
    let (from, until) = (from.map_or(Millis::ZERO, |at| at.value), until.map_or(Millis::FOREVER, |at| at.value));
    Window { chances: chances(section, None, context), from, until, matching }
}

fn matching(mut section: Section<'_>) -> Matching {
    let matching = Matching {
        stream_id: pattern(&mut section, "stream_id"),
        task_id: pattern(&mut section, "task_id"),
        to_url: pattern(&mut section, "to_url"),
        source: pattern(&mut section, "source"),
        event: pattern(&mut section, "event"),
    };
    section.finish();
    matching
}

fn pattern(section: &mut Section<'_>, key: &'static str) -> Option<Pattern> {
    let text = section.string(key)?;
    if text.value.contains("{n}") {
        section.add(
            Problem::error(text.span, format!("`{{n}}` in `{key}` is no number here: it would match nothing"))
                .help("write `*` for it, which stands for any letters"),
        );
        return None;
    }
    let names = Kind::ALL.map(Kind::name);
    let pattern = Pattern::new(text.value);
    if key == "event" && !names.iter().any(|name| pattern.takes(name)) {
        let problem = Problem::warning(text.span, format!("no known callback is called `{}`", text.value));
        section.add(match did_you_mean(text.value, names) {
            Some(known) => problem.label(format!("did you mean `{known}`?")),
            None => problem.help(format!("they are called {}", list(names))),
        });
    }
    Some(pattern)
}

/// The `fault` of a step: a table as `[faults]`, where every chance is 1 unless it is given; or one word.
pub(super) fn of_step(section: &mut Section<'_>, context: Context) -> Chances {
    let Some(value) = section.get("fault") else { return Chances::default() };
    match value.get_ref() {
        DeValue::String(text) => by_word(section, &At { value: text, span: value.span() }),
        DeValue::Table(_) => section
            .section_of("fault", "`fault`", value)
            .map_or_else(Chances::default, |table| chances(table, Some(1.0), context)),
        _ => {
            section.add(
                mistyped("`fault`", value, "a word or a table")
                    .help("write fault = \"drop\", or fault = { delay = { by = \"3s\" } }"),
            );
            Chances::default()
        }
    }
}

/// A fault that needs no more than its name.
fn by_word(section: &Section<'_>, text: &At<&str>) -> Chances {
    let nothing = Chances::default();
    if let Some(kind) = word(text.value, &Corruption::ALL) {
        return Chances { corrupt: Some((1.0, vec![kind])), ..nothing };
    }
    if let Some(kind) = word(text.value, &BadConnection::ALL) {
        return Chances { connection: Some((1.0, vec![kind])), ..nothing };
    }
    match text.value {
        "drop" => Chances { drop: Some(1.0), ..nothing },
        "duplicate" => Chances { duplicate: Some((1.0, Chances::DUPLICATE)), ..nothing },
        _ => {
            section.add(no_word(text));
            nothing
        }
    }
}

fn no_word(text: &At<&str>) -> Problem {
    let other = text.value;
    let problem = Problem::error(text.span.clone(), format!("`fault` cannot be `{other}`"));
    match other {
        "delay" => return problem.help("say how long: write fault = { delay = { by = \"3s\" } }"),
        "corrupt" | "signature" | "connection" => {
            return problem.help(format!("write fault = {{ {other} = {{}} }}, and in it `kinds` if not all of them"));
        }
        kind if word(kind, &BadSignature::ALL).is_some() => {
            return problem.help(format!("write fault = {{ signature = {{ kinds = [\"{kind}\"] }} }}"));
        }
        _ => {}
    }
    let corruptions = Corruption::ALL.iter().map(|(name, _)| *name);
    let known = ["drop", "duplicate"].into_iter().chain(corruptions);
    let known: Vec<_> = known.chain(BadConnection::ALL.iter().map(|(name, _)| *name)).collect();
    match did_you_mean(other, known.iter().copied()) {
        Some(known) => problem.label(format!("did you mean `{known}`?")),
        None => {
            problem.help(format!("it is one of {}, or a table such as {{ delay = {{ by = \"3s\" }} }}", list(known)))
        }
    }
}

/// `default`: the chance where none is given; without it a chance must be given.
fn chances(mut section: Section<'_>, default: Option<f64>, context: Context) -> Chances {
    let chances = Chances {
        // A step is one callback.
        events: if default.is_none() { events(&mut section, "events") } else { None },
        drop: section.get("drop").and_then(|value| drop(&section, value, default)),
        duplicate: part(&mut section, "duplicate", default, |table| {
            let after = table.duration("after").map_or(Chances::DUPLICATE.after, |after| after.value);
            let sends = table.one_of("sends", &DuplicateAs::ALL).map_or(Chances::DUPLICATE.sends, |sends| sends.value);
            Some(Duplicate { after, sends })
        }),
        delay: part(&mut section, "delay", default, |table| {
            let by = table.duration_range("by");
            if table.key_span("by").is_none() {
                table.add(Problem::error(table.span.clone(), "no `by` in `delay`").help("write by = \"1s..10s\""));
            }
            by.map(|by| (by.value.min, by.value.max))
        })
        .map(|(chance, (min, max))| (chance, min, max)),
        corrupt: part(&mut section, "corrupt", default, |table| kinds(table, &Corruption::ALL)),
        signature: part(&mut section, "signature", default, |table| kinds(table, &BadSignature::ALL)),
        connection: part(&mut section, "connection", default, |table| kinds(table, &BadConnection::ALL)),
    };
    let acts = chances.signature.as_ref().is_some_and(|(chance, _)| *chance > 0.0);
    if let Some(span) = section.key_span("signature").filter(|_| acts && !context.signed) {
        section.add(
            Problem::error(span, "there is no signature to be wrong")
                .help("give the callbacks a key: [payload] key = \"…\" or key_env = \"…\""),
        );
    }
    section.finish();
    chances
}

/// A chance alone.
fn drop(section: &Section<'_>, value: &Value<'_>, default: Option<f64>) -> Option<f64> {
    match (value.get_ref(), default) {
        (DeValue::Boolean(truth), Some(_)) => Some(f64::from(u8::from(*truth))),
        _ => section.chance_of("drop", value),
    }
}

/// One fault: a chance alone, or a table with a chance and more.
fn part<'a, T>(
    section: &mut Section<'a>,
    key: &'static str,
    default: Option<f64>,
    rest: impl FnOnce(&mut Section<'a>) -> Option<T>,
) -> Option<(f64, T)> {
    let value = section.get(key)?;
    if value.get_ref().as_table().is_none() {
        section.add(
            Problem::error(value.span(), format!("`{key}` must be a table"))
                .help(format!("write {key} = {{ chance = 0.05{} }}", example(key))),
        );
        return None;
    }
    let mut table = section.section_of(key, &format!("`{key}`"), value)?;
    let chance = table.chance("chance").or(default.filter(|_| table.key_span("chance").is_none()));
    if chance.is_none() && table.key_span("chance").is_none() {
        table.add(
            Problem::error(value.span(), format!("no `chance` in `{key}`"))
                .help("a number from 0 to 1: chance = 0.05 is one in twenty"),
        );
    }
    let rest = rest(&mut table);
    table.finish();
    Some((chance?, rest?))
}

fn example(key: &str) -> &'static str {
    match key {
        "duplicate" => ", after = \"300ms\"",
        "delay" => ", by = \"1s..10s\"",
        "corrupt" => ", kinds = [\"truncated\"]",
        "signature" => ", kinds = [\"wrong\"]",
        _ => ", kinds = [\"reset\"]",
    }
}

/// `kinds`, all of them where none are named.
fn kinds<T: Copy>(section: &mut Section<'_>, all: &[(&'static str, T)]) -> Option<Vec<T>> {
    let every = || all.iter().map(|(_, kind)| *kind).collect();
    if section.key_span("kinds").is_none() {
        section.get("kinds");
        return Some(every());
    }
    let items = section.array("kinds", all.len())?;
    if items.value.is_empty() {
        section.add(Problem::error(items.span, "`kinds` is empty: there is nothing to draw"));
        return None;
    }
    let kind = |item: &Value<'_>| {
        let Some(name) = item.get_ref().as_str() else {
            section.add(
                Problem::error(item.span(), "`kinds` must be names")
                    .help(format!("they are {}", list(all.iter().map(|(name, _)| *name)))),
            );
            return None;
        };
        let kind = word(name, all);
        if kind.is_none() {
            section.add(unknown_word("kinds", &At { value: name, span: item.span() }, all));
        }
        kind
    };
    let kinds: Vec<_> = items.value.iter().filter_map(kind).collect();
    (!kinds.is_empty()).then_some(kinds)
}
