//! When arrivals are due: a pure function of rates, lengths and, for a Poisson process, the seed. No step is added up in time.

use std::time::Duration;

use crate::dice::{Dice, Purpose, Stream};
use crate::scenario::load::{Arrivals, LoadSpec, Rate};

/// Pieces of a straight line: the rate over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pieces: Vec<Piece>,
    arrivals: Arrivals,
    dice: Dice,
}

/// One straight piece.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    /// Seconds from the beginning, of its start.
    start: f64,
    /// Seconds.
    length: f64,
    /// Arrivals a second at its start and at its end.
    from: f64,
    to: f64,
    /// Arrivals before it.
    before: f64,
}

impl Piece {
    /// Arrivals in it, as a real number.
    fn count(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.length
    }

    /// Arrivals in its first `seconds`.
    fn count_until(&self, seconds: f64) -> f64 {
        let seconds = seconds.clamp(0.0, self.length);
        let rate = self.from + (self.to - self.from) * seconds / self.length;
        (self.from + rate) / 2.0 * seconds
    }

    /// When `wanted` of its arrivals have been, in seconds from its start.
    ///
    /// The root of `from·t + (to − from)/(2·length)·t² = wanted` in the form that loses no digits where the slope is small.
    fn time_of(&self, wanted: f64) -> f64 {
        let slope = (self.to - self.from) / self.length;
        let root = (self.from * self.from + 2.0 * slope * wanted).max(0.0).sqrt();
        if wanted <= 0.0 { 0.0 } else { 2.0 * wanted / (self.from + root) }
    }
}

impl Profile {
    /// The profile of a load with a rate; `None` where the rate is what the receiver makes of it.
    pub fn new(spec: &LoadSpec, dice: Dice) -> Option<Self> {
        let rate = match spec.rate {
            Rate::PerSecond(rate) => rate,
            Rate::Max => return None,
        };
        let mut profile = Self { pieces: Vec::new(), arrivals: spec.arrivals, dice };
        if spec.stages.is_empty() {
            profile.push(spec.duration, rate, rate);
        }
        let mut from = rate;
        for stage in &spec.stages {
            profile.push(stage.length, from, stage.rate);
            from = stage.rate;
        }
        Some(profile)
    }

    fn push(&mut self, length: Duration, from: f64, to: f64) {
        let (start, before) =
            self.pieces.last().map_or((0.0, 0.0), |last| (last.start + last.length, last.before + last.count()));
        self.pieces.push(Piece { start, length: length.as_secs_f64(), from, to, before });
    }

    /// How many arrive, as a real number: exactly so many if they come evenly, so many on average if they do not.
    pub fn expected(&self) -> f64 {
        self.pieces.last().map_or(0.0, |last| last.before + last.count())
    }

    /// The times of all arrivals, in order.
    pub fn times(&self) -> Times {
        Times { profile: self.clone(), stream: self.dice.stream(Purpose::Arrivals, 0), made: 0, sum: 0.0, piece: 0 }
    }

    /// The index of the first arrival that is due at `time` or later, without making those before it; `None` if they are drawn.
    fn first_from(&self, time: Duration) -> Option<u64> {
        if self.arrivals == Arrivals::Poisson {
            return None;
        }
        let seconds = time.as_secs_f64();
        let made = self.pieces.iter().map(|piece| piece.count_until(seconds - piece.start)).sum::<f64>();
        let is_before = |index: u64| self.time_of(index as f64, &mut 0).is_some_and(|due| due < time);
        // Times are rounded: it is one of the next.
        let near = (made as u64).saturating_sub(2)..;
        near.into_iter().find(|index| !is_before(*index))
    }

    /// When `wanted` arrivals have been; `None` if there are not so many.
    fn time_of(&self, wanted: f64, piece: &mut usize) -> Option<Duration> {
        while self.pieces.get(*piece).is_some_and(|this| wanted >= this.before + this.count()) {
            *piece += 1;
        }
        let this = self.pieces.get(*piece)?;
        Duration::try_from_secs_f64(this.start + this.time_of(wanted - this.before)).ok()
    }
}

/// The times of arrivals.
#[derive(Debug)]
pub struct Times {
    profile: Profile,
    stream: Stream,
    made: u64,
    /// For a Poisson process: the sum of the gaps, in arrivals at rate 1.
    sum: f64,
    piece: usize,
}

impl Times {
    /// The index of the first arrival that is due at `time` or later, without making those before it; `None` if they are drawn.
    pub fn first_from(&self, time: Duration) -> Option<u64> {
        self.profile.first_from(time)
    }
}

impl Iterator for Times {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wanted = match self.profile.arrivals {
            Arrivals::Constant => self.made as f64,
            Arrivals::Poisson => {
                // 1 − u is never 0.
                self.sum -= (1.0 - self.stream.unit()).ln();
                self.sum
            }
        };
        self.made += 1;
        self.profile.time_of(wanted, &mut self.piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load::{OnSaturation, Stage, Unit};

    fn spec(rate: f64, seconds: u64, stages: &[(u64, f64)], arrivals: Arrivals) -> LoadSpec {
        let stage = |(length, rate): &(u64, f64)| Stage { length: Duration::from_secs(*length), rate: *rate };
        LoadSpec {
            unit: Unit::Callback,
            rate: Rate::PerSecond(rate),
            stages: stages.iter().map(stage).collect(),
            duration: Duration::from_secs(seconds),
            arrivals,
            max_in_flight: 10,
            on_saturation: OnSaturation::Drop,
            warm_up: Duration::ZERO,
            thresholds: Vec::new(),
            late_after: Duration::from_millis(10),
            tasks: 10,
        }
    }

    fn times(spec: &LoadSpec) -> Vec<Duration> {
        Profile::new(spec, Dice::new(42)).unwrap().times().collect()
    }

    #[test]
    fn a_constant_rate_is_even() {
        let times = times(&spec(4.0, 2, &[], Arrivals::Constant));
        assert_eq!(times, [0, 250, 500, 750, 1000, 1250, 1500, 1750].map(Duration::from_millis));
    }

    #[test]
    fn ramps_are_straight_lines() {
        // From 0 to 10 a second in 2 s: ten arrivals, the n-th after 2·sqrt(n/10) s. Then 10 a second for one.
        let times = times(&spec(0.0, 0, &[(2, 10.0), (1, 10.0)], Arrivals::Constant));
        assert_eq!(times.len(), 20);
        for (index, time) in times.iter().enumerate() {
            let expected =
                if index < 10 { 2.0 * (index as f64 / 10.0).sqrt() } else { 2.0 + (index - 10) as f64 / 10.0 };
            assert!((time.as_secs_f64() - expected).abs() < 1e-9, "{index}: {time:?}, not {expected}");
        }
        let down = self::times(&spec(10.0, 0, &[(2, 0.0)], Arrivals::Constant));
        assert_eq!(down.len(), 10);
        assert!(down.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_poisson_process_has_its_rate_and_its_spread() {
        let times = times(&spec(1000.0, 100, &[], Arrivals::Poisson));
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean * 1000.0 - 1.0).abs() < 0.02, "{mean}");
        // An exponential's standard deviation is its mean.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02, "{variance}");
        assert_eq!(times, self::times(&spec(1000.0, 100, &[], Arrivals::Poisson)));
    }

    #[test]
    fn no_digit_is_lost_far_away() {
        let last = times(&spec(5000.0, 600, &[], Arrivals::Constant)).pop().unwrap();
        assert_eq!(last, Duration::from_micros(599_999_800));
    }
}
