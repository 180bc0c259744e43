//! How likely each fault is, and the draw that settles it.

use super::{BadConnection, Corruption, Duplicate, DuplicateAs, Faults};
use crate::callback::sign::BadSignature;
use crate::callback::{Kind, Kinds};
use crate::dice::Stream;
use crate::time::Millis;

/// `[faults]`: how likely each fault is. A fault that nothing is said about does not happen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chances {
    /// `events`: the callbacks it is about; `None`: all of them.
    pub events: Option<Kinds>,
    /// `drop`
    pub drop: Option<f64>,
    /// `duplicate`
    pub duplicate: Option<(f64, Duplicate)>,
    /// `delay`: at least, at most.
    pub delay: Option<(f64, Millis, Millis)>,
    /// `corrupt`, with at least one kind.
    pub corrupt: Option<(f64, Vec<Corruption>)>,
    /// `signature`, with at least one kind.
    pub signature: Option<(f64, Vec<BadSignature>)>,
    /// `connection`, with at least one kind.
    pub connection: Option<(f64, Vec<BadConnection>)>,
}

impl Chances {
    /// A duplicate where nothing is said about it.
    pub const DUPLICATE: Duplicate = Duplicate { after: Millis(300), sends: DuplicateAs::SameBytes };

    /// Whether nothing can happen.
    pub fn is_empty(&self) -> bool {
        *self == Self { events: self.events, ..Self::default() }
    }

    /// Whether it is about callbacks of this kind; one that the documents do not know belongs to no list.
    pub fn concern(&self, kind: Option<Kind>) -> bool {
        self.events.is_none_or(|events| kind.is_some_and(|kind| events.contain(kind)))
    }

    /// These chances, and for what they do not say those of `general`.
    #[must_use]
    pub fn over(self, general: &Self) -> Self {
        Self {
            events: self.events.or(general.events),
            drop: self.drop.or(general.drop),
            duplicate: self.duplicate.or(general.duplicate),
            delay: self.delay.or(general.delay),
            corrupt: self.corrupt.or_else(|| general.corrupt.clone()),
            signature: self.signature.or_else(|| general.signature.clone()),
            connection: self.connection.or_else(|| general.connection.clone()),
        }
    }

    /// Settles what befalls one delivery.
    pub fn settle(&self, stream: &mut Stream) -> Faults {
        Self::settle_first([self].into_iter(), stream)
    }

    /// Settles what befalls one delivery: of each fault as the first of `all` says that says something about it.
    ///
    /// Every fault has its own two places in the stream, used or not: raising one chance moves no other draw.
    pub(super) fn settle_first<'a>(all: impl Iterator<Item = &'a Self> + Clone, stream: &mut Stream) -> Faults {
        let mut draw = || Draw { hit: stream.unit(), which: stream.unit() };
        let [drop, duplicate, delay, corrupt, signature, connection] = std::array::from_fn(|_| draw());
        Faults {
            dropped: all.clone().find_map(|of| of.drop).is_some_and(|chance| drop.hits(chance)),
            duplicate: all
                .clone()
                .find_map(|of| of.duplicate)
                .and_then(|(chance, how)| duplicate.hits(chance).then_some(how)),
            delay: all
                .clone()
                .find_map(|of| of.delay)
                .and_then(|(chance, min, max)| delay.hits(chance).then(|| delay.between(min, max))),
            corruption: one_of(corrupt, all.clone().find_map(|of| of.corrupt.as_ref())),
            signature: one_of(signature, all.clone().find_map(|of| of.signature.as_ref())),
            connection: one_of(connection, all.clone().find_map(|of| of.connection.as_ref())),
        }
    }
}

/// What was drawn for one fault: two numbers from 0 to below 1.
#[derive(Debug, Clone, Copy)]
struct Draw {
    hit: f64,
    which: f64,
}

impl Draw {
    fn hits(self, chance: f64) -> bool {
        self.hit < chance
    }

    fn between(self, min: Millis, max: Millis) -> Millis {
        let width = max.minus(min).0.saturating_add(1) as f64;
        min.plus(Millis((self.which * width) as u64)).min(max)
    }
}

fn one_of<T: Copy>(draw: Draw, fault: Option<&(f64, Vec<T>)>) -> Option<T> {
    let (chance, kinds) = fault?;
    let which = (draw.which * kinds.len() as f64) as usize;
    if draw.hits(*chance) { kinds.get(which.min(kinds.len().saturating_sub(1))).copied() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::{Dice, Purpose};

    fn faults(chances: &Chances, seed: u64) -> Faults {
        chances.settle(&mut Dice::new(seed).stream(Purpose::Faults, 1))
    }

    fn all(chance: f64) -> Chances {
        Chances {
            events: None,
            drop: Some(chance),
            duplicate: Some((chance, Chances::DUPLICATE)),
            delay: Some((chance, Millis(1000), Millis(2000))),
            corrupt: Some((chance, Corruption::ALL.map(|(_, kind)| kind).to_vec())),
            signature: Some((chance, BadSignature::ALL.map(|(_, kind)| kind).to_vec())),
            connection: Some((chance, BadConnection::ALL.map(|(_, kind)| kind).to_vec())),
        }
    }

    #[test]
    fn zero_never_and_one_always() {
        for seed in 0..1000 {
            assert!(faults(&all(0.0), seed).is_clear());
            assert_eq!(faults(&all(1.0), seed).names().count(), 6);
            let delay = faults(&all(1.0), seed).delay.unwrap();
            assert!(Millis(1000) <= delay && delay <= Millis(2000));
        }
    }

    #[test]
    fn one_chance_moves_no_other() {
        for seed in 0..1000 {
            let low = faults(&all(0.3), seed);
            let high = faults(&Chances { corrupt: Some((0.6, all(0.3).corrupt.unwrap().1)), ..all(0.3) }, seed);
            assert_eq!(Faults { corruption: None, ..low }, Faults { corruption: None, ..high });
            // What hits at one chance hits at every higher one, in the same way.
            assert!(low.corruption.is_none() || low.corruption == high.corruption);
        }
    }

    #[test]
    fn what_is_nearer_wins() {
        let near = Chances { drop: Some(0.0), ..Chances::default() };
        let both = near.over(&all(1.0));
        assert_eq!((both.drop, both.delay), (Some(0.0), all(1.0).delay));
    }
}
