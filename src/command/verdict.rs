//! The end of a run: the summary, the exit, and the command that does it again.

use super::load::Loaded;
use super::output::note;
use super::play::{Ending, Manner};
use super::reporter::Scribe;
use crate::cli::Format;
use crate::error::{Exit, Failure};
use crate::report::ndjson;
use crate::report::summary::Summary;

/// Writes the summary; gives the exit.
///
/// # Errors
/// [`Failure`] if something could not be written.
pub(super) fn conclude(loaded: &Loaded, manner: &Manner, scribe: Scribe, ending: &Ending) -> Result<Exit, Failure> {
    let (mut output, mut summary, failure) = scribe.end()?.end();
    summary.finish(ending.rest);
    let exit = ending.interrupted.unwrap_or(Exit::Success).and(summary.exit());
    let again = (exit != Exit::Success).then(|| again(loaded, manner, &summary));
    let written = output.write(&match manner.format {
        Format::Human => summary.to_text(),
        Format::Ndjson => ndjson::summary(&summary),
    });
    let flushed = output.flush();
    if let Some(again) = again {
        note(&format!("again: {again}"));
    }
    failure.map_or(Ok(()), Err).and(written).and(flushed)?;
    Ok(exit)
}

/// The command that plays the same again; if a delivery failed, only its task.
fn again(loaded: &Loaded, manner: &Manner, summary: &Summary) -> String {
    let mut words = vec!["pullpush".to_owned(), "run".to_owned(), quoted(&loaded.name)];
    words.push(format!("--seed {}", loaded.plan.seed()));
    if let Some(task) = summary.first_failure().map(|subject| subject.task_id.as_str()).or(loaded.only.as_deref()) {
        words.push(format!("--only {}", quoted(&format!("task={task}"))));
    }
    words.push(manner.again.clone());
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// A word for a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
