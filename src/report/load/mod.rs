//! The result of a load run: as JSON, which can be read back and added up, and as text.

mod parts;
mod text;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use super::ndjson::SCHEMA_VERSION;
use crate::engine::measure::{DIGITS, MAX_MICROS, Measurement, at};
use crate::exit_code::Exit;
use crate::scenario::load::threshold::{Counted, Series, Threshold};
use crate::time::micros;

/// What a load run was about: two results are of the same load if these are alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadHeader {
    /// The scenario file as typed.
    pub scenario: String,
    /// MD5 of the scenario's text and of everything that was set from outside.
    pub scenario_hash: String,
    /// The seed.
    pub seed: u64,
    /// What was asked for, in words: `500/s for 10s`.
    pub offered: String,
    /// Whether the rate was what the receiver made of it.
    pub saturating: bool,
    /// Whatever went out later than this after its time is late.
    pub late_after_us: u64,
    /// Thresholds as written.
    pub thresholds: Vec<String>,
}

/// The result of a load run, of one machine or of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Version of this shape.
    pub schema_version: u32,
    /// What it was about.
    #[serde(flatten)]
    pub header: LoadHeader,
    /// The shards it is of: `0/4`.
    pub shards: Vec<String>,
    /// Arrivals of the plan. planned = sent + dropped + not_started
    pub planned: u64,
    /// Requests that went out. sent = ok + http + transport + timeouts + unfinished
    pub sent: u64,
    /// Never sent, for want of a permit.
    pub dropped: u64,
    /// Not sent because the run was stopped.
    pub not_started: u64,
    /// Those the generator was late with.
    pub late: u64,
    /// Answered with 200.
    pub ok: u64,
    /// Answered with another status.
    pub http: BTreeMap<u16, u64>,
    /// Not answered, by kind.
    pub transport: BTreeMap<String, u64>,
    /// What the first of each kind said.
    pub transport_details: BTreeMap<String, String>,
    /// Not answered within the timeout.
    pub timeouts: u64,
    /// Still on their way when the run was cut short.
    pub unfinished: u64,
    /// Of those sent, sent once more because the receiver had closed the kept connection.
    #[serde(default)]
    pub resent: u64,
    /// Sent before measuring began; in no other number.
    pub warm_up: u64,
    /// How long callbacks arrived that were measured.
    pub elapsed_ms: u64,
    /// Answers that came in the measured time, late ones to the warm-up among them.
    pub answered: u64,
    /// From the beginning of the measured time to the last answer, and at least as long as callbacks arrived.
    pub answering_us: u64,
    /// Requests answered in a second: answered in answering_us.
    pub rate_per_s: f64,
    /// done − due, of all callbacks and of each kind.
    pub corrected: BTreeMap<String, Quantiles>,
    /// done − sent.
    pub service: Quantiles,
    /// sent − due: permit_wait + lateness.
    pub start_delay: Quantiles,
    /// The receiver's part of it: all permits were in use.
    pub permit_wait: Quantiles,
    /// The generator's part of it, of what was sent and of what was dropped.
    pub lateness: Quantiles,
    /// Whether all callbacks went out, and in their time: otherwise the measurement is void.
    pub generator_healthy: bool,
    /// Why parts of the generator ended before their time.
    pub generator_failures: Vec<String>,
    /// What was demanded.
    pub thresholds_met: Vec<Verdict>,
    /// The distributions, for adding them up.
    pub histograms: Histograms,
}

/// Quantiles of a distribution, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// Half are shorter.
    pub p50_us: u64,
    /// 90 % are shorter.
    pub p90_us: u64,
    /// 99 % are shorter.
    pub p99_us: u64,
    /// 99.9 % are shorter.
    pub p99_9_us: u64,
    /// None is longer.
    pub max_us: u64,
}

/// A threshold and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// As written.
    pub threshold: String,
    /// Microseconds, a share of 1, a count, or a rate; null if nothing was measured that it could be about.
    pub value: Option<f64>,
    /// Whether it holds.
    pub met: bool,
}

/// Whole distributions: HdrHistogram V2, compressed, in base64.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histograms {
    /// Significant digits.
    pub digits: u8,
    /// The longest length that is told apart.
    pub max_us: u64,
    /// done − due, by `callback_event`.
    pub corrected: BTreeMap<String, String>,
    /// done − sent.
    pub service: String,
    /// sent − due.
    pub start_delay: String,
    /// The receiver's part of it.
    pub permit_wait: String,
    /// The generator's part of it.
    pub lateness: String,
}

impl LoadReport {
    /// The report of a measurement.
    pub fn new(header: LoadHeader, shards: Vec<String>, measured: &Measurement) -> Self {
        let all = measured.corrected_all();
        let kinds = measured.corrected.iter().map(|(event, histogram)| (event.clone(), quantiles(histogram)));
        let thresholds = header.thresholds.iter().filter_map(|text| text.parse::<Threshold>().ok());
        let verdict = |threshold: Threshold| Verdict {
            value: measured.value(&threshold.series),
            met: measured.meets(&threshold),
            threshold: threshold.to_string(),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            shards,
            planned: measured.planned,
            sent: measured.sent,
            dropped: measured.dropped,
            not_started: measured.not_started,
            late: measured.late,
            ok: measured.ok,
            http: measured.http.clone(),
            transport: measured.transport.clone(),
            transport_details: measured.details.clone(),
            timeouts: measured.timeouts,
            unfinished: measured.unfinished,
            resent: measured.resent,
            warm_up: measured.warm_up,
            elapsed_ms: u64::try_from(measured.elapsed.as_millis()).unwrap_or(u64::MAX),
            answered: measured.answered,
            answering_us: micros(measured.answering()),
            rate_per_s: measured.rate(),
            corrected: [("all".to_owned(), quantiles(&all))].into_iter().chain(kinds).collect(),
            service: quantiles(&measured.service),
            start_delay: quantiles(&measured.start_delay),
            permit_wait: quantiles(&measured.permit_wait),
            lateness: quantiles(&measured.lateness),
            generator_healthy: measured.exhausted() == 0 && measured.kept_time(),
            generator_failures: measured.broken.iter().cloned().collect(),
            thresholds_met: thresholds.map(verdict).collect(),
            histograms: Histograms {
                digits: DIGITS,
                max_us: MAX_MICROS,
                corrected: measured.corrected.iter().map(|(event, one)| (event.clone(), written(one))).collect(),
                service: written(&measured.service),
                start_delay: written(&measured.start_delay),
                permit_wait: written(&measured.permit_wait),
                lateness: written(&measured.lateness),
            },
            header,
        }
    }

    /// How the run ends.
    pub fn exit(&self) -> Exit {
        let judges_errors =
            self.header.thresholds.iter().filter_map(|text| text.parse::<Threshold>().ok()).any(|threshold| {
                matches!(threshold.series, Series::Count { what: Counted::Errors | Counted::Timeouts, .. })
            });
        let errors = self.http.len() + self.transport.len() + usize::from(self.timeouts > 0);
        let healthy = match (self.generator_healthy, self.generator_failures.is_empty()) {
            (true, _) => Exit::Success,
            // Nothing was measured at all.
            (false, false) if self.sent + self.warm_up == 0 => Exit::CouldNotRun,
            (false, _) => Exit::Void,
        };
        let answered = if errors == 0 || judges_errors { Exit::Success } else { Exit::ReceiverFailed };
        let met = self.thresholds_met.iter().all(|verdict| verdict.met);
        healthy.and(answered).and(if met { Exit::Success } else { Exit::Threshold })
    }

    /// Why it does not end well, each in a few words and with the numbers.
    pub fn failures(&self) -> Vec<(&'static str, String)> {
        let missed = self.thresholds_met.iter().filter(|verdict| !verdict.met);
        let missed = missed.map(|Verdict { threshold, value, .. }| {
            ("threshold not met", format!("{threshold}: {}", text::shown(threshold, *value)))
        });
        let mut failures: Vec<_> = missed.collect();
        if failures.is_empty() && self.exit() == Exit::ReceiverFailed {
            failures.push(("not every answer was 200", format!("{} of {} were", self.ok, self.sent)));
        }
        if !self.generator_healthy {
            failures.push(("generator not healthy", anstream::adapter::strip_str(&self.health()).to_string()));
        }
        failures
    }
}

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let at = |quantile| at(histogram, quantile) as u64;
    let max_us = histogram.max();
    Quantiles {
        count: histogram.len(),
        p50_us: at(0.5),
        p90_us: at(0.9),
        p99_us: at(0.99),
        p99_9_us: at(0.999),
        max_us,
    }
}

fn written(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    // Written to memory; counts fit.
    let _ = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
    STANDARD.encode(bytes)
}
