//! Standard output that may be closed at any time, and standard error. Neither blocks whoever has something to say.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};

use super::runner;
use crate::cli::args::without_secrets;
use crate::engine::writer::Writer;
use crate::exit_code::Failure;
use crate::report::github::{Annotation, bounded, harmless};
use crate::report::style::BAD;
use crate::text::{escaped_lines, without_passwords_of_urls};

static STDOUT: LazyLock<Writer> = LazyLock::new(|| Writer::new(io::stdout()));

/// Where standard error goes where standard output goes, too, one writer keeps the order of both.
static STDERR: LazyLock<Writer> =
    LazyLock::new(|| if are_one() { STDOUT.clone() } else { Writer::new(anstream::stderr()) });

/// Whether both streams are the same terminal, pipe or file.
#[cfg(unix)]
fn are_one() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    let which = |file: Option<File>| {
        let about = file?.metadata().ok()?;
        Some((about.dev(), about.ino()))
    };
    let stdout = which(stdout_file());
    stdout.is_some() && stdout == which(io::stderr().as_fd().try_clone_to_owned().ok().map(File::from))
}

/// What standard output goes to.
#[cfg(unix)]
pub(super) fn stdout_file() -> Option<File> {
    use std::os::fd::AsFd;

    io::stdout().as_fd().try_clone_to_owned().ok().map(File::from)
}

/// What standard output goes to cannot be told here.
#[cfg(not(unix))]
pub(super) fn stdout_file() -> Option<File> {
    None
}

/// Whether both streams are terminals: there is one console.
#[cfg(not(unix))]
fn are_one() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// Standard output, for results.
///
/// Once its reader has gone, what is written is dropped: a closed pipe is the reader's decision, not an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// Whether colours are taken out.
    is_plain: bool,
    /// Whether a line could be taken for a command.
    is_guarded: bool,
    /// Whether people read it.
    is_for_people: bool,
}

impl Output {
    /// For people: colours on a terminal, none elsewhere.
    pub(super) fn for_people() -> Self {
        let is_plain = AutoStream::choice(&io::stdout()) == ColorChoice::Never;
        Self { is_plain, is_for_people: true, ..Self::for_programs() }
    }

    /// For programs: no colours.
    pub(super) fn for_programs() -> Self {
        Self { is_guarded: runner::is_here(), ..Self::as_it_is() }
    }

    /// Every byte as it is: nothing in it comes from a receiver.
    pub(super) fn as_it_is() -> Self {
        Self { is_plain: false, is_guarded: false, is_for_people: false }
    }

    /// Writes `text`; where much waits for a slow reader, waits too. Not for where something is sent, received or measured.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written for another reason than that nobody reads it.
    pub(super) fn write(self, text: &str) -> Result<(), Failure> {
        STDOUT.wait_for_room();
        self.push(text);
        failure()
    }

    /// Hands `text` over without ever waiting.
    pub(super) fn push(self, text: &str) {
        STDOUT.push(&self.prepared(text));
    }

    /// The same; what went wrong before is an error already.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(super) fn say(self, text: &str) -> Result<(), Failure> {
        self.push(text);
        failure()
    }

    /// Hands a line over without ever waiting, that may be missing when nobody reads; how many are missing is told in their place.
    pub(super) fn offer(self, line: &str) {
        STDOUT.offer(&self.prepared(line));
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(super) fn finish(self) -> Result<(), Failure> {
        STDOUT.finish();
        failure()
    }

    /// Whether the reader has gone.
    pub(super) fn is_closed(self) -> bool {
        STDOUT.is_closed()
    }

    /// What it is written by.
    pub(super) fn writer(self) -> Writer {
        STDOUT.clone()
    }

    fn prepared(self, text: &str) -> Cow<'_, str> {
        let text = if self.is_for_people { coloured(text) } else { text.into() };
        let text = and_then(text, without_passwords_of_urls);
        let text = if self.is_guarded { and_then(text, harmless) } else { text };
        if self.is_plain { strip_str(&text).to_string().into() } else { text }
    }
}

/// Why standard output cannot be written.
fn failure() -> Result<(), Failure> {
    match STDOUT.failure() {
        Some((kind, why)) if kind != ErrorKind::BrokenPipe => {
            Err(Failure::could_not_run(format!("cannot write to standard output: {why}")))
        }
        _ => Ok(()),
    }
}

/// Whether sink's standard output has no room for what is received now.
pub(super) fn is_full() -> bool {
    STDOUT.is_full()
}

/// `change` made to a text that may have been changed before.
fn and_then<'a>(text: Cow<'a, str>, change: impl Fn(&str) -> Cow<'_, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => change(&text).into_owned().into(),
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
    let output = Output::for_people();
    output.push(text);
    output.finish()
}

/// Prints what is meant to become a file, or the body of a request.
///
/// # Errors
/// As [`Output::write`].
pub(super) fn print_as_it_is(text: &str) -> Result<(), Failure> {
    let output = Output::as_it_is();
    output.push(text);
    output.finish()
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
    annotate(vec![Annotation::error("pullpush", message.to_owned())], 0);
}

/// A line on standard error. There is nowhere to report that it could not be written.
pub(super) fn note(line: &str) {
    static IS_PLAIN: LazyLock<bool> = LazyLock::new(|| AutoStream::choice(&io::stderr()) == ColorChoice::Never);
    let output = Output { is_plain: *IS_PLAIN, is_guarded: runner::is_here(), is_for_people: true };
    STDERR.offer(&output.prepared(&format!("{}\n", without_secrets(&coloured(line)))));
}

/// Makes annotations in a step of GitHub Actions, of which the first are shown; `omitted` more are left out already.
pub(super) fn annotate(annotations: Vec<Annotation>, omitted: u64) {
    if runner::is_here() {
        let lines = bounded(annotations, omitted).into_iter().map(|annotation| format!("{annotation}\n"));
        STDERR.push(&lines.collect::<String>());
    }
}

/// Shows a text below all that is written, until there is another, on a terminal. `None` where there is none.
pub(super) fn show(status: &str) {
    let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
    // A line that fills the terminal would be two.
    let lines = status.lines().map(|line| line.chars().take(width.saturating_sub(1)).collect::<String>());
    STDERR.show(lines.collect::<Vec<_>>().join("\n"));
}

/// Whether somebody could watch a text that changes.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// The end of the process: what is not written yet is written, or it is said that it was cut off; whether it was.
pub(super) fn finish() -> bool {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    STDOUT.finish();
    if STDOUT.is_cut_off() && !IS_TOLD.swap(true, Relaxed) {
        note("standard output was cut off: nobody read it");
    }
    STDERR.finish();
    STDOUT.is_cut_off()
}
