//! Ctrl-C and SIGTERM at any moment: partial results are written, and the exit code tells the signal.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::time::Instant;

use super::{Answer, Desk, Receiver, VOD};

const STOPPING: &str = "stopping: what is on its way may end; once more to end at once\n";

/// Sends both signals in turn, each to a command of its own.
fn with_each_signal(test: impl Fn(&'static str, i32)) {
    [("INT", 130), ("TERM", 143)].into_iter().for_each(|(signal, code)| test(signal, code));
}

#[test]
fn while_it_waits_for_the_next_callback() {
    let desk = Desk::new().file("slow.toml", VOD.replace("start_gap = \"1s\"", "start_gap = \"2s\""));
    with_each_signal(|signal, code| {
        let receiver = Receiver::new();
        let line = format!("pullpush run slow.toml slow.toml --speed 0.001x --to {}", receiver.url);
        let mut running = desk.start(line);
        running.shows("200 in");
        running.signal(signal);
        let done = running.end().exits(code);
        assert_eq!(done.stderr, STOPPING);
        done.shows("\n4 callbacks planned, seed 7\n  acknowledged  1\n  not started   3\n1 attempt: 200 ×1\n");
    });
}

#[test]
fn while_a_request_is_on_its_way() {
    with_each_signal(|signal, code| {
        let receiver = Receiver::answering(|n| if n == 0 { Answer::Held } else { Answer::Status(200) });
        let mut running = Desk::new().start(format!("pullpush run vod.toml --speed max --to {}", receiver.url));
        receiver.next();
        running.signal(signal);
        running.says(STOPPING);
        // It is given time to end.
        receiver.release();
        let done = running.end().exits(code).shows("  acknowledged  1\n  not started   3\n");
        assert_eq!((done.again(), receiver.rest().len()), (None, 0));
    });
}

#[test]
fn twice_while_a_request_is_on_its_way() {
    with_each_signal(|signal, code| {
        let receiver = Receiver::answering(|_| Answer::Held);
        let mut running = Desk::new().start(format!("pullpush run vod.toml --speed max --to {}", receiver.url));
        receiver.next();
        running.signal(signal);
        running.says(STOPPING);
        running.signal(signal);
        let done = running.end().exits(code).shows("×   interrupted ");
        let done = done.shows("  interrupted   1\n  not started   3\n1 attempt: unfinished ×1\n");
        assert_eq!(done.stderr, STOPPING);
    });
}

#[test]
fn the_first_of_two_signals_is_told() {
    let receiver = Receiver::answering(|_| Answer::Held);
    let mut running = Desk::new().start(format!("pullpush run vod.toml --speed max --to {}", receiver.url));
    receiver.next();
    running.signal("TERM");
    running.says(STOPPING);
    running.signal("INT");
    running.end().exits(143);
}

#[test]
fn while_it_pauses_before_a_retry() {
    let desk = Desk::new();
    with_each_signal(|signal, code| {
        let line = "pullpush run vod.toml --sink --status 500 --set 'receiver.retry=[\"1h\"]'";
        let mut running = desk.start(line);
        running.shows("again in 1h");
        running.signal(signal);
        let done = running.end().exits(code).shows("  interrupted   1\n  not started   3\n1 attempt: 500 ×1\n");
        // Nothing is given up, and so there is nothing to look into.
        assert_eq!(done.stderr, STOPPING);
    });
}

#[test]
fn after_a_failure_it_still_says_how_to_see_that_again() {
    let receiver = Receiver::answering(|n| if n < 2 { Answer::Status(500) } else { Answer::Held });
    let mut running = Desk::new().start(format!("pullpush run vod.toml --speed max --to {}", receiver.url));
    (0..3).for_each(|_| drop(receiver.next()));
    running.signal("INT");
    running.says(STOPPING);
    receiver.release();
    let done = running.end().exits(130).shows("  acknowledged  1\n  given up      1\n  not started   2\n");
    let again = format!("pullpush run vod.toml --seed 7 --only task=118148 --to {} --speed max", receiver.url);
    assert_eq!(done.again(), Some(again.as_str()));
}

#[test]
fn in_ndjson_too() {
    let receiver = Receiver::answering(|_| Answer::Held);
    let mut running =
        Desk::new().start(format!("pullpush run vod.toml --speed max --format ndjson --to {}", receiver.url));
    receiver.next();
    running.signal("INT");
    running.says(STOPPING);
    running.signal("INT");
    let events = running.end().exits(130).objects();
    let [.., ended, finished] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&ended["event"], &ended["end"]), (&"ended".into(), &"interrupted".into()));
    assert_eq!((&finished["interrupted"], &finished["not_started"]), (&1.into(), &3.into()));
}

#[test]
fn before_anything_is_sent() {
    // Nobody listens there.
    with_each_signal(|signal, code| {
        let mut running = Desk::new().start("pullpush run vod.toml --to http://127.0.0.1:1/ --wait-for 1h");
        running.says("waiting for 127.0.0.1:1\n");
        running.signal(signal);
        let done = running.end().exits(code);
        assert_eq!(
            (done.stdout.as_str(), done.stderr.as_str()),
            ("", "waiting for 127.0.0.1:1\nstopped before anything was sent\n")
        );
    });
}

#[test]
fn no_further_scenario_is_begun() {
    let receiver = Receiver::answering(|_| Answer::Held);
    let line = format!("pullpush run vod.toml vod.toml vod.toml --speed max --only task=1 --to {}", receiver.url);
    let desk = Desk::new()
        .file("vod.toml", VOD.replace("source = \"vod\"", "source = \"vod\"\ncallback_events = [\"TaskExit\"]"));
    let mut running = desk.start(line);
    receiver.next();
    // The last request of the first scenario has its answer, and the signal has come.
    running.signal("INT");
    running.says(STOPPING);
    receiver.release();
    let done = running.end().exits(130).shows("  acknowledged  1\n");
    assert_eq!((done.stdout.matches("planned").count(), receiver.rest().len()), (1, 0));
}

/// A scenario of two hundred thousand callbacks, far more than are played before a signal comes.
fn with_many() -> Desk {
    let many = VOD.replace("source = \"vod\"", "source = \"vod\"\nloops = 100\ncount = 1000\nspacing = \"1s\"");
    Desk::new().file("many.toml", many.replace("118148", "{n}").replace("/show", "/{n}"))
}

#[test]
fn in_virtual_time() {
    let desk = with_many();
    with_each_signal(|signal, code| {
        let mut running = desk.start("pullpush run many.toml --virtual");
        running.shows("200 in");
        running.signal(signal);
        running.end().exits(code).says(STOPPING).shows("\n202000 callbacks planned, seed 7\n");
    });
}

/// A standard output that takes nothing, and the end that keeps it open.
fn full() -> (OwnedFd, UnixStream) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    while ours.write(&[b'.'; 4096]).is_ok() {}
    ours.set_nonblocking(false).unwrap();
    (ours.into(), theirs)
}

#[test]
fn once_while_nobody_reads_the_output() {
    for format in ["human", "ndjson"] {
        with_each_signal(|signal, code| {
            let (stdout, _reader) = full();
            let receiver = Receiver::new();
            let line = format!("pullpush run vod.toml --speed max --format {format} --to {}", receiver.url);
            let mut running = Desk::new().start_into(stdout, line);
            // All is over but for the output, or will be.
            receiver.next();
            let begun = Instant::now();
            running.signal(signal);
            running.says("standard output was cut off: nobody read it\n");
            running.end().exits(code);
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        });
    }
}

#[test]
fn a_send() {
    with_each_signal(|signal, code| {
        let receiver = Receiver::answering(|_| Answer::Held);
        let mut running = Desk::new().start(format!("pullpush send TaskStart --to {}", receiver.url));
        receiver.next();
        running.signal(signal);
        running.says(STOPPING);
        receiver.release();
        let done = running.end().exits(code).shows("  acknowledged  1\n");
        assert_eq!(done.again(), None);
    });
}

#[test]
fn while_very_many_are_counted() {
    let steps = "version = 1\nseed = 7\n[[task]]\nurl = \"http://media.test/1\"\ncount = 100000000\n[[task.step]]\nevent = \"TaskStart\"\n";
    let desk = Desk::new().file("very-many.toml", steps);
    with_each_signal(|signal, code| {
        let mut running = desk.start("pullpush run very-many.toml --virtual");
        running.shows("TaskStart");
        running.signal(signal);
        let done = running.end().exits(code).says(STOPPING).shows("callbacks planned, seed 7\n");
        let told = done.stdout.lines().find(|line| line.contains("callbacks planned")).unwrap().to_owned();
        let planned: u64 = told.split(' ').find_map(|word| word.parse().ok()).unwrap();
        assert!(told.starts_with("at least ") && planned < 10_000_000, "{told}");
    });
}
