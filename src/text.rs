//! How text that was written by others is shown: on one line, as one word of a shell, without passwords.

mod gist;
mod secrets;

use std::borrow::Cow;
use std::path::Path;

pub use gist::{LOOKED_AT, gist};
pub use secrets::{
    AT, in_prose, in_value, names_a_secret, without_passwords, without_passwords_of_urls, without_quoted_passwords,
};

/// The same text on one line, with what a terminal would obey written out.
pub fn escaped(text: &str) -> Cow<'_, str> {
    written_out(text, is_obeyed)
}

/// The same of a text with lines and columns, which stay.
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    written_out(text, |letter| is_obeyed(letter) && !matches!(letter, '\n' | '\r' | '\t'))
}

fn written_out(text: &str, is_obeyed: impl Fn(char) -> bool + Copy) -> Cow<'_, str> {
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

/// Whether a terminal, a browser, an editor or a shell would do something at this character: end the line, move, turn the text
/// around; or XML cannot hold it, or nobody sees it.
pub fn is_obeyed(letter: char) -> bool {
    let turns =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_a_line = matches!(letter, '\u{2028}' | '\u{2029}');
    let is_a_mark = matches!(letter, '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    let is_hidden = matches!(letter, '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}');
    let is_none = matches!(letter, '\u{fdd0}'..='\u{fdef}') || u32::from(letter) & 0xfffe == 0xfffe;
    letter.is_control() || turns || ends_a_line || is_a_mark || is_hidden || is_none
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
            ("a\u{202e}b\u{2028}\u{61c}", "a\\u{202e}b\\u{2028}\\u{61c}"),
            ("\u{fffd}\u{fffe}\u{fdd0}\u{1ffff}\u{feff}", "\u{fffd}\\u{fffe}\\u{fdd0}\\u{1ffff}\\u{feff}"),
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
}
