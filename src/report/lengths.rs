//! Distributions of lengths of time: quantiles, and how many were how long.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::log::milliseconds;
use crate::time::micros;

/// Bars of a picture per doubling of the length.
const BARS_PER_DOUBLING: f64 = 2.0;

/// A distribution of lengths.
#[derive(Debug)]
pub struct Lengths(Option<Histogram<u64>>);

/// Quantiles of a length, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LengthsJson {
    /// Half are shorter.
    pub p50_us: u64,
    /// 99 % are shorter.
    pub p99_us: u64,
    /// None is longer.
    pub max_us: u64,
}

/// The same with what is needed to draw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LengthsPicture {
    /// How many lengths.
    pub count: u64,
    /// Half are shorter.
    pub p50_us: u64,
    /// 90 % are shorter.
    pub p90_us: u64,
    /// 99 % are shorter.
    pub p99_us: u64,
    /// None is longer.
    pub max_us: u64,
    /// From which length in microseconds, and how many; two bars double the length, and where nothing is, no bar is.
    pub bars: Vec<(u64, u64)>,
}

impl Lengths {
    /// Of nothing yet.
    pub fn new() -> Self {
        // Microseconds up to a day, three digits.
        Self(Histogram::new_with_max(86_400_000_000, 3).ok())
    }

    /// Takes in one more.
    pub fn record(&mut self, length: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(micros(length));
        }
    }

    /// For programs.
    pub fn to_json(&self) -> LengthsJson {
        LengthsJson { p50_us: self.at(0.5), p99_us: self.at(0.99), max_us: self.at(1.0) }
    }

    /// For a picture.
    pub fn to_picture(&self) -> LengthsPicture {
        let mut bars: Vec<(u64, u64)> = Vec::new();
        for value in self.0.iter().flat_map(Histogram::iter_recorded) {
            let from = bar(value.value_iterated_to());
            match bars.last_mut() {
                Some((last, count)) if *last == from => *count += value.count_since_last_iteration(),
                _ => bars.push((from, value.count_since_last_iteration())),
            }
        }
        LengthsPicture {
            count: self.0.as_ref().map_or(0, Histogram::len),
            p50_us: self.at(0.5),
            p90_us: self.at(0.9),
            p99_us: self.at(0.99),
            max_us: self.at(1.0),
            bars,
        }
    }

    fn at(&self, quantile: f64) -> u64 {
        self.0.as_ref().map_or(0, |histogram| histogram.value_at_quantile(quantile).min(histogram.max()))
    }
}

impl Default for Lengths {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the bar begins that `length` belongs to.
fn bar(length: u64) -> u64 {
    if length == 0 {
        return 0;
    }
    let step = ((length as f64).log2() * BARS_PER_DOUBLING).floor() / BARS_PER_DOUBLING;
    step.exp2().ceil() as u64
}

/// `p50 1.1 ms  p99 2.3 ms  max 2.3 ms`
impl fmt::Display for Lengths {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LengthsJson { p50_us, p99_us, max_us } = self.to_json();
        let [p50, p99, max] = [p50_us, p99_us, max_us].map(|micros| milliseconds(Duration::from_micros(micros)));
        write!(out, "p50 {p50}  p99 {p99}  max {max}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_holds_what_is_less_than_half_as_long_again() {
        for (length, from) in
            [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 6), (1000, 725), (1448, 1024), (1449, 1449)]
        {
            assert_eq!(bar(length), from, "{length}");
        }
    }

    #[test]
    fn a_picture_counts_everything() {
        let mut lengths = Lengths::new();
        for micros in [0, 90, 100, 110, 2_000] {
            lengths.record(Duration::from_micros(micros));
        }
        let LengthsPicture { count, p50_us, max_us, bars, .. } = lengths.to_picture();
        assert_eq!((count, p50_us, max_us), (5, 100, 2_000));
        assert_eq!(bars, [(0, 1), (64, 1), (91, 2), (1449, 1)]);
    }
}
