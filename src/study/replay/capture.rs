//! Captures from elsewhere: a JSON object a line, with `time` and `body`, and `url` and `headers` if they are known; or bodies
//! alone.

use std::io::BufRead;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lines::Lines;
use super::{Item, ReadError, Record, lane_of, why};
use crate::time::{Millis, UnixMillis};

/// What a line is like.
pub(super) const EXAMPLE: &str = r#"{"time":"2026-11-24T10:00:00Z","body":"{\"appid\":…}"}"#;

#[derive(Debug, Deserialize)]
struct Line {
    /// RFC 3339, or milliseconds since the epoch.
    time: Value,
    /// Text as it came, or an object that was parsed already.
    body: Value,
    #[serde(default)]
    url: Option<String>,
    /// By name; a value is a text, or a list of texts.
    #[serde(default)]
    headers: Map<String, Value>,
}

/// Whether a text's first line may be one of a capture.
pub(super) fn is_line(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|line| line.get("log").is_none())
}

pub(super) fn read(
    mut index: usize,
    mut text: String,
    mut lines: Lines<impl BufRead>,
    take: &mut dyn FnMut(Item) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    loop {
        take(Item::Request(None, record(index, &text)?))?;
        match lines.next_whole()? {
            Some(next) => (index, text) = next,
            None => return Ok(()),
        }
    }
}

/// A body alone, as it came: enough to be compared.
fn body(text: &str) -> Option<Record> {
    let line: Map<String, Value> = serde_json::from_str(text).ok()?;
    if line.contains_key("time") || !line.contains_key("callback_event") {
        return None;
    }
    let body = Bytes::copy_from_slice(text.trim_end_matches(['\r', '\n']).as_bytes());
    let (at, url, user_agent, content_type) = (None, None, None, None);
    Some(Record { at, lane: lane_of(&body), url, user_agent, content_type, body, parsed: false, acknowledged: None })
}

fn record(index: usize, text: &str) -> Result<Record, ReadError> {
    let line: Line = match serde_json::from_str(text) {
        Ok(line) => line,
        Err(error) => {
            return body(text).ok_or_else(|| ReadError::line(index, format!("{}; a line is {EXAMPLE}", why(&error))));
        }
    };
    let at = time(&line.time).ok_or_else(|| {
        ReadError::line(index, "`time` is neither RFC 3339, such as 2026-11-24T10:00:00Z, nor milliseconds since 1970")
    })?;
    let header = |name: &str| {
        let (_, value) = line.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        value.as_array().and_then(|values| values.first()).unwrap_or(value).as_str().map(str::to_owned)
    };
    let (user_agent, content_type) = (header("user-agent"), header("content-type"));
    let parsed = !line.body.is_string();
    let body = match line.body {
        Value::String(text) => Bytes::from(text),
        parsed => Bytes::from(parsed.to_string()),
    };
    let (at, lane) = (Some(at), lane_of(&body));
    Ok(Record { at, lane, url: line.url, user_agent, content_type, body, parsed, acknowledged: None })
}

/// Milliseconds since the epoch.
pub(super) fn time(value: &Value) -> Option<Millis> {
    match value {
        Value::Number(millis) => {
            millis.as_f64().filter(|millis| (0.0..4e12).contains(millis)).map(|millis| Millis(millis as u64))
        }
        Value::String(text) => rfc3339(text),
        _ => None,
    }
}

/// An RFC 3339 instant; humantime knows UTC only, so an offset is taken off by hand.
pub(super) fn rfc3339(text: &str) -> Option<Millis> {
    let text = text.trim();
    if let Ok(instant) = humantime::parse_rfc3339_weak(text) {
        return Some(Millis(UnixMillis::from(instant).0));
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let sign = match offset.as_bytes().first()? {
        b'+' => -1,
        b'-' => 1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    let local = UnixMillis::from(humantime::parse_rfc3339_weak(local).ok()?).0;
    local.checked_add_signed(sign * minutes * 60_000).map(Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_with_and_without_an_offset() {
        let noon = Millis(1_767_268_800_000);
        for text in ["2026-01-01T12:00:00Z", "2026-01-01T20:00:00+08:00", "2026-01-01T07:00:00.000-05:00"] {
            assert_eq!(rfc3339(text), Some(noon), "{text}");
        }
        for text in ["", "noon", "2026-01-01T12:00:00+8", "+08:00"] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }
}
