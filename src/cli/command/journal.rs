//! `--journal`: every event as a line of JSON, at the operating system before anything else happens.

use std::fs::File;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use serde::Serialize;

use super::loaded::Loaded;
use super::signals::first;
use crate::engine::event::Event;
use crate::engine::judge::Complaint;
use crate::engine::writer::Writer;
use crate::exit_code::{Exit, Failure};
use crate::report::ndjson::{self, SCHEMA_VERSION};
use crate::report::summary::Summary;
use crate::text;

/// A journal, or none.
///
/// A `sent` line is at the operating system before the first byte of the request goes out: killing the process loses no line of what
/// was sent. It is not waited for until the disk has it; a loss of power can lose lines.
#[derive(Debug)]
pub(super) struct Journal(Option<(Writer, PathBuf)>);

/// The first line of each scenario: what is needed to know what the others are about.
#[derive(Serialize)]
struct Header<'a> {
    schema_version: u32,
    event: &'static str,
    pullpush: &'static str,
    scenario: &'a str,
    /// MD5 of the scenario's text and of everything that was set from outside.
    scenario_hash: String,
    seed: u64,
    epoch_ms: u64,
}

impl Journal {
    /// A journal at `path`, which is written over; or none.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be written.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let open = |path: &Path| {
            let file = File::create(path).map_err(|error| failure(path, &error.to_string()))?;
            Ok((Writer::new(file), path.to_owned()))
        };
        Ok(Self(path.map(open).transpose()?))
    }

    /// What it is written by.
    pub(super) fn writer(&self) -> Option<&Writer> {
        self.0.as_ref().map(|(writer, _)| writer)
    }

    /// A scenario begins.
    pub(super) fn begin(&self, loaded: &Loaded) {
        let hash = Md5::digest(loaded.text.as_bytes());
        let header = Header {
            schema_version: SCHEMA_VERSION,
            event: "started",
            pullpush: env!("CARGO_PKG_VERSION"),
            scenario: &loaded.name,
            scenario_hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            seed: loaded.plan.seed(),
            epoch_ms: loaded.epoch.0,
        };
        self.write(|| ndjson::json(&header));
    }

    /// Something happened.
    pub(super) fn take(&self, event: &Event) {
        self.write(|| ndjson::line(event));
    }

    /// The receiver owed something.
    pub(super) fn complain(&self, complaint: &Complaint) {
        self.write(|| ndjson::complaint(complaint));
    }

    /// A scenario is over: waits until all of it is written.
    ///
    /// # Errors
    /// [`Failure`] if it is not.
    pub(super) fn finish(&self, summary: &Summary) -> Result<(), Failure> {
        self.write(|| ndjson::json(&summary.to_json()));
        let Some((writer, path)) = &self.0 else { return Ok(()) };
        writer.finish();
        if writer.is_cut_off() {
            let message = format!("the journal {} was cut off: it could not be written in time", text::file(path));
            return Err(Failure { exit: first().unwrap_or(Exit::Interrupted), message });
        }
        writer.failure().map_or(Ok(()), |(_, why)| Err(failure(path, &why)))
    }

    fn write(&self, line: impl FnOnce() -> String) {
        if let Some((writer, _)) = &self.0 {
            writer.push(&line());
        }
    }
}

fn failure(path: &Path, why: &str) -> Failure {
    Failure::could_not_run(format!("cannot write the journal {}: {why}", text::file(path)))
}
