//! The end of a run: the summary, the exit, and the command that does it again.

use super::loaded::Loaded;
use super::output::note;
use super::play::{Ending, Manner};
use super::reporter::Scribe;
use crate::cli::Format;
use crate::error::{Exit, Failure};
use crate::report::ndjson;

/// Writes the summary; gives the exit.
///
/// # Errors
/// [`Failure`] if something could not be written.
pub(super) fn conclude(loaded: &Loaded, manner: &Manner, scribe: Scribe, ending: &Ending) -> Result<Exit, Failure> {
    let (mut output, mut summary, failure) = scribe.end()?.end();
    summary.finish(ending.rest);
    let mut journal = manner.journal.borrow_mut();
    journal.finish(&summary);
    let written = output.write(&match manner.format {
        Format::Human => summary.to_text(),
        Format::Ndjson => ndjson::summary(&summary),
    });
    let flushed = output.flush();
    // Being interrupted is no failure to look into.
    if summary.exit() != Exit::Success {
        note(&format!("again: {}", manner.again.command(loaded, &summary)));
    }
    let reported = manner.reports.borrow_mut().finish(loaded, &summary, &manner.again);
    failure.or(journal.failure()).map_or(Ok(()), Err).and(written).and(flushed).and(reported)?;
    Ok(ending.interrupted.unwrap_or(Exit::Success).and(summary.exit()))
}
