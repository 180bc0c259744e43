//! In a step of GitHub Actions: the failures of a receiver as annotations, and a page in the summary of the job.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;

use super::loaded::Loaded;
use super::output::{annotate, note};
use super::runner;
use crate::engine::judge::{Complaint, Topic};
use crate::report::github::Annotation;
use crate::report::markdown::Page;
use crate::report::style::NOTE;
use crate::report::summary::Summary;
use crate::scenario::places::{Place, Places};
use crate::scenario::{Scenario, Source};

/// An error about a scenario's file, if it is one.
pub(super) fn error_in(loaded: &Loaded, title: impl Into<String>, message: String) -> Annotation {
    Annotation {
        file: loaded.source.as_ref().map(|source| runner::path(source.name())),
        ..Annotation::error(title, message)
    }
}

/// What the receiver of a run owed, each at the task, step or probe that it is about.
pub(super) fn annotate_failures(loaded: &Loaded, summary: &Summary, again: &str) {
    if !runner::is_here() {
        return;
    }
    let places = loaded.source.as_ref().map(Source::places).unwrap_or_default();
    let of_complaint = |(index, complaint): (usize, &Complaint)| {
        let again = if index == 0 { format!("\nagain: {again}") } else { String::new() };
        Annotation {
            place: place(loaded, &places, &complaint.about),
            ..error_in(loaded, complaint.about.to_string(), format!("{}{again}", complaint.text()))
        }
    };
    let listed: Vec<_> = summary.kept().iter().enumerate().map(of_complaint).collect();
    let omitted = summary.complaints() - listed.len() as u64;
    annotate(listed, omitted);
}

fn place(loaded: &Loaded, places: &Places, about: &Topic) -> Option<Place> {
    let scenario = loaded.plan.scenario();
    match about {
        Topic::Delivery(subject) => {
            let (task, steps) = places.tasks.get(index_of_task(loaded, scenario, subject.task)?)?;
            let step = usize::try_from(subject.number).ok()?.checked_sub(1).and_then(|index| steps.get(index));
            Some(*step.unwrap_or(task))
        }
        Topic::Probe(probe, _) => {
            places.probes.get(scenario.probes.iter().position(|known| Arc::ptr_eq(known, probe))?).copied()
        }
    }
}

fn index_of_task(loaded: &Loaded, scenario: &Scenario, number: u64) -> Option<usize> {
    let task = loaded.plan.task(number)?;
    scenario.tasks.iter().position(|spec| Arc::ptr_eq(spec, &task.spec))
}

/// Adds a page to the summary of the job. What became of a run does not depend on whether it can be written.
pub(super) fn summarise(page: Page) {
    let Some(path) = runner::variable("GITHUB_STEP_SUMMARY").filter(|_| runner::is_here()) else { return };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    if let Err(error) = file.and_then(|mut file| file.write_all(page.finish().as_bytes())) {
        note(&format!("{NOTE}warning{NOTE:#}: cannot write {path}, the summary of this job: {error}"));
    }
}
