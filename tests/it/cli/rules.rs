//! Every rule of the contract can be broken: for each a receiver that is correct but for one whim.

use serde_json::Value;

use super::Desk;
use super::contract::{KEY, graded};
use crate::receivers::{Bug, Call, Service, Whim, is_fresh, is_right};

/// Takes two seconds; the others are tried with every whim.
const SLOW: &str = "slow-body";

/// A receiver with a whim breaks just these rules.
#[track_caller]
fn breaks(rules: &[&str], with_key: bool, whim: impl Fn(&Call, &[Call], bool) -> Option<u16> + Send + Sync + 'static) {
    let whim: Box<Whim> = Box::new(whim);
    let service = Service::capricious(None, whim);
    broken(&service, rules, with_key);
}

#[track_caller]
fn broken(service: &Service, rules: &[&str], with_key: bool) {
    let tried = pullpush::study::contract::rules::RULES.iter().map(|rule| rule.name);
    let tried = tried.filter(|rule| *rule != SLOW || rules.contains(&SLOW)).map(|rule| format!("--only {rule}"));
    let key = if with_key { "--key-env CALLBACK_KEY" } else { "" };
    let line = format!(
        "pullpush contract --to {}/callback --seed 7 --format json --state '/tasks/{{task_id}}' --state-field /state \
         --state-field /workers --state-field /finished {key} {}",
        service.url,
        tried.collect::<Vec<_>>().join(" ")
    );
    let done = Desk::new().env("CALLBACK_KEY", KEY).run(line).exits(1);
    assert_eq!(graded(&done.stdout, "fail"), rules, "{}", done.stderr);
}

fn refused(is_refused: bool) -> Option<u16> {
    is_refused.then_some(500)
}

fn is(call: &Call, event: &str) -> bool {
    call.text("callback_event") == event
}

/// What came before of the same task, the last one last.
fn earlier<'a>(call: &Call, before: &'a [Call]) -> Vec<&'a Call> {
    before.iter().filter(|other| other.text("task_id") == call.text("task_id")).collect()
}

fn urls(call: &Call) -> usize {
    serde_json::from_str::<Vec<String>>(call.text("source_urls")).unwrap_or_default().len()
}

fn is_live(call: &Call) -> bool {
    call.text("source_urls").contains("rtmp://")
}

/// Whether the task runs, going by what came last.
fn runs(call: &Call, before: &[Call]) -> bool {
    let mut changes = earlier(call, before).into_iter().filter(|other| is(other, "TaskStart") || is(other, "TaskExit"));
    changes.next_back().is_some_and(|last| is(last, "TaskStart"))
}

macro_rules! whims {
    ($($name:ident: $rules:expr, |$call:ident, $before:pat_param, $broke_off:pat_param| $refused:expr;)*) => {
        $(#[test]
        fn $name() {
            breaks(&$rules, false, |$call: &Call, $before: &[Call], $broke_off: bool| refused($refused));
        })*
    };
}

whims! {
    ids_that_do_not_fit_32_bits: ["live", "loops"], |call, _, _|
        call.text("task_id").parse::<u64>().is_ok_and(|id| i32::try_from(id).is_err());
    ids_that_do_not_fit_a_double: ["loops"], |call, _, _|
        call.text("task_id").parse::<u64>().is_ok_and(|id| id > 1 << 53);
    what_is_published: ["acknowledges"], |call, _, _|
        is(call, "VodSourceFileFinish") && call.outer["event_time"].is_null();
    live_streams: ["live", "source-down", "migration"], |call, _, _| is_live(call) && is(call, "TaskStart");
    long_lists: ["many-urls"], |call, _, _| urls(call) > 10;
    a_list_from_its_third_file: ["file-index"], |call, before, _|
        urls(call) == 3 && is(call, "VodSourceFileStart") && call.msg()["index"] != 0
            && !earlier(call, before).iter().any(|other| is(other, "VodSourceFileStart"));
    files_that_are_played_again: ["loops"], |call, before, _|
        is(call, "VodSourceFileFinish")
            && earlier(call, before).iter().any(|other| {
                is(other, "VodSourceFileFinish") && other.msg() == call.msg() && other.body != call.body
            });
    exits_of_nobody: ["exit-without-id"], |call, _, _| call.text("task_id").is_empty() && call.msg()["code"] == -22;
    files_once_more: ["start-again"], |call, before, _|
        is(call, "VodSourceFileStart")
            && earlier(call, before).iter().any(|other| is(other, "TaskExit"))
            && earlier(call, before).iter().any(|other| is(other, "VodSourceFileStart"));
    starts_of_what_runs: ["no-exit"], |call, before, _|
        is(call, "TaskStart") && !is_live(call) && runs(call, before)
            && !before.iter().any(|other| other.body == call.body);
    many_starts: ["source-down"], |call, before, _|
        earlier(call, before).iter().filter(|other| is(other, "TaskStart")).count() > 2;
    starts_before_exits: ["migration"], |call, before, _| is(call, "TaskStart") && is_live(call) && runs(call, before);
    the_same_again: ["duplicate", "idempotent"], |call, before, _| before.iter().any(|other| other.body == call.body);
    late_files: ["late", "late-alike"], |call, before, _|
        is(call, "VodSourceFileFinish")
            && earlier(call, before).last().is_some_and(|last| is(last, "TaskExit"))
            && !before.iter().any(|other| other.body == call.body);
    files_of_what_has_not_started: ["late-start", "overtaken"], |call, before, _|
        is(call, "VodSourceFileStart") && !call.text("task_id").is_empty() && earlier(call, before).is_empty();
    files_of_nobody: ["unknown-task"], |call, before, _|
        is(call, "VodSourceFileFinish") && earlier(call, before).is_empty();
    many_connections: ["concurrent"], |call, before, _| {
        let mut peers: Vec<_> = earlier(call, before).iter().map(|other| other.peer).collect();
        peers.push(call.peer);
        peers.sort_unstable();
        peers.dedup();
        peers.len() > 2
    };
    new_callbacks: ["unknown-event"], |call, _, _| is(call, "TaskUnheardOf");
    some_alarms: ["alarms"], |call, _, _| call.msg()["type"] == "FileEndEarly";
    alarms_by_another_name: ["alarm-type"], |call, _, _| is(call, "TaskAlarm") && call.msg()["type"].is_null();
    changed_tasks: ["reset-config"], |call, _, _| is(call, "ResetTaskConfig");
    big_codes: ["big-code"], |call, _, _| call.msg()["code"].as_i64().is_some_and(|code| i16::try_from(code).is_err());
    strings_for_numbers: ["number-strings"], |call, _, _| call.msg()["code"].is_string() || call.msg()["index"].is_string();
    event_times: ["alarms", "alarm-type", "event-time"], |call, _, _|
        is(call, "TaskStart") && call.outer["event_time"].is_string() && call.outer["callback_url"].is_null();
    added_fields: ["more-fields"], |call, _, _| call.outer.get("region").is_some();
    what_is_not_json: ["not-json"], |call, _, _| call.outer.is_null() && std::str::from_utf8(&call.body).is_ok();
    what_is_not_text: ["bad-utf8"], |call, _, _| std::str::from_utf8(&call.body).is_err();
    events_that_are_no_strings: ["wrong-shape"], |call, _, _|
        call.outer.is_object() && !call.outer["callback_event"].is_string();
    huge_bodies: ["huge"], |call, _, _| call.body.len() > 100_000;
    other_content_types: ["content-type"], |call, _, _| call.headers["content-type"] != "application/json";
    slow_bodies: ["slow-body"], |call, _, _| call.pieces > 1 && call.body.len() < 10_000;
    what_comes_after_a_broken_body: ["cut-body"], |_call, _, broke_off| broke_off;
}

#[test]
fn an_exit_taken_as_final() {
    broken(&Service::with(Bug::Final), &["exit-not-final", "late-alike"], false);
}

#[test]
fn a_start_that_is_not_idempotent() {
    broken(&Service::with(Bug::NotIdempotent), &["idempotent"], false);
}

/// Answers 200, and does nothing about it.
fn ignored(is_ignored: bool) -> Option<u16> {
    is_ignored.then_some(200)
}

#[test]
fn late_files_without_effect() {
    breaks(&["late-alike"], false, |call, before, _| {
        let late = earlier(call, before).iter().any(|other| is(other, "TaskExit"));
        ignored(is(call, "VodSourceFileFinish") && late)
    });
}

#[test]
fn exits_without_effect_before_the_start() {
    breaks(&["late-start"], false, |call, before, _| {
        let started = earlier(call, before).iter().any(|other| is(other, "TaskStart"));
        ignored(is(call, "TaskExit") && !call.text("task_id").is_empty() && !started)
    });
}

#[test]
fn a_msg_that_nobody_reads() {
    breaks(&["msg-not-json"], false, |call, _, _| {
        ignored(serde_json::from_str::<Value>(call.text("msg")).is_err() && is(call, "TaskExit"))
    });
}

#[test]
fn signatures_that_nobody_checks() {
    breaks(&["bad-signature", "expired", "no-signature"], true, |_, _, _| None);
    breaks(&["bad-signature"], true, |call, _, _| (!is_fresh(&call.outer)).then_some(403));
    breaks(&["expired"], true, |call, _, _| (!is_right(&call.outer, KEY)).then_some(403));
    breaks(&["no-signature"], true, |call, _, _| {
        let bad = !is_right(&call.outer, KEY) || !is_fresh(&call.outer);
        (call.outer.get("sign").is_some() && bad).then_some(403)
    });
}

#[test]
fn right_signatures() {
    let service = Service::capricious(None, Box::new(|call, _, _| refused(is_right(&call.outer, KEY))));
    let line = format!("pullpush contract --to {}/callback --only signed --key-env CALLBACK_KEY", service.url);
    Desk::new().env("CALLBACK_KEY", KEY).run(line).exits(1).shows("FAIL  signed ");
}

#[test]
fn every_rule_stands_here() {
    let text = include_str!("rules.rs");
    for rule in pullpush::study::contract::rules::RULES {
        assert!(text.contains(&format!("\"{}\"", rule.name)) || rule.name == "signed", "nothing breaks {}", rule.name);
    }
}
