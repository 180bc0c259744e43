//! The codes a TaskExit can carry, by name and number, each with its origin.

use std::sync::Arc;

/// How a task ended: what a TaskExit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// `code` of the message; negative for errors.
    pub code: i64,
    /// `message` of the message.
    pub message: Arc<str>,
}

impl Exit {
    /// An exit with a text of its own.
    pub fn new(code: i64, message: &str) -> Self {
        Self { code, message: message.into() }
    }

    /// An exit with the text that belongs to its code, or none.
    pub fn of(code: i64) -> Self {
        by_number(code).map_or_else(|| Self::new(code, ""), Code::exit)
    }
}

/// Who says that a code exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Published by Tencent.
    Documented,
    /// FFmpeg's or Linux's number and text; that the service uses them is a guess.
    Guessed,
}

impl Origin {
    /// The word used in output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Guessed => "guess",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The name scenarios use.
    pub name: &'static str,
    /// Another name for the same number, if it has one.
    pub alias: Option<&'static str>,
    /// The number in the message.
    pub code: i64,
    /// The text in the message.
    pub message: &'static str,
    /// When it is likely to be seen.
    pub when: &'static str,
    /// Who says so.
    pub origin: Origin,
}

impl Code {
    /// The exit with this code and its text.
    pub fn exit(&self) -> Exit {
        Exit::new(self.code, self.message)
    }
}

const fn guess(name: &'static str, code: i64, message: &'static str, when: &'static str) -> Code {
    Code { name, alias: None, code, message, when, origin: Origin::Guessed }
}

/// "write packet error.": the one documented code.
pub const WRITE_PACKET_ERROR: Code = Code {
    name: "write-packet-error",
    alias: Some("EINVAL"),
    code: -22,
    message: "write packet error.",
    when: "the push broke",
    origin: Origin::Documented,
};
/// What a source that is down gives.
pub const EIO: Code = guess("EIO", -5, "Input/output error", "pull or push broke");
/// What a task stopped by hand gives.
pub const EXIT_REQUESTED: Code =
    guess("AVERROR_EXIT", -1_414_092_869, "Immediate exit requested", "stopped by hand, or moved to another machine");
/// What a file that cannot be read gives.
pub const INVALID_DATA: Code =
    guess("AVERROR_INVALIDDATA", -1_094_995_529, "Invalid data found when processing input", "broken media");

/// Every code that is known, the documented one first.
///
/// Numbers and texts of the guesses: Linux `errno.h` and FFmpeg `libavutil/error.h`, `error.c`.
pub const CODES: &[Code] = &[
    WRITE_PACKET_ERROR,
    guess("EPERM", -1, "Operation not permitted", "anything"),
    guess("ENOENT", -2, "No such file or directory", "a playlist or a segment is missing"),
    EIO,
    guess("EAGAIN", -11, "Resource temporarily unavailable", "passes by itself"),
    guess("ENOMEM", -12, "Cannot allocate memory", "the node is out of memory"),
    guess("EPIPE", -32, "Broken pipe", "the target closed while being written to"),
    guess("EPROTO", -71, "Protocol error", "the other side broke its protocol"),
    guess("ENETUNREACH", -101, "Network is unreachable", "no network"),
    guess("ECONNABORTED", -103, "Software caused connection abort", "the connection was given up"),
    guess("ECONNRESET", -104, "Connection reset by peer", "the target kicked the push"),
    guess("ENOTCONN", -107, "Transport endpoint is not connected", "the connection was gone"),
    guess("ETIMEDOUT", -110, "Connection timed out", "a slow source"),
    guess("ECONNREFUSED", -111, "Connection refused", "source or target down"),
    guess("EHOSTUNREACH", -113, "No route to host", "source or target unreachable"),
    guess("AVERROR_EOF", -541_478_725, "End of file", "a live source ended"),
    INVALID_DATA,
    EXIT_REQUESTED,
    guess("AVERROR_EXTERNAL", -542_398_533, "Generic error in an external library", "TLS, SRT"),
    guess("AVERROR_UNKNOWN", -1_313_558_101, "Unknown error occurred", "anything"),
    guess("AVERROR_STREAM_NOT_FOUND", -1_381_258_232, "Stream not found", "no audio or video in the source"),
    guess("AVERROR_PROTOCOL_NOT_FOUND", -1_330_794_744, "Protocol not found", "a bad URL scheme"),
    guess("AVERROR_DEMUXER_NOT_FOUND", -1_296_385_272, "Demuxer not found", "an unknown container"),
    guess("AVERROR_HTTP_BAD_REQUEST", -808_465_656, "Server returned 400 Bad Request", "the source refused"),
    guess(
        "AVERROR_HTTP_UNAUTHORIZED",
        -825_242_872,
        "Server returned 401 Unauthorized (authorization failed)",
        "the source wants a login",
    ),
    guess(
        "AVERROR_HTTP_FORBIDDEN",
        -858_797_304,
        "Server returned 403 Forbidden (access denied)",
        "an expired anti-leech URL",
    ),
    guess("AVERROR_HTTP_NOT_FOUND", -875_574_520, "Server returned 404 Not Found", "the file is gone"),
    guess(
        "AVERROR_HTTP_TOO_MANY_REQUESTS",
        -959_591_672,
        "Server returned 429 Too Many Requests",
        "the source is overrun",
    ),
    guess(
        "AVERROR_HTTP_OTHER_4XX",
        -1_482_175_736,
        "Server returned 4XX Client Error, but not one of 40{0,1,3,4}",
        "the source refused",
    ),
    guess(
        "AVERROR_HTTP_SERVER_ERROR",
        -1_482_175_992,
        "Server returned 5XX Server Error reply",
        "the source is broken",
    ),
];

/// The code with this number.
pub fn by_number(code: i64) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

/// The code with this name or alias; capitals and the `AVERROR_` prefix do not matter.
pub fn by_name(name: &str) -> Option<&'static Code> {
    let same = |known: &str| {
        known.eq_ignore_ascii_case(name)
            || known.strip_prefix("AVERROR_").is_some_and(|short| short.eq_ignore_ascii_case(name))
    };
    CODES.iter().find(|known| same(known.name) || known.alias.is_some_and(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_unique_and_found() {
        for code in CODES {
            assert_eq!(by_name(code.name), Some(code));
            assert_eq!(by_number(code.code), Some(code));
        }
        assert_eq!(by_name("einval").map(|code| code.code), Some(-22));
        assert_eq!(by_name("eof").map(|code| code.code), Some(-541_478_725));
        assert_eq!(by_name("ENOSUCH"), None);
    }

    /// FFmpeg makes its own codes from four characters: `-(a | b<<8 | c<<16 | d<<24)`.
    #[test]
    fn ffmpegs_numbers_are_its_tags() {
        let tag = |tag: &[u8; 4]| -i64::from(u32::from_le_bytes(*tag));
        for (name, bytes) in [
            ("AVERROR_EOF", b"EOF "),
            ("AVERROR_INVALIDDATA", b"INDA"),
            ("AVERROR_EXIT", b"EXIT"),
            ("AVERROR_EXTERNAL", b"EXT "),
            ("AVERROR_UNKNOWN", b"UNKN"),
            ("AVERROR_STREAM_NOT_FOUND", b"\xF8STR"),
            ("AVERROR_PROTOCOL_NOT_FOUND", b"\xF8PRO"),
            ("AVERROR_DEMUXER_NOT_FOUND", b"\xF8DEM"),
            ("AVERROR_HTTP_BAD_REQUEST", b"\xF8400"),
            ("AVERROR_HTTP_UNAUTHORIZED", b"\xF8401"),
            ("AVERROR_HTTP_FORBIDDEN", b"\xF8403"),
            ("AVERROR_HTTP_NOT_FOUND", b"\xF8404"),
            ("AVERROR_HTTP_TOO_MANY_REQUESTS", b"\xF8429"),
            ("AVERROR_HTTP_OTHER_4XX", b"\xF84XX"),
            ("AVERROR_HTTP_SERVER_ERROR", b"\xF85XX"),
        ] {
            assert_eq!(by_name(name).map(|code| code.code), Some(tag(bytes)), "{name}");
        }
    }
}
