//! The text of a scenario: the file, and behind it the `--set` overrides, so that one span names a place in either.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::secrets::{blot, blot_override};
use toml::de::{DeTable, DeValue};

use crate::text::file;

/// The largest scenario file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The largest `body_file`, in bytes.
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// A scenario's text with its name, and the overrides that were typed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    overrides: Vec<String>,
    /// If it is a file.
    path: Option<PathBuf>,
}

/// Why a scenario could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system said no.
    #[error("cannot read {name}: {error}")]
    Io {
        /// As typed.
        name: String,
        /// What it said.
        error: io::Error,
    },
    /// It is a directory.
    #[error("{name} is a directory; name a scenario file in it, such as {name}/scenario.toml")]
    Directory {
        /// As typed.
        name: String,
    },
    /// Larger than a scenario file may be.
    #[error("{name} is larger than 1 MiB, the limit of a scenario file; use `count` for many tasks alike")]
    TooLarge {
        /// As typed.
        name: String,
    },
    /// A byte that is not UTF-8.
    #[error("{name}:{line}:{column}: not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// As typed.
        name: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
}

/// A place in one of a source's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<'a> {
    /// The file's name, or `--set`.
    pub name: &'a str,
    /// The whole text the place is in.
    pub text: &'a str,
    /// The place in it, in bytes.
    pub span: Range<usize>,
}

impl Located<'_> {
    /// Line and column of the beginning, both from 1; the column counts characters.
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = self.text.get(..self.span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl Source {
    /// A scenario that is at hand as text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        // A byte order mark is no part of the first line: columns count without it.
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Self { name: name.into(), text, overrides: Vec::new(), path: None }
    }

    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read, is too large, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let name = file(path);
        if path.is_dir() {
            return Err(SourceError::Directory { name });
        }
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            return Err(SourceError::Io { name, error });
        }
        if bytes.len() as u64 > MAX_BYTES {
            return Err(SourceError::TooLarge { name });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { path: Some(path.to_owned()), ..Self::new(name, text) }),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&error.as_bytes()[..valid]);
                let (line, column) = Located { name: &name, text: &text, span: valid..valid }.line_and_column();
                Err(SourceError::NotUtf8 { line, column, name })
            }
        }
    }

    /// The same scenario with `path=value` overrides.
    #[must_use]
    pub fn with_overrides(mut self, overrides: &[String]) -> Self {
        self.overrides = overrides.to_vec();
        self
    }

    /// Reads a file that the scenario names, relative to the scenario's own folder.
    pub(super) fn read_beside(&self, path: &str) -> io::Result<Vec<u8>> {
        let folder = self.folder().ok_or_else(|| io::Error::other("this scenario is no file on disk"))?;
        let mut bytes = Vec::new();
        File::open(folder.join(path))?.take(MAX_BODY + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BODY { Err(io::Error::other("larger than 16 MiB")) } else { Ok(bytes) }
    }

    /// The files that the scenario names, and that are read with it.
    pub fn beside(&self) -> Vec<PathBuf> {
        let Some(folder) = self.folder() else { return Vec::new() };
        let mut found = Vec::new();
        let overrides = self.overrides.iter().filter_map(|text| {
            let (path, value) = text.split_once('=')?;
            let key = path.rsplit('.').next()?.trim();
            // What is no TOML is a word, as a shell leaves it.
            let whole = format!("{key} = {value}");
            Some(if DeTable::parse(&whole).is_ok() { whole } else { format!("{key} = '{value}'") })
        });
        for text in [self.text.clone()].into_iter().chain(overrides) {
            if let Ok(table) = DeTable::parse(&text) {
                named_in(table.get_ref(), &mut |path| found.push(folder.join(path)));
            }
        }
        found
    }

    /// The same texts with everything that looks like a key or a password blotted out, byte for byte as long.
    #[must_use]
    pub(super) fn blotted(mut self) -> Self {
        self.text = blot(&self.text);
        self.overrides = self.overrides.iter().map(|text| blot_override(text)).collect();
        self
    }

    /// The file's name as typed, on one line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a file on disk.
    pub fn is_file(&self) -> bool {
        self.path.is_some()
    }

    /// Where it is, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn folder(&self) -> Option<&Path> {
        self.path.as_deref()?.parent()
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The overrides, each with the offset that its spans are moved by.
    pub(super) fn overrides(&self) -> impl Iterator<Item = (usize, &str)> {
        // One byte between two texts, so that a span at the end of one is not the beginning of the next.
        self.overrides.iter().scan(self.text.len() + 1, |next, text| {
            let offset = *next;
            *next += text.len() + 1;
            Some((offset, text.as_str()))
        })
    }

    /// Where `span` is.
    pub fn locate(&self, span: Range<usize>) -> Located<'_> {
        let inside = |offset: usize, text: &str| span.start >= offset && span.start <= offset + text.len();
        let (offset, name, text) = self
            .overrides()
            .find(|(offset, text)| inside(*offset, text))
            .map_or((0, self.name.as_str(), self.text.as_str()), |(offset, text)| (offset, "--set", text));
        let end = (span.end - offset).min(text.len());
        Located { name, text, span: (span.start - offset).min(end)..end }
    }
}

/// Every file that is named somewhere in a table.
fn named_in(table: &DeTable<'_>, found: &mut dyn FnMut(&str)) {
    for (key, value) in table {
        match value.get_ref() {
            DeValue::String(path) if key.get_ref() == "body_file" => found(path),
            value => named_by(value, found),
        }
    }
}

fn named_by(value: &DeValue<'_>, found: &mut dyn FnMut(&str)) {
    match value {
        DeValue::Table(table) => named_in(table, found),
        DeValue::Array(values) => values.iter().for_each(|value| named_by(value.get_ref(), found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_the_file_and_in_each_override() {
        let source = Source::new("a.toml", "x = 1\n名 = 2\n").with_overrides(&["a=1".to_owned(), "b=2".to_owned()]);
        assert_eq!(source.locate(6..9).line_and_column(), (2, 1));
        assert_eq!(source.locate(10..11).line_and_column(), (2, 3));
        let offsets: Vec<_> = source.overrides().map(|(offset, _)| offset).collect();
        let second = source.locate(offsets[1]..offsets[1] + 1);
        assert_eq!((second.name, second.text, second.span), ("--set", "b=2", 0..1));
    }
}
