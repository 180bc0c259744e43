//! How a task is doing at an instant: what the service answers when it is asked, and a console shows.

use super::machine::{Machine, relay};
use super::state::Phase;
use crate::callback::template::Template;
use crate::scenario::task::{File, Relay, Rounds, SourceKind};
use crate::time::Millis;

/// How a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// What it does.
    pub activity: Activity,
    /// What is pulled; of a task that is down or paused, the file with which its list goes on.
    pub pulled: Option<Pulled<'a>>,
    /// How often the list has played.
    pub looped: u64,
    /// The file that is pulled after this one.
    pub next: Option<&'a Template>,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It pulls and pushes.
    Running,
    /// Not started yet, or between an exit and the next try.
    Down,
    /// A user has paused it.
    Paused,
    /// Nothing more comes.
    Over,
}

/// Something that is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulled<'a> {
    /// From where.
    pub url: &'a Template,
    /// How long it plays; zero for what has no end.
    pub duration: Millis,
    /// How much of it has played.
    pub offset: Millis,
}

impl Machine {
    /// How the task is doing at `at`, until which it has to have been advanced.
    pub fn status(&self, at: Millis) -> Status<'_> {
        let activity = match self.phase {
            Phase::Opening { .. } | Phase::Playing { .. } | Phase::Streaming { .. } | Phase::StoodIn { .. } => {
                Activity::Running
            }
            Phase::Down { .. } => Activity::Down,
            Phase::Paused { .. } => Activity::Paused,
            Phase::Over => Activity::Over,
        };
        let relay = relay(&self.spec).filter(|_| activity != Activity::Over);
        Status {
            activity,
            pulled: relay.and_then(|relay| self.pulled(relay, at)),
            looped: self.place.round,
            next: relay.and_then(|relay| self.next_file(relay)).map(|file| &file.url),
        }
    }

    fn pulled<'a>(&'a self, relay: &'a Relay, at: Millis) -> Option<Pulled<'a>> {
        let file = self.spec.files.get(self.place.file)?;
        let pulled = |offset| Pulled { url: &file.url, duration: file.duration, offset };
        Some(match self.phase {
            Phase::Playing { until } => pulled(file.duration.minus(until.minus(at))),
            Phase::Streaming { since } => pulled(at.minus(since)),
            Phase::StoodIn { since, .. } => {
                let stand_in = relay.stand_in()?;
                let (duration, offset) = (stand_in.duration.unwrap_or_default(), at.minus(since));
                let offset = if duration == Millis::ZERO { offset } else { Millis(offset.0 % duration.0) };
                Pulled { url: &stand_in.url, duration, offset }
            }
            Phase::Opening { .. } | Phase::Down { .. } | Phase::Paused { .. } => pulled(self.place.played),
            Phase::Over => return None,
        })
    }

    fn next_file(&self, relay: &Relay) -> Option<&File> {
        if let Some(next) = &self.next_spec {
            return next.files.first();
        }
        let again = || self.spec.files.first().filter(|_| self.place.left != Rounds::Times(0));
        let is_list = matches!(relay.source, SourceKind::Vod { .. });
        self.spec.files.get(self.place.file + 1).or_else(again).filter(|_| is_list)
    }
}
