//! What really goes over the wire.

use std::collections::BTreeSet;

use pullpush::callback::sign::Key;
use pullpush::time::wall_now;
use serde_json::Value;

use super::{Answer, Desk, Receiver, Request, VOD};

/// Plays `vod.toml` at full speed against a receiver; gives what it got.
fn played(desk: &Desk, receiver: &Receiver, flags: &str, code: i32) -> Vec<Request> {
    desk.run(format!("pullpush run vod.toml --speed max --to {} {flags}", receiver.url)).exits(code);
    receiver.rest()
}

fn events(requests: &[Request]) -> Vec<String> {
    requests.iter().map(Request::event).collect()
}

#[test]
fn a_request_is_whole_and_plain() {
    let receiver = Receiver::new();
    let [first, ..] = &played(&Desk::new(), &receiver, "", 0)[..] else { panic!("no request") };
    let mut lines = first.head.lines();
    assert_eq!(lines.next(), Some("POST /callback HTTP/1.1"));
    // No Expect, no Transfer-Encoding, no Accept-Encoding, no cookies.
    let expected = [
        "accept: */*".to_owned(),
        "connection: keep-alive".to_owned(),
        format!("content-length: {}", first.body.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", receiver.url.split('/').nth(2).unwrap()),
        format!("user-agent: pullpush/{}", env!("CARGO_PKG_VERSION")),
    ];
    assert_eq!(lines.map(str::to_owned).collect::<BTreeSet<_>>(), BTreeSet::from(expected));
}

#[test]
fn headers_are_the_scenarios() {
    let receiver = Receiver::new();
    let flags = "--set 'receiver.headers={ \"X-Stage\" = \"test\" }' --set receiver.user_agent=relay/2";
    for request in played(&Desk::new(), &receiver, flags, 0) {
        assert!(request.head.to_lowercase().contains("\nx-stage: test"), "{}", request.head);
        assert!(request.head.contains("\nuser-agent: relay/2"), "{}", request.head);
    }
}

#[test]
fn the_bytes_are_those_of_the_plan() {
    let desk = Desk::new().file("drawn.toml", include_str!("../../../scenarios/playlist.toml"));
    let receiver = Receiver::new();
    for (file, flags) in [
        ("vod.toml", ""),
        ("vod.toml", "--set payload.profile=complete --set payload.key=testkey --set payload.index_as=string"),
        ("drawn.toml", "--seed 5 --epoch 2026-01-01T00:00:00Z"),
    ] {
        let planned = desk.run(format!("pullpush plan {file} --format ndjson --to {} {flags}", receiver.url)).exits(0);
        desk.run(format!("pullpush run {file} --speed max --to {} {flags}", receiver.url)).exits(0);
        let planned: Vec<_> = planned.objects().iter().map(|line| line["body"].as_str().unwrap().to_owned()).collect();
        let sent: Vec<_> = receiver.rest().iter().map(|request| request.text().to_owned()).collect();
        assert_eq!(sent, planned);
    }
}

#[test]
fn the_bytes_are_those_of_the_log() {
    let receiver = Receiver::answering(|n| Answer::Status(if n == 1 { 503 } else { 200 }));
    let line = format!("pullpush run vod.toml --speed max --format ndjson --to {}", receiver.url);
    let events = Desk::new().run(line).exits(0).objects();
    let logged = events.iter().filter(|event| event["event"] == "sent").map(|event| event["body"].as_str().unwrap());
    assert_eq!(receiver.rest().iter().map(Request::text).collect::<Vec<_>>(), logged.collect::<Vec<_>>());
}

#[test]
fn one_connection_serves_a_task() {
    let receiver = Receiver::answering(|n| Answer::Status(if n == 1 { 500 } else { 200 }));
    let requests = played(&Desk::new(), &receiver, "", 0);
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| request.connection == 0), "{requests:?}");
}

#[test]
fn only_200_is_success() {
    for status in [201, 204, 301, 304, 404, 500, 503] {
        let receiver = Receiver::answering(move |_| Answer::Status(status));
        let line = format!("pullpush run vod.toml --speed max --set receiver.retry=none --to {}", receiver.url);
        let done = Desk::new().run(line).exits(1).shows(&format!("4 attempts: {status} ×4\n"));
        // These have no body, or none that is read.
        let answer = if matches!(status, 204 | 304) { "" } else { "; answer: {\"code\":0}" };
        done.shows(&format!("failed  TaskStart  task=118148  #1: not acknowledged: status {status}{answer}\n"));
    }
}

#[test]
fn the_body_of_an_answer_counts_for_nothing() {
    for body in ["", "{\"code\":500}", "<html>", "{"] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let receiver = Receiver::answering(move |_| Answer::Raw(answer.clone()));
        assert_eq!(played(&Desk::new(), &receiver, "", 0).len(), 4);
    }
}

#[test]
fn a_redirect_is_an_answer_and_leads_nowhere() {
    let elsewhere = Receiver::new();
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url);
        let receiver = Receiver::answering(move |_| Answer::Raw(answer.clone()));
        assert_eq!(played(&Desk::new(), &receiver, "", 1).len(), 8);
    }
    assert_eq!(elsewhere.rest().len(), 0);
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    let (proxy, receiver) = (Receiver::new(), Receiver::new());
    let mut desk = Desk::new();
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        desk = desk.env(name, proxy.url.trim_end_matches("/callback"));
    }
    assert_eq!(played(&desk, &receiver, "--wait-for 20s", 0).len(), 4);
    assert_eq!(proxy.rest().len(), 0);
    // Nor is curl's way of saying where not to.
    desk.env("NO_PROXY", "*").run(format!("pullpush send TaskStart --to {}", receiver.url)).exits(0);
}

#[test]
fn a_retry_is_due_stamped_and_signed_anew() {
    let receiver = Receiver::answering(|n| Answer::Status(if n < 2 { 500 } else { 200 }));
    let flags = "--set payload.key=testkey --set 'receiver.retry=[\"1s\", \"30s\"]' --set receiver.ordering=strict";
    let requests = played(&Desk::new(), &receiver, flags, 0);
    assert_eq!(events(&requests)[..4], ["TaskStart", "TaskStart", "TaskStart", "VodSourceFileStart"]);
    let bodies: Vec<Value> = requests.iter().map(Request::json).collect();
    // In scenario time: 12:10:00, one second later, thirty more.
    let expiries: Vec<_> = bodies[..3].iter().map(|body| body["t"].as_u64().unwrap()).collect();
    assert_eq!(expiries, [1_767_269_400, 1_767_269_401, 1_767_269_431]);
    let key = Key::new("testkey").unwrap();
    for body in &bodies {
        assert_eq!(body["sign"], key.sign(body["t"].as_u64().unwrap()));
        assert_eq!(body["callback_event"] == "TaskStart", body["msg"] == r#"{"task_start_time":1767268800000}"#);
    }
}

#[test]
fn real_stamps_are_the_time_of_day() {
    let receiver = Receiver::answering(|n| Answer::Status(if n == 0 { 500 } else { 200 }));
    let flags = "--set payload.key=testkey --set payload.stamps=real --set payload.profile=complete";
    let before = wall_now();
    let requests = played(&Desk::new(), &receiver, flags, 0);
    let after = wall_now();
    assert_eq!(requests.len(), 5);
    for request in requests {
        let body = request.json();
        let t = body["t"].as_u64().unwrap();
        assert!((before.seconds() + 600..=after.seconds() + 600).contains(&t), "{t}");
        assert_eq!(body["sign"], Key::new("testkey").unwrap().sign(t));
        let event_time: u64 = body["event_time"].as_str().unwrap().parse().unwrap();
        assert!((before.seconds()..=after.seconds()).contains(&event_time), "{event_time}");
    }
}

#[test]
fn what_has_expired_has_expired_by_every_clock() {
    let receiver = Receiver::new();
    // At full speed scenario time is a day ahead in the end.
    let file = VOD.replace("epoch = \"2026-01-01T12:00:00Z\"", "key = \"testkey\"").replace("5s", "24h");
    let fault = "[expect.refused]\nstatus = 200\n[faults]\nsignature = { chance = 1, kinds = [\"expired\"] }\n";
    let desk = Desk::new().file("vod.toml", file + fault);
    let before = wall_now();
    let requests = played(&desk, &receiver, "", 0);
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert!(request.json()["t"].as_u64().unwrap() < before.seconds(), "{}", request.text());
    }
    desk.run("pullpush run vod.toml --sink --speed max --set expect.refused.status=403").exits(0).shows("expired");
}

/// Two tasks, two callbacks each.
const TWO: &str = r#"version = 1
[[task]]
source = "live"
url = "rtmp://origin.test/live/a"
to_url = "rtmp://push.test/live/{n}"
count = 2
end = "1s"
"#;

#[test]
fn strict_order_waits_and_free_order_does_not() {
    let desk = Desk::new().file("two.toml", TWO);
    for (ordering, before, after) in [
        ("strict", &["TaskExit", "TaskStart", "TaskStart"][..], &["TaskExit"][..]),
        ("free", &["TaskExit", "TaskExit", "TaskStart", "TaskStart"], &[]),
    ] {
        // The first request has no answer before the test says so.
        let receiver = Receiver::answering(|n| if n == 0 { Answer::Held } else { Answer::Status(200) });
        let line =
            format!("pullpush run two.toml --speed max --set receiver.ordering={ordering} --to {}", receiver.url);
        let mut running = desk.start(line);
        let mut first = events(&before.iter().map(|_| receiver.next()).collect::<Vec<_>>());
        first.sort();
        assert_eq!(first, before);
        // The others' answers are told; whatever waits, waits for the first.
        (1..before.len()).for_each(|_| drop(running.shows("200 in")));
        assert_eq!(receiver.rest().len(), 0);
        receiver.release();
        running.end().exits(0);
        assert_eq!(events(&receiver.rest()), after);
    }
}

/// An error page, as frameworks send them: its title is told, and all of its beginning stands in the report that has room.
#[test]
fn of_a_page_its_title_is_told() {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=utf-8><title>KeyError: &#39;task_id&#39;\u{9b}31m\u{202e}</title></head>\n<body>{}</body></html>",
        "<p>frame</p>\n".repeat(2000)
    );
    let answer = format!("HTTP/1.1 500 Oops\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}", page.len());
    let receiver = Receiver::answering(move |_| Answer::Raw(answer.clone()));
    let desk = Desk::new().file(
        "probed.toml",
        format!("{VOD}[expect]\nbody = {{ code = 0 }}\n[[probe]]\nafter = \"end\"\nget = \"/x\"\n"),
    );
    let desk = desk.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
    let files = "--report junit=r.xml --report html=r.html";
    for line in [
        format!("pullpush run probed.toml --speed max {files} --to {}", receiver.url),
        format!("pullpush contract --only live --to {}", receiver.url),
        format!("pullpush send TaskExit --to {} --set receiver.retry=none", receiver.url),
        format!("pullpush explore vod.toml --swaps 0 --dups 0 --to {}", receiver.url),
    ] {
        let done = desk.run(&line).exits(1);
        let said = format!("{}{}", done.stdout, done.stderr);
        assert!(said.contains("KeyError: 'task_id'"), "{line}\n{said}");
        let lines = said.split("%0A").flat_map(str::lines);
        lines.for_each(|said| {
            assert!(said.chars().count() < 500 && !said.contains(['<', '\u{9b}', '\u{202e}']), "{line}\n{said}")
        });
    }
    for written in ["r.xml", "summary.md"] {
        let text = desk.read(written);
        assert!(text.contains("KeyError") && !text.contains("frame"), "{written}");
    }
    assert!(desk.read("r.html").contains("DOCTYPE html>"));
}
