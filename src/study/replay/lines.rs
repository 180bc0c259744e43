//! The lines of a recording, one at a time.

use std::io::{BufRead, Read};

use super::ReadError;

/// The longest line, in bytes. The longest body is 16 MiB.
pub(super) const MAX_LINE: usize = 64 * 1024 * 1024;

/// Lines as text. A journal of a run that was killed may end in the middle of a character.
pub(super) struct Lines<R> {
    input: R,
    next: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, next: 0 }
    }

    /// The next line that is more than white space, with its index from 0. It is cut where it is too long.
    pub(super) fn next_filled(&mut self) -> Result<Option<(usize, String)>, ReadError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let most = MAX_LINE as u64;
            let read = self.input.by_ref().take(most).read_until(b'\n', &mut line);
            if read.map_err(|error| ReadError::Unreadable(error.to_string()))? == 0 {
                return Ok(None);
            }
            // Some programs begin every file with a mark that they were here.
            let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| self.next == 0).unwrap_or(&line);
            let text = String::from_utf8_lossy(text);
            self.next += 1;
            if !text.trim().is_empty() {
                return Ok(Some((self.next - 1, text.into_owned())));
            }
        }
    }

    /// The same for those that may not be too long.
    pub(super) fn next_whole(&mut self) -> Result<Option<(usize, String)>, ReadError> {
        match self.next_filled()? {
            Some((index, line)) if line.len() >= MAX_LINE => Err(ReadError::line(index, "is longer than 64 MiB")),
            line => Ok(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_are_counted_and_left_out() {
        let mut lines = Lines::new("\u{feff}a\r\n\n \t\n\u{feff}b".as_bytes());
        let mut next = || lines.next_whole().unwrap();
        assert_eq!(next(), Some((0, "a\r\n".to_owned())));
        assert_eq!(next(), Some((3, "\u{feff}b".to_owned())));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_line_has_an_end() {
        let endless = std::io::BufReader::new(std::io::repeat(b'a'));
        let error = Lines::new(endless).next_whole().unwrap_err();
        assert_eq!(error.to_string(), "line 1: is longer than 64 MiB");
    }
}
