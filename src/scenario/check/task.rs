//! `[[task]]`: what both kinds of script share.

use std::sync::Arc;

use super::faults::Context;
use super::lint::Lints;
use super::playlist::{files, whole};
use super::{faults, relay, step, url};
use crate::scenario::fault::window::Windows;
use crate::scenario::section::Section;
use crate::scenario::service::Service;
use crate::scenario::source::Source;
use crate::scenario::task::{Range, Script, TaskSpec};
use crate::time::Millis;

/// The most copies of a task.
const MAX_COUNT: i64 = 100_000_000;
/// `appid` where the scenario names none: as long as real ones are.
const DEFAULT_APP_ID: u64 = 1_250_000_000;

pub(super) fn read(
    mut section: Section<'_>,
    source: &Source,
    context: Context,
    general: &Windows,
    service: Service,
    lints: &mut Lints,
) -> Option<TaskSpec> {
    let count = section.integer("count", 1..=MAX_COUNT).map_or(1, |count| count.value.cast_unsigned());
    let spacing = section.duration("spacing").map_or(Millis::ZERO, |spacing| spacing.value);
    let start = section.duration_range("start").map_or(Range::one(Millis::ZERO), |start| start.value);
    let app_id = section.integer("app_id", 0..=i64::MAX).map_or(DEFAULT_APP_ID, |id| id.value.cast_unsigned());
    let task_id = section.template("task_id");
    let stream_id = section.template("stream_id").map(|id| id.value);
    let to_url = url::target(&mut section, "to_url");
    let callback_url = url::address(&mut section, "callback_url", count).map(|url| url.value);
    let windows = faults::read(&mut section, "task.faults", context).over(general);
    let faults = (!windows.is_empty()).then(|| Arc::new(windows));
    lints.task(count, task_id.as_ref(), to_url.as_ref());

    let files = files(&mut section, lints);
    let url = url::source(&mut section, "url");
    let (files, script) = if section.get("step").is_some() {
        let files = files.unwrap_or_default().into_iter().chain(url.map(whole)).collect::<Vec<_>>();
        let steps = step::read_all(&mut section, source, &files, context);
        relay::refuse(&mut section);
        (files, Some(Script::Steps(steps)))
    } else {
        let (files, relay) = relay::read(&mut section, files, url, service, lints);
        (files, relay.map(|relay| Script::Relay(Box::new(relay))))
    };
    let value = |section: &mut Section<'_>, key| section.get(key).map(toml::Spanned::span);
    let tasks_at = value(&mut section, "count").unwrap_or_else(|| section.span.clone());
    let late_at = section.key_span("faults");
    section.finish();
    let spec = TaskSpec {
        count,
        spacing,
        start,
        app_id,
        task_id: task_id.map(|id| id.value),
        stream_id,
        to_url: to_url.map(|url| url.value),
        callback_url,
        files,
        faults,
        script: script?,
    };
    lints.sizes.add(&spec, tasks_at, late_at);
    Some(spec)
}
