//! A relay task as a state machine: what it does by itself, and when. What befalls it is in `incidents`.

use std::collections::VecDeque;
use std::sync::Arc;

use super::occurrence::{Occurrence, live_exit, occurrences};
use super::state::{InList, Outage, Phase};
use crate::callback::{Callback, Kind};
use crate::dice::Dice;
use crate::scenario::task::{Incident, IncidentKind, Relay, Script, TaskSpec};
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
    /// The task as users have changed it, if they have: the one that the callback tells of.
    pub changed: Option<Arc<TaskSpec>>,
}

/// A task of the simulated service. It stands at an instant, and can be advanced, told what happens, and asked how it is.
///
/// All instants count from the task's start. It is small, since a plan has one for every task that is alive.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The task as users have changed it by now.
    pub(super) spec: Arc<TaskSpec>,
    pub(super) is_changed: bool,
    pub(super) number: u64,
    pub(super) dice: Dice,
    /// Whether the service of this profile sends alarms.
    alarms: bool,
    pub(super) phase: Phase,
    /// How far the life is worked out.
    pub(super) now: Millis,
    pub(super) place: InList,
    /// TaskStarts so far.
    pub(super) starts: u32,
    /// What has befallen it from outside so far.
    befallen: u32,
    /// Why each start is in vain until it is over.
    pub(super) outage: Option<Box<Outage>>,
    /// Why a backup or a slate plays until it is over.
    pub(super) stood_in: Option<Box<Outage>>,
    /// The task with the list that is played after the present file.
    pub(super) next_spec: Option<Arc<TaskSpec>>,
    /// What the last exit or crash was caused by, for the callbacks of the restart.
    pub(super) cause: Option<IncidentKind>,
    /// Without an end of its own, when a task is over that something befell which lasts forever.
    pub(super) over_by: Millis,
    /// Planned incidents still to come, in the order of the file.
    pub(super) occurrences: Vec<Occurrence>,
    /// Settled callbacks, in order of time.
    settled: VecDeque<Happening>,
    /// A life can be very long and say nothing.
    cutoff: Cutoff,
}

/// What comes next in a task's life.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Phase(Millis),
    Incident(usize, Millis),
    End(Millis),
}

impl Machine {
    /// The task with this number (from 1) at the moment before its start; nothing for a task of exact steps.
    ///
    /// `alarms` says whether the service of this profile sends them.
    pub fn new(spec: &Arc<TaskSpec>, number: u64, dice: Dice, alarms: bool, cutoff: Cutoff) -> Option<Self> {
        let relay = relay(spec)?;
        Some(Self {
            spec: Arc::clone(spec),
            is_changed: false,
            number,
            dice,
            alarms,
            phase: Phase::Down { retry_at: Millis::ZERO, silent: false },
            now: Millis::ZERO,
            place: InList::first(relay),
            starts: 0,
            befallen: 0,
            outage: None,
            stood_in: None,
            next_spec: None,
            cause: None,
            over_by: Millis::FOREVER,
            occurrences: occurrences(spec, relay, number, dice),
            settled: VecDeque::new(),
            cutoff,
        })
    }

    /// The planned incidents that will happen, by their places; but for those that the task's end forestalls.
    pub fn incidents(&self) -> impl Iterator<Item = usize> {
        self.occurrences.iter().map(|occurrence| occurrence.index)
    }

    /// Only these planned incidents happen. Must be said before it is advanced.
    pub fn keep(&mut self, kept: impl Fn(usize) -> bool) {
        self.occurrences.retain(|occurrence| kept(occurrence.index));
    }

    /// The next callback that is due by `until`; the task lives on until then, and no longer.
    pub fn next_until(&mut self, until: Millis) -> Option<Happening> {
        loop {
            let spec = Arc::clone(&self.spec);
            let relay = relay(&spec)?;
            while Arc::ptr_eq(&spec, &self.spec) {
                if self.cutoff.is_cut() {
                    return None;
                }
                let turn = self.next_turn(relay).filter(|turn| turn.at() <= until);
                let at = turn.map_or(until, Turn::at);
                if self.settled.front().is_some_and(|settled| settled.offset <= at) {
                    return self.settled.pop_front();
                }
                self.take(relay, turn?);
            }
        }
    }

    /// When something happens next, if nothing befalls it from outside; `None` once it is over and all is said.
    pub fn next_due(&self) -> Option<Millis> {
        let turn = relay(&self.spec).and_then(|relay| self.next_turn(relay)).map(Turn::at);
        let said = self.settled.front().map(|settled| settled.offset);
        turn.into_iter().chain(said).min()
    }

    /// Something befalls the task at `at`, from outside the scenario: what a user or a test does while it runs.
    ///
    /// What cannot happen to a task as it is (a file that fails while none plays) does nothing, and is answered by `false`.
    pub fn happen(&mut self, incident: &Incident, at: Millis) -> bool {
        let at = at.max(self.now);
        let spec = self.live_until(at);
        let Some(relay) = relay(&spec) else { return false };
        let possible = self.can_happen(incident.kind);
        if possible {
            let exit = live_exit(incident, self.befallen, self.number, self.dice);
            self.befallen += 1;
            self.befall(relay, incident, exit, at);
        }
        possible
    }

    /// A user enables the task, which does nothing unless it is paused.
    pub fn enable(&mut self, at: Millis) -> bool {
        let at = at.max(self.now);
        self.live_until(at);
        let is_paused = matches!(self.phase, Phase::Paused { .. });
        if is_paused {
            self.phase = Phase::Paused { until: at };
        }
        is_paused
    }

    /// Everything by itself until `at`, which is not over; its callbacks wait to be taken.
    fn live_until(&mut self, at: Millis) -> Arc<TaskSpec> {
        loop {
            let spec = Arc::clone(&self.spec);
            let Some(relay) = relay(&spec) else { return spec };
            match self.next_turn(relay).filter(|turn| turn.at() <= at) {
                Some(turn) => self.take(relay, turn),
                None => {
                    self.now = at;
                    return spec;
                }
            }
        }
    }

    fn take(&mut self, relay: &Relay, turn: Turn) {
        self.now = turn.at();
        match turn {
            Turn::Phase(at) => self.pass(relay, at),
            Turn::Incident(which, at) => {
                let Occurrence { index, exit, .. } = self.occurrences.remove(which);
                self.befall(relay, &relay.incidents[index], exit, at);
            }
            Turn::End(at) => self.end(relay, at),
        }
    }

    /// When the task is over at the latest.
    pub(super) fn horizon(&self, relay: &Relay) -> Millis {
        relay.end.unwrap_or(self.over_by)
    }

    fn next_turn(&self, relay: &Relay) -> Option<Turn> {
        let (phase_at, closes_a_file) = match self.phase {
            Phase::Over => return None,
            Phase::Down { retry_at: at, .. } | Phase::Opening { at } => (at, false),
            Phase::Playing { until } => (until, true),
            Phase::StoodIn { until, .. } | Phase::Paused { until } => (until, false),
            Phase::Streaming { .. } => (Millis::FOREVER, false),
        };
        // A user may have set an end that is over.
        let end = self.horizon(relay).max(self.now);
        // What fell into a time when it could not happen comes as soon as it can; of two at once the first of the file.
        let incident = self
            .occurrences
            .iter()
            .enumerate()
            .filter(|(_, occurrence)| self.can_happen(relay.incidents[occurrence.index].kind))
            .map(|(which, occurrence)| (which, occurrence.at.max(self.now)))
            .min_by_key(|(_, at)| *at);
        Some(match incident {
            Some((which, at)) if at < phase_at && at < end => Turn::Incident(which, at),
            // A file that ends with its task still says so.
            _ if phase_at < end || (closes_a_file && phase_at == end) => Turn::Phase(phase_at),
            _ => Turn::End(end),
        })
    }

    fn can_happen(&self, kind: IncidentKind) -> bool {
        let about_a_file = matches!(kind, IncidentKind::FileFailed | IncidentKind::FileEndsEarly);
        match self.phase {
            Phase::Playing { .. } => true,
            Phase::Opening { .. } | Phase::Streaming { .. } => !about_a_file,
            Phase::StoodIn { .. } => !about_a_file && kind != IncidentKind::SourceDown,
            // Users can do what they like to a task that is down; everything else needs one that runs.
            Phase::Down { .. } => kind.is_by_user() && self.starts > 0,
            Phase::Paused { .. } => {
                matches!(kind, IncidentKind::Stopped | IncidentKind::Deleted | IncidentKind::Modified)
            }
            Phase::Over => false,
        }
    }

    /// Settles a callback of the task as it is now, unless the task is not subscribed to it.
    pub(super) fn say(&mut self, relay: &Relay, offset: Millis, callback: Callback, cause: Option<IncidentKind>) {
        let changed = self.is_changed.then(|| Arc::clone(&self.spec));
        self.say_of(changed, relay, offset, callback, cause);
    }

    /// Settles a callback of the task as `changed`.
    pub(super) fn say_of(
        &mut self,
        changed: Option<Arc<TaskSpec>>,
        relay: &Relay,
        offset: Millis,
        callback: Callback,
        cause: Option<IncidentKind>,
    ) {
        let sent = callback
            .kind()
            .is_some_and(|kind| relay.callback_events.contain(kind) && (kind != Kind::TaskAlarm || self.alarms));
        if sent {
            let place = self.settled.partition_point(|settled| settled.offset <= offset);
            self.settled.insert(place, Happening { offset, callback, cause, changed });
        }
    }
}

impl Turn {
    const fn at(self) -> Millis {
        match self {
            Self::Phase(at) | Self::Incident(_, at) | Self::End(at) => at,
        }
    }
}

pub(super) fn relay(spec: &TaskSpec) -> Option<&Relay> {
    match &spec.script {
        Script::Relay(relay) => Some(relay),
        Script::Steps(_) => None,
    }
}
