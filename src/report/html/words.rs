//! Texts of a page, each written down once, and how much room there is for them.

use std::collections::HashMap;
use std::fmt::Write;

use serde::Serialize;

use crate::text::{escaped, escaped_lines, without_passwords_of_urls};

/// The longest body that is shown whole, in bytes.
const MAX_BODY: usize = 4 * 1024;
/// The longest other text, in characters.
const MAX_TEXT: usize = 300;
/// What a number costs on the page, in bytes.
const NUMBER: usize = 6;

/// How much a page may still hold: all its scenarios share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Deliveries.
    pub deliveries: usize,
    /// Deliveries that failed, when there is no room for others any more.
    pub failed_deliveries: usize,
    /// Attempts of them.
    pub attempts: usize,
    /// Failures that are told one by one.
    pub failures: usize,
    /// Probes.
    pub probes: usize,
    /// Texts, in bytes.
    pub texts: usize,
    /// Of these what is kept for the texts of failures.
    pub texts_of_failures: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            deliveries: 20_000,
            failed_deliveries: 1_000,
            attempts: 50_000,
            failures: 1_000,
            probes: 5_000,
            texts: 4 * 1024 * 1024,
            texts_of_failures: 1024 * 1024,
        }
    }
}

impl Room {
    /// Takes `what`'s place for one; whether there was any.
    pub(super) fn take(what: &mut usize) -> bool {
        let there = *what > 0;
        *what = what.saturating_sub(1);
        there
    }
}

/// Texts by their numbers. Many are the same, or nearly: of two bodies of a task most fields are.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Words {
    texts: Vec<String>,
    #[serde(skip)]
    numbers: HashMap<String, u32>,
}

impl Words {
    /// The number of a text, of which only the beginning is kept if it is long; `None` if there is no room for it.
    pub(super) fn text(&mut self, text: &str, room: &mut Room, of_failure: bool) -> Option<u32> {
        let text = match text.char_indices().nth(MAX_TEXT) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        self.number(escaped_lines(&text).into_owned(), room, of_failure)
    }

    /// The number of a text that is of no use in part.
    pub(super) fn whole(&mut self, text: &str, room: &mut Room) -> Option<u32> {
        self.number(escaped(text).into_owned(), room, true)
    }

    /// A body as the numbers of its pieces; `None` if there is no room for it.
    pub(super) fn body(&mut self, bytes: &[u8], room: &mut Room, of_failure: bool) -> Option<Body> {
        let shown = &bytes[..bytes.len().min(MAX_BODY)];
        let is_cut = shown.len() < bytes.len();
        let mut text = String::new();
        let mut is_text = true;
        for chunk in shown.utf8_chunks() {
            text.push_str(chunk.valid());
            // What is cut ends in the middle of a character, perhaps.
            let is_end = is_cut && chunk.invalid().as_ptr_range().end == shown.as_ptr_range().end;
            if !chunk.invalid().is_empty() && !is_end {
                is_text = false;
                for byte in chunk.invalid() {
                    let _ = write!(text, "\\x{byte:02x}");
                }
            }
        }
        let written = without_passwords_of_urls(&text);
        let pieces = written.split_inclusive(',').map(|piece| self.number(piece.to_owned(), room, of_failure));
        let pieces = pieces.collect::<Option<_>>()?;
        Some(Body { pieces, is_escaped: !is_text, bytes: is_cut.then_some(bytes.len()) })
    }

    fn number(&mut self, text: String, room: &mut Room, of_failure: bool) -> Option<u32> {
        let known = self.numbers.get(&text).copied();
        let cost = NUMBER + if known.is_none() { text.len() } else { 0 };
        let kept = if of_failure { 0 } else { room.texts_of_failures };
        if room.texts < cost + kept {
            return None;
        }
        room.texts -= cost;
        known.or_else(|| {
            let number = u32::try_from(self.texts.len()).ok()?;
            self.texts.push(text.clone());
            self.numbers.insert(text, number);
            Some(number)
        })
    }
}

/// A body in pieces. That of the first attempt stands for all.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    pub(super) pieces: Vec<u32>,
    /// Whether bytes that are no text stand as `\xNN`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_escaped: bool,
    /// How long it is, if it is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(words: &Words, body: &Body) -> String {
        body.pieces.iter().map(|piece| &*words.texts[*piece as usize]).collect()
    }

    #[test]
    fn bodies_share_their_pieces() {
        let (mut words, mut room) = (Words::default(), Room::default());
        let bodies = [r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,"b":9,"c":3}"#].map(|body| {
            let kept = words.body(body.as_bytes(), &mut room, false).unwrap();
            assert_eq!(written(&words, &kept), body);
            kept
        });
        assert_eq!(bodies.map(|body| body.pieces), [vec![0, 1, 2], vec![0, 3, 2]]);
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped_and_long_ones_cut() {
        let (mut words, mut room) = (Words::default(), Room::default());
        let body = words.body(b"{\xff\xfe}", &mut room, false).unwrap();
        assert_eq!((written(&words, &body).as_str(), body.is_escaped, body.bytes), ("{\\xff\\xfe}", true, None));
        let long = "é".repeat(MAX_BODY);
        let body = words.body(&long.as_bytes()[1..], &mut room, false).unwrap();
        assert!(body.is_escaped && written(&words, &body).starts_with("\\xa9é"));
        let body = words.body(format!("a{long}").as_bytes(), &mut room, false).unwrap();
        let text = written(&words, &body);
        assert_eq!((text.len(), body.is_escaped, body.bytes), (MAX_BODY - 1, false, Some(2 * MAX_BODY + 1)));
    }

    #[test]
    fn the_last_room_is_for_failures() {
        let mut room = Room { texts: 30, texts_of_failures: 15, ..Room::default() };
        let mut words = Words::default();
        assert_eq!(words.text("12345", &mut room, false), Some(0));
        assert_eq!(words.text("67890", &mut room, false), None);
        assert_eq!(words.text("67890", &mut room, true), Some(1));
        assert_eq!(words.text("abcde", &mut room, true), None);
        assert_eq!(words.text("67890", &mut room, true), Some(1));
    }
}
