//! The scenarios of faults, expectations and probes find the mistakes that they are about, and nothing in a good receiver.

use std::collections::BTreeMap;
use std::time::Duration;

use pullpush::engine::transport::memory::Reply;
use pullpush::engine::transport::{Outcome, Request};
use pullpush::plan::Plan;
use pullpush::scenario::Source;
use pullpush::scenario::expect::Answer;
use pullpush::sink::Sink;
use pullpush::sink::misbehaviour::Misbehaviour;
use pullpush::time::Millis;
use reqwest::Method;
use serde_json::{Value, json};

use super::shipped;
use crate::support::{EPOCH, Run, at_once, valid};

/// What is said of `receiver` by a scenario.
fn told(name: &str, receiver: impl FnMut(u32, &Request) -> Reply) -> Vec<String> {
    let plan = Plan::new(valid(Source::new(name, shipped(name).text)), 42);
    Run::of(plan, receiver).judged().0
}

fn answer(status: u16, body: Value) -> Reply {
    let answer = Answer::new(status, body.to_string().into());
    Reply { after: Some(Duration::ZERO), outcome: Outcome::Answered(answer) }
}

/// The built-in receiver, which knows the scenario's key.
fn good(name: &str) -> impl FnMut(u32, &Request) -> Reply {
    let key = valid(Source::new(name, shipped(name).text)).payload.key.clone();
    let mut sink = Sink::new(key, Misbehaviour::default());
    let began = std::cell::OnceCell::new();
    move |_, request| {
        let now = tokio::time::Instant::now();
        let since = now - *began.get_or_init(|| now);
        let reply = sink.receive(&request.body, EPOCH.plus(Millis::from_duration(since))).reply;
        Reply { outcome: Outcome::Answered(Answer::new(reply.status, reply.body)), ..at_once(200) }
    }
}

#[test]
fn a_good_receiver_passes() {
    for name in ["dropped", "twice", "overtaking", "damaged", "forged", "bad-connections", "expectations", "chaos"] {
        assert_eq!(told(name, good(name)), [""; 0], "{name}");
    }
}

/// How many complaints there are, by what they are about: from `expected` to the end of the line.
fn counted(told: &[String]) -> BTreeMap<&str, u32> {
    let mut counts = BTreeMap::new();
    for line in told {
        let what = line.split_once(": ").unwrap().1;
        *counts.entry(what.split(" (").next().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn whoever_takes_everything_is_found_out() {
    let takes_all = |_, _: &Request| answer(200, json!({ "code": 0 }));
    assert_eq!(counted(&told("damaged", takes_all)), BTreeMap::from([("expected status 4xx, got 200", 6)]));
    assert_eq!(counted(&told("forged", takes_all)), BTreeMap::from([("expected status 401 or 403, got 200", 3)]));
    assert_eq!(
        counted(&told("expectations", takes_all)),
        BTreeMap::from([
            ("expected status 4xx, got 200", 1),
            ("body: code: expected 400, got 0", 1),
            ("expected status 400, got 200", 1)
        ])
    );
    assert!(told("chaos", takes_all).len() >= 10);
}

#[test]
fn whoever_breaks_on_bad_bytes_is_found_out() {
    let breaks = |_, request: &Request| {
        let parsed = serde_json::from_slice::<Value>(&request.body);
        let msg = parsed.map(|body| serde_json::from_str::<Value>(body["msg"].as_str().unwrap_or_default()));
        at_once(if matches!(msg, Ok(Ok(_))) { 200 } else { 500 })
    };
    let told = told("damaged", breaks);
    let counts = counted(&told);
    assert_eq!(counts["expected status 4xx, got 500"], 4, "{told:?}");
}

#[test]
fn whoever_remembers_a_forgery_is_found_out() {
    let mut good = good("forged");
    let mut banned = false;
    let bans = |request, sent: &Request| {
        let reply = good(request, sent);
        banned |= !reply.outcome.is_acknowledged();
        if banned { at_once(403) } else { reply }
    };
    let told = told("forged", bans);
    assert!(told.iter().any(|line| line.contains("not acknowledged after 2 attempts: status 403")), "{told:?}");
}

#[test]
fn whoever_cannot_take_a_thing_twice_is_found_out() {
    let mut ended = Vec::new();
    let forgets = |_, request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let exit = (body["callback_event"] == "TaskExit").then(|| body["source_urls"].clone());
        match exit {
            Some(task) if ended.contains(&task) => answer(404, json!({ "code": 404 })),
            exit => {
                ended.extend(exit);
                answer(200, json!({ "code": 0 }))
            }
        }
    };
    let told = told("twice", forgets);
    let counts = counted(&told);
    // Of both tasks, whether the bytes are the same or not.
    assert_eq!(counts["duplicate: expected status 200, got 404"], 2, "{told:?}");
    assert_eq!(counts.len(), 2, "{told:?}");
}

/// A receiver that keeps the state of tasks and can be asked for it; `final_exit` is whether it takes every TaskExit for the end.
fn keeper(final_exit: bool) -> impl FnMut(u32, &Request) -> Reply {
    let mut tasks: BTreeMap<String, (String, Value)> = BTreeMap::new();
    move |_, request| {
        if request.method == Method::GET {
            let Some(id) = request.url.rsplit_once("/tasks/").map(|(_, id)| id) else {
                let running: Vec<_> = tasks.values().filter(|(_, state)| state["state"] == "running").collect();
                return answer(200, json!({ "tasks": running.iter().map(|(id, _)| id).collect::<Vec<_>>() }));
            };
            let state = tasks.values().find(|(task, _)| task == id).map(|(_, state)| state.clone());
            return state.map_or_else(|| answer(404, json!({})), |state| answer(200, state));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let msg: Value = serde_json::from_str(body["msg"].as_str().unwrap()).unwrap();
        let source = body["source_urls"].to_string();
        if body["callback_event"] == "TaskStart" {
            let id = body["task_id"].as_str().unwrap().to_owned();
            let known = tasks.contains_key(&source);
            if !(final_exit && known) {
                tasks.insert(source, (id, json!({ "state": "running" })));
            }
        } else if let Some((_, state)) = tasks.get_mut(&source) {
            *state = json!({ "state": "ended", "exit": { "code": msg["code"] } });
        }
        answer(200, json!({ "code": 0 }))
    }
}

#[test]
fn whoever_takes_the_first_exit_for_the_end_is_found_out() {
    assert_eq!(told("probes", keeper(false)), [""; 0]);
    let told = told("probes", keeper(true));
    assert_eq!(told.len(), 2, "{told:?}");
    for line in &told {
        let (asked, what) = line.split_once(": ").unwrap();
        assert!(asked.starts_with("probe GET /tasks/") && what.starts_with("body: state: "), "{line}");
        assert_eq!(what, "body: state: expected \"running\", got \"ended\"");
    }
}

#[test]
fn whoever_keeps_nothing_is_found_out() {
    let told =
        told("probes", |_, request| if request.method == Method::GET { answer(404, json!({})) } else { at_once(200) });
    // After each TaskStart, after each final exit, and at the end; with a line for each thing that is wrong.
    assert_eq!(told.iter().filter(|line| line.contains(": expected status 200, got 404")).count(), 4 + 2 + 1);
}
