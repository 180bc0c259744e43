//! `pullpush run`: its flags, its log, its summary.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::net::TcpSocket;

use super::desk::{Done, golden};
use super::{Answer, Desk, Receiver, VOD};

/// Much that is drawn: gaps, ids, incidents.
const DRAWN: &str = r#"version = 1
[payload]
epoch = "2026-01-01T00:00:00Z"
[[task]]
source = "vod"
files = [{ url = "http://media.test/1.m3u8", duration = "2m" }]
loops = 2
count = 2
spacing = "1s"
[[task.incident]]
kind = "push-broken"
chance = 0.5
exits = [{ exit = "EIO", weight = 1 }, { exit = -22, weight = 1 }]
"#;

#[test]
fn against_the_built_in_receiver() {
    let desk = Desk::new();
    let sink = |flags: &str| desk.run(format!("pullpush run vod.toml --sink --speed max {flags}"));
    sink("").golden_but_times("run/sink");
    sink("--fail-first 1").golden_but_times("run/sink-fail-first");
    sink("--fail-first 3 --status 503").golden_but_times("run/sink-fail-first-status");
    sink("--drop-connection --fail-fast").golden_but_times("run/sink-drop-connection");
    // It has the scenario's key, and its clock shows what the stamps are made of.
    desk.run("pullpush run vod.toml --sink --speed max --set payload.key=testkey").exits(0);
    let real = "--set payload.stamps=real --set payload.sign_for=1s --delay 1ms";
    desk.run(format!("pullpush run vod.toml --sink --speed max --set payload.key=testkey {real}")).exits(0);
}

#[test]
fn a_delay_of_the_built_in_receiver_is_in_the_service_time() {
    let done = Desk::new().run("pullpush run vod.toml --sink --speed max --delay 20ms --format ndjson").exits(0);
    let last = done.objects().pop().unwrap();
    assert!(last["service_time"]["p50_us"].as_u64().unwrap() >= 20_000, "{last}");
    let late = Desk::new().run("pullpush run vod.toml --sink --speed max --delay 1h --set receiver.timeout=1ms");
    late.exits(1).shows("8 attempts: timeout ×8\n").shows("timeout: no whole answer within 1ms\n");
}

#[test]
fn a_delay_may_be_as_long_as_time_itself() {
    let line = "pullpush run vod.toml --virtual --set receiver.retry=none --delay";
    Desk::new().run(format!("{line} '18446744073709551615s 999ms'")).exits(1).shows("4 attempts: timeout ×4\n");
}

#[test]
fn in_virtual_time() {
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --virtual").golden("run/virtual");
    desk.run("pullpush run vod.toml --virtual --format ndjson").golden("run/virtual-ndjson");
    desk.run("pullpush run vod.toml --virtual --fail-first 5 --delay 250ms").golden("run/virtual-fail-first");
    desk.run("pullpush run vod.toml --virtual --status 404 --format ndjson --fail-fast").golden("run/virtual-given-up");
    let desk = desk.file("drawn.toml", DRAWN);
    desk.run("pullpush run drawn.toml vod.toml --virtual --seed 2").golden("run/virtual-incidents");
}

#[test]
fn a_seed_is_printed_and_repeats_every_byte() {
    let desk = Desk::new().file("drawn.toml", DRAWN);
    let run = |flags: &str| desk.run(format!("pullpush run drawn.toml --virtual --format ndjson {flags}")).exits(0);
    let (first, other) = (run(""), run(""));
    let seed = |done: &Done| done.objects()[0]["seed"].as_u64().unwrap();
    assert_ne!(seed(&first), seed(&other), "drawn anew");
    assert_eq!(run(&format!("--seed {}", seed(&first))).stdout, first.stdout);
    assert_eq!(run(&format!("--seed {}", seed(&other))).stdout, other.stdout);
    let human = desk.run(format!("pullpush run drawn.toml --virtual --seed {}", seed(&first))).exits(0);
    assert!(human.stdout.starts_with(&format!("drawn.toml  seed {}  ", seed(&first))), "{}", human.stdout);
}

#[test]
fn set_replaces_values_of_the_file() {
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --virtual --status 500 --set receiver.retry=none").shows("4 attempts: 500 ×4\n");
    desk.run("pullpush run vod.toml --virtual --set task.1.count=3 --set task.task_id={n}")
        .shows("12 callbacks planned");
    desk.run(
        "pullpush run vod.toml --virtual --set 'task.files=[{ url = \"http://media.test/2.mp4\", duration = \"1h\" }]'",
    )
    .shows("13:00:01.000  ─►  VodSourceFileFinish [0]");
    for (set, name) in [
        ("reciever.retry=none", "table"),
        ("receiver.retries=none", "key"),
        ("task.2.count=3", "number"),
        ("seed.first=1", "below-a-value"),
        ("receiver.retry=sometimes", "value"),
        ("receiver", "no-value"),
    ] {
        desk.run(format!("pullpush run vod.toml --virtual --set {set}")).exits(2).golden(&format!("run/set-{name}"));
    }
}

#[test]
fn only_one_task() {
    let desk =
        Desk::new().file("many.toml", VOD.replace("118148", "90{n}").replace("[[task]]", "[[task]]\ncount = 12"));
    let tasks = |flags: &str| {
        let done = desk.run(format!("pullpush run many.toml --virtual --format ndjson {flags}")).exits(0);
        let sent = done.objects().into_iter().filter(|event| event["event"] == "sent");
        sent.fold(BTreeMap::new(), |mut tasks, event| {
            *tasks.entry(event["task_id"].as_str().unwrap().to_owned()).or_insert(0) += 1;
            tasks
        })
    };
    assert_eq!(tasks("").len(), 12);
    assert_eq!(tasks("--only task=3"), BTreeMap::from([("903".to_owned(), 4)]));
    assert_eq!(tasks("--only task=9012"), BTreeMap::from([("9012".to_owned(), 4)]));
    assert_eq!(tasks("--only 3"), tasks("--only task=3"));
    desk.run("pullpush run vod.toml --virtual --only 9").exits(6).says("the scenario has 1 task, numbered from 1\n");
    for nothing in ["0", "13", "90", "-1", "9013", "one"] {
        let done = desk.run(format!("pullpush run many.toml --virtual --only task={nothing}")).exits(6);
        assert_eq!(
            (done.stdout.as_str(), done.stderr.lines().last().unwrap()),
            ("", &*format!("error: --only task={nothing} selects nothing: the scenario has 12 tasks, numbered from 1"))
        );
    }
}

#[tokio::test]
async fn a_receiver_that_comes_late_is_waited_for() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = socket.local_addr().unwrap();
    let desk = Desk::new();
    let line = format!("pullpush run vod.toml --speed max --wait-for 20s --to http://{address}/callback");
    let mut running = desk.start(line);
    // It has been there once and met nobody.
    running.says(&format!("waiting for {address}\n"));
    let listener = socket.listen(16).unwrap().into_std().unwrap();
    listener.set_nonblocking(false).unwrap();
    let receiver = Receiver::on(listener, |_| Answer::Status(200));
    running.end().exits(0);
    assert_eq!(receiver.rest().len(), 4);
}

#[test]
fn a_receiver_that_never_comes_is_not_waited_for() {
    let done = Desk::new().run("pullpush run vod.toml --to http://u:secret@127.0.0.1:1/ --wait-for 1ms").exits(3);
    assert_eq!(
        (done.stdout.as_str(), done.stderr.lines().last()),
        ("", Some("error: nobody accepted connections at 127.0.0.1:1 within 1ms; is the receiver running?"))
    );
    assert!(!done.stderr.contains("secret"));
    // Without the flag it is for the log to tell.
    Desk::new()
        .run("pullpush run vod.toml --to http://127.0.0.1:1/ --speed max")
        .exits(1)
        .shows("8 attempts: refused ×8\n")
        .shows("\nnobody listens there; is your program running? --wait-for 30s waits for it\n");
}

#[test]
fn every_line_of_ndjson_is_an_object_of_a_known_shape() {
    let receiver = Receiver::answering(|n| match n {
        1 => Answer::Status(500),
        2 => Answer::Raw("nonsense".to_owned()),
        _ => Answer::Status(200),
    });
    let line = format!("pullpush run vod.toml --speed max --format ndjson --to {}", receiver.url);
    let done = Desk::new().run(line).exits(1);
    let mut shapes: Vec<String> = Vec::new();
    for object in done.objects() {
        let keys: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
        let shape = format!("{}: {}\n", object["event"].as_str().unwrap(), keys.join(" "));
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    }
    golden("run/ndjson-shapes", shapes.concat());
}

#[test]
fn fail_fast_ends_at_the_first_delivery_that_is_given_up() {
    let receiver = Receiver::answering(|n| Answer::Status(if n == 0 { 200 } else { 500 }));
    let line = format!("pullpush run vod.toml vod.toml --speed max --fail-fast --to {}", receiver.url);
    let done = Desk::new().run(line).exits(1).shows("  acknowledged  1\n  given up      1\n  not started   2\n");
    assert_eq!(done.stdout.matches("callbacks planned").count(), 1);
    done.says("2 scenarios: 0 passed, 1 failed, 1 not played: vod.toml\n");
    assert_eq!(receiver.rest().len(), 3);
}

#[test]
fn files_are_played_one_after_the_other() {
    let desk = Desk::new().file("other.toml", VOD.replace("118148", "2"));
    let receiver = Receiver::new();
    desk.run(format!("pullpush run other.toml vod.toml other.toml --speed max --to {}", receiver.url))
        .exits(0)
        .says("3 scenarios: 3 passed, 0 failed\n");
    // The fourth of each is a TaskExit, which names no task.
    let ids = receiver.rest().into_iter().filter_map(|request| request.json()["task_id"].as_str().map(str::to_owned));
    let expected = ["2", "118148", "2"].iter().flat_map(|id| std::iter::repeat_n(*id, 3));
    assert_eq!(ids.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn speed_is_of_the_schedule_and_of_the_pauses() {
    let desk = Desk::new();
    let run = |speed: &str| {
        let line = format!("pullpush run vod.toml --sink --fail-first 1 --format ndjson --speed {speed}");
        let events = desk.run(format!("{line} --set receiver.ordering=free")).exits(0).objects();
        let sent = events.into_iter().filter(|event| event["event"] == "sent" && event["attempt"] == 1);
        sent.map(|event| event["due_us"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(run("60x"), [0, 16_666, 100_000, 100_000]);
    assert_eq!(run("100"), [0, 10_000, 60_000, 60_000]);
}
