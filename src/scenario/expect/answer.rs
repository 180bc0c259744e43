//! An answer of the receiver, which expectations are about.

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderMap;

use crate::text::{LOOKED_AT, gist};

/// An answer of the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most as many bytes of it as the request wanted to keep.
    pub body: Bytes,
    /// Whether there was more of it.
    pub is_cut: bool,
}

impl Answer {
    /// An answer without headers.
    pub fn new(status: u16, body: Bytes) -> Self {
        Self { status, headers: HeaderMap::new(), body, is_cut: false }
    }

    /// As much of it as [`words`](Self::words) needs.
    #[must_use]
    pub fn beginning(&self) -> Self {
        let length = self.body.len().min(LOOKED_AT);
        let is_cut = self.is_cut || length < self.body.len();
        Self { is_cut, ..Self::new(self.status, Bytes::copy_from_slice(&self.body[..length])) }
    }

    /// What matters in the body, in one line for people, if there is anything in it.
    pub fn words(&self) -> Option<String> {
        gist(&self.body)
    }
}

/// `404 {"error":"no such task"}`, on one line and not too long.
impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.status)?;
        self.words().map_or(Ok(()), |words| write!(out, " {words}"))
    }
}
