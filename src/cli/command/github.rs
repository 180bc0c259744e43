//! In a step of GitHub Actions: failures as annotations on standard error, and a page in the summary of the job.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::loaded::Loaded;
use super::output::{command, note};
use crate::engine::judge::{Complaint, Topic};
use crate::report::github::{Annotation, Level, bounded};
use crate::report::markdown::Page;
use crate::report::style::NOTE;
use crate::report::summary::Summary;
use crate::scenario::places::{Place, Places};
use crate::scenario::problem::{self, Problem};
use crate::scenario::{Checked, Scenario, Source};

#[expect(clippy::disallowed_methods, reason = "these variables are GitHub's, and no flag has them for a twin")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether this is such a step.
pub(super) fn is_here() -> bool {
    static HERE: LazyLock<bool> = LazyLock::new(|| variable("GITHUB_ACTIONS").as_deref() == Some("true"));
    *HERE
}

/// Makes annotations, of which the first are shown; `untold` more are left out already.
pub(super) fn annotate(annotations: Vec<Annotation>, untold: u64) {
    if !is_here() {
        return;
    }
    let lines: String = bounded(annotations, untold).iter().map(|annotation| format!("{annotation}\n")).collect();
    command(&lines);
}

/// An error of pullpush itself.
pub(super) fn annotate_error(message: &str) {
    annotate(vec![error("pullpush", message.to_owned())], 0);
}

/// An error about no file.
pub(super) fn error(title: impl Into<String>, message: String) -> Annotation {
    Annotation { level: Level::Error, file: None, place: None, title: title.into(), message }
}

/// The same about a scenario's file, if it is one.
pub(super) fn error_in(loaded: &Loaded, title: impl Into<String>, message: String) -> Annotation {
    Annotation { file: loaded.source.as_ref().map(|source| path(source.name())), ..error(title, message) }
}

/// The problems of a scenario, each at its place.
pub(super) fn annotate_problems(checked: &Checked) {
    if !is_here() {
        return;
    }
    for level in [problem::Level::Error, problem::Level::Warning] {
        let of_level = checked.problems.iter().filter(|problem| problem.level == level);
        let told: Vec<_> = of_level.map(|problem| of_problem(problem, &checked.source)).collect();
        let untold = checked.count(level).saturating_sub(told.len()) as u64;
        annotate(told, untold);
    }
}

fn of_problem(problem: &Problem, source: &Source) -> Annotation {
    let place = source.locate(problem.span.clone());
    let is_in_file = source.is_file() && place.name == source.name();
    let level = match problem.level {
        problem::Level::Error => Level::Error,
        problem::Level::Warning => Level::Warning,
    };
    let more = [Some(problem.label.as_str()).filter(|label| !label.is_empty()), problem.help.as_deref()];
    Annotation {
        level,
        file: is_in_file.then(|| path(place.name)),
        place: is_in_file.then(|| place.line_and_column()),
        title: problem.message.clone(),
        message: more.into_iter().flatten().collect::<Vec<_>>().join("\n"),
    }
}

/// What the receiver of a run owed, each at the task, step or probe that it is about.
pub(super) fn annotate_failures(loaded: &Loaded, summary: &Summary, again: &str) {
    if !is_here() {
        return;
    }
    let places = loaded.source.as_ref().map(Source::places).unwrap_or_default();
    let of_complaint = |(index, complaint): (usize, &Complaint)| {
        let again = if index == 0 { format!("\nagain: {again}") } else { String::new() };
        Annotation {
            place: place(loaded, &places, &complaint.about),
            ..error_in(loaded, complaint.about.to_string(), format!("{}{again}", complaint.told()))
        }
    };
    let told: Vec<_> = summary.told().iter().enumerate().map(of_complaint).collect();
    let untold = summary.complaints() - told.len() as u64;
    annotate(told, untold);
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

/// A path as the repository has it, if it is in one.
fn path(name: &str) -> String {
    let relative = variable("GITHUB_WORKSPACE").and_then(|root| {
        let whole = std::path::absolute(name).ok()?;
        let inside = whole.strip_prefix(Path::new(&root)).ok()?;
        Some(inside.to_str()?.replace('\\', "/"))
    });
    relative.unwrap_or_else(|| name.to_owned())
}

/// Adds a page to the summary of the job. What became of a run does not depend on whether it can be written.
pub(super) fn summarise(page: Page) {
    let Some(path) = variable("GITHUB_STEP_SUMMARY").filter(|_| is_here()) else { return };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    if let Err(error) = file.and_then(|mut file| file.write_all(page.finish().as_bytes())) {
        note(&format!("{NOTE}warning{NOTE:#}: cannot write {path}, the summary of this job: {error}"));
    }
}
