//! Text that may or may not be a scenario: nonsense, and shipped scenarios with a few pieces changed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use pullpush::scenario::library::LIBRARY;

/// Words that mean something to a scenario.
const WORDS: &str = "version name seed service receiver payload task incident step source files url duration loops file_index end \
    offset backup slate when resume at file chance kind lasts retry_every exit_after exit exits weight key key_env epoch retry timeout headers ordering \
    profile stamps sign_for callback_events event msg body body_file count spacing start start_gap file_gap task_id to_url \
    stream_id callback_url faults expect probe fault drop duplicate delay corrupt signature connection kinds by sends \
    events status within json delivered refused get post eventually send load after after_answer first true false [receiver] [payload] [[task]] [[task.incident]] \
    [[task.step]] [faults] [expect] [[probe]] [task.faults] [task] {} []";

/// Strings that mean something, or almost.
const STRINGS: &str = r#""vod" "live" "picture" "push-broken" "file-failed" "crash" "migration" "modified" "stopped" "paused"
    "restarted" "after-file" "plays" "breakpoint" "list"
    "pull-unstable" "file-ends-early" "source-down" "forever" "none" "documented" "strict" "free" "complete" "doc-2025"
    "string" "TaskStart" "TaskExit" "TaskAlarm" "VodSourceFileStart" "New" "EIO" "ETIMEDOUT" "http://a.test/{n}" "rtmp://a/b"
    "ftp://a" "http://" "http://[::1" "{n}" "" " " "1s" "20m" "0s" "1ms" "1.5s" "-1s" "1us" "366d" "9999999y" "1s..2s" "2s..1s"
    ".." "2026-01-01T00:00:00Z" "9999-12-31T23:59:59Z" "1969-12-31T23:59:59Z" "testkey" "推流" "👨‍👩‍👧" "\u0000" "\uD800" "a\nb"
    "118148" "truncated" "reset" "wrong" "same-bytes" "duplicate" "drop" "4xx" "end" "/tasks/{task_id}" "/{x}" "/a/b""#;

/// Numbers that TOML knows.
const NUMBERS: &str = "0 1 -1 2 30 0.0 0.5 1.0 1.5 -0.5 1e-9 1e400 nan -inf 100_000_000 100_000_001 9223372036854775807 \
    -9223372036854775808 99999999999999999999 0xFFFFFFFFFFFFFFFF 0o7 0b1 2026-01-01T00:00:00Z 2026-01-01 25:00:00";

/// Pieces that break things, and white space, which is among them as it is.
const MARKS: &[&str] = &[
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
    "\u{feff}",
    "名",
    "\u{0}",
    "\u{1b}[31m",
    "\u{202e}",
    "e\u{301}",
];

fn one_of(list: &'static str) -> impl Strategy<Value = String> {
    select(list.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned)
}

/// Pieces of scenarios, and a few of anything.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => one_of(WORDS),
        2 => one_of(STRINGS),
        2 => one_of(NUMBERS),
        4 => select(MARKS).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "\"[ -~]{0,12}\"",
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| format!("{number:?}")),
    ]
}

/// Nonsense.
pub(super) fn nonsense() -> impl Strategy<Value = String> {
    let line = (piece(), piece()).prop_map(|(key, value)| format!("{key} = {value}\n"));
    prop_oneof![
        any::<String>(),
        vec(piece(), 0..40).prop_map(|pieces| pieces.concat()),
        vec(line, 0..20).prop_map(|lines| lines.concat()),
    ]
}

/// A change to one piece of a text.
#[derive(Debug, Clone)]
enum Change {
    Delete,
    Double,
    Replace(String),
    Insert(String),
    /// With the piece so many further on.
    Swap(usize),
    /// Ends the text here.
    Cut,
    /// A word for a word, a string for a string, a number for a number.
    Kindred {
        word: String,
        string: String,
        number: String,
    },
    /// Takes out the line.
    DeleteLine,
    /// Repeats the line.
    DoubleLine,
}

/// Anywhere, whatever becomes of it.
fn rough_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Delete),
        3 => Just(Change::Double),
        6 => piece().prop_map(Change::Replace),
        3 => piece().prop_map(Change::Insert),
        2 => (1usize..30).prop_map(Change::Swap),
        1 => Just(Change::Cut),
    ]
}

/// One that leaves TOML behind most of the time.
fn fine_change() -> impl Strategy<Value = Change> {
    let kindred = (one_of(WORDS), one_of(STRINGS), one_of(NUMBERS));
    prop_oneof![
        6 => kindred.prop_map(|(word, string, number)| Change::Kindred { word, string, number }),
        2 => Just(Change::DeleteLine),
        1 => Just(Change::DoubleLine),
    ]
}

/// A shipped scenario with one to five pieces changed.
pub(super) fn changed() -> impl Strategy<Value = String> {
    // Without comments: a change there changes nothing.
    let bare =
        |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let texts: Vec<String> = LIBRARY.iter().map(|shipped| bare(shipped.text)).collect();
    let changes = prop_oneof![
        1 => vec((any::<Index>(), rough_change()), 1..6),
        3 => vec((any::<Index>(), fine_change()), 1..6),
    ];
    (select(texts), changes).prop_map(|(text, changes)| {
        let mut pieces = pieces(&text);
        for (place, change) in changes {
            if !pieces.is_empty() {
                apply(change, place.index(pieces.len()), &mut pieces);
            }
        }
        pieces.concat()
    })
}

fn apply(change: Change, at: usize, pieces: &mut Vec<String>) {
    let line_of = |pieces: &[String]| {
        let starts = pieces[..at].iter().rposition(|piece| piece == "\n").map_or(0, |newline| newline + 1);
        let ends = pieces[at..].iter().position(|piece| piece == "\n").map_or(pieces.len(), |further| at + further + 1);
        starts..ends
    };
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
        Change::Kindred { word, string, number } => {
            let is =
                |kind: fn(&char) -> bool| move |piece: &&mut String| piece.chars().next().as_ref().is_some_and(kind);
            // The next piece that is more than a mark.
            let wanted = is(|letter| *letter == '"' || letter.is_alphanumeric() || *letter == '-');
            if let Some(piece) = pieces[at..].iter_mut().find(wanted) {
                *piece = match piece.chars().next() {
                    Some('"') => string,
                    Some(letter) if letter.is_alphabetic() => word,
                    _ => number,
                };
            }
        }
        Change::DeleteLine => drop(pieces.drain(line_of(pieces))),
        Change::DoubleLine => {
            let line = line_of(pieces);
            let copy = pieces[line.clone()].to_vec();
            pieces.splice(line.end..line.end, copy);
        }
    }
}

/// Strings with their quotes, words, numbers, and single marks.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let (mut in_word, mut in_string) = (false, false);
    for letter in text.chars() {
        let is_word = letter.is_alphanumeric() || ['_', '-', '.'].contains(&letter);
        match pieces.last_mut() {
            Some(last) if in_string || (is_word && in_word) => last.push(letter),
            _ => pieces.push(letter.to_string()),
        }
        in_word = is_word;
        in_string ^= letter == '"';
    }
    pieces
}

/// What may be typed behind `--set`.
pub(super) fn typed_override() -> impl Strategy<Value = String> {
    let paths = ["receiver", "payload", "task", "task.1", "task.1.incident", "task.2.step.1.msg", "seed", "name"];
    let path = select(paths.to_vec());
    let value = || prop_oneof![one_of(STRINGS), one_of(NUMBERS), piece()];
    prop_oneof![
        3 => (path.clone(), one_of(WORDS), value()).prop_map(|(path, key, value)| format!("{path}.{key}={value}")),
        2 => (path, value()).prop_map(|(path, value)| format!("{path}={value}")),
        1 => vec(piece(), 0..6).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ]
}
