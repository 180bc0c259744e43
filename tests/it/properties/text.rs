//! Text that may or may not be a scenario: nonsense, and shipped scenarios with a few pieces changed.

use proptest::collection::vec;
use proptest::prelude::*;
use pullpush::library::LIBRARY;

/// Pieces that mean something to a scenario, or break it.
const PIECES: &[&str] = &[
    "version",
    "name",
    "seed",
    "[receiver]",
    "[payload]",
    "[[task]]",
    "[[task.incident]]",
    "[[task.step]]",
    "[task]",
    "source",
    "\"vod\"",
    "\"live\"",
    "files",
    "url",
    "duration",
    "loops",
    "end",
    "at",
    "file",
    "chance",
    "kind",
    "lasts",
    "exit",
    "exits",
    "key",
    "epoch",
    "retry",
    "headers",
    "callback_events",
    "event",
    "msg",
    "body",
    "body_file",
    "count",
    "start_gap",
    "\"push-broken\"",
    "\"file-failed\"",
    "\"forever\"",
    "\"TaskStart\"",
    "\"http://a.test/{n}\"",
    "{n}",
    "=",
    ".",
    ",",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "'",
    "#",
    "\\",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "0",
    "1",
    "-1",
    "1e400",
    "nan",
    "-inf",
    "0.5",
    "true",
    "99999999999999999999",
    "0xFFFFFFFFFFFFFFFF",
    "2026-01-01T00:00:00Z",
    "\"1s\"",
    "\"-1s\"",
    "\"1000000000y\"",
    "\"1ns\"",
    "\"..\"",
    "\"2s..1s\"",
    "-9223372036854775808",
    "\u{feff}",
    "名",
    "\"推流\"",
    "👨‍👩‍👧",
    "\u{0}",
    "\u{1b}[31m",
    "\u{202e}",
    "e\u{301}",
    "\"\\u0000\"",
    "\"\\uD800\"",
];

/// Pieces of scenarios, and a few of anything.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[a-z_.]{1,8}",
        1 => "\"[ -~]{0,12}\"",
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| format!("{number:?}")),
    ]
}

/// Nonsense.
pub(super) fn nonsense() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        vec(piece(), 0..40).prop_map(|pieces| pieces.concat()),
        vec((piece(), piece()), 0..20).prop_map(|lines| {
            lines.into_iter().map(|(key, value)| format!("{key} = {value}\n")).collect::<String>()
        }),
    ]
}

/// A change to one piece of a text.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Delete,
    Double,
    Replace(String),
    Insert(String),
    /// With the piece so many further on.
    Swap(usize),
    /// Ends the text here.
    Cut,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Delete),
        3 => Just(Change::Double),
        6 => piece().prop_map(Change::Replace),
        3 => piece().prop_map(Change::Insert),
        2 => (1usize..30).prop_map(Change::Swap),
        1 => Just(Change::Cut),
    ]
}

/// A shipped scenario with one to five pieces changed.
pub(super) fn changed() -> impl Strategy<Value = String> {
    // Without comments: a change there changes nothing.
    let bare =
        |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let texts: Vec<String> = LIBRARY.iter().map(|shipped| bare(shipped.text)).collect();
    (proptest::sample::select(texts), vec((any::<proptest::sample::Index>(), change()), 1..6)).prop_map(
        |(text, changes)| {
            let mut pieces = pieces(&text);
            for (place, change) in changes {
                if !pieces.is_empty() {
                    apply(change, place.index(pieces.len()), &mut pieces);
                }
            }
            pieces.concat()
        },
    )
}

fn apply(change: Change, at: usize, pieces: &mut Vec<String>) {
    match change {
        Change::Delete => drop(pieces.remove(at)),
        Change::Double => pieces.insert(at, pieces[at].clone()),
        Change::Replace(other) => pieces[at] = other,
        Change::Insert(other) => pieces.insert(at, other),
        Change::Swap(further) => {
            let other = (at + further) % pieces.len();
            pieces.swap(at, other);
        }
        Change::Cut => pieces.truncate(at),
    }
}

/// Words, strings' contents and single marks.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_word = false;
    for letter in text.chars() {
        let is_word = letter.is_alphanumeric() || letter == '_' || letter == '-';
        match pieces.last_mut() {
            Some(last) if is_word && in_word => last.push(letter),
            _ => pieces.push(letter.to_string()),
        }
        in_word = is_word;
    }
    pieces
}

/// What may be typed behind `--set`.
pub(super) fn override_() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] =
        &["receiver", "payload", "task", "task.1", "task.1.incident", "task.2.step.1.msg", "seed", "name"];
    prop_oneof![
        (proptest::sample::select(KNOWN), piece(), piece())
            .prop_map(|(path, key, value)| { format!("{path}.{key}={value}") }),
        (proptest::sample::select(KNOWN), piece()).prop_map(|(path, value)| format!("{path}={value}")),
        vec(piece(), 0..6).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}
