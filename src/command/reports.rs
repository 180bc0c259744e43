//! `--report`: what came of a run, in files for other programs, and on the pages of a CI service.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::output::note;
use crate::cli::{ReportFile, ReportKind};
use crate::error::Failure;
use crate::event::Event;
use crate::judge::Complaint;
use crate::report::cases::{Case, Cases};
use crate::report::junit;
use crate::report::ndjson::{SCHEMA_VERSION, json};
use crate::report::summary::{Summary, SummaryJson};

/// The reports of one run, which may be of several scenarios.
#[derive(Debug, Default)]
pub(super) struct Reports {
    files: Vec<(ReportKind, PathBuf)>,
    present: Cases,
    done: Vec<(String, Cases, String)>,
    summaries: Vec<SummaryJson>,
}

impl Reports {
    /// Reports that will be written to these files.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be: better known before a long run than after it.
    pub(super) fn open(files: &[ReportFile]) -> Result<Self, Failure> {
        for ReportFile { path, .. } in files {
            OpenOptions::new().create(true).append(true).open(path).map_err(|error| cannot(path, &error))?;
        }
        Ok(Self { files: files.iter().map(|file| (file.kind, file.path.clone())).collect(), ..Self::default() })
    }

    /// Something happened.
    pub(super) fn take(&mut self, event: &Event) {
        if !self.files.is_empty() {
            self.present.take(event);
        }
    }

    /// The receiver owed something.
    pub(super) fn complain(&mut self, complaint: &Complaint) {
        if !self.files.is_empty() {
            self.present.complain(complaint);
        }
    }

    /// A scenario is over. The files are written each time: whatever comes after, this is in them.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be written.
    pub(super) fn finish(&mut self, name: &str, summary: &Summary, again: &str) -> Result<(), Failure> {
        if self.files.is_empty() {
            return Ok(());
        }
        self.done.push((name.to_owned(), std::mem::take(&mut self.present), again.to_owned()));
        self.summaries.push(summary.to_json());
        for (kind, path) in &self.files {
            let text = match kind {
                ReportKind::Junit => junit::report(&self.done).map_err(Failure::could_not_run)?,
                ReportKind::Json => self.json(),
            };
            std::fs::write(path, text).map_err(|error| cannot(path, &error))?;
        }
        Ok(())
    }

    /// The files that were written, told once.
    pub(super) fn told(&self) {
        self.files.iter().for_each(|(_, path)| note(&format!("written: {}", path.display())));
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Report<'a> {
            schema_version: u32,
            scenarios: Vec<Scenario<'a>>,
        }
        #[derive(Serialize)]
        struct Scenario<'a> {
            scenario: &'a str,
            again: &'a str,
            summary: &'a SummaryJson,
            tasks: Vec<&'a Case>,
            other_complaints: &'a [String],
        }
        let scenarios = self.done.iter().zip(&self.summaries).map(|((scenario, cases, again), summary)| Scenario {
            scenario,
            again,
            summary,
            tasks: cases.tasks().collect(),
            other_complaints: cases.others(),
        });
        json(&Report { schema_version: SCHEMA_VERSION, scenarios: scenarios.collect() })
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::could_not_run(format!("cannot write {}: {error}", path.display()))
}
