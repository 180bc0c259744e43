//! Our own journals: the first attempt of every delivery, with what came of it.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;

use super::{MAX_RECORDS, ReadError, Record};
use crate::time::Millis;

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
pub(super) fn read(text: &str) -> Result<Vec<Record>, ReadError> {
    let mut records = Vec::new();
    let mut places = HashMap::new();
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    let mut scenario = 0;
    while let Some((index, text)) = lines.next() {
        let line: Line = match serde_json::from_str(text) {
            Ok(line) => line,
            Err(_) if lines.peek().is_none() => break,
            Err(error) => return Err(ReadError::line(index, format!("is no line of a journal: {error}"))),
        };
        if line.schema_version != crate::report::ndjson::SCHEMA_VERSION {
            return Err(ReadError::line(index, format!("has schema version {}", line.schema_version)));
        }
        let key = (scenario, line.task, line.number);
        match line.event.as_str() {
            "started" => scenario += 1,
            "sent" if line.attempt == 1 && !line.duplicate => {
                places.insert(key, records.len());
                records.push(record(line).ok_or_else(|| ReadError::line(index, "has no body"))?);
            }
            "ended" => {
                if let Some(record) = places.get(&key).and_then(|place| records.get_mut(*place)) {
                    record.acknowledged = Some(line.end.as_deref() == Some("acknowledged"));
                }
            }
            _ => {}
        }
        if records.len() > MAX_RECORDS {
            return Err(ReadError::TooMany);
        }
    }
    Ok(records)
}

fn record(line: Line) -> Option<Record> {
    let body = match (line.body, line.body_hex) {
        (Some(body), _) => Bytes::from(body),
        (None, hex) => unhex(&hex?)?.into(),
    };
    Some(Record { at: Millis(line.due_at_ms), lane: line.task_id, url: line.url, body, acknowledged: None })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
