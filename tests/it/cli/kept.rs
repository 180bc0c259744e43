//! Receivers that close the connections that others would keep, without a word about it.

use std::collections::BTreeSet;

use super::{Answer, Desk, Receiver};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"code\":0}";

/// Answers every request with 200 and closes the connection: at once, or under the next request.
fn closing() -> [Receiver; 2] {
    [Answer::AndClose, Answer::Last].map(|answer| Receiver::answering(move |_| answer(OK.to_owned())))
}

/// Answers the first request of a connection, and closes it over the second, without an answer.
fn closing_over_every_second() -> Receiver {
    Receiver::answering(|number| if number % 2 == 0 { Answer::Status(200) } else { Answer::AndClose(String::new()) })
}

#[test]
fn a_closed_connection_is_no_failure_of_any_command() {
    let desk = Desk::new().file("many.toml", include_str!("../../../scenarios/playlist.toml"));
    desk.run("pullpush run vod.toml --virtual --journal j.ndjson").exits(0);
    let none = "--set receiver.retry=none";
    for line in [
        &*format!("pullpush run many.toml --speed max {none}"),
        &format!("pullpush run vod.toml --speed max --wait-for 5s {none}"),
        "pullpush replay j.ndjson --speed max --retry none",
        "pullpush load vod.toml --rate 200 --set load.duration=500ms --set load.late_after=1h",
        "pullpush load vod.toml --rate max --set load.duration=300ms --set load.late_after=1h",
        "pullpush send TaskStart",
        "pullpush explore vod.toml --max-runs 20",
    ] {
        for receiver in closing() {
            let done = desk.run(format!("{line} --to {}", receiver.url)).exits(0);
            let requests = receiver.rest();
            assert!(!requests.is_empty(), "{line}\n{}", done.stdout);
            // Each was read once, on a connection of its own.
            let connections: BTreeSet<_> = requests.iter().map(|request| request.connection).collect();
            assert_eq!(connections.len(), requests.len(), "{line}");
        }
    }
}

#[test]
fn the_report_card_of_a_receiver_that_closes_is_that_of_one_that_does_not() {
    let card = |url: &str| {
        let line = format!("pullpush contract --to {url} --seed 7 --format json");
        Desk::new().run(line).stdout.replace(url, "URL")
    };
    let [at_once, later] = closing();
    let receivers = [at_once, later, Receiver::answering(|_| Answer::Status(200))];
    // Some rules take seconds.
    let [at_once, later, keeping] = std::thread::scope(|scope| {
        let urls = receivers.each_ref().map(|receiver| &*receiver.url);
        urls.map(|url| scope.spawn(move || card(url))).map(|card| card.join().unwrap())
    });
    assert_eq!(at_once, keeping);
    assert_eq!(later, keeping);
}

#[test]
fn what_was_sent_again_is_written_down() {
    let desk = Desk::new();
    let line = "pullpush run vod.toml --speed max --set receiver.retry=none --journal j.ndjson";
    let receiver = closing_over_every_second();
    let done = desk.run(format!("{line} --to {}", receiver.url)).exits(0);
    // Four callbacks: one alone, and three that were read twice.
    assert_eq!(receiver.rest().len(), 7);
    let log = done.stderr + &done.stdout;
    assert_eq!(log.matches("sent again: the kept connection was closed").count(), 3, "{log}");
    assert!(log.contains("sent again    3 times, because the receiver had closed the kept connection"), "{log}");
    let met: Vec<serde_json::Value> =
        desk.read("j.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| met.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    for (number, met) in of("met").iter().enumerate() {
        assert_eq!((met["status"].as_u64(), met["resent_after_us"].is_u64()), (Some(200), number > 0), "{met}");
        let sent = met["sent_us"].as_u64().unwrap();
        assert!(sent >= met["resent_after_us"].as_u64().unwrap_or(0) && sent <= met["done_us"].as_u64().unwrap());
    }
    assert_eq!((of("met").len(), of("finished")[0]["resent"].as_u64()), (4, Some(3)));
}

#[test]
fn a_probe_is_asked_again_on_a_new_connection() {
    let probe = "[[probe]]\nafter = \"end\"\nget = \"/state\"\nstatus = 200\n";
    let desk = Desk::new().file("probed.toml", format!("{}{probe}", super::VOD));
    // The probe is the fifth request, and comes on a connection that has served four.
    let receiver =
        Receiver::answering(|number| if number == 4 { Answer::AndClose(String::new()) } else { Answer::Status(200) });
    let line = format!("pullpush run probed.toml --speed max --to {} --format ndjson", receiver.url);
    let done = desk.run(line).exits(0);
    let probed = done.objects().into_iter().find(|line| line["event"] == "probed").unwrap();
    assert_eq!((probed["tries"].as_u64(), probed["resent"].as_u64()), (Some(1), Some(1)), "{probed}");
}
