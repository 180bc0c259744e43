//! What is counted, and what voids it.

use super::*;
use crate::engine::transport::memory::Reply;

fn measured(seed: u64) -> Measurement {
    let mut measurement = Measurement { planned: 10, not_started: 2, dropped: 1, ..Measurement::default() };
    for index in 0..7 {
        let length = Duration::from_millis(seed * 7 + index);
        let lateness = Duration::from_micros(index);
        measurement.sent(Start { lateness, ..Start::default() }, Duration::from_micros(4));
        let status = if index == 3 { 500 } else { 200 };
        let event = if index % 2 == 0 { "TaskStart" } else { "TaskExit" };
        measurement.met(event, &Reply::status(status, Duration::ZERO).outcome, length, length / 2);
    }
    measurement
}

#[test]
fn parts_add_up_to_the_whole() {
    let mut sum = Measurement::default();
    for seed in 0..5 {
        assert!(measured(seed).adds_up());
        sum.add(&measured(seed));
    }
    assert!(sum.adds_up());
    assert_eq!((sum.sent, sum.errors(), sum.late), (35, 5, 10));
    assert_eq!(sum.corrected_all().len(), 35);
    let value = |text: &str| sum.value(&text.parse::<Threshold>().unwrap().series);
    assert_eq!(value("errors<1%"), Some(5.0 / 35.0));
    assert_eq!(value("dropped==0"), Some(5.0));
    assert_eq!(value("start.max<1s"), Some(6.0));
    assert!((value("max<1s").unwrap() - 34_000.0).abs() < 50.0, "{:?}", value("max<1s"));
    assert!(sum.meets(&"errors<15%".parse().unwrap()) && !sum.meets(&"errors<14%".parse().unwrap()));
}

#[test]
fn waiting_for_a_permit_is_the_receivers_and_the_rest_of_the_delay_is_ours() {
    let millis = Duration::from_millis;
    for (due, free, sent, permit_wait, lateness) in [
        // A permit was there all the time, or came back before: all of it is ours.
        (100, 0, 100, 0, 0),
        (100, 0, 130, 0, 30),
        (100, 99, 130, 0, 30),
        // It waited for one.
        (100, 900, 900, 800, 0),
        (100, 900, 901, 800, 1),
        // It came back while nobody looked.
        (100, 105, 130, 5, 25),
        // Clocks of two threads.
        (100, 0, 99, 0, 0),
    ] {
        let start = Start::new(millis(due), millis(free), millis(sent));
        assert_eq!((start.permit_wait, start.lateness), (millis(permit_wait), millis(lateness)), "{due} {free} {sent}");
    }
    let limit = millis(10);
    let mut slow = Measurement::default();
    (0..1000).for_each(|n| slow.sent(Start::new(millis(0), millis(n * 10), millis(n * 10 + 1)), limit));
    assert!(slow.start_delay.max() >= 9_000_000 && slow.kept_time());
    (0..11).for_each(|_| slow.sent(Start::new(millis(0), millis(0), millis(11)), limit));
    assert_eq!((slow.late, slow.kept_time()), (11, false));
    // What was dropped counts, too.
    (0..100).for_each(|_| slow.dropped(millis(0), limit));
    assert!(slow.kept_time());
    (0..10).for_each(|_| slow.dropped(millis(500), limit));
    assert_eq!((slow.late, slow.kept_time()), (21, false));
}

#[test]
fn lateness_that_is_small_beside_the_service_time_voids_nothing() {
    let millis = Duration::from_millis;
    for (took, kept_time) in [(200, true), (50, false)] {
        let mut busy = Measurement::default();
        busy.sent(Start { permit_wait: Duration::ZERO, lateness: millis(20) }, millis(10));
        busy.met("TaskStart", &Outcome::failed(FailureKind::Timeout, ""), millis(took), millis(took));
        assert_eq!((busy.late, busy.kept_time()), (1, kept_time), "{took}");
    }
}

#[test]
fn a_rate_is_over_the_time_until_the_last_answer() {
    let seconds = Duration::from_secs;
    // 1200 callbacks in three seconds, a hundred answered in each of twelve.
    let mut queue = Measurement { elapsed: seconds(3), ..Measurement::default() };
    (1..=1200).for_each(|n| queue.answered(Duration::from_millis(n * 10)));
    assert_eq!((queue.answering(), queue.rate()), (seconds(12), 100.0));
    assert!(!queue.meets(&"rate>300".parse().unwrap()));
    // It died: the time without answers counts as long as callbacks arrived.
    let mut died = Measurement { elapsed: seconds(3), ..Measurement::default() };
    (1..=30).for_each(|n| died.answered(Duration::from_millis(n)));
    assert_eq!((died.answering(), died.rate()), (seconds(3), 10.0));
    // Two machines at the same time.
    queue.add(&died);
    assert_eq!((queue.answering(), queue.rate()), (seconds(12), 102.5));
}
