//! A plan written out: a scenario of exact steps that comes to the same callbacks and the same faults, with nothing left to chance.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::callback::body::source_urls;
use crate::callback::overlay::Overlay;
use crate::callback::payload::Profile;
use crate::callback::template::{Template, fill};
use crate::plan::Plan;
use crate::plan::delivery::Delivery;
use crate::plan::task::Task;
use crate::scenario::Scenario;
use crate::scenario::fault::Faults;
use crate::scenario::fault::chances::Chances;
use crate::scenario::task::{File, Range, Script, Step, TaskSpec, When};
use crate::time::Millis;

/// The most deliveries that are written out.
pub const MAX_DELIVERIES: usize = 10_000;

/// Writes `plan` out; with `fixed_ids` the tasks keep the ids and targets that the plan found for them.
///
/// # Errors
/// It has more than [`MAX_DELIVERIES`], or none at all.
pub fn script(plan: &Plan, fixed_ids: bool) -> Result<Scenario, ScriptError> {
    let mut deliveries = BTreeMap::<u64, (Task, Vec<Delivery>)>::new();
    for (index, delivery) in plan.deliveries().filter(|delivery| !delivery.is_duplicate()).enumerate() {
        if index == MAX_DELIVERIES {
            return Err(ScriptError::TooLong);
        }
        // As it is written in the scenario: a delivery may tell of it as a user has changed it.
        let number = delivery.task.number;
        let task = || plan.task(number).unwrap_or_else(|| delivery.task.clone());
        let (_, lane) = deliveries.entry(number).or_insert_with(|| (task(), Vec::new()));
        lane.push(delivery);
    }
    if deliveries.is_empty() {
        return Err(ScriptError::Empty);
    }
    let scenario = Scenario::clone(plan.scenario());
    let profile = scenario.payload.profile;
    let tasks = deliveries.into_values().map(|(task, lane)| Arc::new(spec(&task, lane, profile, fixed_ids))).collect();
    // Nothing but ids is left to chance.
    Ok(Scenario { seed: fixed_ids.then(|| plan.seed()), tasks, ..scenario })
}

/// Why a plan cannot be written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It is too long.
    #[error(
        "more than {MAX_DELIVERIES} callbacks; choose a task with --only, or fewer copies with --set task.1.count=…"
    )]
    TooLong,
    /// There is nothing in it.
    #[error("there are no callbacks")]
    Empty,
}

fn spec(task: &Task, mut lane: Vec<Delivery>, profile: Profile, fixed_ids: bool) -> TaskSpec {
    // As the service made them, not as they arrive.
    lane.sort_by_key(|delivery| delivery.number);
    let fixed = |template: &Template| Template::new(template.for_copy(task.copy));
    let spec = &task.spec;
    TaskSpec {
        count: 1,
        spacing: Millis::ZERO,
        start: Range::one(task.start()),
        app_id: spec.app_id,
        task_id: Some(Template::new(task.id())).filter(|_| fixed_ids || spec.task_id.is_some()),
        stream_id: spec.stream_id.as_ref().map(fixed),
        to_url: Some(Template::new(task.sender("", None).to_url)).filter(|_| fixed_ids || spec.to_url.is_some()),
        callback_url: spec.callback_url.as_ref().map(fixed),
        files: spec.files.iter().map(|file| File { url: fixed(&file.url), duration: file.duration }).collect(),
        faults: None,
        script: Script::Steps(lane.into_iter().map(|delivery| step(delivery, task, profile)).collect()),
    }
}

fn step(delivery: Delivery, task: &Task, profile: Profile) -> Step {
    let mut overlay = delivery.overlay.as_deref().cloned().unwrap_or_default();
    overlay.msg.values_mut().chain(overlay.body.values_mut()).for_each(|value| fill(value, delivery.task.copy));
    if !Arc::ptr_eq(&delivery.task.spec, &task.spec) {
        changes(&delivery, task, profile, &mut overlay);
    }
    Step {
        when: When::At(delivery.happened.minus(task.start())),
        callback: delivery.callback,
        overlay: Arc::new(overlay),
        faults: (!delivery.faults.is_clear()).then(|| Arc::new(certain(&delivery.faults))),
        expect: delivery.expect,
    }
}

/// What a user has changed about the task, as far as this callback tells of it.
fn changes(delivery: &Delivery, task: &Task, profile: Profile, overlay: &mut Overlay) {
    let (is, was) = (delivery.sender(""), Delivery { task: task.clone(), ..delivery.clone() });
    let was = was.sender("");
    let new = |fields: Vec<(&str, Value, bool)>, said: &mut Map<String, Value>| {
        let new = fields.into_iter().filter(|(.., is_new)| *is_new);
        let new: Map<_, _> = new.map(|(key, value, _)| (key.to_owned(), value)).collect();
        *said = new.into_iter().chain(std::mem::take(said)).collect();
    };
    let names_it = profile.names_its_task(delivery.callback.kind());
    let outer = vec![
        ("source_urls", source_urls(&is.source_urls).into(), is.source_urls != was.source_urls),
        ("stream_id", is.stream_id.as_ref().into(), names_it && is.stream_id != was.stream_id),
        ("to_url", is.to_url.as_ref().into(), names_it && is.to_url != was.to_url),
    ];
    new(outer, &mut overlay.body);
    if let Some(index) = delivery.file() {
        let url = is.source_urls.get(index);
        let msg = vec![
            ("url", url.map(AsRef::as_ref).into(), url != was.source_urls.get(index)),
            ("duration", is.file_duration_s.into(), is.file_duration_s != was.file_duration_s),
        ];
        new(msg, &mut overlay.msg);
    }
}

/// Chances that come to these faults for sure.
pub fn certain(faults: &Faults) -> Chances {
    Chances {
        events: None,
        drop: faults.dropped.then_some(1.0),
        duplicate: faults.duplicate.map(|duplicate| (1.0, duplicate)),
        delay: faults.delay.map(|by| (1.0, by, by)),
        corrupt: faults.corruption.map(|kind| (1.0, vec![kind])),
        signature: faults.signature.map(|kind| (1.0, vec![kind])),
        connection: faults.connection.map(|kind| (1.0, vec![kind])),
    }
}
