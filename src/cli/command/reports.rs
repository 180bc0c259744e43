//! `--report`: what came of a run, in files for other programs, and on the pages of a CI service.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::again::Again;
use super::github;
use super::loaded::Loaded;
use super::output::note;
use super::runner;
use crate::cli::args::{ReportFile, ReportKind};
use crate::engine::event::Event;
use crate::engine::judge::Complaint;
use crate::exit_code::{Exit, Failure};
use crate::report::cases::{Case, Cases};
use crate::report::html::{self, Drawn, Facts, Picture, Room};
use crate::report::job::{self, Played};
use crate::report::junit;
use crate::report::ndjson::{SCHEMA_VERSION, json};
use crate::report::summary::{Summary, SummaryJson};
use crate::text;

/// The reports of one run, which may be of several scenarios.
#[derive(Debug, Default)]
pub(super) struct Reports {
    files: Vec<(ReportKind, PathBuf)>,
    present: Cases,
    done: Vec<(String, Cases, String)>,
    summaries: Vec<SummaryJson>,
    picture: Option<Picture>,
    /// How much more a page may hold.
    room: Room,
    drawn: Vec<Drawn>,
    /// What a CI service tells of on a page of its own.
    played: Vec<Played>,
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

    /// A scenario begins: whose callbacks go `to` there, at so many times the clock's speed, if anything waits at all.
    pub(super) fn begin(&mut self, loaded: &Loaded, speed: Option<f64>, to: &str) {
        if self.files.iter().any(|(kind, _)| *kind == ReportKind::Html) {
            let (name, to) = (loaded.name.clone(), to.to_owned());
            let facts = Facts { name, seed: loaded.plan.seed(), epoch: loaded.epoch, speed, to };
            self.picture = Some(Picture::new(facts, self.room));
        }
    }

    /// Something happened.
    pub(super) fn take(&mut self, event: &Event) {
        if !self.files.is_empty() {
            self.present.take(event);
        }
        if let Some(picture) = &mut self.picture {
            picture.take(event);
        }
    }

    /// The receiver owed something.
    pub(super) fn complain(&mut self, complaint: &Complaint) {
        if !self.files.is_empty() {
            self.present.complain(complaint);
        }
        if let Some(picture) = &mut self.picture {
            picture.complain(complaint);
        }
    }

    /// A scenario is over. The files are written each time: whatever comes after, this is in them.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be written.
    pub(super) fn finish(&mut self, loaded: &Loaded, summary: &Summary, again: &Again) -> Result<(), Failure> {
        let whole = again.command(loaded, summary);
        if runner::is_here() {
            github::annotate_failures(loaded, summary, &whole);
            self.played.push(Played::new(&loaded.name, summary, &whole));
        }
        if self.files.is_empty() {
            return Ok(());
        }
        if let Some(picture) = self.picture.take() {
            let alone = |number: Option<u64>| {
                let failed = number.filter(|_| summary.exit() == Exit::ReceiverFailed);
                let task = failed.and_then(|number| loaded.plan.task(number));
                let task = task.as_ref().map(|task| (task.number, task.id()));
                again.command_of(loaded, task.as_ref().map(|(number, id)| (*number, &**id)))
            };
            let (drawn, room) = picture.finish(summary.to_json(), alone);
            self.drawn.push(drawn);
            self.room = room;
        }
        self.done.push((loaded.name.clone(), std::mem::take(&mut self.present), whole));
        self.summaries.push(summary.to_json());
        for (kind, path) in &self.files {
            let text = match kind {
                ReportKind::Junit => junit::report(&self.done).map_err(Failure::could_not_run)?,
                ReportKind::Json => self.json(),
                ReportKind::Html => html::page(html::Kind::Run, &self.drawn),
            };
            std::fs::write(path, text).map_err(|error| cannot(path, &error))?;
        }
        Ok(())
    }

    /// The run is over: the files that were written are told once, and the summary of the job tells of all scenarios.
    pub(super) fn close(&self, is_complete: bool) {
        if is_complete {
            self.files.iter().for_each(|(_, path)| note(&format!("written: {}", text::file(path))));
        }
        if !self.played.is_empty() {
            github::summarise(job::page(&self.played));
        }
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
    Failure::could_not_run(format!("cannot write {}: {error}", text::file(path)))
}
