//! HAR files, as browsers and proxies write them: the POST requests in them.

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::capture::rfc3339;
use super::{Item, ReadError, Record, lane_of};

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
    headers: Option<Vec<Header>>,
    #[serde(default)]
    post_data: Option<PostData>,
}

#[derive(Debug, Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct PostData {
    #[serde(default)]
    text: Option<String>,
}

type Take<'a> = &'a mut dyn FnMut(Item) -> Result<(), ReadError>;

/// Reads entry after entry: none is kept, and of answers nothing is looked at.
pub(super) fn read(input: impl Read, take: Take<'_>) -> Result<(), ReadError> {
    let refused = Cell::new(None);
    let mut json = serde_json::Deserializer::from_reader(input);
    let har = At { key: "log", inside: At { key: "entries", inside: Entries { take, refused: &refused } } };
    har.deserialize(&mut json).and_then(|()| json.end()).map_err(|error| match refused.take() {
        Some(refused) => refused,
        None if error.is_io() => ReadError::Unreadable(error.to_string()),
        None => ReadError::Har(format!(
            "is neither a journal, nor lines of JSON with `time` and `body`, nor a HAR file: {error}"
        )),
    })
}

/// One field of an object, which must be there.
struct At<S> {
    key: &'static str,
    inside: S,
}

impl<'de, S: DeserializeSeed<'de, Value = ()>> DeserializeSeed<'de> for At<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de, Value = ()>> Visitor<'de> for At<S> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "an object with `{}`", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut inside = Some(self.inside);
        while let Some(key) = fields.next_key::<String>()? {
            match inside.take_if(|_| key == self.key) {
                Some(inside) => fields.next_value_seed(inside)?,
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        if inside.is_some() { Err(de::Error::missing_field(self.key)) } else { Ok(()) }
    }
}

struct Entries<'a> {
    take: Take<'a>,
    /// Why an entry was not taken: an error of the reader itself has no room for it.
    refused: &'a Cell<Option<ReadError>>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<Entry>()? {
            if !entry.request.method.eq_ignore_ascii_case("POST") {
                continue;
            }
            let taken = record(entry).and_then(|record| (self.take)(Item::Request(None, record)));
            if let Err(error) = taken {
                self.refused.set(Some(error));
                return Err(de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

fn record(entry: Entry) -> Result<Record, ReadError> {
    let at = rfc3339(&entry.started_date_time)
        .ok_or_else(|| ReadError::Har(format!("`{}` is no time", entry.started_date_time)))?;
    let Request { url, headers, post_data, .. } = entry.request;
    let headers = headers.unwrap_or_default();
    let header = |name: &str| {
        headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.clone())
    };
    let (user_agent, content_type) = (header("user-agent"), header("content-type"));
    let body = Bytes::from(post_data.and_then(|data| data.text).unwrap_or_default());
    let lane = lane_of(&body);
    Ok(Record { at: Some(at), lane, url: Some(url), user_agent, content_type, body, parsed: false, acknowledged: None })
}
