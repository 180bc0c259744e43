//! The problems of a scenario: on standard error, and at their places in a step of GitHub Actions.

use super::output::{annotate, note};
use super::runner;
use crate::report::github::{Annotation, Level};
use crate::scenario::problem::{Level as Severity, Problem};
use crate::scenario::{Checked, Source};

/// Shows the problems of a scenario on standard error.
pub(super) fn show_problems(checked: &Checked) {
    for problem in &checked.problems {
        note(&format!("{}\n", problem.render(&checked.source, true)));
    }
    let count = |level| checked.count(level);
    if count(Severity::Error) + count(Severity::Warning) > 1 {
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        note(&format!("{}: errors: {errors}, warnings: {warnings}\n", checked.source.name()));
    }
    annotate_problems(checked);
}

/// The problems of a scenario, each at its place.
pub(super) fn annotate_problems(checked: &Checked) {
    if !runner::is_here() {
        return;
    }
    for level in [Severity::Error, Severity::Warning] {
        let of_level = checked.problems.iter().filter(|problem| problem.level == level);
        let listed: Vec<_> = of_level.map(|problem| of_problem(problem, &checked.source)).collect();
        let omitted = checked.count(level).saturating_sub(listed.len()) as u64;
        annotate(listed, omitted);
    }
}

fn of_problem(problem: &Problem, source: &Source) -> Annotation {
    let place = source.locate(problem.span.clone());
    let is_in_file = source.is_file() && place.name == source.name();
    let level = match problem.level {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    };
    let more = [Some(problem.label.as_str()).filter(|label| !label.is_empty()), problem.help.as_deref()];
    Annotation {
        level,
        file: is_in_file.then(|| runner::path(place.name)),
        place: is_in_file.then(|| place.line_and_column()),
        title: problem.message.clone(),
        message: more.into_iter().flatten().collect::<Vec<_>>().join("\n"),
    }
}
