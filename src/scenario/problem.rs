//! What is wrong with a scenario: where, what, and what to do; and how that is shown.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level as Severity, Renderer, Snippet};
use serde::Serialize;

use super::source::Source;
use crate::text::{escaped, without_quoted_passwords};

/// The most problems of one level that are shown: who has more has one cause, or another file in mind.
const MOST: usize = 100;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The scenario cannot be played.
    Error,
    /// It can be played, but it is probably not what was meant.
    Warning,
}

/// One problem of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// What is wrong, in one line.
    pub message: String,
    /// Where, in bytes; see [`Source::locate`].
    pub span: Range<usize>,
    /// What is said at the place itself.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// An error at `span`.
    pub fn error(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { level: Level::Error, message: message.into(), span, label: String::new(), help: None }
    }

    /// A warning at `span`.
    pub fn warning(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(span, message) }
    }

    /// With words at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Takes out the passwords of addresses that its words repeat.
    pub(super) fn hide_passwords(&mut self) {
        for words in [&mut self.message, &mut self.label].into_iter().chain(&mut self.help) {
            if let Cow::Owned(hidden) = without_quoted_passwords(words) {
                *words = hidden;
            }
        }
    }

    /// As rustc shows an error: the place, the line, a caret, the reason and the way out.
    pub fn render(&self, source: &Source, coloured: bool) -> String {
        let place = source.locate(self.span.clone());
        let (message, label) = (escaped(&self.message), escaped(&self.label));
        let mut annotation = AnnotationKind::Primary.span(place.span);
        if !label.is_empty() {
            annotation = annotation.label(&*label);
        }
        let severity = match self.level {
            Level::Error => Severity::ERROR,
            Level::Warning => Severity::WARNING,
        };
        let mut group: Group<'_> = severity
            .primary_title(&*message)
            .element(Snippet::source(place.text).path(place.name).annotation(annotation));
        if let Some(help) = &self.help {
            group = group.element(Severity::HELP.message(help));
        }
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }

    /// As one JSON object.
    pub fn to_json(&self, source: &Source) -> ProblemJson {
        let place = source.locate(self.span.clone());
        let (line, column) = place.line_and_column();
        ProblemJson {
            schema_version: 1,
            level: self.level,
            file: place.name.to_owned(),
            line,
            column,
            message: self.message.clone(),
            label: self.label.clone(),
            help: self.help.clone(),
        }
    }
}

/// A problem for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemJson {
    /// Version of this shape.
    pub schema_version: u32,
    /// `error` or `warning`
    pub level: Level,
    /// As typed, or `--set`.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What is said at the place.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(super) fn add(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// All of them, in order of their place, each once.
    pub(super) fn sorted(self) -> Vec<Problem> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|problem| problem.span.start);
        problems.dedup_by(|later, earlier| {
            later.span == earlier.span && later.level == earlier.level && later.message == earlier.message
        });
        problems
    }
}

/// Cuts off all but the first hundred of a level, with one last problem that says so; gives how many were cut off.
pub(super) fn cut(problems: &mut Vec<Problem>, level: Level) -> usize {
    let mut seen = 0;
    let is_extra = |problem: &mut Problem| {
        seen += usize::from(problem.level == level);
        problem.level == level && seen > MOST
    };
    let extra: Vec<_> = problems.extract_if(.., is_extra).collect();
    if let [first, ..] = extra.as_slice() {
        let kind = if level == Level::Error { "errors" } else { "warnings" };
        let message = format!("{} more {kind} from here on are not shown", extra.len());
        let last = Problem { level, ..Problem::error(first.span.clone(), message) };
        problems.push(last.help(format!("mend the first {MOST}, then check again")));
    }
    extra.len()
}

/// The known word that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}
