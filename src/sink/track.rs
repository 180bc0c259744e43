//! What one task has done so far, by the callbacks that were acknowledged.

use super::note::Note;
use crate::callback::Kind;
use crate::time::{Millis, UnixMillis};

/// A callback, reduced to what order is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) kind: Kind,
    /// `index` of a file callback, from 0.
    pub(super) index: i64,
    /// Hash of what it says, without what is stamped anew for every attempt.
    pub(super) content: u64,
    /// When it arrived.
    pub(super) at: UnixMillis,
}

/// More files than a task can have (documented: 30), so that nobody can make this grow.
const MOST_PLAYING: usize = 32;

/// The state of one task.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// How many machines run the task: none, one, or two in the middle of a migration.
    machines: u8,
    /// It runs, but its TaskStart has not come: not sent, lost, or late.
    unannounced: bool,
    /// When TaskStart came, until the first file does.
    awaits_file: Option<UnixMillis>,
    /// Files that started and did not finish.
    playing: Vec<Playing>,
    /// The last VodSourceFileFinish.
    finished: Option<u64>,
    /// The last callback of any kind.
    last: Option<u64>,
    /// The last TaskStarts and TaskExits. Unlike those of files they hold a time, so an equal one is the same one.
    stamped: [Option<u64>; 8],
}

#[derive(Debug)]
struct Playing {
    index: i64,
    /// `None`: another file or another machine has started since, so the same start may come anew.
    start: Option<u64>,
}

impl Track {
    /// A task that was never heard of, and the note its first callback earns.
    pub(super) fn begin(first: Step) -> (Self, Option<Note>) {
        let mut track = Self::default();
        if first.kind == Kind::TaskStart {
            let note = track.observe(first, false);
            return (track, note);
        }
        // It runs, or did until now: one note is enough.
        track.machines = 1;
        track.unannounced = true;
        track.observe(first, false);
        (track, Some(Note::NotStartedFirst(first.kind)))
    }

    /// Whether the task runs somewhere.
    pub(super) const fn is_running(&self) -> bool {
        self.machines > 0
    }

    /// Takes in one callback. `doubtful`: it may have exited since its last one.
    pub(super) fn observe(&mut self, step: Step, doubtful: bool) -> Option<Note> {
        if self.is_repeated(step) {
            return Some(Note::Repeated);
        }
        self.last = Some(step.content);
        match step.kind {
            Kind::TaskStart => self.start(step, doubtful),
            Kind::VodSourceFileStart => self.file_start(step),
            Kind::VodSourceFileFinish => self.file_finish(step),
            Kind::TaskExit => self.exit(step),
            Kind::TaskAlarm | Kind::ResetTaskConfig => None,
        }
    }

    /// Whether it was here before. Rounds of a loop say the same again, so for files it depends on what is playing.
    fn is_repeated(&self, step: Step) -> bool {
        let content = Some(step.content);
        match step.kind {
            Kind::TaskStart | Kind::TaskExit => self.stamped.contains(&content),
            Kind::VodSourceFileStart => self.playing.iter().any(|file| file.start == content),
            Kind::VodSourceFileFinish => self.finished == content && self.place(step.index).is_none(),
            Kind::TaskAlarm | Kind::ResetTaskConfig => self.last == content,
        }
    }

    fn start(&mut self, step: Step, doubtful: bool) -> Option<Note> {
        self.remember(step);
        if self.unannounced {
            // Late, and overtaken by its successors: what they said stands.
            self.unannounced = false;
            return None;
        }
        self.awaits_file = Some(step.at);
        if self.is_running() && !doubtful {
            self.machines = 2;
            self.allow_starts();
            return Some(Note::StartAgain);
        }
        self.machines = 1;
        self.playing.clear();
        None
    }

    fn file_start(&mut self, step: Step) -> Option<Note> {
        self.playing.retain(|file| file.index != step.index);
        if self.playing.len() == MOST_PLAYING {
            self.playing.remove(0);
        }
        self.allow_starts();
        self.playing.push(Playing { index: step.index, start: Some(step.content) });
        if !self.is_running() {
            return Some(Note::NotRunning(step.kind));
        }
        let after = Millis(step.at.0.saturating_sub(self.awaits_file.take()?.0));
        (after > Note::FIRST_FILE_WITHIN).then_some(Note::LateFirstFile(after))
    }

    fn file_finish(&mut self, step: Step) -> Option<Note> {
        self.finished = Some(step.content);
        let started = self.place(step.index).map(|place| self.playing.remove(place)).is_some();
        if !self.is_running() {
            return Some(Note::NotRunning(step.kind));
        }
        (!started).then_some(Note::FinishWithoutStart(step.index))
    }

    fn exit(&mut self, step: Step) -> Option<Note> {
        self.remember(step);
        if !self.is_running() {
            return Some(Note::ExitAgain);
        }
        self.machines -= 1;
        self.unannounced = false;
        None
    }

    fn allow_starts(&mut self) {
        self.playing.iter_mut().for_each(|file| file.start = None);
    }

    fn place(&self, index: i64) -> Option<usize> {
        self.playing.iter().position(|file| file.index == index)
    }

    fn remember(&mut self, step: Step) {
        self.stamped.rotate_right(1);
        self.stamped[0] = Some(step.content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_does_not_grow() {
        let step = |kind, number: i64| Step { kind, index: number, content: number.unsigned_abs(), at: UnixMillis(0) };
        let (mut track, _) = Track::begin(step(Kind::TaskStart, 0));
        for index in 1..1000 {
            assert_eq!(track.observe(step(Kind::VodSourceFileStart, index), false), None);
        }
        assert_eq!(track.playing.len(), MOST_PLAYING);
        let mut finish = |index| track.observe(step(Kind::VodSourceFileFinish, index), false);
        assert_eq!((finish(1), finish(999)), (Some(Note::FinishWithoutStart(1)), None));
    }
}
