//! Loads that are cut short: what was sent, what was not, and what was still on its way.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

use pullpush::engine::load::live::Live;
use pullpush::engine::load::{Halt, Load, generate};
use pullpush::engine::measure::Measurement;
use pullpush::engine::transport::http::HttpTransport;
use pullpush::engine::transport::{Exchange, Request, Transport};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::engine::{make_while, offered, until};
use super::receiver::{OK, Receiver};
use super::{arrivals, millis};
use crate::hostile::transport;
use pullpush::plan::arrivals::Part;

/// Loads of many seconds, and how many arrivals each has.
fn long_loads(url: &str) -> Vec<(Load, u64)> {
    let mut loads = Vec::new();
    for unit in ["callback", "task"] {
        for text in [
            "rate = 100\nduration = \"10s\"",
            "stages = \"10ms@100,10s@200\"",
            "rate = 100\nduration = \"10s\"\narrivals = \"poisson\"",
            "rate = 100\nduration = \"10s\"\nwarm_up = \"10ms\"",
        ] {
            let load = offered(&format!("{text}\nunit = \"{unit}\"\ntasks = 10"), url);
            let all = arrivals(&load.plan, &load.spec, Part::WHOLE, load.speed);
            let planned = all.iter().filter(|arrival| arrival.due >= load.spec.warm_up).count() as u64;
            loads.push((Load { max_requests: 50, ..load.clone() }, 50));
            loads.push((load, planned));
        }
    }
    loads
}

#[test]
fn what_was_not_sent_is_not_started() {
    let receiver = Receiver::answering(OK);
    for (load, planned) in long_loads(&receiver.url) {
        let measured = make_while(&load, |look, halt| {
            until(look, |look| look.sent >= 5);
            halt.halt();
        });
        // A limit is one of requests, those of the warm-up among them.
        let planned = planned - if planned == 50 { measured.warm_up } else { 0 };
        assert_eq!(measured.planned, planned, "{:?}", load.spec);
        assert_eq!((measured.dropped, measured.unfinished), (0, 0));
        assert_eq!(measured.not_started, planned - measured.sent);
        assert!((5..=50).contains(&(measured.sent + measured.warm_up)), "{}", measured.sent);
        assert!(measured.elapsed < load.spec.duration);
    }
}

#[test]
fn a_load_that_is_cut_short_in_its_warm_up_has_measured_nothing() {
    let receiver = Receiver::answering(OK);
    let load = offered("rate = 100\nduration = \"10s\"\nwarm_up = \"5s\"", &receiver.url);
    let measured = make_while(&load, |look, halt| {
        until(look, |look| look.sent >= 3);
        halt.halt();
    });
    assert!(measured.warm_up >= 3);
    assert_eq!((measured.planned, measured.sent, measured.not_started), (500, 0, 500));
    assert_eq!((measured.elapsed, measured.rate()), (millis(0), 0.0));
}

#[test]
fn at_the_highest_rate_nothing_was_planned_but_what_was_sent() {
    let receiver = Receiver::answering(OK);
    let load = offered("rate = \"max\"\nduration = \"10m\"", &receiver.url);
    let measured = make_while(&load, |look, halt| {
        until(look, |look| look.sent >= 100);
        halt.halt();
    });
    assert_eq!((measured.planned, measured.not_started), (measured.sent, 0));
    assert!(measured.sent >= 100 && measured.ok == measured.sent);
}

#[test]
fn what_is_on_its_way_may_end() {
    let gate = Arc::new(Semaphore::new(0));
    let receiver = Receiver::held(&gate);
    for rate in ["rate = 1000\nduration = \"10m\"", "rate = \"max\"\nduration = \"10m\""] {
        let load = offered(&format!("{rate}\nmax_in_flight = 4"), &receiver.url);
        let measured = make_while(&load, |look, halt| {
            until(look, |look| look.in_flight == 4);
            halt.halt();
            gate.add_permits(4);
        });
        assert_eq!((measured.ok, measured.unfinished), (measured.sent, 0), "{rate}");
        assert!(measured.sent >= 4);
    }
}

#[test]
fn what_never_ends_is_unfinished_once_the_grace_is_over() {
    let receiver = Receiver::held(&Arc::new(Semaphore::new(0)));
    for rate in ["rate = 1000\nduration = \"10m\"", "rate = \"max\"\nduration = \"10m\""] {
        for is_abandoned in [false, true] {
            let load = offered(&format!("{rate}\nmax_in_flight = 4"), &receiver.url);
            let grace = if is_abandoned { millis(3_600_000) } else { millis(50) };
            let measured = make_while(&Load { grace, ..load }, |look, halt| {
                until(look, |look| look.in_flight == 4);
                halt.halt();
                if is_abandoned {
                    halt.abandon();
                }
            });
            assert_eq!((measured.sent, measured.ok, measured.unfinished, measured.errors()), (4, 0, 4, 0), "{rate}");
        }
    }
}

#[test]
fn what_waits_for_a_permit_has_not_started() {
    let receiver = Receiver::held(&Arc::new(Semaphore::new(0)));
    let load = offered("rate = 1000\nduration = \"10s\"\nmax_in_flight = 4\non_saturation = \"queue\"", &receiver.url);
    let measured = make_while(&Load { grace: millis(50), ..load }, |look, halt| {
        until(look, |look| look.in_flight == 4);
        halt.halt();
    });
    assert_eq!((measured.planned, measured.sent, measured.dropped), (10_000, 4, 0));
    assert_eq!((measured.unfinished, measured.not_started), (4, 9_996));
}

#[test]
fn a_load_that_has_not_begun_can_be_stopped() {
    let receiver = Receiver::answering(OK);
    for (rate, planned) in [("rate = 1000", 10_000), ("rate = \"max\"", 0)] {
        let load = offered(&format!("{rate}\nduration = \"10s\""), &receiver.url);
        let measured = super::engine::make_at(&load, millis(3_600_000), |_, halt| halt.halt());
        assert_eq!((measured.planned, measured.sent, measured.not_started), (planned, 0, planned), "{rate}");
    }
    assert_eq!(receiver.connections(), 0);
}

/// A transport that panics at its `last` request.
struct Dying {
    transport: HttpTransport,
    left: Cell<u32>,
}

impl Transport for Dying {
    async fn exchange(&self, request: Request) -> Exchange {
        let left = self.left.get();
        assert!(left > 0, "the worker died");
        self.left.set(left - 1);
        self.transport.exchange(request).await
    }
}

/// What is measured of a load whose second worker dies at its request `last`.
fn measured_until_one_dies(load: &Load, last: u32) -> Measurement {
    let live: Vec<Live> = (0..load.workers).map(|_| Live::default()).collect();
    let workers = AtomicU32::new(0);
    let dying = || {
        let left = if workers.fetch_add(1, SeqCst) == 1 { last } else { u32::MAX };
        Dying { transport: transport(), left: Cell::new(left) }
    };
    generate(load, Instant::now(), dying, &live, &Halt::default()).unwrap()
}

#[test]
fn a_worker_that_dies_leaves_its_counts_and_a_reason() {
    let receiver = Receiver::answering(OK);
    for (text, planned) in [
        ("rate = 500\nduration = \"10m\"", Some(300_000)),
        ("rate = 500\nduration = \"10m\"\nunit = \"task\"\narrivals = \"poisson\"", None),
        ("rate = 500\nduration = \"10m\"\non_saturation = \"queue\"\nmax_in_flight = 2", Some(300_000)),
        ("rate = \"max\"\nduration = \"10m\"\nmax_in_flight = 4", None),
    ] {
        for last in [0, 5] {
            let load = offered(text, &receiver.url);
            let load = if planned.is_none() { Load { max_requests: 1_000_000, ..load } } else { load };
            let measured = measured_until_one_dies(&load, last);
            assert_eq!(measured.broken.iter().collect::<Vec<_>>(), ["the worker died"], "{text}");
            assert!(measured.adds_up() && !measured.kept_time(), "{text}: {measured:?}");
            assert_eq!(measured.planned, planned.unwrap_or(measured.planned), "{text}");
            assert!(measured.unfinished >= 1 && measured.ok >= u64::from(last), "{text}");
            assert_eq!(measured.lateness.len(), measured.sent + measured.dropped, "{text}");
            // The rest of the load did not go on without it.
            assert!(measured.elapsed < load.spec.duration / 2, "{text}: {:?}", measured.elapsed);
        }
    }
}

#[test]
fn workers_that_cannot_begin_send_nothing() {
    for text in ["rate = 500\nduration = \"10m\"", "rate = \"max\"\nduration = \"10m\""] {
        let load = offered(text, "http://127.0.0.1:1/");
        let live: Vec<Live> = (0..load.workers).map(|_| Live::default()).collect();
        let none = || -> HttpTransport { panic!("no transport for {}", 2) };
        let measured = generate(&load, Instant::now(), none, &live, &Halt::default()).unwrap();
        assert_eq!(measured.broken.iter().collect::<Vec<_>>(), ["no transport for 2"]);
        assert_eq!((measured.sent, measured.not_started), (0, measured.planned), "{text}");
    }
}
