//! Where names and passwords stand before hosts, in a URL or in a text with URLs in it, whether or not they can be parsed.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use reqwest::Url;

/// What stands for a name and a password.
const BLOT: &str = "***";

/// Schemes after which two slashes may be missing.
const SCHEMES: &[&str] = &["http", "https", "ftp", "rtmp", "rtmps", "rtsp", "srt", "webrtc", "ws", "wss"];

/// What stands, or is meant to stand, between a password and a host.
pub const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

/// Whether the value of what has this name is not shown: signing keys, and what headers and URLs carry.
pub fn names_a_secret(word: &str) -> bool {
    let word = word.to_lowercase();
    // A misspelt one is as secret.
    let is_misspelt = word.len() <= 4 && strsim::osa_distance(&word, "key") == 1;
    word != "key_env"
        && (is_misspelt
            || ["key", "auth", "token", "secret", "password", "cookie"].iter().any(|part| word.contains(part)))
}

/// How far a broken name and password are followed, in bytes.
const MAX_USERINFO: usize = 4096;

/// An address that somebody wrote, whole or broken, without the name and the password before its host.
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    replaced(text, in_value(text))
}

/// The same for a line of ours that quotes what somebody wrote.
pub fn without_quoted_passwords(text: &str) -> Cow<'_, str> {
    replaced(text, in_prose(text))
}

/// The same for a text that others made, such as a body, an answer or a line of a log: what is no URL stays as it is.
pub fn without_passwords_of_urls(text: &str) -> Cow<'_, str> {
    replaced(text, in_urls(text))
}

fn replaced(text: &str, mut secrets: Vec<Range<usize>>) -> Cow<'_, str> {
    // What is blotted out already stays as long as it was: a caret may point at it.
    secrets.retain(|secret| text[secret.clone()].contains(char::is_alphanumeric));
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for secret in secrets {
        if secret.start >= end {
            shown.push_str(&text[end..secret.start]);
            shown.push_str(BLOT);
        }
        end = end.max(secret.end);
    }
    shown.push_str(&text[end..]);
    Cow::Owned(shown)
}

/// Names and passwords in one value, such as an address that was typed; in order.
pub fn in_value(text: &str) -> Vec<Range<usize>> {
    let Some(last) = text.rfind(AT) else { return Vec::new() };
    let mut found = in_urls(text);
    let begin = scheme(text);
    let authority = text[begin..].split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // Of what is no URL nobody knows where its host begins: the last place is the safe one.
    let is_url = text.contains("://") && Url::parse(text).is_ok();
    let is_broken = !is_url && last >= begin && (begin > 1 || text[..last].contains(':'));
    let at = if is_url { authority.rfind(AT).map(|at| begin + at) } else { is_broken.then_some(last) };
    found.extend(at.map(|at| begin..at));
    found.sort_by_key(|range| (range.start, Reverse(range.end)));
    found
}

/// Names and passwords in a line of prose, or of a file.
pub fn in_prose(text: &str) -> Vec<Range<usize>> {
    if !text.contains(AT) {
        return Vec::new();
    }
    let mut found = in_urls(text);
    found.extend(without_slashes(text));
    let mut begin = 0;
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 1 {
            found.extend(in_value(piece).into_iter().map(|range| range.start + begin..range.end + begin));
        }
        begin += piece.len() + 1;
    }
    found.sort_by_key(|range| (range.start, Reverse(range.end)));
    found
}

/// Where a scheme and its slashes end at the beginning of a value; 0 if there is neither.
fn scheme(text: &str) -> usize {
    let blanks = text.len() - text.trim_start().len();
    let rest = &text[blanks..];
    let name = rest
        .split(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter))
        .next()
        .unwrap_or_default();
    let behind = rest[name.len()..].strip_prefix(':').unwrap_or(&rest[name.len()..]);
    let slashes = behind.len() - behind.trim_start_matches(['/', '\\']).len();
    let is_scheme = slashes > 0 || SCHEMES.iter().any(|known| name.eq_ignore_ascii_case(known));
    if is_scheme { text.len() - behind.len() + slashes } else { 0 }
}

/// Names and passwords in the URLs of a text; in order.
fn in_urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    let Some(last) = text.rfind(AT) else { return found };
    while let Some(begin) = mark(text, from).filter(|begin| *begin <= last) {
        let part = &text[begin..];
        let is_end = |letter: char| "/?#\\\"'`<>".contains(letter) || letter.is_whitespace();
        let authority = part.split(is_end).next().unwrap_or_default();
        // A port that is none is the beginning of a password that should have been written with `%`.
        let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        let is_cut = port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err());
        let rest = if is_cut { word(part) } else { authority };
        let at = authority.rfind(AT).or_else(|| rest.rfind(AT));
        found.extend(at.map(|at| begin..begin + at));
        from = begin + at.unwrap_or(0);
    }
    found
}

/// What of a text can still be the same URL.
fn word(text: &str) -> &str {
    let is_end = |at: usize, letter: char| at > MAX_USERINFO || letter == '"' || letter == '\n';
    text.char_indices().find(|(at, letter)| is_end(*at, *letter)).map_or(text, |(end, _)| &text[..end])
}

/// Where the slashes before a host end, from `from` on: `://`, or as one mistypes it.
fn mark(text: &str, from: usize) -> Option<usize> {
    let is_slash = |letter: char| letter == '/' || letter == '\\';
    let mut at = from;
    loop {
        let begin = at + text[at..].find(is_slash)?;
        let slashes = &text[begin..text.len() - text[begin..].trim_start_matches(is_slash).len()];
        at = begin + slashes.len();
        let letters = text[..begin].strip_suffix(':').unwrap_or_default();
        let follows_a_scheme = letters.ends_with(|letter: char| letter.is_ascii_alphanumeric());
        // One backslash alone is an escape, and one letter alone a drive.
        if slashes.contains("//") || (follows_a_scheme && (slashes.contains('/') || slashes.len() > 1)) {
            return Some(at);
        }
    }
}

/// `user:password@host`, and `http:user:password@host`
fn without_slashes(text: &str) -> Vec<Range<usize>> {
    let is_end = |letter: char| letter.is_whitespace() || "\"'`<>".contains(letter);
    let mut found = Vec::new();
    let mut begin = 0;
    for word in text.split_inclusive(is_end) {
        let start = begin;
        begin += word.len();
        let (Some(colon), Some(first), Some(last)) = (word.find(':'), word.find(AT), word.rfind(AT)) else {
            continue;
        };
        let is_url = mark(word, 0).is_some_and(|mark| mark <= first);
        if colon > last || is_url {
            continue;
        }
        let from = word[..colon].rfind(['=', ',', '(', '[', '{']).map_or(0, |mark| mark + 1);
        let scheme = &word[from..colon];
        let is_scheme = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let from = if is_scheme { colon + 1 } else { from };
        found.push(start + from..start + last);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            ("http://u:SEKRET\u{ff20}h/", "http://***\u{ff20}h/"),
            ("http://127.0.0.1:8080/a@b?c=d@e", "http://127.0.0.1:8080/a@b?c=d@e"),
            ("http://[::1]:8080/a@b", "http://[::1]:8080/a@b"),
            ("http://[::1]/a@b", "http://[::1]/a@b"),
            ("http://127.0.0.1:{n}/a", "http://127.0.0.1:{n}/a"),
            ("http://user:pw@host:1/path", "http://***@host:1/path"),
            ("http://user@host", "http://***@host"),
            ("http://a:b@c@host/", "http://***@host/"),
            ("http:user:pw@host/", "http:***@host/"),
            ("http:pw@host/", "http:***@host/"),
            ("http:/user:pw@host/", "http:/***@host/"),
            ("http:\\\\user:pw@host/", "http:\\\\***@host/"),
            ("http:\\user:pw@host/", "http:\\***@host/"),
            ("http//user:pw@host/", "http//***@host/"),
            ("//user:pw@host/", "//***@host/"),
            ("ftp://user:pw@host/", "ftp://***@host/"),
            ("user:pw@host/", "***@host/"),
            ("user:p/w@host", "***@host"),
            ("http://user:p/w@host/", "http://***@host/"),
            ("http://user:p?w#x@ho st/", "http://***@ho st/"),
            ("http://user:p w@host/", "http://***@host/"),
            ("http://us er:1 w@host/", "http://***@host/"),
            ("http://user:p'w@host/", "http://***@host/"),
            ("http://user:p\"w@host/", "http://***@host/"),
            ("http:\\/\\/user:pw@host\\/", "http:\\/\\/***@host\\/"),
            ("http://h/?next=http://u:p@g/", "http://h/?next=http://***@g/"),
            ("u:p=q@h", "***@h"),
            ("user:p w@host", "***@host"),
            ("http:us er:p w@host", "http:***@host"),
            ("/tasks/{task_id}", "/tasks/{task_id}"),
            ("/a:b/c", "/a:b/c"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn what_prose_quotes_is_a_value() {
        for (text, shown) in [
            ("mail: me@example.test", "mail: me@example.test"),
            ("`a` cannot be `http:u:p w@h`: no", "`a` cannot be `http:***@h`: no"),
            ("receiver.url=u:p=q@h", "receiver.url=***@h"),
            ("receiver.url=\"http://u:p@h/\"", "receiver.url=\"http://***@h/\""),
        ] {
            assert_eq!(without_quoted_passwords(text), shown);
        }
    }

    #[test]
    fn only_urls_of_others_are_touched() {
        for (text, shown) in [
            ("a:b@c", "a:b@c"),
            ("error:\\nme@host", "error:\\nme@host"),
            (
                r#"{"a":"http://u:p@h/","b":"x:y@z","c":"http://h:8x/","d":"e@f"}"#,
                r#"{"a":"http://***@h/","b":"x:y@z","c":"http://h:8x/","d":"e@f"}"#,
            ),
            ("http://h:8080 --set name=a@b", "http://h:8080 --set name=a@b"),
        ] {
            assert_eq!(without_passwords_of_urls(text), shown);
        }
    }
}
