//! The result of a load run: as JSON, which can be read back and added up, and as text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use super::log::milliseconds;
use super::ndjson::SCHEMA_VERSION;
use super::style::{BAD, DIM, GOOD, NOTE};
use crate::error::Exit;
use crate::load::Shard;
use crate::load::threshold::{Counted, Series, Threshold};
use crate::measure::{DIGITS, MAX_MICROS, Measurement, at, histogram};
use crate::transport::FailureKind;

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
    /// Sent late.
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
    /// Requests answered in a second.
    pub rate_per_s: f64,
    /// done − due, of all callbacks and of each kind.
    pub corrected: BTreeMap<String, Quantiles>,
    /// done − sent.
    pub service: Quantiles,
    /// sent − due.
    pub start_delay: Quantiles,
    /// Whether all callbacks went out, and in their time: otherwise the measurement is void.
    pub generator_healthy: bool,
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
        let p99 = at(&measured.start_delay, 0.99);
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
            rate_per_s: measured.rate(),
            corrected: [("all".to_owned(), quantiles(&all))].into_iter().chain(kinds).collect(),
            service: quantiles(&measured.service),
            start_delay: quantiles(&measured.start_delay),
            generator_healthy: measured.exhausted() == 0 && (header.saturating || p99 <= header.late_after_us as f64),
            thresholds_met: thresholds.map(verdict).collect(),
            histograms: Histograms {
                digits: DIGITS,
                max_us: MAX_MICROS,
                corrected: measured.corrected.iter().map(|(event, one)| (event.clone(), written(one))).collect(),
                service: written(&measured.service),
                start_delay: written(&measured.start_delay),
            },
            header,
        }
    }

    /// The measurement it is of.
    ///
    /// # Errors
    /// What in it cannot be read.
    pub fn measurement(&self) -> Result<Measurement, String> {
        let histograms = &self.histograms;
        if (histograms.digits, histograms.max_us) != (DIGITS, MAX_MICROS) {
            return Err(format!("its histograms have {} digits up to {} µs", histograms.digits, histograms.max_us));
        }
        let corrected = histograms.corrected.iter().map(|(event, text)| Ok((event.clone(), read(text)?)));
        Ok(Measurement {
            planned: self.planned,
            sent: self.sent,
            dropped: self.dropped,
            not_started: self.not_started,
            late: self.late,
            ok: self.ok,
            http: self.http.clone(),
            transport: self.transport.clone(),
            details: self.transport_details.clone(),
            timeouts: self.timeouts,
            unfinished: self.unfinished,
            resent: self.resent,
            warm_up: self.warm_up,
            elapsed: Duration::from_millis(self.elapsed_ms),
            corrected: corrected.collect::<Result<_, String>>()?,
            service: read(&histograms.service)?,
            start_delay: read(&histograms.start_delay)?,
        })
    }

    /// How the run ends.
    pub fn exit(&self) -> Exit {
        let judges_errors =
            self.header.thresholds.iter().filter_map(|text| text.parse::<Threshold>().ok()).any(|threshold| {
                matches!(threshold.series, Series::Count { what: Counted::Errors | Counted::Timeouts, .. })
            });
        let errors = self.http.len() + self.transport.len() + usize::from(self.timeouts > 0);
        let healthy = if self.generator_healthy { Exit::Success } else { Exit::Void };
        let answered = if errors == 0 || judges_errors { Exit::Success } else { Exit::ReceiverFailed };
        let met = self.thresholds_met.iter().all(|verdict| verdict.met);
        healthy.and(answered).and(if met { Exit::Success } else { Exit::Threshold })
    }

    /// Why it does not end well, each in a few words and with the numbers.
    pub fn failures(&self) -> Vec<(&'static str, String)> {
        let missed = self.thresholds_met.iter().filter(|verdict| !verdict.met);
        let missed = missed.map(|Verdict { threshold, value, .. }| {
            ("threshold not met", format!("{threshold}: {}", shown(threshold, *value)))
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

    /// For people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let header = &self.header;
        let shards = if self.is_whole() { String::new() } else { format!(", shard {}", self.shards.join(", ")) };
        let _ = writeln!(text, "\n{}, seed {}{shards}", header.offered, header.seed);
        self.counts(&mut text);
        let _ = writeln!(
            text,
            "\n{DIM}{:<24}{:>9}{:>11}{:>11}{:>11}{:>11}{:>11}{DIM:#}",
            "", "count", "p50", "p90", "p99", "p99.9", "max"
        );
        let _ = writeln!(text, "{:<24}{}", "latency (done − due)", row(&self.corrected["all"]));
        for (event, quantiles) in self.corrected.iter().filter(|(event, _)| *event != "all") {
            let _ = writeln!(text, "  {event:<22}{}", row(quantiles));
        }
        let _ = writeln!(text, "{:<24}{}", "service (done − sent)", row(&self.service));
        let _ = writeln!(text, "{:<24}{}", "start delay (sent − due)", row(&self.start_delay));
        if header.saturating {
            let _ =
                writeln!(text, "{DIM}rate max: nothing is due before it is sent, so latency is service time{DIM:#}");
        }
        text.push('\n');
        for Verdict { threshold, value, met } in &self.thresholds_met {
            let (style, word) = if *met { (GOOD, "met") } else { (BAD, "NOT MET") };
            let _ = writeln!(text, "{style}{word}{style:#}  {threshold}  {DIM}{}{DIM:#}", shown(threshold, *value));
        }
        text.push_str(&self.health());
        text
    }

    /// Whether it is of one machine, which made the whole load.
    fn is_whole(&self) -> bool {
        self.shards == [Shard::WHOLE.to_string()]
    }

    fn counts(&self, text: &mut String) {
        let mut row = |name: &str, style: anstyle::Style, count: u64, detail: &str| {
            if count > 0 {
                let _ = write!(text, "  {name:<14}{style}{count}{style:#}");
                let _ = if detail.is_empty() { writeln!(text) } else { writeln!(text, "  {DIM}{detail}{DIM:#}") };
            }
        };
        row("planned", DIM, self.planned, "");
        row("sent", DIM, self.sent, "");
        row("ok", GOOD, self.ok, "");
        for (status, count) in &self.http {
            row(&format!("status {status}"), BAD, *count, "");
        }
        for (kind, count) in &self.transport {
            row(kind, BAD, *count, self.transport_details.get(kind).map_or("", String::as_str));
        }
        row("timeout", BAD, self.timeouts, "");
        row("unfinished", NOTE, self.unfinished, "");
        row("sent again", NOTE, self.resent, "the receiver had closed the kept connection");
        row("dropped", BAD, self.dropped, "no request could be begun at its time: max_in_flight were on their way");
        row("not started", NOTE, self.not_started, "");
        row("late", NOTE, self.late, "");
        row("warm-up", DIM, self.warm_up, "not measured");
        let _ = writeln!(
            text,
            "  {:<14}{:.1} a second, in {:.1} s",
            "answered",
            self.rate_per_s,
            self.elapsed_ms as f64 / 1e3
        );
    }

    fn health(&self) -> String {
        let limit = milliseconds(Duration::from_micros(self.header.late_after_us));
        let p99 = milliseconds(Duration::from_micros(self.start_delay.p99_us));
        if let Some(exhausted) = self.transport.get(FailureKind::Exhausted.word()).filter(|_| !self.generator_healthy) {
            return format!(
                "{BAD}generator at its limits{BAD:#}: this machine had no port or descriptor for {exhausted} of {} callbacks. \
                 Have less in flight, use more machines (--shard), or raise the limit\n",
                self.sent
            );
        }
        if self.header.saturating {
            return String::new();
        }
        if self.generator_healthy {
            format!("{GOOD}generator healthy{GOOD:#}  {DIM}start delay p99 {p99}, limit {limit}{DIM:#}\n")
        } else {
            format!(
                "{BAD}generator too slow{BAD:#}: start delay p99 {p99}, limit {limit}; the latencies are not the receiver's alone. \
                 Lower the rate, use more machines (--shard), or raise load.late_after\n"
            )
        }
    }
}

fn row(quantiles: &Quantiles) -> String {
    let Quantiles { count, p50_us, p90_us, p99_us, p99_9_us, max_us } = *quantiles;
    let lengths = [p50_us, p90_us, p99_us, p99_9_us, max_us].map(|micros| format!("{:>11}", fine(micros)));
    format!("{count:>9}{}", lengths.concat())
}

/// `87 µs`, `1.32 ms`, `250 ms`, `2.01 s`
fn fine(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..100_000 => format!("{:.2} ms", micros as f64 / 1e3),
        100_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

fn shown(threshold: &str, value: Option<f64>) -> String {
    let Some(value) = value else { return "nothing was measured that it is about".to_owned() };
    match threshold.parse::<Threshold>().map(|threshold| threshold.series) {
        Ok(Series::Latency { .. }) => fine(value as u64),
        Ok(Series::Count { share: true, .. }) => format!("{:.3} %", value * 100.0),
        Ok(Series::Rate) => format!("{value:.1} a second"),
        _ => format!("{value}"),
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

fn read(text: &str) -> Result<Histogram<u64>, String> {
    /// No histogram of these bounds is larger.
    const MOST: usize = 1024 * 1024;
    let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() <= MOST).ok_or("a histogram is no base64")?;
    let read: Histogram<u64> =
        Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|error| format!("a histogram: {error:?}"))?;
    let mut own = histogram();
    own.add(&read).map_err(|error| format!("a histogram of other bounds: {error:?}"))?;
    Ok(own)
}
