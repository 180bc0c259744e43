//! A task as a user has changed it: from now on, or from the next file on.

use std::sync::Arc;

use super::machine::{Machine, relay};
use super::state::{InList, Outage, Phase};
use crate::callback::Callback;
use crate::callback::codes::Exit;
use crate::scenario::task::{Change, Exchange, Incident, IncidentKind, Relay, Script, SourceKind, TaskSpec};
use crate::time::Millis;

impl Machine {
    /// The task is changed: ResetTaskConfig tells of it as it is to be, what follows from the old push as it was.
    pub(super) fn modify(&mut self, relay: &Relay, at: Millis, incident: &Incident, exit: Option<Exit>) {
        let (change, cause) = (&incident.change, Some(incident.kind));
        let waits = change.files.is_some() && change.when == Exchange::AfterFile && self.is_in_a_file(relay);
        let is_exchanged = change.files.is_some() && !waits;
        let now = changed(&self.spec, change, is_exchanged);
        let next = match &self.next_spec {
            _ if is_exchanged => None,
            Some(next) => Some(changed(next, change, waits)),
            None => waits.then(|| changed(&self.spec, change, true)),
        };
        let as_it_is_to_be = Arc::clone(next.as_ref().unwrap_or(&now));
        self.say_of(Some(as_it_is_to_be), relay, at, Callback::ResetTaskConfig, cause);
        self.leave_the_old(relay, at, incident, exit, is_exchanged);
        self.next_spec = next;
        self.spec = now;
        self.is_changed = true;
        self.turn_to_the_new(at, incident, is_exchanged);
    }

    /// Whether a file is playing, or has broken off.
    fn is_in_a_file(&self, relay: &Relay) -> bool {
        let plays = matches!(self.phase, Phase::Playing { .. }) || self.place.played > Millis::ZERO;
        plays && matches!(relay.source, SourceKind::Vod { .. })
    }

    /// What the old list and the old target still say.
    fn leave_the_old(
        &mut self,
        relay: &Relay,
        at: Millis,
        incident: &Incident,
        exit: Option<Exit>,
        is_exchanged: bool,
    ) {
        if is_exchanged && relay.service.exchange_finishes && matches!(self.phase, Phase::Playing { .. }) {
            self.say(relay, at, Callback::VodSourceFileFinish { index: self.place.file }, Some(incident.kind));
        }
        let runs = self.runs();
        if let Some(exit) = exit.filter(|_| incident.change.to_url.is_some() && runs) {
            self.break_off(at, relay.service.resume);
            let outage = Outage { retry_every: incident.lasts, back_at: at, ..Outage::of(incident, exit, at) };
            self.go_down(relay, at, outage);
        }
    }

    fn turn_to_the_new(&mut self, at: Millis, incident: &Incident, is_exchanged: bool) {
        let spec = Arc::clone(&self.spec);
        let Some(relay) = relay(&spec) else { return };
        let change = &incident.change;
        if is_exchanged {
            self.place = InList::first(relay);
            match self.phase {
                Phase::Playing { .. } | Phase::Opening { .. } => {
                    self.cause = Some(incident.kind);
                    self.phase = Phase::Opening { at: at.plus(relay.file_gap) };
                }
                Phase::Streaming { .. } => self.phase = Phase::Streaming { since: at },
                _ => {}
            }
        } else if change.to_url.is_some() {
            self.place.left = InList::first(relay).left;
        } else if let Some(loops) = change.loops.filter(|_| change.files.is_none()) {
            // The running play is none of the new ones, however they are counted.
            self.place.left = loops;
        }
    }

    /// Takes the list that waited for its turn, if there is one.
    pub(super) fn exchange(&mut self) -> bool {
        let Some(spec) = self.next_spec.take() else { return false };
        if let Some(relay) = relay(&spec) {
            self.place = InList::first(relay);
        }
        self.spec = spec;
        self.is_changed = true;
        self.cause = Some(IncidentKind::Modified);
        true
    }
}

/// The task as changed; what is said of its list is left out unless `is_exchanged`.
fn changed(spec: &TaskSpec, change: &Change, is_exchanged: bool) -> Arc<TaskSpec> {
    let mut spec = spec.clone();
    let files = change.files.as_ref().filter(|_| is_exchanged);
    if let Some(url) = &change.to_url {
        spec.to_url = Some(url.clone());
    }
    if let Script::Relay(relay) = &mut spec.script {
        relay.end = change.end.or(relay.end);
        if let SourceKind::Vod { rounds, first_file } = &mut relay.source {
            if let Some(loops) = change.loops.filter(|_| is_exchanged || change.files.is_none()) {
                *rounds = loops.counted_as(relay.service.loops);
            }
            // FileIndex and OffsetTime are about the first round of the list they were given with.
            if files.is_some() {
                *first_file = 0;
                relay.offset = Millis::ZERO;
            }
        }
    }
    if let Some(files) = files {
        spec.files.clone_from(files);
    }
    Arc::new(spec)
}
