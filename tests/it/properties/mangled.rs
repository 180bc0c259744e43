//! Files of any kind with a few bytes changed: cut, doubled, swapped, and with pieces in them that break things.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Pieces that break things: marks, numbers too large, text that is none, and depth.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let marks = "{ } [ ] \" ' , : = # \\ \\u0000 \\ud800 null true {} [] \"\" 0 -1 -0 1e999 0.5 NaN 18446744073709551615 \
        18446744073709551616 -9223372036854775809 9999-12-31T23:59:59Z 0000-01-01T00:00:00+99:99 99999h 1ns {n} HTTP/1.1 \
        chunked ffffffffffffffff 100 999 GET POST";
    prop_oneof![
        6 => select(marks.split_whitespace().collect::<Vec<_>>()).prop_map(|mark| mark.as_bytes().to_vec()),
        1 => select(vec!["\n", "\r\n", "\r\n\r\n", " ", "\t", "\0", "\u{feff}", "\u{202e}", "\u{1b}[2J", "名"])
            .prop_map(|mark| mark.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..8),
        1 => (select(vec!["[", "{\"a\":", "a.", "[[", "("]), 1usize..400).prop_map(|(open, deep)| open.repeat(deep).into_bytes()),
        1 => (any::<u8>(), 1usize..5000).prop_map(|(byte, long)| vec![byte; long]),
    ]
}

/// A change to a few bytes.
#[derive(Debug, Clone)]
enum Change {
    Cut,
    Flip(u8),
    Insert(Vec<u8>),
    /// So many bytes give way.
    Replace(usize, Vec<u8>),
    /// With a line elsewhere.
    SwapLines(Index),
    DoubleLine,
    DeleteLine,
    /// A word or a number becomes another one of the file.
    Word(Index),
    /// What stands at a word.
    Overwrite(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => Just(Change::Cut),
        2 => any::<u8>().prop_map(Change::Flip),
        4 => piece().prop_map(Change::Insert),
        4 => (1usize..40, piece()).prop_map(|(length, piece)| Change::Replace(length, piece)),
        2 => any::<Index>().prop_map(Change::SwapLines),
        2 => Just(Change::DoubleLine),
        1 => Just(Change::DeleteLine),
        4 => any::<Index>().prop_map(Change::Word),
        6 => piece().prop_map(Change::Overwrite),
    ]
}

/// One of these files with one to seven changes.
pub(super) fn mangled(files: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(files), vec((any::<Index>(), change()), 1..8)).prop_map(|(mut bytes, changes)| {
        for (place, change) in changes {
            if !bytes.is_empty() {
                apply(change, place, &mut bytes);
            }
        }
        bytes
    })
}

fn apply(change: Change, place: Index, bytes: &mut Vec<u8>) {
    let at = place.index(bytes.len());
    match change {
        Change::Cut => bytes.truncate(at),
        Change::Flip(by) => bytes[at] ^= by,
        Change::Insert(piece) => drop(bytes.splice(at..at, piece)),
        Change::Replace(length, piece) => {
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        Change::SwapLines(other) => {
            let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let count = lines.len();
            lines.swap(place.index(count), other.index(count));
            *bytes = lines.concat();
        }
        Change::DoubleLine | Change::DeleteLine => {
            let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let line = lines.remove(place.index(lines.len()));
            if matches!(change, Change::DoubleLine) {
                lines.insert(place.index(lines.len() + 1), [line.clone(), line].concat());
            }
            *bytes = lines.concat();
        }
        Change::Word(other) => {
            let words = words(bytes);
            if !words.is_empty() {
                let other = bytes[words[other.index(words.len())].clone()].to_vec();
                bytes.splice(words[place.index(words.len())].clone(), other);
            }
        }
        Change::Overwrite(piece) => {
            let words = words(bytes);
            if !words.is_empty() {
                bytes.splice(words[place.index(words.len())].clone(), piece);
            }
        }
    }
}

/// Where words and numbers stand.
fn words(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut words: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let belongs = byte.is_ascii_alphanumeric() || [b'_', b'-', b'.'].contains(byte);
        match words.last_mut() {
            Some(last) if belongs && last.end == at => last.end += 1,
            _ if belongs => words.push(at..at + 1),
            _ => {}
        }
    }
    words
}
