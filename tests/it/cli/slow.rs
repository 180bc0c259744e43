//! Readers that are slow, or never come: nothing that is sent, received or measured waits for them.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{Answer, Desk, Receiver, VOD};

const STANDS_STILL: &str = "note: the schedule stands still until its ";

/// A scenario of 1600 callbacks that fill every queue: a megabyte of bodies for each thirty.
fn with_long_bodies() -> Desk {
    let file = |number| format!("{{ url = \"http://media.test/{}{number}\", duration = \"1s\" }}", "x".repeat(8000));
    let files = (1..5).map(file).collect::<Vec<_>>().join(", ");
    let long = VOD
        .replace("118148", "{n}")
        .replace("/show", "/{n}")
        .replace("source = \"vod\"", "source = \"vod\"\ncount = 160");
    let long = long.replace("[payload]", "[expect]\nwithin = \"10s\"\n[payload]");
    let long = long.replace("{ url = \"http://media.test/1.m3u8\", duration = \"5s\" }", &files);
    Desk::new().file("long.toml", long)
}

/// What a stream says from now on, line by line.
fn lines(from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<Value>> {
    thread::spawn(move || {
        let lines = BufReader::new(from).lines().map(Result::unwrap);
        lines.map(|line| serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))).collect()
    })
}

/// Everything is told, and the time nobody read is told by itself.
fn assert_complete(lines: &[Value]) {
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!([count("sent"), count("met"), count("ended"), count("failed")], [1600, 1600, 1600, 0]);
    let end = lines.last().unwrap();
    assert_eq!((&end["acknowledged"], &end["complaints"]), (&1600.into(), &0.into()));
    assert!(end["stopped_us"].as_u64().unwrap() > 0, "{end}");
}

#[test]
fn ndjson_is_complete_and_the_schedule_stops_openly() {
    let receiver = Receiver::new();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let line = format!("pullpush run long.toml --speed max --format ndjson --to {}", receiver.url);
    let mut running = with_long_bodies().start_into(OwnedFd::from(ours), line);
    running.says(&format!("{STANDS_STILL}output is read"));
    // Nothing more goes out than there was room for.
    assert!(receiver.rest().len() < 1000);
    let lines = lines(theirs);
    running.end().exits(0);
    assert_complete(&lines.join().unwrap());
}

#[test]
fn a_journal_is_complete_too() {
    let receiver = Receiver::new();
    let desk = with_long_bodies();
    desk.run("mkfifo journal").exits(0);
    // Both ends: it can be opened, and nobody reads it.
    let fifo = || OpenOptions::new().read(true).write(true).open(desk.path("journal")).unwrap();
    let held = fifo();
    let line = format!("pullpush run long.toml --speed max --journal journal --to {}", receiver.url);
    let mut running = desk.start(line);
    running.says(&format!("{STANDS_STILL}journal is read"));
    let reader = OpenOptions::new().read(true).open(desk.path("journal")).unwrap();
    let lines = lines(reader);
    drop(held);
    running.end().exits(0).shows("1600 callbacks planned").shows("stood still");
    assert_complete(&lines.join().unwrap());
}

#[test]
fn the_log_for_people_keeps_nobody_waiting() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let (ours, theirs) = UnixStream::pair().unwrap();
    let many = VOD.replace("source = \"vod\"", "source = \"vod\"\nloops = 1001");
    let line = format!("pullpush run many.toml --speed max --to {} --set receiver.retry=none", receiver.url);
    let running = Desk::new().file("many.toml", many).start_into(OwnedFd::from(ours), line);
    // Far more than the pipe holds.
    (0..2002).for_each(|_| drop(receiver.next()));
    let reading = thread::spawn(move || std::io::read_to_string(theirs).unwrap());
    running.end().exits(1);
    assert!(reading.join().unwrap().contains(" callbacks planned"));
}

/// A standard error that takes nothing: a pipe that is full.
#[test]
fn nobody_reads_the_complaints() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let desk = Desk::new().file("late.toml", VOD.replace("start_gap = \"1s\"", "start_gap = \"3s\""));
    desk.run("mkfifo errors").exits(0);
    let mut errors = OpenOptions::new().read(true).write(true).open(desk.path("errors")).unwrap();
    errors.write_all(&[b'.'; 65536]).unwrap();
    let line = format!("sh -c 'exec pullpush run late.toml --speed max --to {} 2>errors'", receiver.url);
    let mut running = desk.start(line);
    running.shows("8 attempts: 500 ×8");
    assert_eq!(receiver.rest().len(), 8);
    let mut said = vec![0; 65536];
    errors.read_exact(&mut said).unwrap();
    let mut errors = BufReader::new(errors);
    let mut line = String::new();
    while !line.starts_with("again: ") {
        line.clear();
        errors.read_line(&mut line).unwrap();
    }
    running.end().exits(1);
}

#[test]
fn a_sink_receives_whoever_reads_it() {
    for format in ["human", "ndjson"] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let desk = Desk::new().file("many.toml", VOD.replace("source = \"vod\"", "source = \"vod\"\nloops = 1001"));
        let line = format!("pullpush sink --listen 127.0.0.1:0 --no-page --format {format}");
        let mut sink = desk.start_into(OwnedFd::from(ours), line);
        let said = sink.says("; Ctrl-C ends it\n");
        let to = said.split("listening on ").nth(1).unwrap().split(';').next().unwrap();
        // Far more than a pipe holds, and a minute is longer than anybody waits.
        let flags = "--set receiver.timeout=5s --set receiver.retry=none";
        desk.run(format!("pullpush run many.toml --speed max --to {to} {flags}")).exits(0).shows("acknowledged  2004");
        let reading = thread::spawn(move || BufReader::new(theirs).lines().count());
        sink.signal("INT");
        sink.end().exits(130);
        assert!(reading.join().unwrap() > 2004, "{format}");
    }
}

#[test]
fn a_sink_acknowledges_nothing_that_it_cannot_tell_of() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let line = "pullpush sink --listen 127.0.0.1:0 --no-page --format ndjson";
    // Each is told with a name of half a megabyte.
    let desk = Desk::new().file("body.json", format!("{{\"callback_event\":\"{}\"}}", "e".repeat(500_000)));
    let steps = "[[task.step]]\nevent = \"TaskStart\"\nbody_file = \"body.json\"\n".repeat(40);
    let desk = desk.file("long.toml", format!("version = 1\n[receiver]\nretry = \"none\"\n[[task]]\n{steps}"));
    let mut sink = desk.start_into(OwnedFd::from(ours), line);
    let said = sink.says("; Ctrl-C ends it\n");
    let to = said.split("listening on ").nth(1).unwrap().split(';').next().unwrap();
    let done = desk.run(format!("pullpush run long.toml --speed max --to {to}"));
    done.exits(1).shows("nobody reads the output of the sink");
    let lines = lines(theirs);
    sink.signal("INT");
    sink.end().exits(130);
    let lines = lines.join().unwrap();
    let told = lines.iter().filter(|line| line["event"] == "received").count();
    assert!(told < 40, "{told}");
    assert_eq!(lines.last().unwrap()["unrecorded"], 40 - told);
}

#[test]
fn a_signal_ends_a_run_whose_journal_nobody_reads() {
    let receiver = Receiver::new();
    let desk = with_long_bodies();
    desk.run("mkfifo journal").exits(0);
    let _held = OpenOptions::new().read(true).write(true).open(desk.path("journal")).unwrap();
    let mut running = desk.start(format!("pullpush run long.toml --speed max --journal journal --to {}", receiver.url));
    running.says(&format!("{STANDS_STILL}journal is read"));
    let begun = Instant::now();
    running.signal("INT");
    running.end().exits(130).says("the journal journal was cut off");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
