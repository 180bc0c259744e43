//! `pullpush contract`: the report card of a receiver.

use super::Desk;
use crate::receivers::{Bug, Service};

pub(super) const KEY: &str = "testkey";
/// Where the receiver tells of tasks, and what of it counts.
const STATE: &str = "--state '/tasks/{task_id}' --state-field /state --state-field /workers";

/// The names of the rules that are graded so.
pub(super) fn graded(stdout: &str, grade: &str) -> Vec<String> {
    let marks = stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    let wanted = marks.filter(|mark| mark["grade"] == grade);
    wanted.map(|mark| mark["rule"].as_str().unwrap().to_owned()).collect()
}

fn line(service: &Service, more: &str) -> String {
    format!("pullpush contract --to {}/callback --seed 7 {more}", service.url)
}

#[test]
fn a_correct_receiver_keeps_every_rule() {
    let desk = Desk::new().env("CALLBACK_KEY", KEY);
    let signed = Service::demanding(KEY);
    let done = desk.run(line(&signed, &format!("{STATE} --key-env CALLBACK_KEY --format json"))).exits(0);
    assert_eq!(done.stderr, "");
    let rules = pullpush::contract::RULES.iter().map(|rule| rule.name);
    assert_eq!(graded(&done.stdout, "pass"), rules.collect::<Vec<_>>());
}

/// The rules that a receiver with this bug breaks.
fn broken_by(bug: Bug) -> Vec<String> {
    let done = Desk::new().run(line(&Service::with(bug), &format!("{STATE} --format json"))).exits(1);
    graded(&done.stdout, "fail")
}

#[test]
fn an_exit_taken_as_final_breaks_one() {
    assert_eq!(broken_by(Bug::Final), ["exit-not-final"]);
}

#[test]
fn a_start_that_is_not_idempotent_breaks_one() {
    assert_eq!(broken_by(Bug::NotIdempotent), ["idempotent"]);
}

#[test]
fn an_error_in_a_200_breaks_those_where_there_is_one() {
    let unknown = ["acknowledges", "exit-without-id", "late-start", "overtaken", "unknown-task"];
    let malformed = ["not-json", "msg-not-json", "wrong-shape"];
    assert_eq!(broken_by(Bug::ErrorIn200), [&unknown[..], &malformed].concat());
}
