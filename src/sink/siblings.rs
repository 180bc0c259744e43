//! Tasks that share their `source_urls`: what a TaskExit without `task_id` can be matched by.

use std::collections::{HashMap, HashSet};

/// Groups of tasks. Tasks and groups are named by hashes.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    groups: HashMap<u64, Group>,
}

#[derive(Debug, Default)]
struct Group {
    /// How many remembered tasks are in it.
    members: usize,
    running: HashSet<u64>,
    /// How many exits could not be matched: a task that was last seen before the newest of them may have exited.
    unmatched: u64,
    /// What the last TaskExit without a task id said, and whose it was.
    last_exit: Option<(u64, Option<u64>)>,
}

/// Whose TaskExit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// This task's: no other of the group runs.
    Only(u64),
    /// It came before: no other task can have sent it. Whose it was, if that was clear.
    Repeated(Option<u64>),
    /// Several tasks may have sent it, or none that is known.
    Unclear,
}

impl Siblings {
    /// A task that is not in any group joins one.
    pub(super) fn join(&mut self, group: u64) {
        self.groups.entry(group).or_default().members += 1;
    }

    /// A task leaves the group it is in; a group without tasks is forgotten.
    pub(super) fn leave(&mut self, group: u64, task: u64) {
        let Some(found) = self.groups.get_mut(&group) else { return };
        found.running.remove(&task);
        found.members -= 1;
        if found.members == 0 {
            self.groups.remove(&group);
        }
    }

    /// Notes whether a task runs.
    pub(super) fn set_running(&mut self, group: u64, task: u64, running: bool) {
        let Some(found) = self.groups.get_mut(&group) else { return };
        if running {
            found.running.insert(task);
        } else {
            found.running.remove(&task);
        }
    }

    /// How many exits of the group could not be matched so far.
    pub(super) fn unmatched(&self, group: u64) -> u64 {
        self.groups.get(&group).map_or(0, |group| group.unmatched)
    }

    /// Whose TaskExit this is, by its group and content alone.
    pub(super) fn matching(&mut self, group: u64, content: u64) -> Match {
        let Some(group) = self.groups.get_mut(&group) else { return Match::Unclear };
        let (same, last) = match group.last_exit {
            Some((last_content, task)) if last_content == content => (true, task),
            _ => (false, None),
        };
        let mut running = group.running.iter().copied();
        let found = match (running.next(), running.next()) {
            (None, _) if same => Match::Repeated(last),
            (only, None) if same && only == last => Match::Repeated(last),
            (Some(only), None) if !same => Match::Only(only),
            (None, _) => Match::Unclear,
            // Where the same comes again, it may be a repetition or another task that exited in the same millisecond.
            _ => {
                group.unmatched += 1;
                Match::Unclear
            }
        };
        let whose = if let Match::Only(task) = found { Some(task) } else { last };
        group.last_exit = Some((content, whose));
        found
    }

    /// How many tasks are in groups.
    #[cfg(test)]
    pub(super) fn members(&self) -> usize {
        self.groups.values().map(|group| group.members).sum()
    }
}
