//! `[faults]`, `[task.faults]`, and the `fault` of a step.

use toml::de::DeValue;

use super::events::events;
use crate::callback::sign::BadSignature;
use crate::fault::chances::Chances;
use crate::fault::{BadConnection, Corruption, Duplicate, DuplicateAs};
use crate::scenario::problem::{Problem, did_you_mean};
use crate::scenario::section::{At, Section, Value, list, mistyped, unknown_word, word};

/// What is to be known about the rest of the scenario.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// Whether callbacks are signed.
    pub(super) signed: bool,
}

/// `[faults]` or `[task.faults]`, whatever it is called here, if it is there.
pub(super) fn read(section: &mut Section<'_>, name: &str, context: Context) -> Chances {
    section.section("faults", name).map_or_else(Chances::default, |table| chances(table, None, context))
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
