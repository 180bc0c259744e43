//! Recorded callbacks, from our own journals or from elsewhere, and the scenario that plays them again.

mod capture;
mod har;
mod journal;
mod script;

pub use script::{Manner, script};

use bytes::Bytes;

use crate::time::Millis;

/// The largest recording, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// The most callbacks of a recording.
pub const MAX_RECORDS: usize = 1_000_000;

/// One recorded request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Since the first one.
    pub at: Millis,
    /// Which lane it belongs to: callbacks of one lane go out one after the other.
    pub lane: String,
    /// Where it went.
    pub url: Option<String>,
    /// What it said.
    pub body: Bytes,
    /// Whether it was acknowledged in the end, if the recording tells.
    pub acknowledged: Option<bool>,
}

/// Why a recording cannot be played.
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
    /// More than [`MAX_RECORDS`].
    #[error("more than {MAX_RECORDS} callbacks")]
    TooMany,
}

impl ReadError {
    fn line(index: usize, why: impl Into<String>) -> Self {
        Self::Line { line: index + 1, why: why.into() }
    }
}

/// Reads a recording: a journal, lines of JSON with time, headers and body, or a HAR file. What it is shows in its text.
///
/// # Errors
/// It is none of these, or nothing is in it.
pub fn read(text: &str) -> Result<Vec<Record>, ReadError> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut records = if journal::is_line(first) {
        journal::read(text)?
    } else if serde_json::from_str::<serde_json::Value>(first).is_ok_and(|line| line.get("log").is_none()) {
        capture::read(text)?
    } else {
        har::read(text)?
    };
    if records.len() > MAX_RECORDS {
        return Err(ReadError::TooMany);
    }
    let first = records.iter().map(|record| record.at).min().ok_or(ReadError::Empty)?;
    records.iter_mut().for_each(|record| record.at = record.at.minus(first));
    records.sort_by_key(|record| record.at);
    Ok(records)
}

/// The lane of a body that names its task; those that do not share one.
fn lane_of(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("task_id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
