//! Loads for a receiver that is too slow, on a machine that is busy, judged by the default `late_after`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::load::{assert_adds_up, desk};
use super::{Answer, Receiver};

/// Two hundred a second: one at a time, each so long.
const EACH: Duration = Duration::from_millis(5);

#[expect(clippy::disallowed_methods, reason = "the receiver is as slow as that")]
fn slow() -> Receiver {
    let turn = Mutex::new(());
    Receiver::answering(move |_| {
        let _turn = turn.lock().unwrap();
        thread::sleep(EACH);
        Answer::Status(200)
    })
}

/// Keeps all cores busy meanwhile.
fn on_a_busy_machine<R>(meanwhile: impl FnOnce() -> R) -> R {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        // Also if it panics: otherwise they would go on.
        let _over = Over(&is_over);
        meanwhile()
    })
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Its exit and its result.
fn load(saturation: &str, flags: &str) -> (i32, Value) {
    let receiver = slow();
    let line = format!(
        "pullpush load many.toml --rate 1000 --duration 300ms --max-in-flight 2 --on-saturation {saturation} --to {} {flags} --format json",
        receiver.url
    );
    let done = on_a_busy_machine(|| desk().run(line));
    let result = done.result();
    assert_adds_up(&result);
    assert!(result["rate_per_s"].as_f64().unwrap() < 210.0, "{result:#}");
    (done.code, result)
}

#[test]
fn a_slow_receiver_is_not_taken_for_a_slow_generator() {
    for (flags, code) in [("--threshold 'rate>300'", 4), ("", 0)] {
        let (exit, result) = load("queue", flags);
        assert_eq!((exit, &result["generator_healthy"]), (code, &true.into()), "{result:#}");
        assert!(result["permit_wait"]["p50_us"].as_u64().unwrap() > 50_000, "{result:#}");
    }
}

/// While a permit is free it is the generator's turn, which needs this machine: that is told from the time when none was.
#[test]
fn where_callbacks_are_dropped_only_what_had_a_permit_can_be_late() {
    let (exit, result) = load("drop", "--threshold 'rate>300'");
    let healthy = result["generator_healthy"].as_bool().unwrap();
    assert_eq!(exit, if healthy { 4 } else { 5 }, "{result:#}");
    assert_eq!(healthy, result["late"].as_u64().unwrap() * 100 <= 300, "{result:#}");
    assert!(result["dropped"].as_u64().unwrap() > 200, "{result:#}");
}
