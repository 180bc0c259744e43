//! Chance: one portable random stream per (purpose, index), so that no draw moves another.

use rand::rngs::{ChaCha8Rng, SysRng};
use rand::{RngExt, SeedableRng, TryRng};

/// What a random stream is for. The numbers are part of what a seed means: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first of the scenario's task ids.
    TaskId,
    /// TaskStart → VodSourceFileStart; `0` is the first start of the task, then one more for each restart.
    StartGap(u32),
    /// Whether, when and with what exit the task's n-th incident happens.
    Incident(u32),
    /// What befalls the deliveries of a task on their way: [`Stream::at_block`] for each of them.
    Faults,
    /// The gaps between the arrivals of a load.
    Arrivals,
    /// The exit of the task's n-th incident that no scenario has planned.
    LiveIncident(u32),
    /// When the first copy of a `[[task]]` starts, by its place in the file.
    Start,
}

impl Purpose {
    fn code(self) -> (u32, u32) {
        match self {
            Self::TaskId => (1, 0),
            Self::StartGap(start) => (2, start),
            Self::Incident(incident) => (3, incident),
            Self::Faults => (4, 0),
            Self::Arrivals => (5, 0),
            Self::LiveIncident(incident) => (6, incident),
            Self::Start => (7, 0),
        }
    }
}

/// All the chance of a run: a pure function of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    /// Dice that fall the same way for the same `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A seed nobody chose, from the operating system; short enough to type.
    pub fn draw_seed() -> u64 {
        // Without a source of entropy any seed is as good: it is printed and can be given back.
        SysRng.try_next_u32().unwrap_or(1).into()
    }

    /// The seed these dice were made from.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The stream of one purpose for one index (a task's number).
    pub fn stream(self, purpose: Purpose, index: u64) -> Stream {
        let (kind, which) = purpose.code();
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..12].copy_from_slice(&kind.to_le_bytes());
        key[12..16].copy_from_slice(&which.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        Stream { rng }
    }
}

/// One random stream.
#[derive(Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// Goes to a place that depends on `block` only, however much was drawn before: 32 draws each.
    pub fn at_block(&mut self, block: u64) -> &mut Self {
        self.rng.set_word_pos(u128::from(block) * 64);
        self
    }

    /// A number from 0 to below 1: one draw, always.
    pub fn unit(&mut self) -> f64 {
        self.rng.random::<f64>()
    }

    /// True with probability `chance`; 0 is never, 1 is always. What hits at one chance hits at every higher one.
    pub fn hits(&mut self, chance: f64) -> bool {
        self.rng.random::<f64>() < chance
    }

    /// A number in `first..=last`.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        self.rng.random_range(first..=last.max(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The meaning of a seed is a promise: this test may never change.
    #[test]
    fn a_seed_means_the_same_for_ever() {
        let drawn: Vec<u64> =
            (0..4).map(|index| Dice::new(42).stream(Purpose::StartGap(0), index).between(0, 999_999)).collect();
        assert_eq!(drawn, [498_365, 105_105, 314_629, 178_264]);
    }

    #[test]
    fn zero_never_and_one_always() {
        for index in 0..10_000 {
            let mut stream = Dice::new(index).stream(Purpose::Incident(0), index);
            assert!(!stream.hits(0.0));
            assert!(stream.hits(1.0));
        }
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let draw = |seed, purpose, index| Dice::new(seed).stream(purpose, index).between(0, u64::MAX);
        let all = [
            draw(1, Purpose::StartGap(0), 1),
            draw(2, Purpose::StartGap(0), 1),
            draw(1, Purpose::StartGap(1), 1),
            draw(1, Purpose::Incident(0), 1),
            draw(1, Purpose::StartGap(0), 2),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
