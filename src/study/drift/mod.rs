//! Captured callbacks held against the payload profiles: which one fits, with which settings, and what none of them covers.

mod body;
mod difference;
mod settings;
mod shape;
mod stamps;
pub mod text;
mod times;
pub mod write;
mod writing;

use std::cmp::Reverse;
use std::collections::BTreeMap;

pub use self::body::{MAX_BODY, Other};
pub use self::difference::{Cover, Difference, Part};
pub use self::settings::Settings;
pub use self::shape::Form;
pub use self::times::{ExitSeen, Gaps, Times};
pub use self::writing::{Escape, Spacing};

use self::body::Body;
use self::difference::differences;
use self::settings::expected;
use self::shape::Shape;
use self::stamps::Stamps;
use self::times::Stopwatch;
use crate::callback::Kind;
use crate::callback::payload::{EventTimeAt, Profile};
use crate::callback::sign::Key;
use crate::text::one_line;
use crate::time::Millis;

/// What shapes may take in memory, in bytes: enough for thousands of them, and a service has a dozen.
const MAX_WEIGHT: usize = 16 * 1024 * 1024;
/// The longest name of an event that is told, in letters.
const MAX_EVENT: usize = 60;
/// When a callback came of which nobody knows: near enough to tell seconds from milliseconds.
const OUR_DAYS: Millis = Millis::from_secs(1_767_225_600);
/// The most values of a header that are told apart.
const MAX_HEADERS: usize = 20;

/// A request that was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured<'a> {
    /// When it came, since 1970-01-01T00:00:00Z, if that was recorded.
    pub at: Option<Millis>,
    /// What it said.
    pub body: &'a [u8],
    /// Whether the body was recorded as JSON and not as text.
    pub parsed: bool,
    /// Its User-Agent, if that was recorded.
    pub user_agent: Option<&'a str>,
    /// Its Content-Type, if that was recorded.
    pub content_type: Option<&'a str>,
}

/// Takes captured requests one by one. It keeps shapes and counts, so that a capture may be of any length.
#[derive(Debug)]
pub struct Drift {
    key: Option<Key>,
    shapes: BTreeMap<(String, Shape), u64>,
    weight: usize,
    omitted: u64,
    others: BTreeMap<Other, u64>,
    parsed: u64,
    signature: Signature,
    stamps: Stamps,
    stopwatch: Stopwatch,
    user_agents: BTreeMap<String, u64>,
    content_types: BTreeMap<String, u64>,
}

/// What the signatures of a capture are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signature {
    /// Callbacks with `sign` and `t`.
    pub signed: u64,
    /// Those of them whose `sign` belongs to `t` and the key.
    pub verified: u64,
    /// Whether there was a key to verify them with.
    pub checked: bool,
    /// How far `t` is ahead: for how long a callback is signed.
    pub sign_for: Option<Millis>,
}

/// How well a profile fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// The profile.
    pub profile: Profile,
    /// Its name.
    pub name: &'static str,
    /// How many callbacks have the shape that it gives them.
    pub same: u64,
    /// How many callbacks no step makes but one with all their bytes.
    pub beyond: u64,
    /// How many differences there are.
    pub differences: u64,
}

/// The callbacks of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSeen {
    /// `callback_event`, as it may be shown.
    pub event: String,
    /// How many there are.
    pub count: u64,
    /// How many of them have the shape that the best profile gives them.
    pub same: u64,
    /// What the others have, and how many have it; the most frequent first, the order of keys last.
    pub differences: Vec<(Difference, u64)>,
}

/// What a capture comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// How many callbacks there are.
    pub callbacks: u64,
    /// Of how many tasks, by their ids.
    pub tasks: usize,
    /// Requests that are no callbacks.
    pub others: BTreeMap<Other, u64>,
    /// Callbacks whose body was recorded as JSON and not as text.
    pub parsed: u64,
    /// Callbacks of so many different shapes that these were not compared.
    pub omitted: u64,
    /// All profiles, oldest first.
    pub fits: Vec<Fit>,
    /// The one that fits best.
    pub best: Fit,
    /// What else its callbacks are made with.
    pub settings: Settings,
    /// What its signatures are like.
    pub signature: Signature,
    /// Which time `event_time` is, and how many attempts say so; nothing if no callback came twice.
    pub event_time_at: Option<(EventTimeAt, u64)>,
    /// The kinds of callback, in the order of the documents; unknown ones last.
    pub kinds: Vec<KindSeen>,
    /// What was measured.
    pub times: Times,
    /// User-Agents and how often they came.
    pub user_agents: Vec<(String, u64)>,
    /// Content-Types and how often they came.
    pub content_types: Vec<(String, u64)>,
}

impl Drift {
    /// Signatures are verified if there is a `key`.
    pub fn new(key: Option<Key>) -> Self {
        let signature = Signature { checked: key.is_some(), ..Signature::default() };
        Self {
            key,
            shapes: BTreeMap::new(),
            weight: 0,
            omitted: 0,
            others: BTreeMap::new(),
            parsed: 0,
            signature,
            stamps: Stamps::default(),
            stopwatch: Stopwatch::default(),
            user_agents: BTreeMap::new(),
            content_types: BTreeMap::new(),
        }
    }

    /// Takes a request.
    pub fn take(&mut self, request: Captured<'_>) {
        let body = match Body::read(request.body) {
            Ok(body) => body,
            Err(other) => return *self.others.entry(other).or_default() += 1,
        };
        self.parsed += u64::from(request.parsed);
        self.check_signature(&body);
        self.stamps.take(&body, request.at);
        self.stopwatch.take(&body, request.at);
        count(&mut self.user_agents, request.user_agent);
        count(&mut self.content_types, request.content_type);
        let event = if Kind::by_name(&body.event).is_some() { body.event.clone() } else { shown(&body.event) };
        let shape = (event, Shape::of(&body, request.at.unwrap_or(OUR_DAYS)));
        if let Some(count) = self.shapes.get_mut(&shape) {
            *count += 1;
            return;
        }
        let weight = shape.0.len() + shape.1.weight();
        if self.weight + weight > MAX_WEIGHT {
            self.omitted += 1;
            return;
        }
        self.weight += weight;
        self.shapes.insert(shape, 1);
    }

    fn check_signature(&mut self, body: &Body<'_>) {
        let (Some(sign), Some(t)) = (body.outer.text("sign"), body.outer.integer("t")) else { return };
        self.signature.signed += 1;
        if let (Some(key), Ok(t)) = (&self.key, u64::try_from(t)) {
            self.signature.verified += u64::from(key.verify(t, sign));
        }
    }

    /// What it comes to; nothing if there was no callback.
    pub fn findings(self) -> Option<Findings> {
        let callbacks = self.shapes.values().sum::<u64>() + self.omitted;
        let counted = || self.shapes.iter().map(|((event, shape), count)| (event.as_str(), shape, *count));
        let settings = Settings::of(counted());
        let fits: Vec<_> =
            Profile::ALL.iter().map(|(name, profile)| fit(name, *profile, &settings, counted())).collect();
        let best = *fits.iter().rev().max_by_key(|fit| (fit.same, Reverse(fit.beyond), Reverse(fit.differences)))?;
        let signature = Signature { sign_for: self.stamps.sign_for(), ..self.signature };
        let kinds = kinds(&best, &settings, counted());
        (callbacks > 0).then(|| Findings {
            callbacks,
            tasks: self.stopwatch.tasks(),
            others: self.others,
            parsed: self.parsed,
            omitted: self.omitted,
            fits,
            best,
            settings,
            signature,
            event_time_at: self.stamps.event_time_at(),
            kinds,
            times: self.stopwatch.times(),
            user_agents: most_first(self.user_agents),
            content_types: most_first(self.content_types),
        })
    }
}

impl Findings {
    /// Whether pullpush sends all of it, with the best profile and the settings.
    pub fn is_covered(&self) -> bool {
        self.best.same == self.callbacks && self.forged() == 0
    }

    /// How many signatures are not of the key that there is.
    pub fn forged(&self) -> u64 {
        if self.signature.checked { self.signature.signed - self.signature.verified } else { 0 }
    }
}

/// How an event's bodies of a shape differ from what pullpush sends.
fn compare(event: &str, shape: &Shape, profile: Profile, settings: &Settings) -> Vec<Difference> {
    let kind = Kind::by_name(event);
    let is_sent = kind.is_some_and(|kind| kind != Kind::TaskAlarm || profile.has_alarms());
    let mut found = Vec::new();
    if !is_sent {
        found.push(Difference::NotSent);
    }
    if let Some(expected) = expected(event, &settings.payload(profile)) {
        found.extend(differences(&expected, shape));
    }
    found
}

fn fit<'a>(
    name: &'static str,
    profile: Profile,
    settings: &Settings,
    shapes: impl Iterator<Item = (&'a str, &'a Shape, u64)>,
) -> Fit {
    let mut fit = Fit { profile, name, same: 0, beyond: 0, differences: 0 };
    for (event, shape, count) in shapes {
        let found = compare(event, shape, profile, settings);
        fit.same += if found.is_empty() { count } else { 0 };
        fit.beyond += if found.iter().any(|difference| difference.cover() == Cover::Bytes) { count } else { 0 };
        fit.differences += found.len() as u64 * count;
    }
    fit
}

fn kinds<'a>(
    best: &Fit,
    settings: &Settings,
    shapes: impl Iterator<Item = (&'a str, &'a Shape, u64)>,
) -> Vec<KindSeen> {
    let mut kinds: BTreeMap<&str, (u64, u64, BTreeMap<Difference, u64>)> = BTreeMap::new();
    for (event, shape, count) in shapes {
        let (all, same, seen) = kinds.entry(event).or_default();
        *all += count;
        let found = compare(event, shape, best.profile, settings);
        *same += if found.is_empty() { count } else { 0 };
        found.into_iter().for_each(|difference| *seen.entry(difference).or_default() += count);
    }
    let mut kinds: Vec<_> = kinds
        .into_iter()
        .map(|(event, (count, same, differences))| KindSeen {
            event: event.to_owned(),
            count,
            same,
            differences: order_last(most_first(differences)),
        })
        .collect();
    kinds.sort_by_key(|seen| Kind::by_name(&seen.event).map_or(usize::MAX, |kind| kind as usize));
    kinds
}

/// The most frequent first; of two the same always in the same order.
fn most_first<T: Ord>(counts: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

/// Where a field is more or less, its keys stand in another order too: that says the least.
fn order_last(mut differences: Vec<(Difference, u64)>) -> Vec<(Difference, u64)> {
    differences.sort_by_key(|(difference, _)| matches!(difference, Difference::Order { .. }));
    differences
}

fn count(counts: &mut BTreeMap<String, u64>, value: Option<&str>) {
    let Some(value) = value.map(|value| one_line(value, 200)) else { return };
    if counts.len() < MAX_HEADERS || counts.contains_key(&value) {
        *counts.entry(value).or_default() += 1;
    }
}

/// The name of an unknown event, as it may be shown.
fn shown(event: &str) -> String {
    one_line(event, MAX_EVENT)
}
