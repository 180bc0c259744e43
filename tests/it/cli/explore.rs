//! `pullpush explore`: what a receiver cannot stand, and the smallest cause.

use super::Desk;
use crate::receivers::{Bug, Service};

/// A push that breaks, as callbacks one by one.
const FIVE: &str = r#"version = 1
seed = 7

[receiver]
retry = "none"

[payload]
profile = "complete"
epoch = "2026-01-01T00:00:00Z"

[expect]
body = { code = 0 }

[[task]]
files = [{ url = "http://media.test/1.m3u8", duration = "10s" }]
[[task.step]]
event = "TaskStart"
[[task.step]]
after = "1s"
event = "VodSourceFileStart"
[[task.step]]
after = "1s"
event = "TaskExit"
msg = { code = -22 }
[[task.step]]
after = "1s"
event = "TaskStart"
[[task.step]]
after = "1s"
event = "VodSourceFileStart"

[[probe]]
after = "end"
get = "/tasks/{task_id}"
body = { state = "running", workers = 1 }
"#;

/// Twenty tasks, and a lot that goes wrong.
const CHAOS: &str = r#"version = 1
seed = 7

[receiver]
retry = "none"

[payload]
profile = "complete"
epoch = "2026-01-01T00:00:00Z"

[faults]
duplicate = { chance = 0.1 }
delay = { chance = 0.3, by = "1s..10s" }

[expect]
body = { code = 0 }

[[task]]
source = "vod"
count = 20
spacing = "1s"
end = "1m"
files = [{ url = "http://media.test/1.m3u8", duration = "20s" }]
loops = 9
[[task.incident]]
kind = "push-broken"
chance = 0.3
lasts = "5s"

[[probe]]
at = "50s"
get = "/tasks/{task_id}"
body = { state = "running", workers = 1 }
"#;

fn desk() -> Desk {
    Desk::new().file("five.toml", FIVE).file("chaos.toml", CHAOS)
}

#[test]
fn a_correct_receiver_stands_everything() {
    let service = Service::with(Bug::Correct);
    for reset in ["".to_owned(), format!("--reset-url {}/reset", service.url)] {
        let line = format!("pullpush explore five.toml --to {}/callback --swaps 2 --dups 1 {reset}", service.url);
        let done = desk().run(line).exits(0);
        assert_eq!(done.stderr, "");
        done.shows(" 0 failed");
    }
}

/// Explores with a bug; what is found fails again when it is played as the last line says.
#[track_caller]
fn finds(bug: Bug, disorder: &str, complaint: &str) {
    let service = Service::with(bug);
    let desk = desk();
    let line = format!("pullpush explore five.toml --to {}/callback --save found.toml", service.url);
    let done = desk.run(line).exits(1).shows(&format!("\nfails  {disorder}  ")).shows(complaint);
    desk.bare().run(done.again().unwrap()).exits(1).shows(complaint);
}

#[test]
fn an_exit_taken_as_final_is_found_without_disorder() {
    finds(Bug::Final, "1 2 3 4 5", "state: expected \"running\", got \"ended\"\n");
}

#[test]
fn a_start_that_is_not_idempotent_is_found() {
    finds(Bug::NotIdempotent, "1 1 2 3 4 5", "workers: expected 1, got 2\n");
}

#[test]
fn an_error_in_a_200_is_found() {
    finds(Bug::ErrorIn200, "2 1 3 4 5", "body: code: expected 0, got 404\n");
}

/// Shrinks twenty tasks with a bug to these causes; what is written fails again.
#[track_caller]
fn shrinks(bug: Bug, causes: &[&str], complaint: &str) {
    let service = Service::with(bug);
    let desk = desk();
    let to = format!("--to {}/callback", service.url);
    let line = format!("pullpush explore chaos.toml --shrink {to} --reset-url {}/reset", service.url);
    let done = desk.run(line).exits(1).shows(&format!("{complaint}\nsmallest cause, after "));
    let told = done.stdout.lines().skip_while(|line| !line.starts_with("smallest cause")).skip(1);
    assert_eq!(told.collect::<Vec<_>>(), causes);
    let again = format!(
        "curl -fsS -X POST {}/reset && pullpush run chaos-shrunk.toml {to} --epoch 2026-01-01T00:00:00.000Z --speed max",
        service.url
    );
    assert_eq!(done.again(), Some(again.as_str()));
    service.reset();
    desk.bare().run(again.split_once(" && ").unwrap().1).exits(1).shows(complaint);
}

#[test]
fn an_exit_taken_as_final_shrinks_to_one_incident() {
    let complaint = "probe GET /tasks/86998779  task=86998779: body: state: expected \"running\", got \"ended\"";
    shrinks(Bug::Final, &["  incident push-broken  task=86998779"], complaint);
}

#[test]
fn a_start_that_is_not_idempotent_shrinks_to_one_duplicate() {
    let causes =
        ["  incident push-broken  task=86998779", "  fault duplicate after 300ms  TaskExit -22  task=86998779  #6"];
    let complaint = "probe GET /tasks/86998779  task=86998779: body: workers: expected 1, got 0";
    shrinks(Bug::NotIdempotent, &causes, complaint);
}

#[test]
fn an_error_in_a_200_shrinks_to_one_delay() {
    let causes = ["  fault delay by 9s 887ms  TaskStart  task=86998789  #1"];
    shrinks(Bug::ErrorIn200, &causes, "VodSourceFileStart [0]  task=86998789  #2: body: code: expected 0, got 404");
}

#[test]
fn flags_typed_so_far() {
    let service = Service::with(Bug::Correct);
    let line = format!(
        "pullpush explore five.toml --to {}/callback --drops 0 --dups 0 --swaps 0 --max-runs 1 --reset-cmd true",
        service.url
    );
    desk().run(line).exits(0).shows("1 order tried");
    Desk::new().run("pullpush contract --only big-code --list").exits(0);
}
