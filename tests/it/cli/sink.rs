//! `pullpush sink` as a process of its own.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::Desk;
use super::desk::Done;
use super::running::Running;

const START: &str = include_str!("../../samples/TaskStart.json");

/// A sink that listens.
struct Sink {
    running: Running,
    address: String,
}

impl Sink {
    fn start(desk: &Desk, flags: &str) -> Self {
        let mut running = desk.start(format!("pullpush sink --listen 127.0.0.1:0 {flags}"));
        let said = running.says("; Ctrl-C ends it\n");
        let address = said.split("listening on http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { running, address }
    }

    /// Posts a body and gives the status of the answer; 0 if there is none.
    fn post(&self, body: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head =
            format!("POST /any HTTP/1.1\r\nHost: sink\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
    }

    fn end(self, signal: &str) -> Done {
        self.running.signal(signal);
        self.running.end()
    }
}

#[test]
fn it_shows_what_comes_and_sums_up_at_the_end() {
    let desk = Desk::new();
    let sink = Sink::start(&desk, "");
    let to = format!("--to http://{}/callback", sink.address);
    desk.run(format!("pullpush run vod.toml --speed max {to}")).exits(0);
    desk.run(format!("pullpush send TaskStart {to} --set task.task_id='\"118148\"'")).exits(0);
    assert_eq!(sink.post("{\"callback_event\":7}"), 400);
    let mut done = sink.end("INT");
    // Where it listens is in the log, not in what was typed.
    done.line = "pullpush sink --listen 127.0.0.1:0".to_owned();
    done.golden_but_times("sink/human");
}

#[test]
fn each_signal_has_its_exit_code() {
    let desk = Desk::new();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let done = Sink::start(&desk, "").end(signal).exits(code);
        assert_eq!(done.stdout, "\n0 received: 0 acknowledged, 0 refused\n");
    }
}

#[test]
fn for_programs_each_line_is_an_object() {
    let desk = Desk::new();
    let sink = Sink::start(&desk, "--format ndjson");
    assert_eq!((sink.post(START), sink.post("nonsense")), (200, 400));
    let [first, second, last] = &sink.end("INT").exits(130).objects()[..] else { panic!("three lines") };
    assert_eq!((&first["callback_event"], &first["task_id"]), (&"TaskStart".into(), &"118148".into()));
    assert_eq!((&first["status"], &second["status"]), (&200.into(), &400.into()));
    assert_eq!((&last["received"], &last["acknowledged"], &last["refused"]), (&2.into(), &1.into(), &1.into()));
}

#[test]
fn it_misbehaves_as_it_is_told() {
    let desk = Desk::new();
    for (flags, statuses, summary) in [
        ("--fail-first 2", [500, 500, 200, 200], "4 received: 2 acknowledged, 0 refused, 2 failed on purpose"),
        (
            "--fail-first 1 --status 503",
            [503, 200, 200, 200],
            "4 received: 3 acknowledged, 0 refused, 1 failed on purpose",
        ),
        ("--status 201", [201; 4], "4 received: 0 acknowledged, 0 refused, 4 failed on purpose"),
        ("--drop-connection", [0; 4], "4 received: 0 acknowledged, 0 refused, 4 failed on purpose"),
        (
            "--drop-connection --fail-first 3",
            [0, 0, 0, 200],
            "4 received: 1 acknowledged, 0 refused, 3 failed on purpose",
        ),
        ("--delay 1ms", [200; 4], "4 received: 4 acknowledged, 0 refused"),
    ] {
        let sink = Sink::start(&desk, flags);
        assert_eq!([(); 4].map(|()| sink.post(START)), statuses, "{flags}");
        sink.end("INT").exits(130).shows(summary);
    }
    Sink::start(&desk, "--delay 2ms").post_and_end(START).shows("200  ok, after 2ms");
}

impl Sink {
    fn post_and_end(self, body: &str) -> Done {
        self.post(body);
        self.end("INT")
    }
}

#[test]
fn with_a_key_it_takes_only_what_is_signed_with_it() {
    let signed = |key: &str, flags: &str| {
        Desk::new().run(format!("pullpush send TaskStart --set payload.key={key} {flags}")).exits(0).stdout
    };
    for (desk, flags) in [(Desk::new(), "--key testkey"), (Desk::new().env("PULLPUSH_KEY", "testkey"), "")] {
        let sink = Sink::start(&desk, flags);
        assert_eq!(sink.post(&signed("testkey", "")), 200);
        assert_eq!(sink.post(&signed("other", "")), 403);
        assert_eq!(sink.post(&signed("testkey", "--epoch 2001-01-01T00:00:00Z")), 403);
        assert_eq!(sink.post(START), 403);
        let done = sink.end("INT").shows("4 received: 1 acknowledged, 3 refused");
        done.shows("complaints: 1 expired, 2 not-signed, 1 wrong-signature");
    }
}

#[test]
fn a_signal_lets_a_request_in_flight_have_its_answer() {
    let desk = Desk::new();
    let mut sink = Sink::start(&desk, "--delay 50ms");
    let mut stream = TcpStream::connect(&sink.address).unwrap();
    stream
        .write_all(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{START}", START.len()).as_bytes())
        .unwrap();
    sink.running.shows("after 50ms");
    sink.running.signal("INT");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    sink.running.end().exits(130).shows("1 received: 1 acknowledged, 0 refused\n");
}

#[test]
fn it_goes_on_when_nobody_reads_what_it_shows() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let desk = Desk::new();
    let mut running = desk.start_into(writer, "pullpush sink --listen 127.0.0.1:0");
    let said = running.says("; Ctrl-C ends it\n");
    let address = said.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let sink = Sink { running, address };
    assert_eq!((sink.post(START), sink.post(START)), (200, 200));
    let done = sink.end("INT").exits(130);
    assert!(!done.stderr.contains("error"), "{}", done.stderr);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let desk = Desk::new();
    let sink = Sink::start(&desk, "");
    let done = desk.run(format!("pullpush sink --listen {}", sink.address)).exits(3);
    assert!(done.stderr.starts_with(&format!("error: cannot listen on {}: ", sink.address)), "{}", done.stderr);
    assert_eq!(done.stdout, "");
}
