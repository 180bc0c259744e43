//! The generator over real sockets: how much it sends, and how it counts what it meets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use pullpush::engine::load::live::{Live, Look, look};
use pullpush::engine::load::{Halt, Load, generate};
use pullpush::engine::measure::Measurement;
use pullpush::engine::settings::Addresses;
use pullpush::scenario::load::Shard;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::receiver::{OK, Receiver};
use super::{TASKS, load, millis};
use crate::hostile::transport;
use crate::support::EPOCH;

/// Never waited for on the way to a test's success.
const LONG: Duration = Duration::from_secs(20);

/// A load for a receiver, by two workers.
pub(super) fn offered(text: &str, url: &str) -> Load {
    let (plan, spec) = load(text, TASKS);
    Load {
        plan,
        spec,
        shard: Shard::WHOLE,
        workers: 2,
        speed: 1.0,
        max_requests: 1_000_000,
        addresses: Addresses::new(Some(url.to_owned()), String::new()),
        epoch: EPOCH,
        grace: LONG,
    }
}

/// Makes the load, while `meanwhile` looks on.
pub(super) fn make_while(load: &Load, meanwhile: impl FnOnce(&dyn Fn() -> Look, &Halt) + Send) -> Measurement {
    make_at(load, Duration::ZERO, meanwhile)
}

/// Makes the load, not at once, while `meanwhile` looks on.
pub(super) fn make_at(
    load: &Load,
    pause: Duration,
    meanwhile: impl FnOnce(&dyn Fn() -> Look, &Halt) + Send,
) -> Measurement {
    let live: Vec<Live> = (0..load.workers).map(|_| Live::default()).collect();
    let halt = Halt::default();
    let measured = thread::scope(|scope| {
        scope.spawn(|| meanwhile(&|| look(&live), &halt));
        generate(load, Instant::now() + pause, transport, &live, &halt).unwrap()
    });
    assert!(measured.adds_up(), "{measured:?}");
    let answers = measured.sent - measured.unfinished;
    for histogram in [&measured.corrected_all(), &measured.service] {
        assert_eq!(histogram.len(), answers);
    }
    for histogram in [&measured.start_delay, &measured.permit_wait] {
        assert_eq!(histogram.len(), measured.sent);
    }
    assert_eq!(measured.lateness.len(), measured.sent + measured.dropped);
    measured
}

pub(super) fn make(load: &Load) -> Measurement {
    make_while(load, |_, _| {})
}

/// Looks until it sees it.
#[track_caller]
pub(super) fn until(look: &dyn Fn() -> Look, seen: impl Fn(Look) -> bool) {
    let begun = Instant::now();
    while !seen(look()) {
        assert!(begun.elapsed() < LONG, "never came to that: {:?}", look());
        thread::yield_now();
    }
}

/// A receiver that gives every request the same end, and how that is counted.
fn every_end() -> Vec<(&'static str, Receiver, &'static str, &'static str)> {
    let resetting = Receiver::start(|mut connection| async move {
        connection.request().await?;
        connection.reset()
    });
    let closing = Receiver::start(|mut connection| async move { connection.request().await.map(drop) });
    let mut down = Receiver::answering(OK);
    down.die();
    vec![
        ("answers", Receiver::answering(OK), "ok", ""),
        ("answers with an error", Receiver::answering("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"), "500", ""),
        ("accepts, not done", Receiver::answering("HTTP/1.1 202 Yes\r\ncontent-length: 0\r\n\r\n"), "202", ""),
        ("resets", resetting, "reset", "onnection reset"),
        ("closes", closing, "reset", "connection closed before message completed"),
        ("answers garbage", Receiver::answering("220 mail.test ESMTP\r\n"), "invalid answer", "invalid HTTP version"),
        ("is down", down, "refused", "Connection refused"),
    ]
}

#[test]
fn whatever_the_receiver_does_the_numbers_add_up() {
    for rate in ["rate = 500\nduration = \"200ms\"", "rate = \"max\"\nduration = \"1m\"\nmax_in_flight = 4"] {
        for (what, receiver, counted, detail) in every_end() {
            let measured = make(&Load { max_requests: 100, ..offered(rate, &receiver.url) });
            assert_eq!((measured.planned, measured.sent, measured.dropped), (100, 100, 0), "{what}");
            let mut counts: BTreeMap<String, u64> = measured.transport.clone();
            counts.extend(measured.http.iter().map(|(status, count)| (status.to_string(), *count)));
            counts.insert("ok".to_owned(), measured.ok);
            counts.retain(|_, count| *count > 0);
            assert_eq!(counts, BTreeMap::from([(counted.to_owned(), 100)]), "{what}");
            let told = measured.details.get(counted).map_or("", String::as_str);
            assert!(told.contains(detail) && told.is_empty() == detail.is_empty(), "{what}: {told}");
            assert_eq!(measured.errors(), if counted == "ok" { 0 } else { 100 });
        }
    }
}

#[test]
fn silence_ends_with_the_timeout() {
    let receiver = Receiver::held(&Arc::new(Semaphore::new(0)));
    let mut load = offered("rate = 200\nduration = \"100ms\"", &receiver.url);
    let scenario = Arc::make_mut(&mut load.plan.scenario().clone()).clone();
    let receiver = pullpush::scenario::Receiver { timeout: millis(50), ..scenario.receiver.clone() };
    load.plan = pullpush::plan::Plan::new(Arc::new(pullpush::scenario::Scenario { receiver, ..scenario }), 42);
    let measured = make(&load);
    assert_eq!((measured.sent, measured.timeouts, measured.errors()), (20, 20, 20));
    assert!(measured.service.min() >= 50_000, "{}", measured.service.min());
}

#[test]
fn a_receiver_may_die_in_the_middle() {
    let mut receiver = Receiver::answering(OK);
    let load = offered("rate = 1000\nduration = \"300ms\"", &receiver.url.clone());
    let measured = make_while(&load, |look, _| {
        until(look, |look| look.ok >= 50);
        receiver.die();
    });
    assert_eq!((measured.planned, measured.sent), (300, 300));
    let gone = measured.transport.get("refused").unwrap_or(&0) + measured.transport.get("reset").unwrap_or(&0);
    assert!(measured.ok >= 50, "{}", measured.ok);
    assert_eq!(measured.ok + gone, 300, "{:?}", measured.transport);
}

#[test]
fn what_finds_no_permit_is_dropped_and_never_made_up_for() {
    let gate = Arc::new(Semaphore::new(0));
    let receiver = Receiver::held(&gate);
    let load = offered("rate = 500\nduration = \"200ms\"\nmax_in_flight = 5", &receiver.url);
    let measured = make_while(&load, |look, _| {
        until(look, |look| look.dropped == 95);
        assert_eq!((look().sent, look().in_flight), (5, 5));
        gate.add_permits(5);
    });
    assert_eq!((measured.sent, measured.ok, measured.dropped), (5, 5, 95));
    assert_eq!(receiver.requests(), 5);
}

#[test]
fn where_they_are_to_wait_all_are_sent_and_the_waiting_counts() {
    let row = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::in_rows_of(2, &row);
    let load =
        offered("rate = 1000\nduration = \"100ms\"\nmax_in_flight = 2\non_saturation = \"queue\"", &receiver.url);
    let measured = make(&load);
    assert_eq!((measured.sent, measured.ok, measured.dropped), (100, 100, 0));
    assert_eq!((row.load(SeqCst), receiver.connections()), (2, 2));
}

#[test]
fn at_the_highest_rate_every_permit_is_always_in_use() {
    // Were there ever fewer than eight, they would wait for ever.
    let most = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::in_rows_of(8, &most);
    let text = "rate = \"max\"\nduration = \"1m\"\nmax_in_flight = 8";
    let measured = make(&Load { max_requests: 800, ..offered(text, &receiver.url) });
    assert_eq!((measured.planned, measured.sent, measured.ok), (800, 800, 800));
    assert_eq!((most.load(SeqCst), receiver.connections()), (8, 8));
    // Nothing is due before it is sent.
    assert_eq!(measured.start_delay.max(), 0);
    assert_eq!(measured.corrected_all(), measured.service);
}

#[test]
fn at_the_highest_rate_the_load_ends_in_its_time() {
    let receiver = Receiver::answering(OK);
    let measured = make(&offered("rate = \"max\"\nduration = \"100ms\"\nwarm_up = \"50ms\"", &receiver.url));
    assert_eq!(receiver.requests() as u64, measured.sent + measured.warm_up);
    assert!(measured.ok > 0 && measured.warm_up > 0);
    assert_eq!(measured.elapsed, millis(50));
}

#[test]
fn the_warm_up_is_in_no_number() {
    let receiver = Receiver::answering(OK);
    let measured = make(&offered("rate = 500\nduration = \"200ms\"\nwarm_up = \"100ms\"", &receiver.url));
    assert_eq!(receiver.requests(), 100);
    assert_eq!((measured.warm_up, measured.planned, measured.sent, measured.ok), (50, 50, 50, 50));
    // Nor in the time that rates are over; unless its answers come in that time, too.
    assert_eq!(measured.elapsed, millis(100));
    assert!((50..=100).contains(&measured.answered), "{}", measured.answered);
}

#[test]
fn no_more_requests_than_were_asked_for() {
    let receiver = Receiver::answering(OK);
    let load = offered("rate = 1000\nduration = \"1m\"", &receiver.url);
    let measured = make(&Load { max_requests: 7, ..load });
    assert_eq!((measured.planned, measured.sent, receiver.requests()), (7, 7, 7));
}

#[test]
fn a_shard_sends_its_part_with_its_part_of_the_limits() {
    let gate = Arc::new(Semaphore::new(0));
    for (index, in_flight, requests) in [(0, 3, 34), (1, 2, 33), (2, 2, 33)] {
        let receiver = Receiver::held(&gate);
        let load = offered("rate = 1000\nduration = \"200ms\"\nmax_in_flight = 7", &receiver.url);
        let load = Load { shard: Shard { index, count: 3 }, max_requests: 100, ..load };
        let measured = make_while(&load, |look, _| {
            until(look, |look| look.sent + look.dropped == requests);
            gate.add_permits(3);
        });
        assert_eq!((measured.planned, measured.sent), (requests, in_flight), "shard {index}");
        gate.forget_permits(3);
    }
}

#[test]
fn latency_counts_from_the_time_that_was_meant_and_service_time_does_not() {
    // The first two requests are answered after a pause, all others at once. Those that are due meanwhile wait.
    let (stalls, count) = (millis(200), Arc::new(AtomicUsize::new(0)));
    let receiver = Receiver::answering_after(OK, move || {
        let is_first = count.fetch_add(1, SeqCst) < 2;
        async move {
            if is_first {
                tokio::time::sleep(stalls).await;
            }
        }
    });
    let text = "rate = 500\nduration = \"300ms\"\nmax_in_flight = 2\non_saturation = \"queue\"";
    let measured = make(&offered(text, &receiver.url));
    assert_eq!(measured.ok, 150);
    let long = |histogram: &hdrhistogram::Histogram<u64>| histogram.count_between(100_000, u64::MAX);
    // Due in the first half of the pause: fifty.
    let (corrected, service) = (long(&measured.corrected_all()), long(&measured.service));
    assert!(corrected >= 45, "{corrected}");
    assert!((2..10).contains(&service), "{service}");
    assert!(measured.permit_wait.max() >= 150_000, "{}", measured.permit_wait.max());
}

#[test]
fn connections_are_kept() {
    let receiver = Receiver::answering(OK);
    let text = "rate = 1000\nduration = \"200ms\"\nmax_in_flight = 4\non_saturation = \"queue\"";
    assert_eq!(make(&offered(text, &receiver.url)).ok, 200);
    assert!(receiver.connections() <= 4, "{}", receiver.connections());
}

#[cfg(feature = "https")]
#[test]
fn a_load_may_go_over_https() {
    use pullpush::engine::transport::http::{HttpSettings, HttpTransport, SystemResolver};

    let authority = crate::https::Authority::new();
    let url = format!("https://{}/callback", authority.serve("127.0.0.1", |_| ()));
    let settings = HttpSettings { ca_certificates: authority.pem.clone().into(), ..HttpSettings::default() };
    let load = offered("rate = 100\nduration = \"100ms\"", &url);
    let live: Vec<Live> = (0..load.workers).map(|_| Live::default()).collect();
    let client = || HttpTransport::new(&settings, Arc::new(SystemResolver)).unwrap();
    let measured = generate(&load, Instant::now(), client, &live, &Halt::default()).unwrap();
    assert!(measured.adds_up(), "{measured:?}");
    assert_eq!((measured.sent, measured.ok), (10, 10), "{:?}", measured.details);
}
