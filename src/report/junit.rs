//! A JUnit report: a suite for each scenario, a case for each task.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::cases::{Case, Cases};
use crate::text::{escaped, without_passwords_of_urls};

/// The report of scenarios, each with its name, its tasks, and the command that plays it again.
///
/// Errors are about the transport, failures about expectations; what was cut off by a stop is skipped.
pub fn report(scenarios: &[(String, Cases, String)]) -> Result<String, String> {
    let mut report = Report::new("pullpush");
    for (name, cases, again) in scenarios {
        let mut suite = TestSuite::new(shown(name));
        suite.set_time(cases.length());
        suite.add_test_cases(cases.tasks().map(|case| test_case(case, again)));
        if !cases.others().is_empty() || cases.omitted() > 0 {
            let mut lines = cases.others().to_vec();
            lines.extend((cases.omitted() > 0).then(|| format!("and {} more", cases.omitted())));
            suite.add_test_case(TestCase::new("the whole", failed(NonSuccessKind::Failure, &lines, again)));
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn test_case(case: &Case, again: &str) -> TestCase {
    let status = match (&case.complaints[..], &case.error) {
        ([], _) if case.interrupted > 0 => TestCaseStatus::skipped(),
        ([], _) => TestCaseStatus::success(),
        (complaints, Some(_)) => failed(NonSuccessKind::Error, complaints, again),
        (complaints, None) => failed(NonSuccessKind::Failure, complaints, again),
    };
    let mut test_case = TestCase::new(format!("task {}", shown(&case.task_id)), status);
    test_case.set_time(Duration::from_micros(case.took_us));
    test_case
}

fn failed(kind: NonSuccessKind, lines: &[String], again: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let lines: Vec<_> = lines.iter().map(|line| shown(line)).collect();
    status.set_message(lines.first().cloned().unwrap_or_default());
    status.set_description(format!("{}\nagain: {}", lines.join("\n"), shown(again)));
    status
}

/// The same text on one line, with what XML cannot hold written out: without, it would be lost.
fn shown(text: &str) -> String {
    escaped(&without_passwords_of_urls(text)).into_owned()
}
