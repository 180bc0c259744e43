//! The result of a load run read back, to be added to others.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

use super::LoadReport;
use crate::measure::{DIGITS, MAX_MICROS, Measurement, histogram};

impl LoadReport {
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
            warm_up: self.warm_up,
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
