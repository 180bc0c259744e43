//! The ids of tasks that are given none: drawn once, then they count on, as the service's do.

use crate::dice::{Dice, Purpose};

/// Where the drawn ids of a plan begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    lowest: u64,
    /// How many ids there are with as many digits.
    room: u64,
    first: u64,
}

impl Ids {
    /// Ids with so many digits, 6 to 19; only millions of tasks make them longer.
    pub(super) fn draw(dice: Dice, digits: u32) -> Self {
        let least = 10_u64.pow(digits - 1);
        // Ten digits are asked for by whoever wants more than 32 bits; 19 stay below 2^63, as the one that was published.
        let lowest = if digits == 10 { 1 << 32 } else { least };
        let end = least.saturating_mul(10).min(1 << 63);
        let drawn = dice.stream(Purpose::TaskId, 0).between(least / 100, end - 1);
        Self { lowest, room: end - lowest, first: if drawn < lowest { drawn + lowest } else { drawn } }
    }

    /// The id of the task with this number, in a plan whose tasks are `renumbered` by so many.
    pub(super) fn id(self, number: u64, renumbered: u64) -> u64 {
        // However far away a plan about other tasks is, its ids keep their length.
        let first = (self.first - self.lowest + renumbered % self.room) % self.room;
        self.lowest + first + number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_long_as_they_are_asked_to_be() {
        for (digits, lowest, highest) in [
            (6, 100_000, 999_999),
            (8, 10_000_000, 99_999_999),
            (10, 1 << 32, 9_999_999_999),
            (19, 10_u64.pow(18), 1 << 63),
        ] {
            for seed in 0..1000 {
                for renumbered in [0, 1, 1 << 32, u64::MAX] {
                    let id = Ids::draw(Dice::new(seed), digits).id(0, renumbered);
                    assert!((lowest..=highest).contains(&id), "{digits} digits, seed {seed}: {id}");
                }
            }
        }
        assert!(10_u64.pow(18) > 1 << 53);
    }

    #[test]
    fn ids_count_on() {
        let ids = Ids::draw(Dice::new(7), 8);
        assert_eq!([ids.id(1, 0), ids.id(2, 0), ids.id(1, 5)], [86_998_779, 86_998_780, 86_998_784]);
    }
}
