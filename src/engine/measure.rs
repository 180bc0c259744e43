//! What a load run measures: counts and distributions that add up exactly, over workers and over machines.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::engine::transport::{Failure, FailureKind, Outcome};
use crate::scenario::load::threshold::{Counted, Latency, Series, Threshold};
use crate::time::micros;

/// The longest length that is told apart, in microseconds: an hour.
pub const MAX_MICROS: u64 = 3_600_000_000;
/// Significant digits of every histogram.
pub const DIGITS: u8 = 3;

/// Counts and distributions of one worker, one machine, or all of them.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Arrivals of the plan, without the warm-up.
    pub planned: u64,
    /// Requests that went out.
    pub sent: u64,
    /// Never sent, for want of a permit.
    pub dropped: u64,
    /// Not sent because the run was stopped.
    pub not_started: u64,
    /// Those the generator was late with: see [`Start::lateness`].
    pub late: u64,
    /// Answered with 200.
    pub ok: u64,
    /// Answered with another status.
    pub http: BTreeMap<u16, u64>,
    /// Not answered, by kind; without timeouts.
    pub transport: BTreeMap<String, u64>,
    /// What the first of each kind said.
    pub details: BTreeMap<String, String>,
    /// Not answered within the timeout.
    pub timeouts: u64,
    /// Still on their way when the run was cut short.
    pub unfinished: u64,
    /// Sent once more on a new connection, because the receiver had closed the kept one; each still counts as one.
    pub resent: u64,
    /// Sent before measuring began; in no other number.
    pub warm_up: u64,
    /// Why parts of the generator ended before their time; what they had measured is here.
    pub broken: BTreeSet<String>,
    /// How long callbacks arrived that were measured.
    pub elapsed: Duration,
    /// Answers that came in the measured time, late ones to the warm-up among them: the receiver was busy with those, too.
    pub answered: u64,
    /// From the beginning of the measured time to the last answer.
    pub last_answer: Duration,
    /// done − due, by `callback_event`.
    pub corrected: BTreeMap<String, Histogram<u64>>,
    /// done − sent.
    pub service: Histogram<u64>,
    /// sent − due.
    pub start_delay: Histogram<u64>,
    /// The part of it that is the receiver's: all permits were in use.
    pub permit_wait: Histogram<u64>,
    /// The part of it that is ours, of what was sent and of what was dropped.
    pub lateness: Histogram<u64>,
}

/// How late a request went out, and whose doing that was. The two make up the start delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Start {
    /// From its time until a permit was free. The receiver had not answered what was on its way: that is the receiver's doing.
    pub permit_wait: Duration,
    /// From when it could go out, at its time or with its permit, until it did. That is the generator's doing.
    pub lateness: Duration,
}

impl Start {
    /// Of a request that was `due`, got a permit that was free since `free`, and went out when it was `sent`.
    pub fn new(due: Duration, free: Duration, sent: Duration) -> Self {
        let ready = free.min(sent).max(due);
        Self { permit_wait: ready - due, lateness: sent.saturating_sub(ready) }
    }
}

/// An empty histogram. All of them are alike, so that any two can be added.
pub fn histogram() -> Histogram<u64> {
    // These bounds are valid: the smallest value is 1, the digits are within 0..=5.
    Histogram::new_with_bounds(1, MAX_MICROS, DIGITS).unwrap_or_else(|_| unreachable!("constant bounds are valid"))
}

impl Default for Measurement {
    fn default() -> Self {
        Self {
            planned: 0,
            sent: 0,
            dropped: 0,
            not_started: 0,
            late: 0,
            ok: 0,
            http: BTreeMap::new(),
            transport: BTreeMap::new(),
            details: BTreeMap::new(),
            timeouts: 0,
            unfinished: 0,
            resent: 0,
            warm_up: 0,
            broken: BTreeSet::new(),
            elapsed: Duration::ZERO,
            answered: 0,
            last_answer: Duration::ZERO,
            corrected: BTreeMap::new(),
            service: histogram(),
            start_delay: histogram(),
            permit_wait: histogram(),
            lateness: histogram(),
        }
    }
}

impl Measurement {
    /// A request went out.
    pub fn sent(&mut self, start: Start, late_after: Duration) {
        self.sent += 1;
        self.decided(start.lateness, late_after);
        record(&mut self.start_delay, start.permit_wait + start.lateness);
        record(&mut self.permit_wait, start.permit_wait);
    }

    /// A request found no permit; `lateness` is the generator's, if there was one at its time.
    pub fn dropped(&mut self, lateness: Duration, late_after: Duration) {
        self.dropped += 1;
        self.decided(lateness, late_after);
    }

    fn decided(&mut self, lateness: Duration, late_after: Duration) {
        self.late += u64::from(lateness > late_after);
        record(&mut self.lateness, lateness);
    }

    /// An answer came, so long after the measured time began.
    pub fn answered(&mut self, since: Duration) {
        self.answered += 1;
        self.last_answer = self.last_answer.max(since);
    }

    /// What it met, so long after its time and so long after it went out.
    pub fn met(&mut self, event: &str, outcome: &Outcome, corrected: Duration, service: Duration) {
        match outcome {
            Outcome::Answered(answer) if answer.status == 200 => self.ok += 1,
            Outcome::Answered(answer) => *self.http.entry(answer.status).or_default() += 1,
            Outcome::Failed(failure) if failure.kind == FailureKind::Timeout => self.timeouts += 1,
            Outcome::Failed(failure) => self.failed(failure),
        }
        match self.corrected.get_mut(event) {
            Some(histogram) => record(histogram, corrected),
            None => record(self.corrected.entry(event.to_owned()).or_insert_with(histogram), corrected),
        }
        record(&mut self.service, service);
    }

    /// Those that this machine had no port or descriptor for, if there were any for others: a machine without IPv6 calls it the same
    /// when it has no way there at all.
    pub fn exhausted(&self) -> u64 {
        if self.ok == 0 && self.http.is_empty() {
            return 0;
        }
        self.transport.get(FailureKind::Exhausted.word()).copied().unwrap_or(0)
    }

    fn failed(&mut self, failure: &Failure) {
        let kind = failure.kind.word();
        match self.transport.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.transport.insert(kind.to_owned(), 1);
                self.details.insert(kind.to_owned(), failure.detail.clone());
            }
        }
    }

    /// Which count would be more than can be counted, if `other` were added. All others are parts of these.
    pub fn overflow(&self, other: &Self) -> Option<String> {
        [
            ("planned", self.planned, other.planned),
            ("warm_up", self.warm_up, other.warm_up),
            ("answered", self.answered, other.answered),
        ]
        .into_iter()
        .find(|(_, own, other)| own.checked_add(*other).is_none())
        .map(|(name, own, other)| format!("{name} {other} and {own} of the others are more than can be counted"))
    }

    /// Adds another part of the same load.
    pub fn add(&mut self, other: &Self) {
        self.planned += other.planned;
        self.sent += other.sent;
        self.dropped += other.dropped;
        self.not_started += other.not_started;
        self.late += other.late;
        self.ok += other.ok;
        other.http.iter().for_each(|(status, count)| *self.http.entry(*status).or_default() += count);
        other.transport.iter().for_each(|(kind, count)| *self.transport.entry(kind.clone()).or_default() += count);
        other.details.iter().for_each(|(kind, detail)| {
            self.details.entry(kind.clone()).or_insert_with(|| detail.clone());
        });
        self.timeouts += other.timeouts;
        self.unfinished += other.unfinished;
        self.resent += other.resent;
        self.warm_up += other.warm_up;
        self.broken.extend(other.broken.iter().cloned());
        self.elapsed = self.elapsed.max(other.elapsed);
        self.answered += other.answered;
        self.last_answer = self.last_answer.max(other.last_answer);
        for (event, histogram) in &other.corrected {
            add(self.corrected.entry(event.clone()).or_insert_with(self::histogram), histogram);
        }
        add(&mut self.service, &other.service);
        add(&mut self.start_delay, &other.start_delay);
        add(&mut self.permit_wait, &other.permit_wait);
        add(&mut self.lateness, &other.lateness);
    }

    /// done − due of all callbacks.
    pub fn corrected_all(&self) -> Histogram<u64> {
        let mut all = histogram();
        self.corrected.values().for_each(|one| add(&mut all, one));
        all
    }

    /// Everything that was sent and not answered with 200; what was cut short is not the receiver's error.
    pub fn errors(&self) -> u64 {
        self.http.values().sum::<u64>() + self.transport.values().sum::<u64>() + self.timeouts
    }

    /// How long answers came: until the last one, and at least as long as callbacks arrived. Without the first, a queue that drains
    /// would look like speed; without the second, a receiver that dies after its first answer would. In whole microseconds, as it is
    /// written down.
    pub fn answering(&self) -> Duration {
        Duration::from_micros(micros(self.last_answer.max(self.elapsed)))
    }

    /// Requests answered in a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.answering().as_secs_f64().max(1e-3)
    }

    /// Whether the generator kept its schedule: it worked to the end, with at most one in a hundred late by its own doing, or
    /// so little that the latencies are the receiver's all the same.
    pub fn kept_time(&self) -> bool {
        let few_were_late = u128::from(self.late) * 100 <= u128::from(self.lateness.len());
        self.broken.is_empty() && (few_were_late || self.lateness_is_small())
    }

    /// Whether lateness (p99) is at most a quarter of the time that the receiver took (p50).
    fn lateness_is_small(&self) -> bool {
        self.lateness.value_at_quantile(0.99).saturating_mul(4) <= self.service.value_at_quantile(0.5)
    }

    /// Whether both identities hold: planned = sent + dropped + not started, and sent is the sum of what was met.
    pub fn adds_up(&self) -> bool {
        self.planned == self.sent + self.dropped + self.not_started
            && self.sent == self.ok + self.errors() + self.unfinished
    }

    /// The value that a threshold is about: microseconds, a share of 1, a count, or a rate. None if nothing was measured that it
    /// could be about.
    pub fn value(&self, series: &Series) -> Option<f64> {
        let quantile_of =
            |histogram: &Histogram<u64>, quantile: &f64| (!histogram.is_empty()).then(|| at(histogram, *quantile));
        match series {
            Series::Latency { which: Latency::Service, quantile, .. } => quantile_of(&self.service, quantile),
            Series::Latency { which: Latency::StartDelay, quantile, .. } => quantile_of(&self.start_delay, quantile),
            Series::Latency { which: Latency::PermitWait, quantile, .. } => quantile_of(&self.permit_wait, quantile),
            Series::Latency { which: Latency::Lateness, quantile, .. } => quantile_of(&self.lateness, quantile),
            Series::Latency { event: Some(event), quantile, .. } => quantile_of(self.corrected.get(event)?, quantile),
            Series::Latency { event: None, quantile, .. } => quantile_of(&self.corrected_all(), quantile),
            Series::Count { what, share } => {
                let (count, of) = match what {
                    Counted::Errors => (self.errors(), self.sent),
                    Counted::Timeouts => (self.timeouts, self.sent),
                    Counted::Late => (self.late, self.sent + self.dropped),
                    Counted::Dropped => (self.dropped, self.planned),
                };
                if *share { (of > 0).then(|| count as f64 / of as f64) } else { Some(count as f64) }
            }
            Series::Rate => Some(self.rate()),
        }
    }

    /// Whether a threshold holds. One about nothing does not.
    pub fn meets(&self, threshold: &Threshold) -> bool {
        self.value(&threshold.series).is_some_and(|value| threshold.relation.holds(value, threshold.limit))
    }
}

fn record(histogram: &mut Histogram<u64>, length: Duration) {
    histogram.saturating_record(micros(length));
}

fn add(sum: &mut Histogram<u64>, other: &Histogram<u64>) {
    // All of them have the same bounds.
    let _ = sum.add(other);
}

/// A quantile in microseconds; never more than the longest that was measured.
pub fn at(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile).min(histogram.max()) as f64
}

#[cfg(test)]
mod tests;
