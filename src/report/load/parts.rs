//! The result of a load run read back, to be added to others.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

use super::LoadReport;
use crate::engine::measure::{DIGITS, MAX_MICROS, Measurement, histogram};
use crate::scenario::load::threshold::Threshold;
use crate::text::one_line;

impl LoadReport {
    /// The measurement it is of.
    ///
    /// # Errors
    /// What in it cannot be read, or which of its numbers contradict each other.
    pub fn measurement(&self) -> Result<Measurement, String> {
        self.check_counts()?;
        let measured = self.read()?;
        self.check_distributions(&measured)?;
        self.check_figures(&measured)?;
        Ok(measured)
    }

    /// Both sums, and what is a part of what. Counts may be as large as they like: nothing overflows here.
    fn check_counts(&self) -> Result<(), String> {
        let row = |name: &str, count: u64| (name.to_owned(), count);
        let faults = [row("sent", self.sent), row("dropped", self.dropped), row("not_started", self.not_started)];
        let statuses: Vec<_> = self.http.iter().map(|(status, count)| (format!("status {status}"), *count)).collect();
        let failures: Vec<_> =
            self.transport.iter().map(|(kind, count)| (one_line(kind, MOST_OF_A_NAME), *count)).collect();
        let (ok, timeouts) = (row("ok", self.ok), row("timeouts", self.timeouts));
        let unfinished = row("unfinished", self.unfinished);
        let answers = [&[ok][..], &statuses].concat();
        let met = [&answers[..], &failures, &[timeouts, unfinished]].concat();
        sums("planned", self.planned, &faults)?;
        sums("sent", self.sent, &met)?;
        let warm_up = row("warm_up", self.warm_up);
        at_most("late", self.late, &faults[..2])?;
        at_most("resent", self.resent, &faults[..1])?;
        at_most("answered", self.answered, &[&answers[..], &[warm_up]].concat())?;
        if u128::from(self.answered) < total(&answers) {
            return Err(format!("answered is {}, less than {}", self.answered, written_out(&answers)));
        }
        for status in self.http.keys() {
            if !(100..1000).contains(status) || *status == 200 {
                return Err(format!("http has status {status}"));
            }
        }
        for text in &self.header.thresholds {
            text.parse::<Threshold>().map_err(|why| format!("threshold {}: {why}", one_line(text, MOST_OF_A_NAME)))?;
        }
        Ok(())
    }

    /// Each distribution is of as many as were counted.
    fn check_distributions(&self, measured: &Measurement) -> Result<(), String> {
        let (sent, met) = (self.sent, self.sent - self.unfinished);
        let corrected = measured.corrected.values().map(|one| u128::from(one.len())).sum::<u128>();
        for (name, count, is) in [
            ("corrected", corrected, met),
            ("service", measured.service.len().into(), met),
            ("start_delay", measured.start_delay.len().into(), sent),
            ("permit_wait", measured.permit_wait.len().into(), sent),
            // planned holds both, so this does not overflow.
            ("lateness", measured.lateness.len().into(), sent + self.dropped),
        ] {
            if count != u128::from(is) {
                return Err(format!("the histogram {name} is of {count} callbacks, its counts say {is}"));
            }
        }
        // The limit itself lies somewhere in its bucket.
        let (lateness, limit) = (&measured.lateness, self.header.late_after_us.min(MAX_MICROS));
        let beyond = lateness.next_non_equivalent(limit);
        let least = if beyond > MAX_MICROS { 0 } else { lateness.count_between(beyond, MAX_MICROS) };
        let most = lateness.count_between(limit, MAX_MICROS);
        if !(least..=most).contains(&self.late) {
            return Err(format!("late is {}, its lateness says {least} to {most}", self.late));
        }
        Ok(())
    }

    /// Every figure that is worked out from others is what they make.
    fn check_figures(&self, measured: &Measurement) -> Result<(), String> {
        // Without answers nothing comes after the last arrival; this is in milliseconds.
        if self.answered == 0 && self.answering_us / 1000 > self.elapsed_ms {
            let Self { answering_us, elapsed_ms, .. } = self;
            return Err(format!("answering_us is {answering_us}, but answered 0 and elapsed_ms {elapsed_ms}"));
        }
        let mut made = Self::new(self.header.clone(), self.shards.clone(), measured);
        if (made.rate_per_s - self.rate_per_s).abs() > 1e-6 * made.rate_per_s {
            return Err(format!("rate_per_s is {}, its other numbers make {}", self.rate_per_s, made.rate_per_s));
        }
        // Fractions may have lost their last digit on the way; distributions may be packed in another way.
        made.rate_per_s = self.rate_per_s;
        made.histograms.clone_from(&self.histograms);
        for (made, stated) in made.thresholds_met.iter_mut().zip(&self.thresholds_met) {
            if made.value.zip(stated.value).is_some_and(|(made, stated)| (made - stated).abs() <= 1e-6 * made.abs()) {
                made.value = stated.value;
            }
        }
        let fields = |report: &Self| serde_json::to_value(report).unwrap_or_default();
        let (made, stated) = (fields(&made), fields(self));
        let (Some(made), Some(stated)) = (made.as_object(), stated.as_object()) else { return Ok(()) };
        match stated.iter().find(|(name, value)| made.get(*name) != Some(*value)) {
            Some((name, stated)) => {
                let made = made.get(name).map(ToString::to_string).unwrap_or_default();
                Err(format!("{name} is {stated}, its other numbers make {made}"))
            }
            None => Ok(()),
        }
    }

    fn read(&self) -> Result<Measurement, String> {
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
            broken: self.generator_failures.iter().cloned().collect(),
            elapsed: Duration::from_millis(self.elapsed_ms),
            answered: self.answered,
            last_answer: Duration::from_micros(self.answering_us),
            corrected: corrected.collect::<Result<_, String>>()?,
            service: read(&histograms.service)?,
            start_delay: read(&histograms.start_delay)?,
            permit_wait: read(&histograms.permit_wait)?,
            lateness: read(&histograms.lateness)?,
        })
    }
}

/// How much of a name in the file is shown, in characters.
const MOST_OF_A_NAME: usize = 60;

fn total(parts: &[(String, u64)]) -> u128 {
    parts.iter().map(|(_, count)| u128::from(*count)).sum()
}

/// `sent 3 + dropped 4`
fn written_out(parts: &[(String, u64)]) -> String {
    parts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(" + ")
}

fn sums(name: &str, count: u64, parts: &[(String, u64)]) -> Result<(), String> {
    if total(parts) == u128::from(count) {
        return Ok(());
    }
    Err(format!("{name} is {count}, but {} = {}", written_out(parts), total(parts)))
}

fn at_most(name: &str, count: u64, parts: &[(String, u64)]) -> Result<(), String> {
    if u128::from(count) <= total(parts) {
        return Ok(());
    }
    Err(format!("{name} is {count}, more than {}", written_out(parts)))
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
