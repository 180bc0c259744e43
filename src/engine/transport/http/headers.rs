//! The headers of every request: what the user asked for, laid over what the service sends.

use reqwest::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use thiserror::Error;

/// The User-Agent unless another is asked for. That of the real service is not known.
const DEFAULT_USER_AGENT: &str = concat!("pullpush/", env!("CARGO_PKG_VERSION"));

/// Valid headers. Their values may be secrets: `Debug` shows only the names.
#[derive(Debug, Clone, Default)]
pub struct Headers(HeaderMap);

/// A header that cannot be sent. The message never holds the value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The name is not one.
    #[error("`{0}` is not a header name; use letters, digits and `-`")]
    Name(String),
    /// The value has a character that HTTP does not carry everywhere.
    #[error("the value of header `{0}` cannot be sent; use visible ASCII characters, spaces and tabs only")]
    Value(String),
    /// The header frames the body; a false one breaks the connection.
    #[error("header `{0}` follows from the body; leave it out")]
    Framing(String),
}

impl Headers {
    /// What a scenario says of the headers of callbacks.
    ///
    /// # Errors
    /// A header cannot be sent.
    pub fn of(user_agent: Option<&str>, named: &[(String, String)]) -> Result<Self, HeaderError> {
        let mut headers = Self::default();
        let named = named.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in user_agent.map(|agent| ("User-Agent", agent)).into_iter().chain(named) {
            headers.add(name, value)?;
        }
        Ok(headers)
    }

    /// Adds a header; a name may come more than once.
    ///
    /// # Errors
    /// The header cannot be sent.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), HeaderError> {
        let header = HeaderName::try_from(name).map_err(|_| HeaderError::Name(name.to_owned()))?;
        if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(&header) {
            return Err(HeaderError::Framing(name.to_owned()));
        }
        let parsed = HeaderValue::from_str(value).ok().filter(|_| value.is_ascii());
        let mut value = parsed.ok_or_else(|| HeaderError::Value(name.to_owned()))?;
        value.set_sensitive(true); // keeps it out of `Debug`
        self.0.append(header, value);
        Ok(())
    }

    /// These headers, and the usual value of each one that the service sends and that is not among them.
    pub(crate) fn completed(&self) -> HeaderMap {
        let mut all = self.0.clone();
        let usual = [(CONTENT_TYPE, "application/json"), (USER_AGENT, DEFAULT_USER_AGENT), (CONNECTION, "keep-alive")];
        for (name, value) in usual {
            all.entry(name).or_insert(HeaderValue::from_static(value));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_headers_give_way() {
        let mut headers = Headers::default();
        headers.add("content-type", "text/plain").unwrap();
        headers.add("X-Stage", "a").unwrap();
        headers.add("x-stage", "b").unwrap();
        let all = headers.completed();
        assert_eq!(all[CONTENT_TYPE], "text/plain");
        assert_eq!(all[USER_AGENT], DEFAULT_USER_AGENT);
        assert_eq!(all[CONNECTION], "keep-alive");
        assert_eq!(all.get_all("x-stage").iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (name, value, error) in [
            ("", "a", HeaderError::Name("".into())),
            ("X Stage", "a", HeaderError::Name("X Stage".into())),
            ("X-Stage:", "a", HeaderError::Name("X-Stage:".into())),
            ("X-Stage", "a\r\nX-Other: b", HeaderError::Value("X-Stage".into())),
            ("X-Stage", "höher", HeaderError::Value("X-Stage".into())),
            ("Content-Length", "1", HeaderError::Framing("Content-Length".into())),
            ("transfer-encoding", "chunked", HeaderError::Framing("transfer-encoding".into())),
        ] {
            assert_eq!(Headers::default().add(name, value), Err(error), "{name}: {value}");
        }
    }

    #[test]
    fn values_are_never_shown() {
        let mut headers = Headers::default();
        headers.add("X-Key", "s3cret").unwrap();
        let shown = format!("{headers:?} {}", headers.add("X-Key", "s3cret\n").unwrap_err());
        assert!(shown.contains("x-key") && !shown.contains("s3cret"), "{shown}");
    }
}
