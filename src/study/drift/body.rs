//! A captured body, read so that nothing of its JSON is lost: order and repetition of keys, spacing, escapes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The largest body that is looked at, in bytes. The largest the provider can send is far smaller.
pub const MAX_BODY: usize = 1024 * 1024;

/// The members of an object as they stand there; a key may come twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Members(pub(super) Vec<(String, Value)>);

impl Members {
    /// The value of the first member with this key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The same if it is a string.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// The same if it is a whole number, or one in a string.
    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        let value = self.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct AsTheyStand;
        impl<'de> Visitor<'de> for AsTheyStand {
            type Value = Members;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = fields.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        json.deserialize_map(AsTheyStand)
    }
}

/// Why a request is no callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Other {
    /// Larger than [`MAX_BODY`].
    TooLarge,
    /// Its body is no JSON object.
    NoObject,
    /// It is one, and has no `callback_event`.
    NoEvent,
}

impl Other {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TooLarge, Self::NoObject, Self::NoEvent];

    /// What such a request has or lacks.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooLarge => "with more than 1 MiB",
            Self::NoObject => "without a JSON object",
            Self::NoEvent => "without `callback_event`",
        }
    }
}

/// A body of a callback.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Body<'a> {
    pub(super) text: &'a str,
    pub(super) event: String,
    pub(super) outer: Members,
    /// What `msg` holds, if it is a string that holds an object.
    pub(super) msg: Option<Members>,
}

impl<'a> Body<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Other> {
        if bytes.len() > MAX_BODY {
            return Err(Other::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Other::NoObject)?;
        let outer: Members = serde_json::from_str(text).map_err(|_| Other::NoObject)?;
        let event = outer.text("callback_event").ok_or(Other::NoEvent)?.to_owned();
        let msg = outer.text("msg").and_then(|msg| serde_json::from_str(msg).ok());
        Ok(Self { text, event, outer, msg })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let text = r#"{"b":1,"callback_event":"X","a":{},"b":2,"msg":"{\"z\":1,\"y\":2}"}"#;
        let body = Body::read(text.as_bytes()).unwrap();
        let keys: Vec<_> = body.outer.0.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["b", "callback_event", "a", "b", "msg"]);
        assert_eq!((body.outer.integer("b"), body.event.as_str()), (Some(1), "X"));
        assert_eq!(body.msg.unwrap().0.len(), 2);
    }

    #[test]
    fn what_is_no_callback() {
        let deep = "[".repeat(100_000);
        for (body, why) in [
            (deep.as_str(), Other::NoObject),
            ("", Other::NoObject),
            ("[1]", Other::NoObject),
            ("{} {}", Other::NoObject),
            ("{}", Other::NoEvent),
            (r#"{"callback_event":1}"#, Other::NoEvent),
        ] {
            assert_eq!(Body::read(body.as_bytes()), Err(why), "{body:.40}");
        }
        assert_eq!(Body::read(b"\xff"), Err(Other::NoObject));
        assert_eq!(Body::read(&[b' '; MAX_BODY + 1]), Err(Other::TooLarge));
    }
}
