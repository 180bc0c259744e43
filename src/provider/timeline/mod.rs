//! The life of one relay task, callback by callback.

mod incidents;
mod occurrence;

use std::collections::VecDeque;
use std::sync::Arc;

use self::occurrence::{Occurrence, occurrences};
use crate::callback::codes::Exit;
use crate::callback::{Callback, Kind};
use crate::dice::{Dice, Purpose};
use crate::scenario::task::{File, IncidentKind, Place, Relay, Rounds, Script, SourceKind, TaskSpec};
use crate::time::{Cutoff, Millis};

/// One callback of a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// From the task's start.
    pub offset: Millis,
    /// What the service says.
    pub callback: Callback,
    /// The incident that brought it about.
    pub cause: Option<IncidentKind>,
    /// Index of the `modified` incident whose target the task pushes to by now.
    pub retargeted: Option<usize>,
}

/// The callbacks of one task in order of time: the provider's truth, worked out as it is asked for.
#[derive(Debug, Clone)]
pub struct Timeline {
    spec: Arc<TaskSpec>,
    number: u64,
    dice: Dice,
    /// Whether the service of this profile sends alarms.
    alarms: bool,
    state: State,
    /// Incidents still to come, in the order of the file.
    occurrences: Vec<Occurrence>,
    /// Settled callbacks, in order of time.
    settled: VecDeque<Happening>,
    /// A life can be very long and say nothing.
    cutoff: Cutoff,
}

/// Where a task stands.
#[derive(Debug, Clone)]
struct State {
    phase: Phase,
    /// How far the life is worked out.
    now: Millis,
    /// Rounds of the list that have begun before this one.
    round: u64,
    /// Place in the list.
    file: usize,
    /// How much of the file has played.
    played: Millis,
    /// TaskStarts so far.
    starts: u32,
    retargeted: Option<usize>,
    /// What the last exit or crash was caused by, for the callbacks of the restart.
    cause: Option<IncidentKind>,
    /// Without an end of its own, when a task is over that something befell which lasts forever.
    over_by: Millis,
}

/// What a task is doing, and when that ends by itself.
#[derive(Debug, Clone)]
enum Phase {
    /// Not started, or between an exit and the service's next try.
    Down { retry_at: Millis, back_at: Millis, retry: Option<Retry> },
    /// Started; the file opens at `at`.
    Opening { at: Millis },
    /// The file plays until `until`.
    Playing { until: Millis },
    /// A source without files.
    Streaming,
    /// Nothing more comes.
    Over,
}

/// How the service tries again.
#[derive(Debug, Clone)]
struct Retry {
    every: Millis,
    exit_after: Millis,
    exit: Exit,
}

/// What comes next in a task's life.
enum Next {
    Phase(Millis),
    Incident(usize, Millis),
    End(Millis),
    Nothing,
}

impl Timeline {
    /// The timeline of the task with this number (from 1, over all tasks of the scenario).
    ///
    /// A task of exact steps has none: it is empty.
    pub fn new(spec: &Arc<TaskSpec>, number: u64, dice: Dice, alarms: bool, cutoff: Cutoff) -> Self {
        let relay = relay(spec);
        let first_file = match relay.map(|relay| relay.source) {
            Some(SourceKind::Vod { first_file, .. }) => first_file,
            _ => 0,
        };
        let phase = match relay {
            Some(_) => Phase::Down { retry_at: Millis::ZERO, back_at: Millis::ZERO, retry: None },
            None => Phase::Over,
        };
        Self {
            spec: Arc::clone(spec),
            number,
            dice,
            alarms,
            state: State {
                phase,
                now: Millis::ZERO,
                round: 0,
                file: first_file,
                played: Millis::ZERO,
                starts: 0,
                retargeted: None,
                cause: None,
                over_by: Millis::FOREVER,
            },
            occurrences: relay.map(|relay| occurrences(spec, relay, number, dice)).unwrap_or_default(),
            settled: VecDeque::new(),
            cutoff,
        }
    }

    /// The incidents that will happen, by their places; but for those that the task's end forestalls.
    pub fn incidents(&self) -> impl Iterator<Item = usize> {
        self.occurrences.iter().map(|occurrence| occurrence.index)
    }

    /// Only these incidents happen. Must be said before anything is taken.
    pub fn keep(&mut self, kept: impl Fn(usize) -> bool) {
        self.occurrences.retain(|occurrence| kept(occurrence.index));
    }

    /// When the task is over at the latest.
    fn horizon(&self, relay: &Relay) -> Millis {
        relay.end.unwrap_or(self.state.over_by)
    }

    /// How long the rest of the list would play.
    fn left_to_play(&self, relay: &Relay) -> Millis {
        let SourceKind::Vod { rounds: Rounds::Times(times), .. } = relay.source else { return Millis::FOREVER };
        let played =
            |files: &[File]| files.iter().fold(Millis::ZERO, |sum, file| sum.plus(file.duration).plus(relay.file_gap));
        let files = &self.spec.files;
        let rounds = times.saturating_sub(self.state.round).saturating_sub(1);
        let left = played(&files[self.state.file..]).plus(played(files).times(rounds));
        left.minus(self.state.played).minus(relay.file_gap)
    }

    fn next_turn(&self, relay: &Relay) -> Next {
        let (phase_at, closes_a_file) = match self.state.phase {
            Phase::Over => return Next::Nothing,
            Phase::Down { retry_at, .. } => (retry_at, false),
            Phase::Opening { at } => (at, false),
            Phase::Playing { until } => (until, true),
            Phase::Streaming => (Millis::FOREVER, false),
        };
        let end = self.horizon(relay);
        // What fell into a time when it could not happen comes as soon as it can; of two at once the first of the file.
        let incident = self
            .occurrences
            .iter()
            .enumerate()
            .filter(|(_, occurrence)| self.can_happen(relay.incidents[occurrence.index].kind))
            .map(|(which, occurrence)| (which, occurrence.at.max(self.state.now)))
            .min_by_key(|(_, at)| *at);
        match incident {
            Some((which, at)) if at < phase_at && at < end => Next::Incident(which, at),
            // A file that ends with its task still says so.
            _ if phase_at < end || (closes_a_file && phase_at == end) => Next::Phase(phase_at),
            _ => Next::End(end),
        }
    }

    fn can_happen(&self, kind: IncidentKind) -> bool {
        match self.state.phase {
            Phase::Playing { .. } => true,
            Phase::Opening { .. } | Phase::Streaming => {
                !matches!(kind, IncidentKind::FileFailed | IncidentKind::FileEndsEarly)
            }
            // A user can stop a task that is down; everything else needs one that runs.
            Phase::Down { .. } => kind == IncidentKind::Stopped && self.state.starts > 0,
            Phase::Over => false,
        }
    }

    /// Settles a callback, unless the task is not subscribed to it.
    fn say(&mut self, relay: &Relay, offset: Millis, callback: Callback, cause: Option<IncidentKind>) {
        let sent = callback
            .kind()
            .is_some_and(|kind| relay.callback_events.contain(kind) && (kind != Kind::TaskAlarm || self.alarms));
        if sent {
            let happening = Happening { offset, callback, cause, retargeted: self.state.retargeted };
            let place = self.settled.partition_point(|settled| settled.offset <= offset);
            self.settled.insert(place, happening);
        }
    }

    /// The phase runs out by itself.
    fn pass(&mut self, relay: &Relay, now: Millis) {
        match self.state.phase.clone() {
            Phase::Down { back_at, retry, .. } => self.try_start(relay, now, back_at, retry),
            Phase::Opening { .. } => self.open(relay, now),
            Phase::Playing { .. } => {
                let index = self.state.file;
                self.say(relay, now, Callback::VodSourceFileFinish { index }, None);
                if !self.turn_to_next_file(relay, now) {
                    self.finish(relay, now, relay.exit.clone(), None);
                }
            }
            Phase::Streaming | Phase::Over => {}
        }
    }

    fn try_start(&mut self, relay: &Relay, now: Millis, back_at: Millis, retry: Option<Retry>) {
        let cause = self.state.cause;
        self.say(relay, now, Callback::TaskStart, cause);
        self.state.starts += 1;
        match retry {
            Some(retry) if now < back_at => {
                let exit_at = now.plus(retry.exit_after).min(self.horizon(relay));
                self.say(relay, exit_at, Callback::TaskExit(retry.exit.clone()), cause);
                self.state.phase = Phase::Down { retry_at: exit_at.plus(retry.every), back_at, retry: Some(retry) };
            }
            _ => self.start_files(relay, now),
        }
    }

    fn start_files(&mut self, relay: &Relay, now: Millis) {
        self.state.phase = match relay.source {
            SourceKind::Vod { .. } => {
                let range = relay.start_gap;
                let mut stream = self.dice.stream(Purpose::StartGap(self.state.starts), self.number);
                Phase::Opening { at: now.plus(Millis(stream.between(range.min.0, range.max.0))) }
            }
            SourceKind::Live | SourceKind::Picture => Phase::Streaming,
        };
    }

    fn open(&mut self, relay: &Relay, now: Millis) {
        let file = self.state.file;
        let fails = |occurrence: &Occurrence| {
            let incident = &relay.incidents[occurrence.index];
            incident.kind == IncidentKind::FileFailed && incident.place == (Place::InFile { file, into: None })
        };
        if let Some(which) = self.occurrences.iter().position(fails) {
            let occurrence = self.occurrences.remove(which);
            return self.file_failed(relay, now, &relay.incidents[occurrence.index], occurrence.exit);
        }
        let cause = self.state.cause.take();
        self.say(relay, now, Callback::VodSourceFileStart { index: file }, cause);
        let duration = self.spec.files[file].duration;
        for occurrence in &mut self.occurrences {
            if let Place::InFile { file: wanted, into } = relay.incidents[occurrence.index].place
                && wanted == file
                && occurrence.at == Millis::FOREVER
            {
                occurrence.at = now.plus(into.unwrap_or(Millis(duration.0 / 2)));
            }
        }
        self.state.phase = Phase::Playing { until: now.plus(duration.minus(self.state.played)) };
    }

    /// Turns to the next file; `false` if that was the last one.
    fn turn_to_next_file(&mut self, relay: &Relay, now: Millis) -> bool {
        let SourceKind::Vod { rounds, .. } = relay.source else { return true };
        self.state.played = Millis::ZERO;
        self.state.file += 1;
        if self.state.file == self.spec.files.len() {
            self.state.file = 0;
            self.state.round += 1;
            if matches!(rounds, Rounds::Times(times) if self.state.round >= times) {
                return false;
            }
        }
        self.state.phase = Phase::Opening { at: now.plus(relay.file_gap) };
        true
    }

    fn finish(&mut self, relay: &Relay, now: Millis, exit: Exit, cause: Option<IncidentKind>) {
        self.say(relay, now, Callback::TaskExit(exit), cause);
        self.state.phase = Phase::Over;
    }

    fn end(&mut self, relay: &Relay, now: Millis) {
        match self.state.phase {
            // Its last exit was said when it went down.
            Phase::Down { .. } => self.state.phase = Phase::Over,
            _ => self.finish(relay, now, relay.exit.clone(), None),
        }
    }
}

impl Iterator for Timeline {
    type Item = Happening;

    fn next(&mut self) -> Option<Happening> {
        let spec = Arc::clone(&self.spec);
        let relay = relay(&spec)?;
        loop {
            if self.cutoff.is_cut() {
                return None;
            }
            let turn = self.next_turn(relay);
            let at = match turn {
                Next::Phase(at) | Next::Incident(_, at) | Next::End(at) => at,
                Next::Nothing => return self.settled.pop_front(),
            };
            if self.settled.front().is_some_and(|settled| settled.offset <= at) {
                return self.settled.pop_front();
            }
            self.state.now = at;
            match turn {
                Next::Phase(at) => self.pass(relay, at),
                Next::Incident(which, at) => self.happen(relay, which, at),
                Next::End(at) => self.end(relay, at),
                Next::Nothing => {}
            }
        }
    }
}

fn relay(spec: &TaskSpec) -> Option<&Relay> {
    match &spec.script {
        Script::Relay(relay) => Some(relay),
        Script::Steps(_) => None,
    }
}
