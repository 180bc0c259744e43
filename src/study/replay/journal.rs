//! Our own journals: the first attempt of every delivery, with what came of it.

use std::io::BufRead;

use bytes::Bytes;
use serde::Deserialize;

use super::lines::Lines;
use super::{Item, ReadError, Record, why};
use crate::time::Millis;

/// Which delivery of which scenario of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    scenario: usize,
    task: u64,
    number: u64,
}

/// What of a line is looked at. Unknown lines and fields are of later versions.
#[derive(Debug, Deserialize)]
struct Line {
    schema_version: u32,
    event: String,
    #[serde(default)]
    task: u64,
    #[serde(default)]
    task_id: String,
    #[serde(default)]
    number: u64,
    #[serde(default)]
    attempt: u32,
    #[serde(default)]
    duplicate: bool,
    #[serde(default)]
    due_at_ms: u64,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_hex: Option<String>,
    #[serde(default)]
    end: Option<String>,
}

/// Whether a text's first line is a journal's.
pub(super) fn is_line(text: &str) -> bool {
    serde_json::from_str::<Line>(text).is_ok()
}

/// Reads a journal. Its last line may be cut: whoever wrote it may have been killed.
pub(super) fn read(
    mut index: usize,
    mut text: String,
    mut lines: Lines<impl BufRead>,
    take: &mut dyn FnMut(Item) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut scenario = 0;
    loop {
        let next = lines.next_whole()?;
        let line: Line = match serde_json::from_str(&text) {
            Ok(line) => line,
            Err(_) if next.is_none() => return Ok(()),
            Err(error) => return Err(ReadError::line(index, format!("is no line of a journal: {}", why(&error)))),
        };
        if line.schema_version != crate::report::ndjson::SCHEMA_VERSION {
            return Err(ReadError::line(index, format!("has schema version {}", line.schema_version)));
        }
        let place = Place { scenario, task: line.task, number: line.number };
        match line.event.as_str() {
            "started" => scenario += 1,
            "sent" if line.attempt == 1 && !line.duplicate => {
                let record = record(line).ok_or_else(|| ReadError::line(index, "has no body"))?;
                take(Item::Request(Some(place), record))?;
            }
            "ended" => take(Item::Ended(place, line.end.as_deref() == Some("acknowledged")))?,
            _ => {}
        }
        match next {
            Some(next) => (index, text) = next,
            None => return Ok(()),
        }
    }
}

fn record(line: Line) -> Option<Record> {
    let body = match (line.body, line.body_hex) {
        (Some(body), _) => Bytes::from(body),
        (None, hex) => unhex(&hex?)?.into(),
    };
    let (user_agent, content_type) = (None, None);
    let (at, lane, url) = (Some(Millis(line.due_at_ms)), line.task_id, line.url);
    Some(Record { at, lane, url, user_agent, content_type, body, parsed: false, acknowledged: None })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
