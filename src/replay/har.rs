//! HAR files, as browsers and proxies write them: the POST requests in them.

use bytes::Bytes;
use serde::Deserialize;

use super::capture::rfc3339;
use super::{ReadError, Record, lane_of};

#[derive(Debug, Deserialize)]
struct Har {
    log: Log,
}

#[derive(Debug, Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: String,
    request: Request,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    post_data: Option<PostData>,
}

#[derive(Debug, Deserialize)]
struct PostData {
    #[serde(default)]
    text: String,
}

pub(super) fn read(text: &str) -> Result<Vec<Record>, ReadError> {
    let har: Har = serde_json::from_str(text).map_err(|error| {
        ReadError::Har(format!(
            "is neither a journal, nor lines of JSON with `time` and `body`, nor a HAR file: {error}"
        ))
    })?;
    let posts = har.log.entries.into_iter().filter(|entry| entry.request.method.eq_ignore_ascii_case("POST"));
    let record = |entry: Entry| {
        let at = rfc3339(&entry.started_date_time)
            .ok_or_else(|| ReadError::Har(format!("`{}` is no time", entry.started_date_time)))?;
        let body = Bytes::from(entry.request.post_data.map(|data| data.text).unwrap_or_default());
        Ok(Record { at, lane: lane_of(&body), url: Some(entry.request.url), body, acknowledged: None })
    };
    posts.map(record).collect()
}
