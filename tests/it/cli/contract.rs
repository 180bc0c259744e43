//! `pullpush contract`: the report card of a receiver.

use std::collections::BTreeSet;

use super::{Answer, Desk, Receiver};
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
    let rules = pullpush::study::contract::rules::RULES.iter().map(|rule| rule.name);
    assert_eq!(graded(&done.stdout, "pass"), rules.collect::<Vec<_>>());
}

/// The one published way to put callbacks in order.
#[test]
fn a_receiver_that_sorts_by_event_time_keeps_the_rules_of_order() {
    let service = Service::with(Bug::Sorts);
    let rules = "--only late-alike --only late-start --only idempotent --only exit-not-final --only overtaken";
    Desk::new().run(line(&service, &format!("{STATE} {rules}"))).exits(0).shows("5 rules: 5 passed");
}

#[test]
fn the_card_for_people_and_for_programs() {
    let service = Service::with(Bug::ErrorIn200);
    Desk::new().run(line(&service, "")).golden_but_times("contract/human");
    let some = "--only exit-without-id --only late-alike --only not-json --format json";
    Desk::new().run(line(&service, some)).golden_but_times("contract/json");
    let good = Service::with(Bug::Correct);
    Desk::new().run(line(&good, "--only alarms --only signed")).golden_but_times("contract/passed");
}

#[test]
fn the_list() {
    Desk::new().run("pullpush contract --list").golden("contract/list");
    // It asks for no receiver, and goes to none.
    Desk::new().run("pullpush contract --list --to http://127.0.0.1:1/").exits(0);
}

#[test]
fn every_rule_can_be_shown_and_played() {
    let desk = Desk::new().env("CALLBACK_KEY", KEY);
    for rule in pullpush::study::contract::rules::RULES {
        let shown = desk.run(format!("pullpush contract --show {} | tee rule.toml", rule.name)).exits(0);
        let remark = "# What is compared here, only contract compares: run plays it, and cannot judge the rule.\n#\n";
        let is_compared = ["idempotent", "late-alike", "late-start", "exit-not-final"].contains(&rule.name);
        assert_eq!(shown.stdout, format!("{}{}", if is_compared { remark } else { "" }, rule.text));
        let checked = desk.run("pullpush check rule.toml --deny-warnings").exits(0);
        assert_eq!((checked.stdout.as_str(), checked.stderr.as_str()), ("rule.toml: ok\n", ""));
        // The built-in receiver keeps every one.
        let done = desk.run("pullpush run rule.toml --virtual --seed 7").exits(0);
        done.shows(" planned, seed 7\n");
    }
    Desk::new().run("pullpush contract --show alarm").exits(6).says("did you mean alarms?");
}

#[test]
fn every_rule_says_what_and_why() {
    for rule in pullpush::study::contract::rules::RULES {
        let says = rule.says();
        assert!(
            !says.ends_with('.') && says.len() < 80 && rule.text.starts_with(&format!("# {says}\n#\n# ")),
            "{says}"
        );
        assert!(rule.because().last().unwrap().ends_with('.'), "{}", rule.name);
        assert!(rule.name.len() <= 16, "{}", rule.name);
    }
}

#[test]
fn the_rules_are_the_folder() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/contract");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.collect();
    let rules: Vec<_> =
        pullpush::study::contract::rules::RULES.iter().map(|rule| format!("{}.toml", rule.name)).collect();
    assert_eq!((files.len(), files), (rules.len(), rules.into_iter().collect()));
}

#[test]
fn a_rule_that_is_not_there() {
    for (typed, help) in [
        ("alarm", "did you mean alarms?"),
        ("duplicates", "did you mean duplicate?"),
        ("xyzzy", "`pullpush contract --list` lists them"),
    ] {
        let done = Desk::new().run(format!("pullpush contract --to http://127.0.0.1:1/ --only {typed}")).exits(6);
        assert_eq!(done.stderr, format!("error: there is no rule `{typed}`; {help}\n"));
    }
}

#[test]
fn a_place_that_cannot_be_asked() {
    for (typed, said) in [
        ("/tasks/{taskid}", "--state: there is no placeholder {taskid}; it knows {task_id}, {stream_id}, {task}, {n}"),
        ("/tasks", "--state: which task? write it with a placeholder, such as /tasks/{task_id}"),
        (
            "tasks/{task_id}",
            "--state: not a path and not a URL: relative URL without a base; write /tasks/{task_id}, or a whole URL",
        ),
        ("ftp://127.0.0.1/{task_id}", "--state: ftp: cannot be called; write /tasks/{task_id}, or a whole URL"),
        ("http://192.0.2.1/{task_id}", "--allow-remote"),
    ] {
        let line = format!("pullpush contract --to http://127.0.0.1:1/ --state '{typed}'");
        Desk::new().run(line).exits(2).says(said);
    }
    let line = "pullpush contract --to http://127.0.0.1:1/ --state '/{task_id}' --state-field state";
    Desk::new().run(line).exits(2).says("--state-field: a JSON pointer begins with /, such as /state");
    Desk::new().run("pullpush contract --to http://127.0.0.1:1/ --state-field /state").exits(2).says("--state <URL>");
}

#[test]
fn a_state_that_cannot_be_compared_is_not_judged() {
    let service = Service::with(Bug::Correct);
    for (state, why) in [
        ("--state '/{task_id}'", "answered 404"),
        ("--state '/tasks/{task_id}' --state-field /nothing", "has nothing at /nothing"),
        ("--state 'http://127.0.0.1:1/{task_id}'", "nobody accepts connections at 127.0.0.1:1"),
    ] {
        let done = Desk::new().run(line(&service, &format!("--only idempotent {state}")));
        assert!(format!("{}{}", done.stdout, done.stderr).contains(why), "{done:?}");
        assert_eq!(done.code, if state.contains(":1/") { 3 } else { 6 });
    }
}

#[test]
fn one_that_answers_no_more_is_not_asked_for_ever() {
    // Six callbacks make the first rule.
    let receiver =
        Receiver::answering(|n| if n < 6 { Answer::Status(200) } else { Answer::Raw("no HTTP\r\n\r\n".to_owned()) });
    let line =
        format!("pullpush contract --to {} --only acknowledges --only live --only alarms --only signed", receiver.url);
    let done = Desk::new().run(line).exits(1).shows("\npass  acknowledges ").shows("\nFAIL  live ");
    let done = done.shows("Takes every TaskAlarm  not judged: the receiver does not answer any more\n");
    done.shows("not judged: needs --key-env\n").shows("4 rules: 1 passed, 1 failed, 2 not judged\n");
    // The two of the second rule, and the question whether anybody is there.
    assert_eq!(receiver.rest().len(), 6 + 2 + 1);
}

#[test]
fn nobody_there() {
    let done = Desk::new().run("pullpush contract --to http://127.0.0.1:1/").exits(3);
    let said =
        "error: nobody accepts connections at 127.0.0.1:1; is the receiver running? --wait-for 30s waits for it\n";
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", said));
    let done = Desk::new().run("pullpush contract --to http://127.0.0.1:1/ --wait-for 1ms").exits(3);
    done.says("nobody accepted connections at 127.0.0.1:1 within 1ms");
}

#[test]
fn a_key_that_is_not_there() {
    let done = Desk::new().run("pullpush contract --to http://127.0.0.1:1/ --key-env NOTHING").exits(2);
    done.says("--key-env: the environment variable NOTHING is not set; set it, or leave it out");
}

#[test]
fn the_last_line_of_a_rule_plays_it_again() {
    let service = Service::with(Bug::Final);
    let desk = Desk::new();
    let first = desk.run(line(&service, STATE)).exits(1);
    let again = first.stdout.lines().find_map(|line| line.trim_start().strip_prefix("again: ")).unwrap();
    let second = desk.bare().run(again).exits(1).shows("FAIL  exit-not-final ");
    assert!(second.stdout.contains("1 rule: 0 passed, 1 failed, 0 not judged\n"), "{}", second.stdout);
    assert!(second.stdout.contains(again), "{}", second.stdout);
}

#[test]
fn a_signal_ends_it_with_what_there_is() {
    let service =
        Service::capricious(None, Box::new(|call, _, _| call.text("source_urls").contains("media").then_some(500)));
    let mut running = Desk::new().start(line(&service, "--only acknowledges --only slow-body --only live"));
    running.shows("FAIL  acknowledges");
    running.signal("INT");
    let done = running.end().exits(130).says("stopping: ");
    assert!(done.stdout.contains("\n1 rule: 0 passed, 1 failed, 0 not judged\n"), "{}", done.stdout);
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
