//! Receivers that are too slow for the load, and whose doing what then is.

use std::sync::Arc;
use std::time::Duration;

use pullpush::engine::load::Load;
use pullpush::engine::measure::Measurement;
use pullpush::scenario::load::Shard;
use tokio::sync::Mutex;

use super::engine::{make, offered};
use super::millis;
use super::receiver::{OK, Receiver};

/// How long the receiver takes for each: it answers five hundred a second at most, whoever asks.
const EACH: Duration = Duration::from_millis(2);

/// Takes one request at a time.
fn one_at_a_time() -> Receiver {
    let turn = Arc::new(Mutex::new(()));
    Receiver::answering_after(OK, move || {
        let turn = Arc::clone(&turn);
        async move {
            let _turn = turn.lock().await;
            tokio::time::sleep(EACH).await;
        }
    })
}

/// No more answers than it can give, in the time until the last of them.
#[track_caller]
fn assert_is_the_receivers(measured: &Measurement) {
    // The first one may have been waited for before the time began.
    let least = EACH * u32::try_from(measured.answered - 1).unwrap();
    assert!(measured.answering() >= least, "{} answers in {:?}", measured.answered, measured.answering());
    assert!(measured.answered > 50 && measured.rate() < 510.0, "{}", measured.rate());
    assert!(!measured.meets(&"rate>600".parse().unwrap()));
}

/// Each worker has one permit: all its callbacks but the first wait for the receiver, however busy this machine is.
#[track_caller]
fn assert_nobody_else_was_slow(measured: &Measurement) {
    assert!(measured.kept_time(), "{} late of {}", measured.late, measured.lateness.len());
    assert!(measured.permit_wait.value_at_quantile(0.5) > 100_000);
}

#[test]
fn the_rate_of_a_queue_that_drains_is_the_receivers() {
    for text in [
        "rate = 2000\nduration = \"300ms\"",
        "rate = 2000\nduration = \"400ms\"\nwarm_up = \"100ms\"",
        "stages = \"200ms@2000,200ms@2000\"",
        "rate = 700\nduration = \"300ms\"\nunit = \"task\"",
    ] {
        let receiver = one_at_a_time();
        let text = format!("{text}\nmax_in_flight = 2\non_saturation = \"queue\"");
        let measured = make(&Load { speed: 1e6, ..offered(&text, &receiver.url) });
        assert_eq!((measured.sent, measured.dropped), (measured.planned, 0), "{text}");
        assert_is_the_receivers(&measured);
        assert_nobody_else_was_slow(&measured);
    }
}

#[test]
fn the_rate_of_shards_is_that_of_all_together() {
    let receiver = one_at_a_time();
    let load =
        offered("rate = 2000\nduration = \"300ms\"\nmax_in_flight = 4\non_saturation = \"queue\"", &receiver.url);
    let parts = [0, 1].map(|index| Load { shard: Shard { index, count: 2 }, ..load.clone() });
    let mut sum = Measurement::default();
    std::thread::scope(|scope| {
        for part in parts.iter().map(|part| scope.spawn(|| make(part))).collect::<Vec<_>>() {
            sum.add(&part.join().unwrap());
        }
    });
    assert_eq!((sum.sent, sum.answered), (600, 600));
    assert_is_the_receivers(&sum);
    assert_nobody_else_was_slow(&sum);
}

#[test]
fn what_is_dropped_is_no_speed() {
    let receiver = one_at_a_time();
    let measured = make(&offered("rate = 2000\nduration = \"500ms\"\nmax_in_flight = 4", &receiver.url));
    assert!(measured.dropped > 600, "{}", measured.dropped);
    assert_is_the_receivers(&measured);
}

#[test]
fn at_the_highest_rate_the_last_answer_counts() {
    let receiver = one_at_a_time();
    let measured = make(&offered("rate = \"max\"\nduration = \"300ms\"\nmax_in_flight = 100", &receiver.url));
    // A hundred are on their way when the time is over.
    assert!(measured.answering() >= millis(450) && measured.elapsed == millis(300), "{:?}", measured.answering());
    assert_is_the_receivers(&measured);
}
