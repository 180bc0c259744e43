//! What a capture tells of its stamps: whether `event_time` moves between attempts, and for how long callbacks are signed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::body::Body;
use crate::callback::Kind;
use crate::callback::payload::EventTimeAt;
use crate::time::Millis;

/// The most callbacks, and the most tasks, that are known again.
const MAX_KNOWN: usize = 100_000;
/// The longest validity of a signature that looks like one, in seconds: a year.
const MAX_AHEAD: i64 = 366 * 86_400;
/// How far apart, in seconds, two ways to measure that validity may be that mean the same.
const SAME: i64 = 2;

/// Watches stamps as callbacks come.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    /// `event_time` of the first attempt, by all that the body says but for its stamps.
    first: HashMap<u64, i64>,
    /// The last callback of each task, likewise.
    last: HashMap<u64, u64>,
    /// How many attempts told the first one's time, and how many another.
    kept: u64,
    moved: u64,
    /// How far `t` is ahead of when a callback came, at most: of one that came at once that is exact.
    of_arrival: Option<i64>,
    /// How far it is ahead of `event_time`, at least: of a first attempt that is exact.
    of_event_time: Option<i64>,
}

impl Stamps {
    /// A callback came at `at`, if that is known.
    pub(super) fn take(&mut self, body: &Body<'_>, at: Option<Millis>) {
        let event_time = body.outer.integer("event_time");
        if let Some(event_time) = event_time {
            self.compare(body, event_time);
        }
        let (Some(t), true) = (body.outer.integer("t"), body.outer.text("sign").is_some()) else { return };
        let ahead = |of: i64| t.checked_sub(of).filter(|ahead| (1..=MAX_AHEAD).contains(ahead));
        let arrived = at.and_then(|at| i64::try_from(at.0 / 1000).ok());
        self.of_arrival = self.of_arrival.max(arrived.and_then(ahead));
        if let Some(ahead) = event_time.and_then(ahead) {
            self.of_event_time = Some(self.of_event_time.map_or(ahead, |known| known.min(ahead)));
        }
    }

    fn compare(&mut self, body: &Body<'_>, event_time: i64) {
        let id = hash(body.outer.text("task_id").or(body.outer.text("source_urls")));
        let mut hasher = DefaultHasher::new();
        for (key, value) in &body.outer.0 {
            if !["t", "sign", "event_time"].contains(&key.as_str()) {
                (key, value.to_string()).hash(&mut hasher);
            }
        }
        let same = hasher.finish();
        let before =
            if self.last.len() < MAX_KNOWN || self.last.contains_key(&id) { self.last.insert(id, same) } else { None };
        let Some(first) = self.first.get(&same).copied() else {
            if self.first.len() < MAX_KNOWN {
                self.first.insert(same, event_time);
            }
            return;
        };
        // A file may be played again, and tell the same of another event; a time in `msg` does not come twice, nor does anything
        // twice in a row.
        let has_time = matches!(Kind::by_name(&body.event), Some(Kind::TaskStart | Kind::TaskExit))
            && body
                .msg
                .as_ref()
                .is_some_and(|msg| ["task_start_time", "task_exit_time"].iter().any(|key| msg.integer(key).is_some()));
        if first == event_time {
            self.kept += 1;
        } else if has_time || before == Some(same) {
            self.moved += 1;
        } else {
            self.first.insert(same, event_time);
        }
    }

    /// Which time `event_time` is, and how many attempts say so; nothing if no callback came twice.
    pub(super) fn event_time_at(&self) -> Option<(EventTimeAt, u64)> {
        match (self.kept, self.moved) {
            (0, 0) => None,
            (kept, moved) if moved > kept => Some((EventTimeAt::Attempt, moved)),
            (kept, _) => Some((EventTimeAt::Event, kept)),
        }
    }

    /// For how long callbacks are signed.
    pub(super) fn sign_for(&self) -> Option<Millis> {
        let ahead = match (self.of_arrival, self.of_event_time) {
            // A second or two are those of the way here, which a first attempt's event knows nothing of; and nothing is sent before it
            // happens, unless the clock that wrote the capture is another.
            (Some(arrival), Some(event)) if arrival > event - SAME => Some(event),
            (arrival, event) => arrival.or(event),
        };
        ahead.map(|ahead| Millis::from_secs(ahead.unsigned_abs()))
    }
}

fn hash(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
