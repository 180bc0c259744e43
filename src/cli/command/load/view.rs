//! A load while it runs: in place on a terminal, a line every few seconds elsewhere.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::output::{is_watched, note, show};
use crate::engine::load::Load;
use crate::engine::load::live::{BUCKETS, Live, Look, look};

/// How often a terminal is brought up to date.
const FRAME: Duration = Duration::from_millis(250);
/// How often a line is written elsewhere.
const LINE: Duration = Duration::from_secs(5);
/// Heights of a bar.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is shown.
pub(super) struct View {
    is_watched: bool,
    began: Instant,
    duration: Duration,
    next: Instant,
    last: (Instant, Look),
}

impl View {
    /// Nothing yet.
    pub(super) fn new(load: &Load, began: Instant) -> Self {
        let (is_watched, duration) = (is_watched(), load.spec.duration);
        Self { is_watched, began, duration, next: began + period(is_watched), last: (began, Look::default()) }
    }

    /// Until there is something to show again.
    pub(super) async fn tick(&self) {
        sleep_until(self.next).await;
    }

    /// Shows how far it is.
    pub(super) fn show(&mut self, workers: &[Live]) {
        let now = Instant::now();
        let look = look(workers);
        let (before, last) = self.last;
        let seconds = now.duration_since(before).as_secs_f64().max(1e-6);
        let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        let (offered, answered) = (rate(look.arrived(), last.arrived()), rate(look.ok, last.ok));
        let passed = now.saturating_duration_since(self.began);
        let left = Duration::from_secs(self.duration.saturating_sub(passed).as_secs());
        let numbers = format!(
            "{} left  offered {offered:.0}/s  ok {answered:.0}/s  in flight {}  waiting {}  errors {}  dropped {}  late {}",
            humantime::format_duration(left),
            look.in_flight,
            look.waiting,
            look.errors,
            look.dropped,
            look.late
        );
        let latency: [u64; BUCKETS] =
            std::array::from_fn(|place| look.latency[place].saturating_sub(last.latency[place]));
        if self.is_watched {
            show(&format!("{numbers}\nlatency {}", sparkline(&latency)));
        } else {
            note(&numbers);
        }
        self.last = (now, look);
        self.next = now + period(self.is_watched);
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if self.is_watched {
            show("");
        }
    }
}

/// From one look to the next.
fn period(is_watched: bool) -> Duration {
    if is_watched { FRAME } else { LINE }
}

/// A bar for each power of two of microseconds, from the fastest to the slowest there was.
fn sparkline(latency: &[u64; BUCKETS]) -> String {
    let most = latency.iter().copied().max().unwrap_or(0);
    let (Some(first), Some(last)) =
        (latency.iter().position(|count| *count > 0), latency.iter().rposition(|count| *count > 0))
    else {
        return String::new();
    };
    let bar = |count: &u64| {
        // What is there at all is seen.
        let height = (count * 8).div_ceil(most.max(1)) as usize;
        BARS[height.min(8)]
    };
    let bars: String = latency[first..=last].iter().map(bar).collect();
    format!("{} {bars} {}", micros(1 << first), micros(2 << last))
}

fn micros(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen() {
        let mut latency = [0; BUCKETS];
        (latency[8], latency[10], latency[12]) = (100, 50, 1);
        assert_eq!(sparkline(&latency), "256 µs █ ▄ ▁ 8 ms");
        assert_eq!(sparkline(&[0; BUCKETS]), "");
    }
}
