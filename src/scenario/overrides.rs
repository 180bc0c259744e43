//! `--set path=value`: replaces a value before anything is read from it.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems};
use super::section::QUOTES;
use super::source::Source;
use crate::text::quoted;

/// The longest path, in keys. Each is a call inside the last one: without a limit the stack would be it.
const MAX_DEPTH: usize = 32;

/// Applies every override of `source` to `root`; one that hits nothing is a problem.
pub(super) fn apply<'a>(source: &'a Source, root: &mut DeTable<'a>, problems: &Problems) {
    for (offset, text) in source.overrides() {
        let whole = offset..offset + text.len();
        let Some((path, value)) = text.split_once('=') else {
            problems.add(
                Problem::error(whole, "an override is written path=value")
                    .help("for example --set receiver.retry=none or --set task.1.count=20"),
            );
            continue;
        };
        let value_offset = offset + path.len() + 1;
        let value = parse(value, value_offset);
        let segments = split(path, offset);
        if segments.iter().any(|(segment, _)| segment.is_empty()) {
            problems.add(
                Problem::error(offset..offset + path.len(), "a path is keys with dots between them")
                    .help("for example receiver.retry or task.1.count"),
            );
            continue;
        }
        if segments.len() > MAX_DEPTH {
            problems.add(Problem::error(
                offset..offset + path.len(),
                format!("a path has at most {MAX_DEPTH} keys: nothing lies deeper"),
            ));
            continue;
        }
        if let Err(problem) = set(root, &segments, &value) {
            problems.add(problem);
        }
    }
}

/// A shell takes quotes away: for what was typed there, the whole is shown as it has to be typed.
pub(super) fn show_quotes(source: &Source, problems: &mut [Problem]) {
    for problem in problems.iter_mut().filter(|problem| problem.help.as_deref() == Some(QUOTES)) {
        let place = source.locate(problem.span.clone());
        let parts =
            (place.text.get(..place.span.start), place.text.get(place.span.clone()), place.text.get(place.span.end..));
        if let ("--set", (Some(before), Some(value), Some(after))) = (place.name, parts) {
            problem.help = Some(format!("write --set {}", quoted(&format!("{before}\"{value}\"{after}"))));
        }
    }
}

/// A TOML value if it is one, else the text itself: `none` needs no quotes.
fn parse(text: &str, offset: usize) -> Spanned<DeValue<'_>> {
    match DeValue::parse(text.trim()) {
        Ok(mut value) => {
            shift(&mut value, offset + text.len() - text.trim_start().len());
            value
        }
        Err(_) => Spanned::new(offset..offset + text.len(), DeValue::String(Cow::Borrowed(text))),
    }
}

/// Moves all spans of `value` by `offset`, from its own text to its place behind the file.
fn shift(value: &mut Spanned<DeValue<'_>>, offset: usize) {
    let span = value.span();
    let mut inner = std::mem::replace(value.get_mut(), DeValue::Boolean(false));
    match &mut inner {
        DeValue::Array(items) => items.iter_mut().for_each(|item| shift(item, offset)),
        DeValue::Table(table) => {
            *table = std::mem::take(table)
                .into_iter()
                .map(|(key, mut value)| {
                    shift(&mut value, offset);
                    let span = key.span();
                    (Spanned::new(span.start + offset..span.end + offset, key.into_inner()), value)
                })
                .collect();
        }
        _ => {}
    }
    *value = Spanned::new(span.start + offset..span.end + offset, inner);
}

type Segment<'a> = (&'a str, std::ops::Range<usize>);

fn split(path: &str, offset: usize) -> Vec<Segment<'_>> {
    path.split('.')
        .scan(offset, |next, segment| {
            let start = *next;
            *next += segment.len() + 1;
            Some((segment, start..start + segment.len()))
        })
        .collect()
}

fn set<'a>(table: &mut DeTable<'a>, path: &[Segment<'a>], value: &Spanned<DeValue<'a>>) -> Result<(), Problem> {
    let Some(((key, span), rest)) = path.split_first() else { return Ok(()) };
    let existing = table.iter_mut().find(|(known, _)| known.get_ref() == key).map(|(_, value)| value);
    match existing {
        Some(existing) => set_in(existing, key, span.clone(), rest, value),
        None => {
            let mut fresh = value.clone();
            if !rest.is_empty() {
                let mut inner = DeTable::new();
                set(&mut inner, rest, value)?;
                fresh = Spanned::new(span.clone(), DeValue::Table(inner));
            }
            table.insert(Spanned::new(span.clone(), Cow::Borrowed(*key)), fresh);
            Ok(())
        }
    }
}

fn set_in<'a>(
    target: &mut Spanned<DeValue<'a>>,
    key: &str,
    span: std::ops::Range<usize>,
    path: &[Segment<'a>],
    value: &Spanned<DeValue<'a>>,
) -> Result<(), Problem> {
    let Some(((next, next_span), rest)) = path.split_first() else {
        *target = value.clone();
        return Ok(());
    };
    match target.get_mut() {
        DeValue::Table(table) => set(table, path, value),
        // A path without a number means every element.
        DeValue::Array(items) => match next.parse::<usize>() {
            Ok(number) => {
                let count = items.len();
                let item = number.checked_sub(1).and_then(|index| items.get_mut(index)).ok_or_else(|| {
                    Problem::error(next_span.clone(), format!("there is no {key}.{number}"))
                        .label(format!("the file has {count}, counted from 1"))
                })?;
                set_in(item, next, next_span.clone(), rest, value)
            }
            Err(_) => items.iter_mut().try_for_each(|item| set_in(item, key, span.clone(), path, value)),
        },
        _ => Err(Problem::error(span, format!("`{key}` is not a table: the override hits nothing"))),
    }
}
