//! What GitHub Actions reads in a program's output: annotations, a line each; and what it must not take for a command.

use std::borrow::Cow;
use std::fmt;

use crate::text::{escaped_lines, without_quoted_passwords};

/// The most annotations of one kind that are made at once: GitHub shows no more of a step.
pub const MOST: usize = 10;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `::error`
    Error,
    /// `::warning`
    Warning,
}

/// A note that GitHub shows beside a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// How bad it is.
    pub level: Level,
    /// The file, from the root of the repository, if it is about one.
    pub file: Option<String>,
    /// Line and column in it, from 1.
    pub place: Option<(usize, usize)>,
    /// What is shown first.
    pub title: String,
    /// The rest, in any number of lines.
    pub message: String,
}

impl Annotation {
    /// An error about no file.
    pub fn error(title: impl Into<String>, message: String) -> Self {
        Self { level: Level::Error, file: None, place: None, title: title.into(), message }
    }
}

/// `::error file=a.toml,line=4,col=1,title=TaskExit -22::expected status 200, got 503`
impl fmt::Display for Annotation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.level {
            Level::Error => "::error ",
            Level::Warning => "::warning ",
        })?;
        if let Some(file) = &self.file {
            write!(out, "file={},", property(file))?;
            if let Some((line, column)) = self.place {
                write!(out, "line={line},col={column},")?;
            }
        }
        write!(out, "title={}::{}", property(&self.title), data(&self.message))
    }
}

/// The text of a command, as GitHub's own toolkit escapes it.
fn data(text: &str) -> String {
    escaped_lines(&without_quoted_passwords(text)).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before that text.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The first annotations, and in place of the last, if there are more than [`MOST`], how many more there are.
pub fn bounded(mut annotations: Vec<Annotation>, omitted: u64) -> Vec<Annotation> {
    let all = annotations.len() as u64 + omitted;
    if all > MOST as u64 {
        annotations.truncate(MOST - 1);
        let more = all - annotations.len() as u64;
        if let Some(first) = annotations.first() {
            let title = format!("and {more} more");
            let message = "the log of this step tells them".to_owned();
            annotations.push(Annotation { place: None, title, message, ..first.clone() });
        }
    }
    annotations
}

/// Lines of which GitHub takes none for a command: it looks for `::` where a line begins, and for `##[` everywhere. An object of
/// JSON means what it meant.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive(['\n', '\r']) {
        let (before, rest) = line.split_at(beginning(line));
        shown.push_str(before);
        if rest.starts_with("::") {
            shown.push('\\');
        }
        let bracket = if rest.starts_with('{') { r"##\u005b" } else { r"##\[" };
        shown.push_str(&rest.replace("##[", bracket));
    }
    Cow::Owned(shown)
}

/// Where a line begins, behind blanks and colours.
fn beginning(line: &str) -> usize {
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == '\u{1b}' {
            letters.find(|(_, letter)| letter.is_ascii_alphabetic());
        } else if !letter.is_whitespace() && letter != '\u{feff}' {
            return at;
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(title: &str, message: &str) -> Annotation {
        let (title, message) = (title.to_owned(), message.to_owned());
        Annotation { level: Level::Error, file: Some("a,b:c.toml".to_owned()), place: Some((4, 2)), title, message }
    }

    /// The cases of GitHub's toolkit, `command.test.ts`.
    #[test]
    fn nothing_ends_a_command_before_its_end() {
        assert_eq!(
            annotation("100%, a: b\r\n", "100% ∙\r\n::x:: a, b").to_string(),
            "::error file=a%2Cb%3Ac.toml,line=4,col=2,title=100%25%2C a%3A b%0D%0A::100%25 ∙%0D%0A::x:: a, b"
        );
        let plain = Annotation { level: Level::Warning, file: None, ..annotation("t", "%0A") };
        assert_eq!(plain.to_string(), "::warning title=t::%250A");
    }

    #[test]
    fn the_last_of_many_stands_for_the_rest() {
        let many = |count: usize| vec![annotation("t", "m"); count];
        assert_eq!(bounded(many(MOST), 0), many(MOST));
        let some = bounded(many(20), 5);
        assert_eq!((some.len(), some[MOST - 1].title.as_str()), (MOST, "and 16 more"));
        assert_eq!(bounded(Vec::new(), 0), []);
    }

    #[test]
    fn no_line_is_a_command() {
        for (text, shown) in [
            ("a :: b\n", "a :: b\n"),
            ("::error::x", r"\::error::x"),
            ("a\n \t::set-output name=a::b\n", "a\n \t\\::set-output name=a::b\n"),
            ("a\r::add-mask::b", "a\r\\::add-mask::b"),
            ("\u{1b}[1m::x::\u{1b}[0m", "\u{1b}[1m\\::x::\u{1b}[0m"),
            ("\u{3000}::x::", "\u{3000}\\::x::"),
            ("!  ##[error]x", r"!  ##\[error]x"),
        ] {
            assert_eq!(harmless(text), shown);
        }
        let line = r###"{"text":"##[error]"}"###;
        let same: serde_json::Value = serde_json::from_str(&harmless(line)).unwrap();
        assert_eq!(same["text"], "##[error]");
        assert!(!harmless(line).contains("##["));
    }
}
