//! How text that was written by others is shown: on one line, as one word of a shell, without passwords.

use std::borrow::Cow;
use std::path::Path;

use reqwest::Url;

/// The same text on one line, with what a terminal would obey written out.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_obeyed(letter) { line.extend(letter.escape_default()) } else { line.push(letter) }
    }
    Cow::Owned(line)
}

/// At most `most` characters of `text`, [`escaped`].
pub fn one_line(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", escaped(&text[..end])),
        None => escaped(text).into_owned(),
    }
}

/// Whether a terminal, an editor or a shell would do something at this character: end the line, move, turn the text around.
pub fn is_obeyed(letter: char) -> bool {
    let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// A file's name on one line, as it is told.
pub fn file(path: &Path) -> String {
    escaped(&path.to_string_lossy()).into_owned()
}

/// A word for the shell of this system.
pub fn quoted(word: &str) -> String {
    if cfg!(windows) { quoted_for_windows(word) } else { quoted_for_posix(word) }
}

/// The same on one line, whatever the word holds.
pub fn quoted_line(word: &str) -> String {
    if !cfg!(windows) && word.contains(is_obeyed) { quoted_bytes(word.as_bytes()) } else { quoted(word) }
}

/// A file as a word for the shell of this system: never a flag, and on one line.
pub fn quoted_file(path: &Path) -> String {
    // A name that begins with a dash would be read as a flag.
    let here = path.as_os_str().as_encoded_bytes().starts_with(b"-");
    let path = if here { Path::new(".").join(path) } else { path.to_owned() };
    match path.to_str() {
        Some(name) if cfg!(windows) && name.contains(is_obeyed) => unspeakable(&path),
        Some(name) => quoted_line(name),
        None => quoted_raw(&path),
    }
}

#[cfg(unix)]
fn quoted_raw(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    quoted_bytes(path.as_os_str().as_bytes())
}

#[cfg(not(unix))]
fn quoted_raw(path: &Path) -> String {
    unspeakable(path)
}

/// A name that no word of this system's shell stands for.
fn unspeakable(path: &Path) -> String {
    format!("<a file whose name cannot be typed: {}>", file(path))
}

/// As bash, zsh and other shells of today read it: every byte that is no plain ASCII by its number.
fn quoted_bytes(word: &[u8]) -> String {
    let mut quoted = String::from("$'");
    for byte in word {
        match byte {
            b'\\' | b'\'' => quoted.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => quoted.push(char::from(*byte)),
            // Three digits always: whatever follows is no part of the number.
            _ => quoted.push_str(&format!("\\{byte:03o}")),
        }
    }
    quoted.push('\'');
    quoted
}

fn quoted_for_posix(word: &str) -> String {
    if is_plain(word, "-_./:=,@%+") { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// For cmd.exe, where single quotes mean nothing. It fills in `%NAME%` also between quotes: that cannot be helped.
fn quoted_for_windows(word: &str) -> String {
    if is_plain(word, r"-_./:=\+") {
        return word.to_owned();
    }
    // Of backslashes before the last quote, a program takes every other.
    let backslashes = &word[word.trim_end_matches('\\').len()..];
    format!("\"{}{backslashes}\"", word.replace('"', "\"\""))
}

fn is_plain(word: &str, marks: &str) -> bool {
    !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || marks.contains(letter))
}

/// What stands for a name and a password.
const BLOT: &str = "***";

/// A URL, or a text with URLs in it, without the names and passwords that may stand before hosts.
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("://").map(|at| at + 3) {
        let authority = rest[begin..].split(['/', '?', '#', '\\', '"', '\'', ' ']).next().unwrap_or_default();
        shown.push_str(&rest[..begin]);
        rest = &rest[begin..];
        if let Some(at) = authority.rfind('@') {
            shown.push_str(BLOT);
            rest = &rest[at..];
        }
    }
    shown.push_str(rest);
    // Two slashes may be missing, and it is a URL all the same.
    match Url::parse(&shown) {
        Ok(mut url) if !matches!(url.username(), "" | BLOT) || url.password().is_some() => {
            let _ = (url.set_username(BLOT), url.set_password(None));
            Cow::Owned(url.into())
        }
        _ if shown == text => Cow::Borrowed(text),
        _ => Cow::Owned(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        for (text, shown) in [
            ("TaskStart", "TaskStart"),
            ("a\ntouch x #", "a\\ntouch x #"),
            ("\x1b[31m\u{9b}\u{7f}\r", "\\u{1b}[31m\\u{9b}\\u{7f}\\r"),
            ("名前 é\u{3000}'\"\\", "名前 é\u{3000}'\"\\"),
            ("a\u{202e}b\u{2028}", "a\\u{202e}b\\u{2028}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[test]
    fn a_line_is_not_too_long() {
        assert_eq!(one_line("日本語", 2), "日本…");
        assert_eq!(one_line("日本語", 3), "日本語");
        assert_eq!(one_line("a\nb\nc", 3), "a\\nb…");
    }

    #[test]
    fn a_shell_gets_one_word() {
        for (word, written) in [
            ("a-b_c/d.toml", "a-b_c/d.toml"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(quoted_for_posix(word), written);
        }
        assert_eq!(quoted_bytes(b"a\n1\x1b'\\\xff\xe2\x80\xae"), r"$'a\0121\033\'\\\377\342\200\256'");
        for (word, written) in [
            (r"C:\a-b\c.toml", r"C:\a-b\c.toml"),
            ("", "\"\""),
            (r"C:\a b", "\"C:\\a b\""),
            ("it's", "\"it's\""),
            ("a=\"b & c\"", r#""a=""b & c""""#),
            (r"C:\a b\", "\"C:\\a b\\\\\""),
        ] {
            assert_eq!(quoted_for_windows(word), written);
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            ("http://127.0.0.1:8080/a@b?c=d@e", "http://127.0.0.1:8080/a@b?c=d@e"),
            ("http://user:pw@host:1/path", "http://***@host:1/path"),
            ("http://user@host", "http://***@host"),
            ("http://a:b@c@host/", "http://***@host/"),
            ("http:user:pw@host/", "http://***@host/"),
            ("receiver.url=\"http://u:p@h/\"", "receiver.url=\"http://***@h/\""),
            ("/tasks/{task_id}", "/tasks/{task_id}"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }
}
