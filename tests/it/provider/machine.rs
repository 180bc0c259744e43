//! The machine behind a timeline, driven live: told what happens at any instant, and asked how the task is.

use std::mem::size_of;
use std::sync::Arc;

use pullpush::dice::Dice;
use pullpush::scenario::Source;
use pullpush::scenario::task::{Incident, Script, TaskSpec};
use pullpush::service::timeline::machine::Machine;
use pullpush::service::timeline::status::Status;
use pullpush::time::Millis;

use super::{LIST, LIVE, incident};
use crate::support::valid;

fn spec(text: &str) -> Arc<TaskSpec> {
    Arc::clone(&valid(Source::new("test.toml", text.to_owned())).tasks[0])
}

/// The only incident of a task like `head`.
fn live(head: &str, keys: &str) -> Incident {
    match &spec(&format!("{head}{}", incident(keys))).script {
        Script::Relay(relay) => relay.incidents[0].clone(),
        Script::Steps(_) => unreachable!(),
    }
}

fn machine(text: &str) -> Machine {
    Machine::new(&spec(text), 1, Dice::new(42), true, pullpush::time::Cutoff::default()).unwrap()
}

const fn seconds(seconds: u64) -> Millis {
    Millis::from_secs(seconds)
}

/// What it says until then.
fn said(machine: &mut Machine, until: u64) -> String {
    let next = || machine.next_until(seconds(until));
    let words = std::iter::from_fn(next).map(|it| format!("{} {}", it.offset.0 / 1000, it.callback));
    words.collect::<Vec<_>>().join(", ").replace("VodSourceFile", "File")
}

/// `Running 1.m3u8 29/60 looped 0 next 2.m3u8`
fn status(machine: &Machine, at: u64) -> String {
    let Status { activity, pulled, looped, next } = machine.status(seconds(at));
    let name = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let pulled = pulled.map_or("-".to_owned(), |pulled| {
        let (offset, duration) = (pulled.offset.0 / 1000, pulled.duration.0 / 1000);
        format!("{} {offset}/{duration}", name(pulled.url.as_written()))
    });
    let next = next.map_or("-".to_owned(), |url| name(url.as_written()));
    format!("{activity:?} {pulled} looped {looped} next {next}")
}

#[test]
fn a_machine_lives_until_it_is_told_and_no_longer() {
    let mut list = machine(&format!("{LIST}loops = 2\n"));
    assert_eq!(list.next_due(), Some(Millis::ZERO));
    assert_eq!(status(&list, 0), "Down 1.m3u8 0/60 looped 0 next 2.m3u8");
    assert_eq!(said(&mut list, 0), "0 TaskStart");
    assert_eq!(list.next_due(), Some(seconds(1)));
    assert_eq!(said(&mut list, 30), "1 FileStart [0]");
    assert_eq!(status(&list, 30), "Running 1.m3u8 29/60 looped 0 next 2.m3u8");
    assert_eq!(said(&mut list, 60), "");
    assert_eq!(said(&mut list, 121), "61 FileFinish [0], 61 FileStart [1], 121 FileFinish [1], 121 FileStart [0]");
    assert_eq!(status(&list, 125), "Running 1.m3u8 4/60 looped 1 next 2.m3u8");
    assert_eq!(said(&mut list, 200), "181 FileFinish [0], 181 FileStart [1]");
    assert_eq!(status(&list, 200), "Running 2.m3u8 19/60 looped 1 next -");
    assert_eq!(said(&mut list, 1000), "241 FileFinish [1], 241 TaskExit 0");
    assert_eq!((status(&list, 1000).as_str(), list.next_due()), ("Over - looped 2 next -", None));
}

#[test]
fn what_is_told_in_between_happens_then_and_the_same_as_planned() {
    for keys in [
        "kind = \"push-broken\"\nat = \"31s\"",
        "kind = \"restarted\"\nat = \"31s\"",
        "kind = \"file-ends-early\"\nat = \"31s\"",
        "kind = \"file-failed\"\nat = \"31s\"\nexit = \"EIO\"",
        "kind = \"paused\"\nat = \"31s\"\nlasts = \"1m\"",
        "kind = \"deleted\"\nat = \"31s\"",
        "kind = \"crash\"\nat = \"31s\"",
        "kind = \"migration\"\nat = \"31s\"",
        "kind = \"modified\"\nat = \"31s\"\nto_url = \"rtmp://other.test/live/b\"\nloops = 2\nend = \"90s\"",
        "kind = \"modified\"\nat = \"31s\"\nwhen = \"after-file\"\nfiles = [{ url = \"http://media.test/3\", duration = \"5s\" }]",
    ] {
        let planned = said(&mut machine(&format!("{LIST}{}", incident(keys))), 1000);
        let mut driven = machine(LIST);
        let before = said(&mut driven, 20);
        assert!(driven.happen(&live(LIST, keys), seconds(31)), "{keys}");
        assert_eq!(format!("{before}, {}", said(&mut driven, 1000)), planned, "{keys}");
    }
}

#[test]
fn what_cannot_happen_does_nothing() {
    let mut stream = machine(LIVE);
    said(&mut stream, 10);
    assert!(!stream.happen(&live(LIST, "kind = \"file-failed\"\nat = \"31s\""), seconds(20)));
    assert!(!stream.enable(seconds(20)));
    assert!(stream.happen(&live(LIVE, "kind = \"deleted\"\nat = \"31s\""), seconds(20)));
    assert!(!stream.happen(&live(LIVE, "kind = \"restarted\"\nat = \"31s\""), seconds(30)));
    assert_eq!(said(&mut stream, 1000), "20 TaskExit -1414092869");
}

#[test]
fn a_pause_lasts_until_the_user_enables_the_task() {
    let mut list = machine(LIST);
    said(&mut list, 70);
    assert!(list.happen(&live(LIST, "kind = \"paused\"\nat = \"31s\""), seconds(71)));
    assert_eq!(said(&mut list, 500), "71 TaskExit -1414092869");
    assert_eq!(status(&list, 500), "Paused 1.m3u8 0/60 looped 0 next 2.m3u8");
    assert!(list.enable(seconds(500)));
    assert_eq!(said(&mut list, 510), "500 TaskStart, 501 FileStart [0]");
    assert_eq!(status(&list, 511), "Running 1.m3u8 10/60 looped 0 next 2.m3u8");
}

#[test]
fn what_stands_in_is_what_is_pulled() {
    let head = format!("{LIVE}slate = {{ url = \"http://media.test/slate.mp4\", duration = \"7s\" }}\n");
    let mut stream = machine(&head);
    said(&mut stream, 60);
    assert_eq!(status(&stream, 60), "Running a 60/0 looped 0 next -");
    assert!(stream.happen(&live(LIVE, "kind = \"source-down\"\nat = \"1m\"\nlasts = \"10s\""), seconds(61)));
    assert_eq!(said(&mut stream, 70), "");
    assert_eq!(status(&stream, 70), "Running slate.mp4 2/7 looped 0 next -");
    assert_eq!((said(&mut stream, 80).as_str(), status(&stream, 80).as_str()), ("", "Running a 5/0 looped 0 next -"));
}

#[test]
fn a_list_that_waits_is_what_comes_next() {
    let keys = "kind = \"modified\"\nat = \"31s\"\nwhen = \"after-file\"\n\
                files = [{ url = \"http://media.test/new.m3u8\", duration = \"5s\" }]";
    let mut list = machine(LIST);
    said(&mut list, 30);
    assert!(list.happen(&live(LIST, keys), seconds(31)));
    assert_eq!(said(&mut list, 40), "31 ResetTaskConfig");
    assert_eq!(status(&list, 40), "Running 1.m3u8 39/60 looped 0 next new.m3u8");
    said(&mut list, 62);
    assert_eq!(status(&list, 62), "Running new.m3u8 1/5 looped 0 next -");
}

/// A plan has one for every task that is alive.
#[test]
fn a_machine_is_a_few_hundred_bytes() {
    assert!(size_of::<Machine>() <= 256, "{}", size_of::<Machine>());
}
