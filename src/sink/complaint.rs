//! What can be wrong with a body, each with a sentence for people, a word for counting and the status it earns.

use serde_json::Value;

use crate::text::one_line;

/// Something wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// Over [`super::MAX_BODY`] bytes: it was not looked at.
    #[error("the body is larger than 1 MiB")]
    TooLarge,
    /// Bytes that are no text.
    #[error("the body is not UTF-8: the first wrong byte is at offset {0}")]
    NotUtf8(usize),
    /// Text that is not JSON; with the parser's reason.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but not an object; with what it is.
    #[error("the body should be a JSON object, but is {0}")]
    NotAnObject(String),
    /// A field that every such callback has is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field has another type or value than documented.
    #[error("`{field}` should be {wanted}, but is {found}")]
    Wrong {
        /// The field; `msg.` stands before those inside `msg`.
        field: &'static str,
        /// What the documents demand.
        wanted: &'static str,
        /// What was found, clipped.
        found: String,
    },
    /// A field is a string, as it should be, but the second parse of what it holds fails.
    #[error("`{field}` is a string, but what it holds is not JSON: {reason}")]
    HoldsNoJson {
        /// `msg` or `source_urls`.
        field: &'static str,
        /// The parser's reason.
        reason: String,
    },
    /// A field is a string holding JSON, but of the wrong type.
    #[error("`{field}` should hold {wanted}, but holds {found}")]
    HoldsWrong {
        /// `msg` or `source_urls`.
        field: &'static str,
        /// What the documents demand.
        wanted: &'static str,
        /// What was found, clipped.
        found: String,
    },
    /// A `callback_event` the documents do not name. A good receiver accepts and ignores it.
    #[error("`callback_event` {0} is not one the documents name")]
    UnknownEvent(String),
    /// There is a key, but no `t` or no `sign`.
    #[error("not signed: `{0}` is missing")]
    NotSigned(&'static str),
    /// `sign` is not MD5(key + t).
    #[error("`sign` does not belong to `t` and the key")]
    WrongSignature,
    /// `t` is over.
    #[error("the signature expired: `t` is {t}, and it is {now} already")]
    Expired {
        /// UNIX seconds of the expiry.
        t: u64,
        /// UNIX seconds of the arrival.
        now: u64,
    },
}

impl Complaint {
    /// The word used for counting and in JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::NotUtf8(_) => "not-utf8",
            Self::NotJson(_) => "not-json",
            Self::NotAnObject(_) => "not-an-object",
            Self::Missing(_) => "missing",
            Self::Wrong { .. } => "wrong",
            Self::HoldsNoJson { .. } => "holds-no-json",
            Self::HoldsWrong { .. } => "holds-wrong",
            Self::UnknownEvent(_) => "unknown-event",
            Self::NotSigned(_) => "not-signed",
            Self::WrongSignature => "wrong-signature",
            Self::Expired { .. } => "expired",
        }
    }

    /// The status with which the body is refused for this; `None` where it is accepted all the same.
    pub const fn refusal(&self) -> Option<u16> {
        match self {
            Self::TooLarge => Some(413),
            Self::UnknownEvent(_) => None,
            Self::NotSigned(_) | Self::WrongSignature | Self::Expired { .. } => Some(403),
            _ => Some(400),
        }
    }
}

/// A value for a sentence: containers by their type, the rest as JSON, clipped.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => format!("\"{}\"", one_line(text, 60)),
        Value::Bool(_) | Value::Number(_) => one_line(&value.to_string(), 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_stays_on_one_short_line() {
        assert_eq!(one_line("a\nb\x1b[31m", 60), "a\\nb\\u{1b}[31m");
        assert_eq!(one_line("日本語", 2), "日本…");
        assert_eq!(described(&Value::from("x".repeat(100))), format!("\"{}…\"", "x".repeat(60)));
        assert_eq!(described(&serde_json::json!([1])), "an array");
    }
}
