//! Standard output that may be closed at any time, and standard error.

use std::borrow::Cow;
use std::io::{self, BufWriter, ErrorKind, Write};

use anstream::{AutoStream, ColorChoice};

use super::github;
use crate::cli::without_secrets;
use crate::error::Failure;
use crate::report::github::harmless;
use crate::report::style::BAD;
use crate::shown::{escaped_lines, without_passwords_of_urls};

/// How much is written at once.
const BUFFER: usize = 64 * 1024;

/// Standard output, for results.
///
/// Once its reader has gone, what is written is dropped: a closed pipe is the reader's decision, not an error.
pub(super) struct Output {
    out: BufWriter<Box<dyn Write + Send>>,
    closed: bool,
    /// Whether a line could be taken for a command.
    is_guarded: bool,
    /// Whether people read it.
    is_for_people: bool,
}

impl Output {
    /// For people: colours on a terminal, none elsewhere.
    pub(super) fn for_people() -> Self {
        let output = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Self::new(anstream::StripStream::new(io::stdout())),
            _ => Self::as_it_is(),
        };
        Self { is_for_people: true, ..output.guarded() }
    }

    /// For programs: no colours.
    pub(super) fn for_programs() -> Self {
        Self::as_it_is().guarded()
    }

    /// Every byte as it is: nothing in it comes from a receiver.
    pub(super) fn as_it_is() -> Self {
        Self::new(io::stdout())
    }

    fn guarded(self) -> Self {
        Self { is_guarded: github::is_here(), ..self }
    }

    fn new(out: impl Write + Send + 'static) -> Self {
        Self {
            out: BufWriter::with_capacity(BUFFER, Box::new(out)),
            closed: false,
            is_guarded: false,
            is_for_people: false,
        }
    }

    /// Writes `text`.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written for another reason than that nobody reads it.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Failure> {
        let visible = if self.is_for_people { coloured(text) } else { text.into() };
        let text = without_passwords_of_urls(&visible);
        let text = if self.is_guarded { harmless(&text) } else { text };
        self.attempt(|out| out.write_all(text.as_bytes()))
    }

    /// Sees to it that everything written is out.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.attempt(|out| out.flush())
    }

    /// Whether `more` bytes can be written without any going out.
    pub(super) fn holds(&self, more: usize) -> bool {
        self.out.buffer().len() + more < self.out.capacity()
    }

    /// Whether nothing waits to go out.
    pub(super) fn is_flushed(&self) -> bool {
        self.out.buffer().is_empty()
    }

    /// Whether the reader has gone.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn attempt(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        match write(&mut self.out) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => {
                self.closed = true;
                Err(Failure::could_not_run(format!("cannot write to standard output: {error}")))
            }
        }
    }
}

/// The same text with what a terminal obeys written out, but for its lines and colours.
fn coloured(text: &str) -> Cow<'_, str> {
    match escaped_lines(text) {
        Cow::Owned(_) => text.split('\u{1b}').map(escaped_lines).collect::<Vec<_>>().join("\u{1b}").into(),
        whole => whole,
    }
}

/// Prints a result and ends.
///
/// # Errors
/// As [`Output::write`].
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut output = Output::for_people();
    output.write(text)?;
    output.flush()
}

/// Prints what is meant to become a file, or the body of a request.
///
/// # Errors
/// As [`Output::write`].
pub(super) fn print_as_it_is(text: &str) -> Result<(), Failure> {
    let mut output = Output::as_it_is();
    output.write(text)?;
    output.flush()
}

/// Why something could not be done, unless that is told already.
pub(super) fn tell(failure: &Failure) {
    if !failure.message.is_empty() {
        complain(&failure.message);
    }
}

/// An error on standard error.
pub(super) fn complain(message: &str) {
    let message = &*without_secrets(message);
    note(&format!("{BAD}error{BAD:#}: {message}"));
    github::annotate_error(message);
}

/// A line on standard error. There is nowhere to report that it could not be written.
pub(super) fn note(line: &str) {
    let line = without_secrets(&coloured(line));
    let line = if github::is_here() { harmless(&line) } else { line.as_str().into() };
    let _ = writeln!(anstream::stderr(), "{line}");
}
