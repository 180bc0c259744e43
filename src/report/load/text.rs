//! The result of a load run for people.

use std::fmt::Write;
use std::time::Duration;

use super::{LoadReport, Quantiles, Verdict};
use crate::engine::transport::FailureKind;
use crate::report::log::milliseconds;
use crate::report::style::{BAD, DIM, GOOD, NOTE};
use crate::scenario::load::Shard;
use crate::scenario::load::threshold::{Series, Threshold};
use crate::text::one_line;

/// How much of a reason is shown, in characters.
const MOST_OF_A_REASON: usize = 300;

impl LoadReport {
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
        let _ = writeln!(text, "  {:<22}{}", "wait for a permit", row(&self.permit_wait));
        let _ = writeln!(text, "  {:<22}{}", "generator's lateness", row(&self.lateness));
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
        row("dropped", BAD, self.dropped, "no permit at their time: max_in_flight were on their way");
        row("not started", NOTE, self.not_started, "");
        row("late", NOTE, self.late, "");
        row("warm-up", DIM, self.warm_up, "not measured");
        let _ = writeln!(
            text,
            "  {:<14}{:.1} a second, in {:.1} s",
            "answered",
            self.rate_per_s,
            self.answering_us as f64 / 1e6
        );
    }

    pub(super) fn health(&self) -> String {
        let limit = milliseconds(Duration::from_micros(self.header.late_after_us));
        let p99 = milliseconds(Duration::from_micros(self.lateness.p99_us));
        if !self.generator_failures.is_empty() {
            let reasons = self.generator_failures.iter().map(|reason| one_line(reason, MOST_OF_A_REASON));
            return format!(
                "{BAD}generator failed{BAD:#}: {}; it ended early, and this is what was measured until then. Please report this\n",
                reasons.collect::<Vec<_>>().join("; ")
            );
        }
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
            let is_over = self.lateness.p99_us > self.header.late_after_us;
            let beside = if is_over { ", and small beside the service time" } else { "" };
            format!("{GOOD}generator healthy{GOOD:#}  {DIM}lateness p99 {p99}, limit {limit}{beside}{DIM:#}\n")
        } else {
            format!(
                "{BAD}generator too slow{BAD:#}: {} of {} late, p99 {p99}, limit {limit}; the latencies are not the receiver's alone. \
                 Lower the rate, use more machines (--shard), or raise load.late_after\n",
                self.late, self.lateness.count
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

pub(super) fn shown(threshold: &str, value: Option<f64>) -> String {
    let Some(value) = value else { return "nothing was measured that it is about".to_owned() };
    match threshold.parse::<Threshold>().map(|threshold| threshold.series) {
        Ok(Series::Latency { .. }) => fine(value as u64),
        Ok(Series::Count { share: true, .. }) => format!("{:.3} %", value * 100.0),
        Ok(Series::Rate) => format!("{value:.1} a second"),
        _ => format!("{value}"),
    }
}
