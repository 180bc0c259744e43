//! Whether callbacks come in an order the documents allow, task by task, in bounded memory.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::judge::Seen;
use super::note::Note;
use super::siblings::{Match, Siblings};
use super::track::{Step, Track};
use crate::callback::Kind;
use crate::time::UnixMillis;

/// The tasks seen so far. Only hashes of what they say are kept.
#[derive(Debug)]
pub struct Order {
    tasks: HashMap<u64, Member>,
    /// Tasks in the order they were first seen, the oldest in front.
    ages: VecDeque<u64>,
    most: usize,
    siblings: Siblings,
}

/// Where a callback stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Its task, as a number that all callbacks of the task have in common; `None` where it is not judged.
    pub task: Option<u64>,
    /// What is remarkable about it.
    pub note: Option<Note>,
}

#[derive(Debug)]
struct Member {
    track: Track,
    group: Option<u64>,
    /// [`Siblings::unmatched`] when the task was last seen.
    unmatched: u64,
}

impl Default for Order {
    fn default() -> Self {
        Self::remembering(Self::MOST_TASKS)
    }
}

impl Order {
    /// How many tasks are remembered. With one more, the one that was first seen the longest ago is forgotten:
    /// it counts as new when it comes back.
    pub const MOST_TASKS: usize = 100_000;

    /// An order that remembers `most` tasks, at least one.
    fn remembering(most: usize) -> Self {
        Self { tasks: HashMap::new(), ages: VecDeque::new(), most: most.max(1), siblings: Siblings::default() }
    }

    /// Takes in a callback that was acknowledged at `at`.
    ///
    /// Only what cannot be right is noted: a callback that says the same as an earlier one, as those of a looped file
    /// do, is a repetition only where it cannot be the next round's. A single looped file whose task does not subscribe
    /// to VodSourceFileFinish is the exception.
    ///
    /// Not judged are callbacks the documents do not know, and those without a task id; but a TaskExit without one
    /// (documented) is the exit of the only running task with the same `source_urls`, if there is only one.
    pub fn observe(&mut self, seen: &Seen, at: UnixMillis) -> Standing {
        let Some(kind) = seen.kind() else { return Standing::default() };
        let content = hash(&(kind, &seen.msg));
        let step = Step { kind, index: seen.index.unwrap_or_default(), content, at };
        let group = seen.source_urls.as_ref().map(hash);
        match (&seen.task_id, group) {
            (Some(id), _) => self.of_task(hash(id), group, step),
            (None, Some(group)) if kind == Kind::TaskExit => match self.siblings.matching(group, content) {
                Match::Only(task) => self.of_task(task, Some(group), step),
                Match::Repeated(task) => Standing { task, note: Some(Note::Repeated) },
                Match::Unclear => Standing::default(),
            },
            (None, _) => Standing::default(),
        }
    }

    fn of_task(&mut self, task: u64, group: Option<u64>, step: Step) -> Standing {
        Standing { task: Some(task), note: self.note(task, group, step) }
    }

    fn note(&mut self, task: u64, group: Option<u64>, step: Step) -> Option<Note> {
        let Some(member) = self.tasks.get_mut(&task) else {
            let (track, note) = Track::begin(step);
            self.remember(task, Member { track, group: None, unmatched: 0 });
            self.regroup(task, group);
            return note;
        };
        let doubtful = member.group.is_some_and(|group| self.siblings.unmatched(group) > member.unmatched);
        let note = member.track.observe(step, doubtful);
        if note != Some(Note::Repeated) {
            self.regroup(task, group);
        }
        note
    }

    /// Brings the groups up to date with a task that was just seen.
    fn regroup(&mut self, task: u64, group: Option<u64>) {
        let Some(member) = self.tasks.get_mut(&task) else { return };
        if group.is_some() && member.group != group {
            if let Some(old) = member.group {
                self.siblings.leave(old, task);
            }
            if let Some(new) = group {
                self.siblings.join(new);
            }
            member.group = group;
        }
        if let Some(group) = member.group {
            self.siblings.set_running(group, task, member.track.is_running());
            member.unmatched = self.siblings.unmatched(group);
        }
    }

    fn remember(&mut self, task: u64, member: Member) {
        if self.tasks.len() == self.most
            && let Some(oldest) = self.ages.pop_front()
            && let Some(Member { group: Some(group), .. }) = self.tasks.remove(&oldest)
        {
            self.siblings.leave(group, oldest);
        }
        self.tasks.insert(task, member);
        self.ages.push_back(task);
    }
}

/// 64 bits are enough: among 100 000 tasks two collide once in three thousand million runs.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
