//! The end of a run: the summary, the exit, and the command that does it again.

use std::cell::RefCell;

use super::loaded::Loaded;
use super::output::note;
use super::reporter::Reporter;
use super::run_options::RunOptions;
use crate::cli::args::Format;
use crate::engine::player::Rest;
use crate::exit_code::{Exit, Failure};
use crate::report::ndjson;

/// How playing ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// What was not played.
    pub(super) rest: Rest,
    /// The signal that stopped it.
    pub(super) interrupted: Option<Exit>,
}

/// Writes the summary; gives the exit.
///
/// # Errors
/// [`Failure`] if something could not be written.
pub(super) fn conclude(
    loaded: &Loaded,
    options: &RunOptions,
    reporter: RefCell<Reporter>,
    ending: &Ending,
) -> Result<Exit, Failure> {
    let (output, mut summary) = reporter.into_inner().end();
    summary.finish(ending.rest);
    output.push(&match options.format {
        Format::Human => summary.to_text(),
        Format::Ndjson => ndjson::json(&summary.to_json()),
    });
    // Nothing is measured any more: now a slow reader is waited for.
    let journaled = options.journal.finish(&summary);
    let written = output.finish();
    // Being interrupted is no failure to look into.
    if summary.exit() != Exit::Success {
        for command in options.again.commands(loaded, &summary) {
            note(&format!("again: {command}"));
        }
    }
    let reported = options.reports.borrow_mut().finish(loaded, &summary, &options.again);
    journaled.and(written).and(reported)?;
    Ok(ending.interrupted.unwrap_or(Exit::Success).and(summary.exit()))
}
