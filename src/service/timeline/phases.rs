//! How a task goes from one phase to the next by itself.

use super::machine::Machine;
use super::occurrence::Occurrence;
use super::state::{InList, Outage, Phase};
use crate::callback::Callback;
use crate::callback::codes::Exit;
use crate::dice::Purpose;
use crate::scenario::task::{File, IncidentKind, Place, Relay, Rounds, SourceKind, StandIn};
use crate::time::Millis;

impl Machine {
    /// The phase runs out by itself.
    pub(super) fn pass(&mut self, relay: &Relay, now: Millis) {
        match self.phase {
            Phase::Down { .. } | Phase::Paused { .. } => self.try_start(relay, now),
            Phase::Opening { .. } => self.open(relay, now),
            Phase::Playing { .. } => {
                let index = self.place.file;
                self.say(relay, now, Callback::VodSourceFileFinish { index }, None);
                if !self.turn_to_next_file(relay, now) {
                    self.finish(relay, now, relay.exit.clone(), None);
                }
            }
            Phase::StoodIn { .. } => self.source_is_back(relay, now),
            Phase::Streaming { .. } | Phase::Over => {}
        }
    }

    pub(super) fn try_start(&mut self, relay: &Relay, now: Millis) {
        self.say(relay, now, Callback::TaskStart, self.cause);
        self.starts += 1;
        match self.outage.take() {
            Some(outage) if now < outage.back_at => self.go_down(relay, now, *outage),
            _ => self.start_source(relay, now),
        }
    }

    /// The exit is said; the service tries again until it is over.
    pub(super) fn go_down(&mut self, relay: &Relay, now: Millis, outage: Outage) {
        let exit_at = now.plus(outage.exit_after).min(self.horizon(relay));
        self.say(relay, exit_at, Callback::TaskExit(outage.exit.clone()), Some(outage.kind));
        self.cause = Some(outage.kind);
        self.phase = Phase::Down { retry_at: exit_at.plus(outage.retry_every), silent: false };
        self.outage = Some(Box::new(outage));
    }

    fn start_source(&mut self, relay: &Relay, now: Millis) {
        let stood_in = self.stood_in.take().filter(|outage| now < outage.back_at);
        if let (Some(outage), Some(stand_in)) = (stood_in, relay.stand_in()) {
            self.phase = stands_in(now, stand_in, &outage);
            self.stood_in = Some(outage);
            return;
        }
        self.phase = match relay.source {
            SourceKind::Vod { .. } => {
                let range = relay.start_gap;
                let mut stream = self.dice.stream(Purpose::StartGap(self.starts), self.number);
                Phase::Opening { at: now.plus(Millis(stream.between(range.min.0, range.max.0))) }
            }
            SourceKind::Live | SourceKind::Picture => Phase::Streaming { since: now },
        };
    }

    /// The source is down, and something else plays in its place.
    pub(super) fn stand_in(&mut self, relay: &Relay, now: Millis, stand_in: &StandIn, outage: Outage) {
        self.cause = Some(outage.kind);
        if relay.service.backup_exits {
            self.switch(relay, now, &outage);
        } else {
            self.phase = stands_in(now, stand_in, &outage);
        }
        self.stood_in = Some(Box::new(outage));
    }

    fn source_is_back(&mut self, relay: &Relay, now: Millis) {
        let Some(outage) = self.stood_in.take() else { return };
        if relay.service.backup_exits {
            self.switch(relay, now, &outage);
        } else if matches!(relay.source, SourceKind::Vod { .. }) {
            self.phase = Phase::Opening { at: now };
        } else {
            self.phase = Phase::Streaming { since: now };
        }
    }

    /// Another source by way of an exit and a start.
    fn switch(&mut self, relay: &Relay, now: Millis, outage: &Outage) {
        let exit_at = now.plus(outage.exit_after).min(self.horizon(relay));
        self.say(relay, exit_at, Callback::TaskExit(outage.exit.clone()), Some(outage.kind));
        self.phase = Phase::Down { retry_at: exit_at, silent: false };
    }

    fn open(&mut self, relay: &Relay, now: Millis) {
        let InList { file, played, .. } = self.place;
        let fails = |occurrence: &Occurrence| {
            let incident = &relay.incidents[occurrence.index];
            incident.kind == IncidentKind::FileFailed && incident.place == (Place::InFile { file, into: None })
        };
        if let Some(which) = self.occurrences.iter().position(fails) {
            let occurrence = self.occurrences.remove(which);
            return self.file_failed(relay, now, &relay.incidents[occurrence.index], occurrence.exit);
        }
        let cause = self.cause.take();
        self.say(relay, now, Callback::VodSourceFileStart { index: file }, cause);
        let left = self.spec.files[file].duration.minus(played);
        for occurrence in &mut self.occurrences {
            if let Place::InFile { file: wanted, into } = relay.incidents[occurrence.index].place
                && wanted == file
                && occurrence.at == Millis::FOREVER
            {
                occurrence.at = now.plus(into.map_or(Millis(left.0 / 2), |into| into.minus(played)));
            }
        }
        self.phase = Phase::Playing { until: now.plus(left) };
    }

    /// Turns to the next file, or to a new list that waits; `false` if that was the last one.
    pub(super) fn turn_to_next_file(&mut self, relay: &Relay, now: Millis) -> bool {
        self.phase = Phase::Opening { at: now.plus(relay.file_gap) };
        self.exchange() || self.place.turn(self.spec.files.len())
    }

    pub(super) fn finish(&mut self, relay: &Relay, now: Millis, exit: Exit, cause: Option<IncidentKind>) {
        self.say(relay, now, Callback::TaskExit(exit), cause);
        self.phase = Phase::Over;
    }

    pub(super) fn end(&mut self, relay: &Relay, now: Millis) {
        match self.phase {
            // Its last exit was said when it went down.
            Phase::Down { .. } | Phase::Paused { .. } => self.phase = Phase::Over,
            _ => self.finish(relay, now, relay.exit.clone(), None),
        }
    }

    /// How long the rest of the list would play.
    pub(super) fn left_to_play(&self, relay: &Relay) -> Millis {
        let (SourceKind::Vod { .. }, Rounds::Times(rounds)) = (relay.source, self.place.left) else {
            return Millis::FOREVER;
        };
        let played =
            |files: &[File]| files.iter().fold(Millis::ZERO, |sum, file| sum.plus(file.duration).plus(relay.file_gap));
        let files = &self.spec.files;
        let left = played(&files[self.place.file..]).plus(played(files).times(rounds));
        left.minus(self.place.played).minus(relay.file_gap)
    }
}

/// Plays it, again and again, until the source is tried and found to be back: a file to its end, a stream until the next try.
fn stands_in(now: Millis, stand_in: &StandIn, outage: &Outage) -> Phase {
    let once = stand_in.duration.unwrap_or(outage.retry_every);
    let times = outage.back_at.minus(now).0.div_ceil(once.0.max(1)).max(1);
    let until = if outage.back_at == Millis::FOREVER { Millis::FOREVER } else { now.plus(once.times(times)) };
    Phase::StoodIn { since: now, until }
}
