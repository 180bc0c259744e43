//! What a capture tells of time, and of exits: the gaps between a task's callbacks, and the codes of its exits.

use std::collections::{BTreeMap, HashMap};

use super::body::Body;
use crate::callback::Kind;
use crate::text::{one_line, without_passwords_of_urls};
use crate::time::Millis;

/// The most tasks that are told apart.
const MAX_TASKS: usize = 100_000;
/// The longest id, and the longest list of sources, that a task is known by, in bytes.
const MAX_NAME: usize = 1024;
/// So many gaps of a kind are kept for their median.
const MAX_KEPT: usize = 10_000;
/// The most exits that are told apart.
const MAX_EXITS: usize = 1000;

/// Gaps of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gaps {
    /// How many there are.
    pub count: u64,
    /// The shortest.
    pub min: Millis,
    /// The longest.
    pub max: Millis,
    /// The first ones.
    kept: Vec<Millis>,
}

impl Gaps {
    fn take(&mut self, gap: Millis) {
        self.min = if self.count == 0 { gap } else { self.min.min(gap) };
        self.max = self.max.max(gap);
        self.count += 1;
        if self.kept.len() < MAX_KEPT {
            self.kept.push(gap);
        }
    }

    /// The one in the middle, of the first ten thousand.
    pub fn median(&self) -> Millis {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// A TaskExit's code and message.
pub type ExitSeen = (i64, String);

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    /// TaskStart → the first VodSourceFileStart.
    pub start_gap: Gaps,
    /// VodSourceFileFinish → the next VodSourceFileStart.
    pub file_gap: Gaps,
    /// TaskExit → the next TaskStart.
    pub retry_every: Gaps,
    /// How often each exit was seen.
    pub exits: BTreeMap<ExitSeen, u64>,
}

/// How far a task is.
#[derive(Debug, Default)]
struct Task {
    started: Option<Millis>,
    finished: Option<Millis>,
    exited: Option<Millis>,
    /// `task_start_time` of the last TaskStart: the same once more is no other start.
    start_time: Option<i64>,
    /// On how many machines it runs: two during a migration.
    running: u32,
}

/// Measures as callbacks come.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    tasks: HashMap<String, Task>,
    /// The task with these sources, for the TaskExit that names no task; nothing if there are two.
    by_sources: HashMap<String, Option<String>>,
    last: Millis,
    times: Times,
}

impl Stopwatch {
    /// A callback came at `at`; where nobody knows when, no gap is measured.
    pub(super) fn take(&mut self, body: &Body<'_>, at: Option<Millis>) {
        let Some(kind) = Kind::by_name(&body.event) else { return };
        if kind == Kind::TaskExit {
            self.count_exit(body);
        }
        // Where captures are out of order, nothing can be measured.
        let in_order = at.is_some_and(|at| at >= self.last);
        self.last = at.unwrap_or(self.last);
        let (Some(task), Some(at)) = (self.task(body).filter(|_| in_order), at) else { return };
        let since = |then: Option<Millis>| then.map(|then| at.minus(then));
        match kind {
            Kind::TaskStart => {
                let start_time = body.msg.as_ref().and_then(|msg| msg.integer("task_start_time"));
                if start_time.is_some() && start_time == task.start_time {
                    return;
                }
                let gap = since(task.exited.take());
                *task = Task { started: Some(at), start_time, running: task.running + 1, ..Task::default() };
                gap.into_iter().for_each(|gap| self.times.retry_every.take(gap));
            }
            Kind::VodSourceFileStart => {
                let (started, finished) = (since(task.started.take()), since(task.finished.take()));
                match (started, finished) {
                    (_, Some(gap)) => self.times.file_gap.take(gap),
                    (Some(gap), None) => self.times.start_gap.take(gap),
                    (None, None) => {}
                }
            }
            Kind::VodSourceFileFinish => task.finished = Some(at),
            Kind::TaskExit => {
                task.running = task.running.saturating_sub(1);
                if task.running == 0 {
                    (task.started, task.finished, task.exited) = (None, None, Some(at));
                }
            }
            Kind::TaskAlarm | Kind::ResetTaskConfig => {}
        }
    }

    /// How many tasks were told apart.
    pub(super) fn tasks(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn times(self) -> Times {
        self.times
    }

    fn task(&mut self, body: &Body<'_>) -> Option<&mut Task> {
        let short = |text: &&str| text.len() <= MAX_NAME;
        let sources = body.outer.text("source_urls").filter(short);
        let id = match (body.outer.text("task_id").filter(short), sources) {
            (Some(id), sources) => {
                if let Some(sources) = sources.filter(|_| self.by_sources.len() < MAX_TASKS) {
                    let known = self.by_sources.entry(sources.to_owned()).or_insert_with(|| Some(id.to_owned()));
                    known.take_if(|known| known != id);
                }
                id.to_owned()
            }
            (None, Some(sources)) => self.by_sources.get(sources)?.clone()?,
            (None, None) => return None,
        };
        if self.tasks.len() >= MAX_TASKS && !self.tasks.contains_key(&id) {
            return None;
        }
        Some(self.tasks.entry(id).or_default())
    }

    fn count_exit(&mut self, body: &Body<'_>) {
        let Some(msg) = &body.msg else { return };
        let Some(code) = msg.integer("code") else { return };
        let message = one_line(&without_passwords_of_urls(msg.text("message").unwrap_or_default()), 120);
        let exits = &mut self.times.exits;
        let exit = (code, message);
        if exits.len() < MAX_EXITS || exits.contains_key(&exit) {
            *exits.entry(exit).or_default() += 1;
        }
    }
}
