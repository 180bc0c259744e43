//! Load: callbacks at a given rate, whatever the receiver does. An open model: arrivals never wait for answers.

pub mod threshold;

use std::time::Duration;

use threshold::Threshold;

/// `[load]`: how much, for how long, and what is demanded of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadSpec {
    /// `unit`: what arrives.
    pub unit: Unit,
    /// `rate`: arrivals a second.
    pub rate: Rate,
    /// `stages`: ramps; the first begins at `rate` if that is given, else at nothing.
    pub stages: Vec<Stage>,
    /// `duration`: how long callbacks arrive; of stages their sum.
    pub duration: Duration,
    /// `arrivals`: evenly, or at random.
    pub arrivals: Arrivals,
    /// `max_in_flight`: the most requests on their way at once.
    pub max_in_flight: u64,
    /// `on_saturation`: what happens to a callback when that many are on their way.
    pub on_saturation: OnSaturation,
    /// `warm_up`: what arrives in this time at the beginning is sent, and not measured.
    pub warm_up: Duration,
    /// `thresholds`: what must hold in the end.
    pub thresholds: Vec<Threshold>,
    /// `late_after`: what the generator sends later than this is late. If more than one in a hundred is, the measurement is void.
    pub late_after: Duration,
    /// `tasks`: how many tasks are interleaved.
    pub tasks: u64,
}

/// What arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Single callbacks, of many tasks in turn.
    Callback,
    /// Whole tasks, whose callbacks come in their own time.
    Task,
}

impl Unit {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("callback", Self::Callback), ("task", Self::Task)];
}

/// How many arrive in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// So many.
    PerSecond(f64),
    /// As many as the receiver answers: every permit is always in use.
    Max,
}

/// The arrivals of a time: the rate goes in a straight line to `rate`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// How long.
    pub length: Duration,
    /// Arrivals a second at its end.
    pub rate: f64,
}

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// As independent events: a Poisson process, drawn from the seed.
    Poisson,
}

impl Arrivals {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("constant", Self::Constant), ("poisson", Self::Poisson)];
}

/// What happens to a callback whose time has come while no permit is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSaturation {
    /// It is dropped: never sent, never made up for.
    Drop,
    /// It waits for a permit.
    Queue,
}

impl OnSaturation {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("drop", Self::Drop), ("queue", Self::Queue)];
}

/// The part of a load that one of several machines makes: `index` of `count`, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 0.
    pub index: u64,
    /// Of how many.
    pub count: u64,
}

impl Shard {
    /// The whole.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// This shard's part of a limit; what does not divide goes to the first shards.
    pub const fn part_of(self, limit: u64) -> u64 {
        limit / self.count + (self.index < limit % self.count) as u64
    }
}

/// `2/8`, counted from 0.
impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parsed {
            Some((index, count)) if index < count && count <= 1_000_000 => Ok(Self { index, count }),
            _ => Err("a shard is written i/n with i from 0 to n-1, such as 0/4; or auto".to_owned()),
        }
    }
}

/// As it is typed.
impl std::fmt::Display for Shard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_divided_without_loss() {
        for count in 1..20 {
            let parts = (0..count).map(|index| Shard { index, count }.part_of(1001));
            assert_eq!(parts.sum::<u64>(), 1001);
        }
        assert_eq!("2/8".parse(), Ok(Shard { index: 2, count: 8 }));
        for text in ["", "1", "1/1", "2/2", "-1/2", "0/0", "a/b"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
