//! `pullpush explore`: what a receiver cannot stand, and the smallest cause.

use std::collections::BTreeSet;

use super::desk::golden;
use super::{Answer, Desk, Receiver, VOD};
use crate::receivers::{Bug, Call, Service};

/// A push that breaks, as callbacks one by one.
pub(super) const FIVE: &str = include_str!("../../receivers/scenarios/five.toml");

/// Twenty tasks, and a lot that goes wrong.
const CHAOS: &str = include_str!("../../receivers/scenarios/chaos.toml");

fn desk() -> Desk {
    Desk::new().file("five.toml", FIVE).file("chaos.toml", CHAOS)
}

#[test]
fn a_correct_receiver_stands_everything() {
    for bug in [Bug::Correct, Bug::Sorts] {
        let service = Service::with(bug);
        for reset in ["".to_owned(), format!("--reset-url {}/reset", service.url)] {
            let line = format!("pullpush explore five.toml --to {}/callback --swaps 2 --dups 1 {reset}", service.url);
            let done = desk().run(line).exits(0);
            assert_eq!(done.stderr, "");
            done.shows(" 0 failed");
        }
    }
    // With a time of its own in each attempt, whoever sorts by it is misled.
    let service = Service::with(Bug::Sorts);
    let attempt = "--set payload.event_time_at=attempt";
    desk().run(format!("pullpush explore five.toml --to {}/callback --swaps 2 {attempt}", service.url)).exits(1);
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

/// It fails at any TaskExit: the first is that of an incident, and what is left has one of its own.
#[test]
fn what_is_written_is_told_with_its_own_failure() {
    let exits = |call: &Call, _: &[Call], _: bool| (call.text("callback_event") == "TaskExit").then_some(500);
    let service = Service::capricious(None, Box::new(exits));
    let desk =
        Desk::new().file("broken.toml", TWICE.to_owned() + "[[task.incident]]\nkind = \"source-down\"\nat = \"3s\"\n");
    let line = "pullpush explore broken.toml --shrink --set task.count=1 --set faults.duplicate.chance=0";
    for reset in [format!("--reset-url {}/reset", service.url), String::new()] {
        let done = desk.run(format!("{line} --to {}/callback {reset}", service.url)).exits(1);
        done.shows("fails  TaskExit -5  task=").shows("\n  none: it fails without any incident and fault\n");
        let written = desk.read("broken-shrunk.toml");
        let remark = written.lines().nth(1).unwrap();
        assert!(remark.starts_with("# TaskExit 0  task="), "{remark}");
        assert!(remark.contains("  #2: not acknowledged: status 500; "), "{remark}");
    }
}

/// What is typed about the receiver: where it is, and how it forgets.
fn there(service: &Service) -> String {
    format!("--to {0}/callback --reset-url {0}/reset", service.url)
}

#[test]
fn what_is_found_and_what_is_written() {
    let service = Service::with(Bug::NotIdempotent);
    let desk = desk();
    let done = desk.run(format!("pullpush explore five.toml {} --save found.toml", there(&service)));
    done.golden_but_times("explore/found");
    golden("explore/found-file", desk.read("found.toml"));
    let done = desk.run(format!("pullpush explore chaos.toml --shrink {}", there(&service)));
    done.golden_but_times("explore/shrunk");
    golden("explore/shrunk-file", desk.read("chaos-shrunk.toml"));
    let done = desk.run(format!("pullpush explore five.toml {} --dups 0", there(&service)));
    done.golden_but_times("explore/stands");
    let done =
        desk.run(format!("pullpush explore chaos.toml --shrink --set faults.duplicate.chance=0 {}", there(&service)));
    done.exits(0).shows("\nit does not fail: nothing to shrink\n");
}

#[test]
fn without_a_reset_every_run_is_about_new_tasks() {
    let (sender, seen) = std::sync::mpsc::channel();
    let whim = move |call: &Call, _: &[Call], _: bool| {
        let _ = sender.send([call.text("task_id").to_owned(), call.text("stream_id").to_owned()]);
        None
    };
    let service = Service::capricious(None, Box::new(whim));
    let line = format!("pullpush explore five.toml --to {}/callback", service.url);
    (0..2).for_each(|_| drop(desk().run(&line).exits(0).shows("38 orders tried")));
    let seen: Vec<_> = seen.try_iter().collect();
    let tasks: BTreeSet<_> = seen.iter().map(|[task, _]| task).collect();
    let streams: BTreeSet<_> = seen.iter().map(|[_, stream]| stream).collect();
    assert_eq!((tasks.len(), streams.len()), (2 * 38, 2 * 38));
    // With one they are the same.
    let line = format!("pullpush explore five.toml {} --dups 0 --swaps 0 --drops 0", there(&service));
    desk().run(&line).exits(0).shows("1 order tried");
    desk().run(&line).exits(0);
}

#[test]
fn ids_of_the_file_are_kept_and_told() {
    let fixed = FIVE.replace("[[task]]", "[[task]]\ntask_id = \"118148\"");
    let desk = Desk::new().file("fixed.toml", fixed);
    let service = Service::with(Bug::NotIdempotent);
    let line = format!("pullpush explore fixed.toml --to {}/callback", service.url);
    desk.run(line)
        .exits(1)
        .says("the file gives task ids, so every run is about the same tasks; ")
        .shows("task=118148: ");
    let done = desk.run(format!("pullpush explore fixed.toml {} --dups 0", there(&service))).exits(0);
    assert_eq!(done.stderr, "");
}

#[test]
fn several_tasks_are_one_sequence() {
    let two = FIVE.replace("[[probe]]", "[[task]]\nstart = \"500ms\"\n[[task.step]]\nevent = \"TaskStart\"\n[[probe]]");
    let desk = Desk::new().file("two.toml", two);
    let service = Service::with(Bug::NotIdempotent);
    let line = format!("pullpush explore two.toml {} --swaps 0 --save found.toml", there(&service));
    let done = desk.run(line).exits(1);
    done.golden_but_times("explore/two-tasks");
    let again = done.again().unwrap().split_once(" && ").unwrap().1;
    assert!(again.ends_with("--speed 60x"), "{again}");
    service.reset();
    desk.bare().run(again).exits(1).shows("workers: expected 1, got 2\n");
}

#[test]
fn a_sequence_that_is_too_long_or_empty() {
    let service = Service::with(Bug::Correct);
    let done = desk().run(format!("pullpush explore chaos.toml --to {}/callback", service.url)).exits(2);
    assert_eq!(
        done.stderr,
        "error: chaos.toml has more than 16 callbacks: too many to try all orders; shorten it, choose a task with \
         --only, or find the cause of a failing run with --shrink\n"
    );
    let line = "pullpush explore vod.toml --set 'task.callback_events=[\"TaskAlarm\"]' --to";
    let done = desk().run(format!("{line} {}/callback", service.url)).exits(6);
    done.says("error: vod.toml has no callbacks: there is nothing to try\n");
    let many = "pullpush explore vod.toml --shrink --set task.count=1000000 --set 'task.task_id=1{n}'";
    let done = desk().run(format!("{many} --to {}/callback", service.url)).exits(2);
    done.says("error: more than 1000000 callbacks; choose fewer tasks");
}

#[test]
fn no_more_runs_than_that() {
    let service = Service::with(Bug::NotIdempotent);
    let line = format!("pullpush explore five.toml {} --max-runs 5", there(&service));
    desk().run(line).exits(1).shows("\n5 orders tried, not all of them, 1 failed  ");
    let desk = desk();
    let line = format!("pullpush explore chaos.toml --shrink {} --max-runs 4", there(&service));
    desk.run(line).exits(1).shows("\nso far, after 4 runs:\n").says("written: chaos-shrunk.toml\n");
    assert!(desk.read("chaos-shrunk.toml").contains("[[task.step]]"));
    desk.run("pullpush explore five.toml --to http://127.0.0.1:1/ --max-runs 0").exits(2);
}

#[test]
fn a_reset_that_fails() {
    let service = Service::with(Bug::Correct);
    for (reset, said) in [
        ("--reset-cmd false", "--reset-cmd: `false` ended with exit status: 1"),
        ("--reset-cmd 'kill -9 $$'", "--reset-cmd: `kill -9 $$` ended with signal: 9"),
        ("--reset-cmd 'nothing-of-that-name'", "--reset-cmd: `nothing-of-that-name` ended with exit status: 127"),
        (&format!("--reset-url {}/forget", service.url), "/forget answered 404"),
        (&format!("--reset-url {}/tasks/1", service.url), "/tasks/1 answered 405"),
    ] {
        let done = desk().run(format!("pullpush explore five.toml --to {}/callback {reset}", service.url)).exits(3);
        done.says(said);
    }
    for (reset, said) in [
        ("--reset-url 127.0.0.1/reset", "--reset-url: not a URL"),
        ("--reset-url http://192.0.2.1/reset", "--allow-remote"),
        ("--reset-url http://127.0.0.1/reset --reset-cmd true", "cannot be used with"),
    ] {
        desk().run(format!("pullpush explore five.toml --to {}/callback {reset}", service.url)).exits(2).says(said);
    }
}

#[test]
fn a_reset_that_fails_later_keeps_what_was_found() {
    let service = Service::with(Bug::NotIdempotent);
    // Six times it works.
    let reset = "--reset-cmd 'test $(wc -c < count) -lt 6 && printf x >> count'";
    let desk = desk().file("count", "");
    let line = format!("pullpush explore five.toml --to {}/callback {reset} --save found.toml", service.url);
    let done = desk.run(line).exits(3).shows("\n6 orders tried, not all of them, ").says("written: found.toml\n");
    done.says("error: --reset-cmd: ");
}

#[test]
fn nobody_there() {
    let done = desk().run("pullpush explore five.toml --to http://127.0.0.1:1/").exits(3);
    assert_eq!(
        (done.stdout.as_str(), done.stderr.as_str()),
        (
            "",
            "error: nobody accepts connections at 127.0.0.1:1; is the receiver running? --wait-for 30s waits for it\n"
        )
    );
    desk().run("pullpush explore five.toml --shrink --to http://127.0.0.1:1/ --wait-for 1ms").exits(3);
    desk().run("pullpush explore five.toml").exits(2).says("five.toml does not say where callbacks go");
    desk().run("pullpush explore five.toml --shrink --drops 1 --to http://127.0.0.1:1/").exits(2);
}

#[test]
fn a_signal_keeps_what_was_found() {
    let ordered = |n| match n {
        4 => Answer::Status(500),
        0..9 => Answer::Status(200),
        _ => Answer::Held,
    };
    let receiver = Receiver::answering(ordered);
    let desk = desk();
    let line = "pullpush explore vod.toml --set receiver.retry=none --reset-cmd true --save found.toml";
    let mut running = desk.start(format!("{line} --to {}", receiver.url));
    running.shows("\nfails  1 1 2 3 4  ");
    running.signal("INT");
    running.says("stopping: ");
    receiver.release();
    let done = running.end().exits(130).shows("\n2 orders tried, not all of them, 1 failed  ");
    done.says("written: found.toml\nagain: true && pullpush run found.toml ");
}

#[test]
fn a_signal_keeps_what_is_left() {
    // The first of eight fails, and later nothing is answered.
    let receiver = Receiver::answering(|n| match n {
        0 => Answer::Status(500),
        1..10 => Answer::Status(200),
        _ => Answer::Held,
    });
    let twice = VOD.replace("[[task]]", "[faults]\nduplicate = { chance = 1 }\n[[task]]");
    let desk = desk().file("twice.toml", twice);
    let line = "pullpush explore twice.toml --shrink --set receiver.retry=none --reset-cmd true";
    let mut running = desk.start(format!("{line} --to {}", receiver.url));
    running.shows("\nfails  TaskStart ");
    (0..11).for_each(|_| drop(receiver.next()));
    running.signal("INT");
    running.says("stopping: ");
    receiver.release();
    running.end().exits(130).shows("\nso far, after 2 runs:\n  fault duplicate ").says("written: twice-shrunk.toml\n");
}

/// Two hundred tasks of two callbacks each, some of which come twice.
const TWICE: &str = r#"version = 1
seed = 7

[receiver]
retry = "none"

[payload]
profile = "complete"

[faults]
events = ["TaskStart"]
duplicate = { chance = 0.15 }

[[task]]
source = "live"
url = "rtmp://origin.test/live/{n}"
count = 200
end = "10s"
"#;

#[test]
fn a_cause_in_two_tasks_is_found() {
    // It no longer takes a TaskExit once two callbacks have come twice.
    let whim = |call: &Call, before: &[Call], _: bool| {
        let twice = |(place, one): (usize, &Call)| before[..place].iter().any(|other| other.body == one.body);
        let repeated = before.iter().enumerate().filter(|one| twice(*one)).count();
        (call.text("callback_event") == "TaskExit" && repeated > 1).then_some(500)
    };
    let service = Service::capricious(None, Box::new(whim));
    let desk = Desk::new().file("twice.toml", TWICE);
    let done = desk.run(format!("pullpush explore twice.toml --shrink {}", there(&service))).exits(1);
    let (head, causes) = done.stdout.split_once("smallest cause, after ").unwrap();
    assert!(head.contains("\n200 tasks, incidents and faults: 2") || head.contains("faults: 3"), "{head}");
    let (runs, causes) = causes.split_once(" runs:\n").unwrap();
    assert!(runs.parse::<u32>().unwrap() < 100, "{runs}");
    assert_eq!(causes.matches("fault duplicate after 300ms  TaskStart  task=").count(), 2, "{causes}");
    assert_eq!(causes.lines().count(), 2, "{causes}");
    assert_eq!(desk.read("twice-shrunk.toml").matches("[[task]]").count(), 2);
    service.reset();
    let again = done.again().unwrap().split_once(" && ").unwrap().1;
    desk.bare().run(again).exits(1).shows("TaskExit 0  task=");
}

#[test]
fn probes_that_may_be_asked_too_early_are_told() {
    let service = Service::with(Bug::Correct);
    let line = format!("pullpush explore five.toml {} --swaps 0 --set 'probe.1.after=\"TaskStart\"'", there(&service));
    desk().run(line).says("probe GET /tasks/{task_id}: in another order it may be asked before what it waits for");
}

/// What is for the receiver only is not sent to whoever resets it from another place.
#[test]
fn headers_do_not_go_elsewhere() {
    let (receiver, elsewhere) = (Receiver::new(), Receiver::new());
    let headers = "--set 'receiver.headers={ X-Token = \"secret\" }' --swaps 0 --dups 0";
    for (reset, leaks) in [(&receiver.url, true), (&elsewhere.url, false)] {
        let to = format!("--to {} --reset-url {reset}", receiver.url);
        Desk::new().run(format!("pullpush explore vod.toml {to} {headers}")).exits(0);
        let reset = if leaks { receiver.next() } else { elsewhere.next() };
        assert!(reset.body.is_empty());
        assert_eq!(reset.head.to_lowercase().contains("x-token"), leaks, "{}", reset.head);
    }
}
