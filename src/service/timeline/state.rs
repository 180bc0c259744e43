//! Where a task stands: its phase, its place in the list, and what is broken.

use crate::callback::codes::Exit;
use crate::scenario::task::{Incident, IncidentKind, Relay, Rounds, SourceKind};
use crate::time::Millis;

/// What a task is doing, and when that ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not started, or between two starts; `silent` if no TaskExit told of it.
    Down { retry_at: Millis, silent: bool },
    /// Started; the file opens at `at`.
    Opening { at: Millis },
    /// The file plays until `until`.
    Playing { until: Millis },
    /// A source without files, since `since`.
    Streaming { since: Millis },
    /// The backup or the slate plays in the source's place; `until` is when the source is found to be back.
    StoodIn { since: Millis, until: Millis },
    /// A user has paused it.
    Paused { until: Millis },
    /// Nothing more comes.
    Over,
}

/// Where a task stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InList {
    /// The file, from 0.
    pub(super) file: usize,
    /// How much of it had played when it last began to play.
    pub(super) played: Millis,
    /// Plays of the list that are over.
    pub(super) round: u64,
    /// Plays still to come after this one.
    pub(super) left: Rounds,
}

/// Something that is broken for a while.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outage {
    pub(super) kind: IncidentKind,
    pub(super) back_at: Millis,
    pub(super) retry_every: Millis,
    pub(super) exit_after: Millis,
    pub(super) exit: Exit,
}

impl InList {
    /// The first file of the first round.
    pub(super) fn first(relay: &Relay) -> Self {
        let (rounds, file) = match relay.source {
            SourceKind::Vod { rounds, first_file } => (rounds, first_file),
            SourceKind::Live | SourceKind::Picture => (Rounds::Endless, 0),
        };
        Self { file, played: relay.offset, round: 0, left: rounds.after_one() }
    }

    /// The next file of a list of `files`; `false` if all plays are over.
    pub(super) fn turn(&mut self, files: usize) -> bool {
        self.played = Millis::ZERO;
        self.file += 1;
        if self.file < files {
            return true;
        }
        self.file = 0;
        self.round += 1;
        let goes_on = self.left != Rounds::Times(0);
        self.left = self.left.after_one();
        goes_on
    }
}

impl Outage {
    /// What an incident breaks, from `at` on for as long as it lasts.
    pub(super) fn of(incident: &Incident, exit: Exit, at: Millis) -> Self {
        let Incident { kind, lasts, retry_every, exit_after, .. } = *incident;
        Self { kind, back_at: at.plus(lasts), retry_every, exit_after, exit }
    }
}
