//! The report card of a receiver: one line per rule, and the evidence.

use std::fmt::Write;

use serde::Serialize;

use super::ndjson::{SCHEMA_VERSION, json};
use super::style::{BAD, DIM, GOOD, NOTE};
use super::summary::plural;

/// The most lines of evidence that are told of one rule.
const MAX_EVIDENCE: usize = 3;

/// How a receiver did on one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The rule.
    pub rule: &'static str,
    /// What a receiver does that keeps it.
    pub says: &'static str,
    /// Why that is a rule, line by line.
    pub because: Vec<&'static str>,
    /// How it did.
    pub grade: Grade,
    /// The command that tries this rule alone.
    pub again: String,
}

/// How a receiver did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grade {
    /// It keeps the rule.
    Pass,
    /// It does not; what was seen, at least one line.
    Fail(Vec<String>),
    /// It was not tried, and why.
    NotJudged(String),
}

/// One line for people, and the evidence below it.
pub fn line(mark: &Mark) -> String {
    let mut text = String::new();
    let (style, word) = match &mark.grade {
        Grade::Pass => (GOOD, "pass"),
        Grade::Fail(_) => (BAD, "FAIL"),
        Grade::NotJudged(_) => (NOTE, "  - "),
    };
    let _ = write!(text, "{style}{word}{style:#}  {:<16}  {}", mark.rule, mark.says);
    match &mark.grade {
        Grade::Pass => text.push('\n'),
        Grade::NotJudged(why) => {
            let _ = writeln!(text, "  {DIM}not judged: {why}{DIM:#}");
        }
        Grade::Fail(evidence) => {
            text.push('\n');
            for evidence in evidence.iter().take(MAX_EVIDENCE) {
                let _ = writeln!(text, "      {evidence}");
            }
            if evidence.len() > MAX_EVIDENCE {
                let _ = writeln!(text, "      and {} more", evidence.len() - MAX_EVIDENCE);
            }
            for because in &mark.because {
                let _ = writeln!(text, "      {DIM}{because}{DIM:#}");
            }
            let _ = writeln!(text, "      {DIM}again: {}{DIM:#}", mark.again);
        }
    }
    text
}

/// The last line for people.
pub fn total(marks: &[Mark]) -> String {
    let count = |grade: fn(&Grade) -> bool| marks.iter().filter(|mark| grade(&mark.grade)).count();
    let passed = count(|grade| *grade == Grade::Pass);
    let failed = count(|grade| matches!(grade, Grade::Fail(_)));
    let style = if failed == 0 { GOOD } else { BAD };
    let open = marks.len() - passed - failed;
    let rules = plural(marks.len() as u64, "rule");
    format!("\n{rules}: {passed} passed, {style}{failed} failed{style:#}, {open} not judged\n")
}

/// What failed, for the pages of a CI service: rule by rule what was seen, why that matters, and how to try it again.
pub fn failures(marks: &[Mark]) -> Vec<(&'static str, String)> {
    let line = |mark: &Mark| {
        let Grade::Fail(evidence) = &mark.grade else { return None };
        let evidence = evidence.iter().take(MAX_EVIDENCE).map(String::as_str);
        let lines = [mark.says].into_iter().chain(evidence).chain(mark.because.iter().copied());
        Some((mark.rule, format!("{}\nagain: {}", lines.collect::<Vec<_>>().join("\n"), mark.again)))
    };
    marks.iter().filter_map(line).collect()
}

/// For programs: a JSON line.
pub fn to_json(mark: &Mark) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        schema_version: u32,
        rule: &'a str,
        says: &'a str,
        because: String,
        grade: &'static str,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        evidence: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<&'a str>,
        again: &'a str,
    }
    let (grade, evidence, why): (_, &[String], _) = match &mark.grade {
        Grade::Pass => ("pass", &[], None),
        Grade::Fail(evidence) => ("fail", evidence, None),
        Grade::NotJudged(why) => ("not judged", &[], Some(why.as_str())),
    };
    let Mark { rule, says, because, again, .. } = mark;
    let because = because.join(" ");
    json(&Line { schema_version: SCHEMA_VERSION, rule, says, because, grade, evidence, why, again })
}
