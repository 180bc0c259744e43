//! Every bounded disorder of a short sequence: what drops, duplicates and swaps make of it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::script::certain;
use super::sequence::{MAX_LENGTH, Place};
use crate::scenario::Scenario;
use crate::scenario::fault::chances::Chances;
use crate::scenario::fault::{Duplicate, DuplicateAs, Faults};
use crate::scenario::task::{Script, Step, TaskSpec};
use crate::time::Millis;

/// How much disorder there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Callbacks that never arrive.
    pub drops: u32,
    /// Callbacks that arrive twice.
    pub dups: u32,
    /// Swaps of neighbours.
    pub swaps: u32,
}

/// What arrives: places in the sequence, from 0; a place that is there twice arrives twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Disorder(Vec<u8>);

/// All disorders of a sequence within bounds, each once, those with the least disorder first; the first is none at all.
#[derive(Debug)]
pub struct Disorders {
    to_come: VecDeque<(Disorder, Bounds)>,
    /// What was made, with what was left of the bounds.
    made: HashSet<(Disorder, (u32, u32, u32))>,
    known: HashMap<Disorder, Known>,
}

/// What is known of a disorder.
#[derive(Debug, Default)]
struct Known {
    /// How many drops, duplicates and swaps it takes at least.
    steps: u32,
    /// Those it takes one step more than.
    parents: Vec<Disorder>,
    given: bool,
}

impl Disorders {
    /// Of a sequence of `length`, at most [`MAX_LENGTH`].
    pub fn of(length: usize, bounds: Bounds) -> Self {
        let whole = Disorder((0..length.min(MAX_LENGTH) as u8).collect());
        let known = HashMap::from([(whole.clone(), Known::default())]);
        Self { to_come: VecDeque::from([(whole, bounds)]), made: HashSet::new(), known }
    }

    /// Those that `disorder` takes one step more than.
    pub fn parents(&self, disorder: &Disorder) -> &[Disorder] {
        self.known.get(disorder).map_or(&[], |known| &known.parents)
    }

    fn push(&mut self, parent: &Disorder, steps: u32, disorder: Disorder, left: Bounds) {
        let known = self.known.entry(disorder.clone()).or_insert(Known { steps, ..Known::default() });
        if known.steps == steps && !known.parents.contains(parent) {
            known.parents.push(parent.clone());
        }
        if self.made.insert((disorder.clone(), (left.drops, left.dups, left.swaps))) {
            self.to_come.push_back((disorder, left));
        }
    }

    fn grow(&mut self, disorder: &Disorder, left: Bounds, steps: u32) {
        let order = &disorder.0;
        for place in 0..order.len() {
            if left.drops > 0 {
                let mut next = order.clone();
                next.remove(place);
                self.push(disorder, steps, Disorder(next), Bounds { drops: left.drops - 1, ..left });
            }
            if left.dups > 0 && order.iter().filter(|one| **one == order[place]).count() == 1 {
                let mut next = order.clone();
                next.insert(place, order[place]);
                self.push(disorder, steps, Disorder(next), Bounds { dups: left.dups - 1, ..left });
            }
            if left.swaps > 0 && place + 1 < order.len() && order[place] != order[place + 1] {
                let left = Bounds { swaps: left.swaps - 1, ..left };
                let mut next = order.clone();
                next.swap(place, place + 1);
                self.push(disorder, steps, Disorder(next), left);
                // What comes twice in a row can be overtaken in one go.
                let (before, after) = order.split_at(place + 1);
                let twice = before.iter().rev().take_while(|one| **one == order[place]).count();
                let twice_after = after.iter().take_while(|one| **one == order[place + 1]).count();
                let mut next = order.clone();
                next[place + 1 - twice..place + 1 + twice_after].rotate_left(twice);
                self.push(disorder, steps, Disorder(next), left);
            }
        }
    }
}

impl Iterator for Disorders {
    type Item = Disorder;

    fn next(&mut self) -> Option<Disorder> {
        loop {
            let (disorder, left) = self.to_come.pop_front()?;
            let steps = self.known.get(&disorder).map_or(0, |known| known.steps);
            self.grow(&disorder, left, steps + 1);
            let known = self.known.entry(disorder.clone()).or_default();
            if !std::mem::replace(&mut known.given, true) {
                return Some(disorder);
            }
        }
    }
}

/// `1 3 2 3`, counted from 1.
impl std::fmt::Display for Disorder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<_> = self.0.iter().map(|place| (place + 1).to_string()).collect();
        out.write_str(if words.is_empty() { "nothing" } else { "" })?;
        out.write_str(&words.join(" "))
    }
}

impl Disorder {
    /// What befalls each callback of a sequence so that this arrives.
    fn fates(&self, sequence: &[Place]) -> Vec<Faults> {
        let mut fates = vec![Faults { dropped: true, ..Faults::default() }; sequence.len()];
        let mut sent = vec![Millis::ZERO; sequence.len()];
        let mut last: Option<(usize, Millis)> = None;
        for place in self.0.iter().map(|place| usize::from(*place)) {
            let Place { happened, arrives, .. } = sequence[place];
            let earliest = match last {
                None => Millis::ZERO,
                // Two that arrive when they would anyway keep their order, even at the same time.
                Some((before, at)) if before < place && at == sequence[before].arrives => at,
                Some((_, at)) => at.plus(Millis(1)),
            };
            let at = arrives.max(earliest);
            last = Some((place, at));
            let faults = &mut fates[place];
            if faults.dropped {
                faults.dropped = false;
                faults.delay = Some(at.minus(happened)).filter(|by| *by > Millis::ZERO);
                sent[place] = at;
            } else {
                faults.duplicate = Some(Duplicate { after: at.minus(sent[place]), sends: DuplicateAs::SameBytes });
            }
        }
        fates
    }

    /// The script, and what makes this of it.
    pub fn of(&self, script: &Scenario, sequence: &[Place]) -> Scenario {
        let fates = self.fates(sequence);
        let task = |(index, spec): (usize, &Arc<TaskSpec>)| {
            let Script::Steps(steps) = &spec.script else { return Arc::clone(spec) };
            let step = |(number, step): (usize, &Step)| {
                let place = sequence.iter().position(|place| place.step == (index, number));
                let of_place = place.map(|place| fates[place]).unwrap_or_default();
                Step { faults: faults(&of_place, step.faults.as_deref()), ..step.clone() }
            };
            let steps = steps.iter().enumerate().map(step).collect();
            Arc::new(TaskSpec { script: Script::Steps(steps), ..TaskSpec::clone(spec) })
        };
        Scenario { tasks: script.tasks.iter().enumerate().map(task).collect(), ..script.clone() }
    }
}

/// The faults of disorder, over those that the step has already.
fn faults(faults: &Faults, own: Option<&Chances>) -> Option<Arc<Chances>> {
    let both = certain(faults).over(own.unwrap_or(&Chances::default()));
    (!both.is_empty()).then(|| Arc::new(both))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(length: usize, drops: u32, dups: u32, swaps: u32) -> Vec<String> {
        Disorders::of(length, Bounds { drops, dups, swaps }).map(|disorder| disorder.to_string()).collect()
    }

    #[test]
    fn every_disorder_comes_once_the_smallest_first() {
        assert_eq!(all(3, 0, 0, 0), ["1 2 3"]);
        assert_eq!(all(3, 0, 0, 1), ["1 2 3", "2 1 3", "1 3 2"]);
        assert_eq!(all(3, 1, 0, 0), ["1 2 3", "2 3", "1 3", "1 2"]);
        assert_eq!(all(2, 0, 1, 0), ["1 2", "1 1 2", "1 2 2"]);
        assert_eq!(all(2, 0, 1, 1), ["1 2", "1 1 2", "2 1", "1 2 2", "1 2 1", "2 1 1", "2 2 1", "2 1 2"]);
        assert_eq!(all(1, 1, 1, 1), ["1", "nothing", "1 1"]);
        assert_eq!(all(0, 1, 1, 1), ["nothing"]);
    }

    #[test]
    fn each_knows_those_with_less_disorder() {
        let mut disorders = Disorders::of(3, Bounds { drops: 1, dups: 1, swaps: 1 });
        let shown = |all: &[Disorder]| all.iter().map(Disorder::to_string).collect::<Vec<_>>();
        let mut seen = Vec::new();
        while let Some(disorder) = disorders.next() {
            let parents = disorders.parents(&disorder).to_vec();
            assert!(parents.iter().all(|parent| seen.contains(parent)), "{disorder} from {parents:?}");
            assert_eq!(parents.is_empty(), seen.is_empty(), "{disorder}");
            seen.push(disorder);
        }
        let of = |order: &[u8]| shown(disorders.parents(&Disorder(order.to_vec())));
        assert_eq!(of(&[1, 0, 2]), ["1 2 3"]);
        assert_eq!(of(&[0, 1, 0, 2]), ["1 1 2 3"]);
        assert_eq!(of(&[1, 0]), ["2 1 3", "1 2"]);
    }

    /// Permutations with at most two inversions: 1 + (n − 1) + (n − 2)(n + 1) / 2.
    #[test]
    fn swaps_are_counted_as_in_the_books() {
        for length in 2..10 {
            let counted = 1 + (length - 1) + (length - 2) * (length + 1) / 2;
            assert_eq!(all(length, 0, 0, 2).len(), counted, "{length}");
        }
    }

    /// Four callbacks of one task that happen at these times, and arrive later by so much.
    fn four(times: [(u64, u64); 4]) -> Vec<Place> {
        let place = |(step, (happened, later)): (usize, (u64, u64))| Place {
            task: 1,
            step: (0, step),
            happened: Millis(happened),
            arrives: Millis(happened + later),
            callback: String::new(),
        };
        times.into_iter().enumerate().map(place).collect()
    }

    #[test]
    fn fates_bring_the_disorder_about() {
        let apart = [(0, 0), (1000, 0), (2000, 0), (3000, 0)];
        let together = [(0, 0), (5, 0), (5, 0), (5, 0)];
        let delayed = [(1, 0), (2, 5), (2, 5), (9, 0)];
        for sequence in [apart, together, delayed].map(four) {
            for disorder in Disorders::of(4, Bounds { drops: 1, dups: 1, swaps: 2 }) {
                let mut arrivals = Vec::new();
                for (place, faults) in
                    disorder.fates(&sequence).into_iter().enumerate().filter(|(_, faults)| !faults.dropped)
                {
                    let at = sequence[place].happened.plus(faults.delay.unwrap_or_default());
                    arrivals.push((at, place as u8));
                    arrivals.extend(faults.duplicate.map(|duplicate| (at.plus(duplicate.after), place as u8)));
                }
                // At the same time in the order of the sequence.
                arrivals.sort_unstable();
                assert_eq!(Disorder(arrivals.into_iter().map(|(_, place)| place).collect()), disorder);
            }
        }
    }

    #[test]
    fn no_disorder_is_no_fault() {
        let whole = Disorder(vec![0, 1, 2, 3]);
        let together = four([(0, 0), (5, 0), (5, 0), (7, 0)]);
        assert!(whole.fates(&together).iter().all(Faults::is_clear));
        // A delay of the plan stays as it is.
        let delays: Vec<_> =
            whole.fates(&four([(0, 0), (2, 3), (5, 0), (5, 1)])).iter().map(|faults| faults.delay).collect();
        assert_eq!(delays, [None, Some(Millis(3)), None, Some(Millis(1))]);
    }
}
