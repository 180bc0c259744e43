//! Recorded callbacks, from our own journals or from elsewhere, and the scenario that plays them again.

mod capture;
mod har;
mod journal;
mod lines;
mod script;

pub use script::{ReplayOptions, script};

use std::io::{BufRead, Read};

use bytes::Bytes;

use self::lines::{Lines, MAX_LINE};
use crate::time::Millis;

/// The most callbacks of a recording that is to be played.
pub const MAX_RECORDS: usize = 1_000_000;

/// One recorded request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it was made: since 1970-01-01T00:00:00Z, or since the first one. A body alone does not tell.
    pub at: Option<Millis>,
    /// Which lane it belongs to: callbacks of one lane go out one after the other.
    pub lane: String,
    /// Where it went.
    pub url: Option<String>,
    /// Its User-Agent, if the recording tells.
    pub user_agent: Option<String>,
    /// Its Content-Type, if the recording tells.
    pub content_type: Option<String>,
    /// What it said.
    pub body: Bytes,
    /// Whether the body was recorded as JSON and not as text: what stood between its tokens is lost.
    pub parsed: bool,
    /// Whether it was acknowledged in the end, if the recording tells.
    pub acknowledged: Option<bool>,
}

/// What a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Our own.
    Journal,
    /// A JSON object a line.
    Lines,
    /// As browsers and proxies write it.
    Har,
}

/// Why a recording cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A line that cannot be read.
    #[error("line {line}: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A HAR file that cannot be read.
    #[error("{0}")]
    Har(String),
    /// Nothing in it.
    #[error("no callback is recorded in it")]
    Empty,
    /// A body alone: nothing tells when it is to be sent.
    #[error("a body without its time cannot be played; a line is {}", capture::EXAMPLE)]
    Timeless,
    /// More than [`MAX_RECORDS`].
    #[error("more than {MAX_RECORDS} callbacks")]
    TooMany,
    /// The file itself.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

impl ReadError {
    fn line(index: usize, why: impl Into<String>) -> Self {
        Self::Line { line: index + 1, why: why.into() }
    }
}

/// What JSON says of a line of its own: which line it is has been said, and where a field is missing is nowhere.
fn why(error: &serde_json::Error) -> String {
    let (said, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
    match said.strip_suffix(&place) {
        Some(said) if error.is_data() => said.to_owned(),
        Some(said) => format!("{said} at column {}", error.column()),
        None => said,
    }
}

/// Whatever `take` is given of a recording.
enum Item {
    /// A request; with a place to find it again if more may be told of it.
    Request(Option<journal::Place>, Record),
    /// What came of the request at a place.
    Ended(journal::Place, bool),
}

/// Reads a recording to be played: everything in it, in order of time, which counts from the first one.
///
/// # Errors
/// It is none, nothing is in it, or too much.
pub fn read(input: impl BufRead) -> Result<Vec<Record>, ReadError> {
    let mut records = Vec::new();
    let mut places = std::collections::HashMap::new();
    items(input, &mut |item| {
        match item {
            Item::Request(_, Record { at: None, .. }) => return Err(ReadError::Timeless),
            Item::Request(place, record) => {
                places.extend(place.map(|place| (place, records.len())));
                records.push(record);
            }
            Item::Ended(place, acknowledged) => {
                if let Some(record) = places.get(&place).and_then(|index| records.get_mut(*index)) {
                    record.acknowledged = Some(acknowledged);
                }
            }
        }
        if records.len() > MAX_RECORDS { Err(ReadError::TooMany) } else { Ok(()) }
    })?;
    let first = records.iter().filter_map(|record| record.at).min().ok_or(ReadError::Empty)?;
    records.iter_mut().for_each(|record| record.at = record.at.map(|at| at.minus(first)));
    records.sort_by_key(|record| record.at);
    Ok(records)
}

/// Reads a recording one request after the other, however many there are: none is kept. Their times count from 1970.
///
/// # Errors
/// It is none. Requests before the place that cannot be read were taken.
pub fn each(input: impl BufRead, mut take: impl FnMut(Record)) -> Result<Source, ReadError> {
    items(input, &mut |item| {
        if let Item::Request(_, record) = item {
            take(record);
        }
        Ok(())
    })
}

/// A journal, lines of JSON with time, headers and body, or a HAR file. What it is shows in its first line.
fn items(mut input: impl BufRead, take: &mut dyn FnMut(Item) -> Result<(), ReadError>) -> Result<Source, ReadError> {
    let mut lines = Lines::new(&mut input);
    let Some((index, first)) = lines.next_filled()? else { return Err(ReadError::Empty) };
    let is_whole = first.len() < MAX_LINE;
    if is_whole && journal::is_line(&first) {
        journal::read(index, first, lines, take)?;
        Ok(Source::Journal)
    } else if is_whole && capture::is_line(&first) {
        capture::read(index, first, lines, take)?;
        Ok(Source::Lines)
    } else {
        har::read(first.as_bytes().chain(input), take)?;
        Ok(Source::Har)
    }
}

/// The lane of a body that names its task; those that do not share one.
fn lane_of(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("task_id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
