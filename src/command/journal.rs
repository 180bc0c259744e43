//! `--journal`: every event as a line of JSON, at the operating system before anything else happens.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use serde::Serialize;

use super::loaded::Loaded;
use crate::error::Failure;
use crate::event::Event;
use crate::judge::Complaint;
use crate::report::ndjson::{self, SCHEMA_VERSION};
use crate::report::summary::Summary;

/// A journal, or none.
///
/// A `sent` line is written, in one call, before the first byte of the request goes out: killing the process loses no line of what
/// was sent. It is not waited for until the disk has it; a loss of power can lose lines.
#[derive(Debug)]
pub(super) struct Journal {
    file: Option<(File, PathBuf)>,
    failure: Option<Failure>,
}

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
        let open =
            |path: &Path| File::create(path).map(|file| (file, path.to_owned())).map_err(|error| failure(path, &error));
        Ok(Self { file: path.map(open).transpose()?, failure: None })
    }

    /// A scenario begins.
    pub(super) fn begin(&mut self, loaded: &Loaded) {
        let hash = Md5::digest(loaded.text.as_bytes());
        self.write(&ndjson::json(&Header {
            schema_version: SCHEMA_VERSION,
            event: "started",
            pullpush: env!("CARGO_PKG_VERSION"),
            scenario: &loaded.name,
            scenario_hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            seed: loaded.plan.seed(),
            epoch_ms: loaded.epoch.0,
        }));
    }

    /// Something happened. False if it is not in the journal, which ends there.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        match (&self.file, &self.failure) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(_), _) => self.write(&ndjson::line(event)),
        }
    }

    /// The receiver owed something.
    pub(super) fn complain(&mut self, complaint: &Complaint) {
        if self.file.is_some() {
            self.write(&ndjson::complaint(complaint));
        }
    }

    /// A scenario is over.
    pub(super) fn finish(&mut self, summary: &Summary) {
        if self.file.is_some() {
            self.write(&ndjson::summary(summary));
        }
    }

    /// What went wrong with writing.
    pub(super) fn failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    fn write(&mut self, line: &str) -> bool {
        let Some((file, path)) = &mut self.file else { return true };
        match file.write_all(line.as_bytes()) {
            Ok(()) => true,
            Err(error) => {
                self.failure = Some(failure(path, &error));
                self.file = None;
                false
            }
        }
    }
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::could_not_run(format!("cannot write the journal {}: {error}", path.display()))
}
