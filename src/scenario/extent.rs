//! How much of a scenario is there at once, which is what the memory of a plan goes with: tasks alive, callbacks held up.

use std::sync::Arc;

use super::task::{File, IncidentKind, Relay, Rounds, Script, SourceKind, Step, TaskSpec};
use crate::callback::{Kind, Kinds};
use crate::scenario::fault::window::Windows;
use crate::scenario::load::{LoadSpec, Rate, Unit};
use crate::time::Millis;

/// Up to so many callbacks a task is short: cheap to work out again, and so kept as a number where very many are alive.
pub const SHORT: u64 = 64;
/// The most tasks that may be alive at once: 24 bytes each.
pub const MAX_ALIVE: usize = 2_000_000;
/// The most tasks that are not [`SHORT`]; what they are in the middle of is about a kilobyte each.
pub const MAX_LONG: usize = 100_000;
/// The most callbacks that may wait for their delay or their duplicate: about 200 bytes each, with what a run knows of them.
pub const MAX_LATE: usize = 500_000;

/// What one `[[task]]` and its copies come to, on average; chances count as their mean.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// From when on.
    pub from: f64,
    /// Until when.
    pub until: f64,
    /// How long one copy lives, in milliseconds, until its last callback has come.
    pub life: f64,
    /// Copies alive at once.
    pub alive: f64,
    /// The same of those that say more than [`SHORT`].
    pub long: f64,
    /// Callbacks of one copy that wait for their delay or duplicate at once.
    pub late_of_one: f64,
    /// Those of all copies.
    pub late: f64,
}

impl Extent {
    /// Of `spec`.
    pub fn of(spec: &TaskSpec) -> Self {
        let count = spec.count as f64;
        let own_life = life(spec);
        let (late, longest) = Late::of(spec);
        let life = own_life + longest;
        let spacing = spec.spacing.0 as f64;
        let at_once = |length: f64| if spacing > 0.0 { count.min(length / spacing + 1.0) } else { count };
        // One that says everything at its start is over before the next one begins.
        let alive = if life == 0.0 { 1.0 } else { at_once(life) };
        let all = callbacks(spec, own_life, |_| true);
        let of_one = |late: &Late| late.among(spec, own_life.min(late.wait));
        // All copies that are there have theirs; or each of a copy's callbacks, in the copies that come while it waits.
        let of_all = |late: &Late| {
            let together = at_once(own_life + late.wait) * of_one(late);
            together.min(at_once(late.wait) * late.among(spec, own_life))
        };
        Self {
            from: spec.start.min.0 as f64,
            until: spec.start.max.0 as f64 + spacing * (count - 1.0) + life,
            life,
            alive,
            long: if all > SHORT as f64 { alive } else { 0.0 },
            late_of_one: late.iter().map(of_one).sum(),
            late: late.iter().map(of_all).sum(),
        }
    }
}

/// How long a copy lives on average, in milliseconds, without what happens on the way.
fn life(spec: &TaskSpec) -> f64 {
    match &spec.script {
        Script::Steps(steps) => steps.iter().fold(0.0, |at: f64, step| match step.when {
            super::task::When::At(offset) => offset.0 as f64,
            super::task::When::AfterSent(pause) | super::task::When::AfterAnswer(pause) => at + pause.0 as f64,
        }),
        Script::Relay(relay) => {
            let length = relay.length(&spec.files);
            let lost = relay.incidents.iter().map(|incident| {
                let down = if incident.lasts == Millis::FOREVER { length } else { incident.lasts };
                let pauses = incident.retry_every.plus(incident.exit_after).plus(relay.start_gap.max);
                incident.chance * down.plus(pauses).0 as f64
            });
            let natural = length.0 as f64 + lost.sum::<f64>();
            relay.end.map_or(natural, |end| natural.min(end.0 as f64))
        }
    }
}

/// How many callbacks of the kinds that `counts` a copy sends within `window` milliseconds, at the most.
fn callbacks(spec: &TaskSpec, window: f64, counts: impl Fn(Option<Kind>) -> bool) -> f64 {
    let relay = match &spec.script {
        Script::Steps(steps) => return steps.iter().filter(|step| counts(step.callback.kind())).count() as f64,
        Script::Relay(relay) => relay,
    };
    let said = |kind: Kind| f64::from(u8::from(relay.callback_events.contain(kind) && counts(Some(kind))));
    let of_a_file = said(Kind::VodSourceFileStart) + said(Kind::VodSourceFileFinish);
    let of_a_start = said(Kind::TaskStart) + said(Kind::TaskExit);
    let others = of_a_file + said(Kind::TaskAlarm) + said(Kind::ResetTaskConfig);
    let of_incidents = relay.incidents.iter().map(|incident| {
        let retries = match incident.kind {
            IncidentKind::PushBroken | IncidentKind::SourceDown => {
                window.min(incident.lasts.0 as f64) / incident.retry_every.plus(incident.exit_after).0.max(1) as f64
            }
            _ => 0.0,
        };
        incident.chance * ((retries + 1.0) * of_a_start + others)
    });
    files(relay, &spec.files, window) * of_a_file + of_a_start + of_incidents.sum::<f64>()
}

/// How many files of its list a copy plays within `window` milliseconds, at the most.
fn files(relay: &Relay, files: &[File], window: f64) -> f64 {
    let SourceKind::Vod { rounds, .. } = relay.source else { return 0.0 };
    let lengths = || files.iter().map(|file| file.duration.plus(relay.file_gap).0.max(1) as f64);
    let count = files.len() as f64;
    let by_rounds = (window / lengths().sum::<f64>().max(1.0) + 1.0) * count;
    let by_files = window / lengths().fold(f64::INFINITY, f64::min) + 2.0;
    let all = if let Rounds::Times(times) = rounds { times as f64 * count } else { f64::INFINITY };
    by_rounds.min(by_files).min(all)
}

/// One way in which callbacks of a task come later than they happen.
struct Late {
    chance: f64,
    /// For how long, on average, in milliseconds.
    wait: f64,
    /// How long this goes on, in milliseconds.
    span: f64,
    /// Which callbacks; of one step alone there are no others.
    events: Option<Kinds>,
    is_of_step: bool,
}

impl Late {
    /// All of them, and the longest time that any callback is held up.
    fn of(spec: &TaskSpec) -> (Vec<Self>, f64) {
        let steps: &[Step] = if let Script::Steps(steps) = &spec.script { steps } else { &[] };
        let by_steps = steps.iter().filter_map(|step| step.faults.as_deref()).map(|chances| (chances, 0.0, true));
        let of_task = spec.faults.as_deref().into_iter().flat_map(Windows::iter);
        let of_task = of_task.map(|one| (&one.chances, one.until.minus(one.from).0 as f64, false));
        let mut all = Vec::new();
        let mut longest: f64 = 0.0;
        for (chances, span, is_of_step) in of_task.chain(by_steps) {
            let comes = 1.0 - chances.drop.unwrap_or(0.0);
            let (delayed, min, max) = chances.delay.unwrap_or((0.0, Millis::ZERO, Millis::ZERO));
            let (doubled, after) =
                chances.duplicate.map_or((0.0, Millis::ZERO), |(chance, duplicate)| (chance, duplicate.after));
            let mean = delayed * (min.0 + max.0) as f64 / 2.0;
            let late =
                |chance: f64, wait| Self { chance: comes * chance, wait, span, events: chances.events, is_of_step };
            all.push(late(delayed, (min.0 + max.0) as f64 / 2.0));
            all.push(late(doubled, mean + after.0 as f64));
            let furthest = if delayed > 0.0 { max } else { Millis::ZERO };
            longest = longest.max(furthest.plus(if doubled > 0.0 { after } else { Millis::ZERO }).0 as f64);
        }
        all.retain(|late| late.chance > 0.0);
        (all, longest)
    }

    /// Callbacks of one copy within `window` milliseconds that it holds up.
    fn among(&self, spec: &TaskSpec, window: f64) -> f64 {
        let concerns =
            |kind: Option<Kind>| self.events.is_none_or(|events| kind.is_some_and(|kind| events.contain(kind)));
        self.chance * if self.is_of_step { 1.0 } else { callbacks(spec, window.min(self.span), concerns) }
    }
}

/// A number of which only the first three digits are sure; never less.
pub fn number(estimated: f64) -> String {
    let unit = 10_f64.powi((estimated.log10().floor() as i32 - 2).max(0));
    let rounded = (estimated / unit).ceil() * unit;
    if (rounded - estimated).abs() < 0.5 { format!("{rounded:.0}") } else { format!("about {rounded:.0}") }
}

/// Why whole tasks that arrive as `load` says, each `speed` times as fast as the clock, do not fit into memory.
pub fn too_many(tasks: &[Arc<TaskSpec>], load: &LoadSpec, speed: f64) -> Option<String> {
    let Rate::PerSecond(rate) = load.rate else { return None };
    let rate = load.stages.iter().fold(rate, |most, stage| most.max(stage.rate));
    let extents: Vec<_> = tasks.iter().map(|spec| Extent::of(spec)).collect();
    let life = extents.iter().fold(0.0, |most: f64, extent| most.max(extent.life)) / 1000.0 / speed;
    let alive = rate * life.min(load.duration.as_secs_f64());
    let most = if extents.iter().all(|extent| extent.long == 0.0) { MAX_ALIVE / 2 } else { MAX_LONG };
    (load.unit == Unit::Task && alive > most as f64).then(|| {
        let alive = number(alive);
        format!("{alive} tasks of this load would be alive at once, and at most {most} fit into memory; add --speed 60x, or a lower rate")
    })
}
