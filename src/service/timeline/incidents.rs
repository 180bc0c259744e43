//! What each kind of incident does to a task: accidents, and what users do. One place for what a scenario plans and what comes live.

use super::machine::Machine;
use super::state::{InList, Outage, Phase};
use crate::callback::codes::Exit;
use crate::callback::{Alarm, Callback};
use crate::scenario::service::Resume;
use crate::scenario::task::{FirstInMigration, Incident, IncidentKind, Relay};
use crate::time::Millis;

impl Machine {
    /// Something happens to the task. What it says about exits may come later, but not after the task's end.
    pub(super) fn befall(&mut self, relay: &Relay, incident: &Incident, exit: Option<Exit>, at: Millis) {
        let kind = incident.kind;
        let certain = || exit.clone().unwrap_or_else(|| relay.exit.clone());
        match kind {
            IncidentKind::PullUnstable => self.alarm(relay, at, Alarm::PullFileUnstable, kind),
            IncidentKind::PushUnstable => self.alarm(relay, at, Alarm::PushStreamUnstable, kind),
            IncidentKind::FileEndsEarly => self.file_ends_early(relay, at, incident),
            IncidentKind::FileFailed => self.file_failed(relay, at, incident, exit),
            IncidentKind::PushBroken => {
                self.alarm(relay, at, Alarm::PushStreamFailed, kind);
                self.interrupt(relay, at, incident);
                self.go_down(relay, at, Outage::of(incident, certain(), at));
            }
            IncidentKind::SourceDown => {
                self.interrupt(relay, at, incident);
                let outage = Outage::of(incident, certain(), at);
                match relay.stand_in() {
                    Some(stand_in) => self.stand_in(relay, at, stand_in, outage),
                    None => self.go_down(relay, at, outage),
                }
            }
            IncidentKind::Crash => {
                self.interrupt(relay, at, incident);
                self.cause = Some(kind);
                self.phase = Phase::Down { retry_at: at.plus(incident.lasts), silent: true };
            }
            IncidentKind::Migration => self.move_on(relay, at, incident, certain()),
            IncidentKind::Restarted => match &mut self.phase {
                // It has exited already: the next try comes at once.
                Phase::Down { retry_at, .. } => *retry_at = at,
                _ => self.move_on(relay, at, incident, certain()),
            },
            IncidentKind::Paused => self.pause(relay, at, incident, certain()),
            IncidentKind::Modified => self.modify(relay, at, incident, exit),
            IncidentKind::Stopped | IncidentKind::Deleted => self.stop(relay, at, incident, certain()),
        }
    }

    fn alarm(&mut self, relay: &Relay, at: Millis, alarm: Alarm, kind: IncidentKind) {
        self.say(relay, at, Callback::TaskAlarm(alarm), Some(kind));
    }

    /// Whether it has said that it runs, and not that it does not.
    pub(super) fn runs(&self) -> bool {
        !matches!(self.phase, Phase::Down { silent: false, .. } | Phase::Paused { .. } | Phase::Over)
    }

    /// The file breaks off, if one is playing; remembers where the list goes on.
    pub(super) fn break_off(&mut self, at: Millis, resume: Resume) {
        if let Phase::Playing { until } = self.phase {
            self.place.played = self.spec.files[self.place.file].duration.minus(until.minus(at));
        }
        match resume {
            Resume::Breakpoint => {}
            Resume::File => self.place.played = Millis::ZERO,
            Resume::List => {
                if !self.exchange() {
                    self.place = InList { file: 0, played: Millis::ZERO, ..self.place };
                }
            }
        }
    }

    /// An accident breaks the file off; what lasts forever lasts until the task would have been over without it.
    fn interrupt(&mut self, relay: &Relay, at: Millis, incident: &Incident) {
        self.break_off(at, relay.service.resume);
        if incident.lasts == Millis::FOREVER {
            let over = at.plus(self.left_to_play(relay));
            self.over_by = over.max(relay.length(&self.spec.files));
        }
    }

    fn file_ends_early(&mut self, relay: &Relay, at: Millis, incident: &Incident) {
        self.alarm(relay, at, Alarm::FileEndEarly, incident.kind);
        let index = self.place.file;
        self.say(relay, at, Callback::VodSourceFileFinish { index }, Some(incident.kind));
        if !self.turn_to_next_file(relay, at) {
            self.finish(relay, at, relay.exit.clone(), None);
        }
    }

    pub(super) fn file_failed(&mut self, relay: &Relay, at: Millis, incident: &Incident, exit: Option<Exit>) {
        self.alarm(relay, at, Alarm::PullFileFailed, incident.kind);
        match (self.turn_to_next_file(relay, at), exit) {
            // The next file can be pulled: the first try succeeds.
            (true, Some(exit)) => self.go_down(relay, at, Outage { back_at: at, ..Outage::of(incident, exit, at) }),
            (true, None) => {}
            // No file is left to go on with: the failure is how the task ends.
            (false, Some(exit)) => {
                let exit_at = at.plus(incident.exit_after).min(self.horizon(relay));
                self.finish(relay, exit_at, exit, Some(incident.kind));
            }
            (false, None) => self.finish(relay, at, relay.exit.clone(), None),
        }
    }

    /// An exit and a start, in whichever order.
    fn move_on(&mut self, relay: &Relay, at: Millis, incident: &Incident, exit: Exit) {
        self.break_off(at, relay.service.resume);
        let exit = Callback::TaskExit(exit);
        let cause = Some(incident.kind);
        self.cause = cause;
        let second = at.plus(incident.lasts);
        match incident.first {
            FirstInMigration::TaskStart => {
                self.try_start(relay, at);
                self.say(relay, second.min(self.horizon(relay)), exit, cause);
            }
            FirstInMigration::TaskExit => {
                self.say(relay, at, exit, cause);
                self.phase = Phase::Down { retry_at: second, silent: false };
            }
        }
    }

    /// An exit, and nothing more until it is enabled.
    fn pause(&mut self, relay: &Relay, at: Millis, incident: &Incident, exit: Exit) {
        self.break_off(at, relay.service.resume_after_pause);
        if self.runs() {
            self.say(relay, at, Callback::TaskExit(exit), Some(incident.kind));
        }
        self.cause = Some(incident.kind);
        self.phase = Phase::Paused { until: at.plus(incident.lasts) };
    }

    /// An exit, unless it has come already, and nothing more.
    fn stop(&mut self, relay: &Relay, at: Millis, incident: &Incident, exit: Exit) {
        if self.runs() {
            let exit_at = at.plus(incident.exit_after).min(self.horizon(relay));
            self.say(relay, exit_at, Callback::TaskExit(exit), Some(incident.kind));
        }
        self.phase = Phase::Over;
    }
}
