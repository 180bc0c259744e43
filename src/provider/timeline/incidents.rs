//! What each kind of incident does to a task.

use super::occurrence::Occurrence;
use super::{Phase, Retry, Timeline};
use crate::callback::codes::Exit;
use crate::callback::{Alarm, Callback};
use crate::scenario::task::{FirstInMigration, Incident, IncidentKind, Relay};
use crate::time::Millis;

impl Timeline {
    /// Something happens to the task. What it says about exits may come later, but not after the task's end.
    pub(super) fn happen(&mut self, relay: &Relay, which: usize, at: Millis) {
        let Occurrence { index, exit, .. } = self.occurrences.remove(which);
        let incident = &relay.incidents[index];
        let kind = incident.kind;
        let cause = Some(kind);
        match kind {
            IncidentKind::PullUnstable => self.alarm(relay, at, Alarm::PullFileUnstable, kind),
            IncidentKind::PushUnstable => self.alarm(relay, at, Alarm::PushStreamUnstable, kind),
            IncidentKind::FileEndsEarly => {
                self.alarm(relay, at, Alarm::FileEndEarly, kind);
                let index = self.state.file;
                self.say(relay, at, Callback::VodSourceFileFinish { index }, cause);
                if !self.turn_to_next_file(relay, at) {
                    self.finish(relay, at, relay.exit.clone(), None);
                }
            }
            IncidentKind::FileFailed => self.file_failed(relay, at, incident, exit),
            IncidentKind::Stopped => {
                let exit = exit.unwrap_or_else(|| relay.exit.clone());
                self.finish(relay, at.plus(incident.exit_after).min(self.horizon(relay)), exit, cause);
            }
            IncidentKind::PushBroken | IncidentKind::SourceDown => {
                if kind == IncidentKind::PushBroken {
                    self.alarm(relay, at, Alarm::PushStreamFailed, kind);
                }
                self.break_off(at);
                self.give_up(relay, at, incident);
                let exit = exit.unwrap_or_else(|| relay.exit.clone());
                let retry = Retry { every: incident.retry_every, exit_after: incident.exit_after, exit };
                self.go_down(relay, at, kind, retry, at.plus(incident.lasts));
            }
            IncidentKind::Migration => self.migrate(relay, at, incident, exit),
            IncidentKind::Modified => self.modify(relay, at, index, exit),
            IncidentKind::Crash => {
                self.break_off(at);
                self.give_up(relay, at, incident);
                self.state.cause = cause;
                let back_at = at.plus(incident.lasts);
                self.state.phase = Phase::Down { retry_at: back_at, back_at, retry: None };
            }
        }
    }

    fn alarm(&mut self, relay: &Relay, at: Millis, alarm: Alarm, kind: IncidentKind) {
        self.say(relay, at, Callback::TaskAlarm(alarm), Some(kind));
    }

    /// Remembers how much of the file has played, to resume there.
    fn break_off(&mut self, at: Millis) {
        if let Phase::Playing { until } = self.state.phase {
            self.state.played = self.spec.files[self.state.file].duration.minus(until.minus(at));
        }
    }

    /// What lasts forever lasts until the task would have been over without it.
    fn give_up(&mut self, relay: &Relay, at: Millis, incident: &Incident) {
        if incident.lasts == Millis::FOREVER {
            let over = at.plus(self.left_to_play(relay));
            self.state.over_by = over.max(relay.length(&self.spec.files));
        }
    }

    /// The exit is said; the service tries again until `back_at`.
    fn go_down(&mut self, relay: &Relay, at: Millis, kind: IncidentKind, retry: Retry, back_at: Millis) {
        let exit_at = at.plus(retry.exit_after).min(self.horizon(relay));
        self.say(relay, exit_at, Callback::TaskExit(retry.exit.clone()), Some(kind));
        self.state.cause = Some(kind);
        self.state.phase = Phase::Down { retry_at: exit_at.plus(retry.every), back_at, retry: Some(retry) };
    }

    pub(super) fn file_failed(&mut self, relay: &Relay, at: Millis, incident: &Incident, exit: Option<Exit>) {
        self.alarm(relay, at, Alarm::PullFileFailed, incident.kind);
        match (self.turn_to_next_file(relay, at), exit) {
            (true, Some(exit)) => {
                let retry = Retry { every: incident.retry_every, exit_after: incident.exit_after, exit };
                self.go_down(relay, at, incident.kind, retry, at);
            }
            (true, None) => {}
            // No file is left to go on with: the failure is how the task ends.
            (false, Some(exit)) => {
                let exit_at = at.plus(incident.exit_after).min(self.horizon(relay));
                self.finish(relay, exit_at, exit, Some(incident.kind));
            }
            (false, None) => self.finish(relay, at, relay.exit.clone(), None),
        }
    }

    fn migrate(&mut self, relay: &Relay, at: Millis, incident: &Incident, exit: Option<Exit>) {
        self.break_off(at);
        let exit = Callback::TaskExit(exit.unwrap_or_else(|| relay.exit.clone()));
        let cause = Some(incident.kind);
        self.state.cause = cause;
        let second = at.plus(incident.lasts);
        match incident.first {
            FirstInMigration::TaskStart => {
                self.try_start(relay, at, at, None);
                self.say(relay, second.min(self.horizon(relay)), exit, cause);
            }
            FirstInMigration::TaskExit => {
                self.say(relay, at, exit, cause);
                self.state.phase = Phase::Down { retry_at: second, back_at: second, retry: None };
            }
        }
    }

    fn modify(&mut self, relay: &Relay, at: Millis, index: usize, exit: Option<Exit>) {
        let incident = &relay.incidents[index];
        self.say(relay, at, Callback::ResetTaskConfig, Some(incident.kind));
        let (Some(_), Some(exit)) = (&incident.to_url, exit) else { return };
        self.break_off(at);
        let retry = Retry { every: incident.lasts, exit_after: incident.exit_after, exit };
        self.go_down(relay, at, incident.kind, retry, at);
        self.state.retargeted = Some(index);
    }
}
