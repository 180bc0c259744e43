//! `backup` and `slate` of a `[[task]]`: what is pulled while its source is down.

use super::url;
use crate::scenario::problem::Problem;
use crate::scenario::section::{Section, mistyped, quoted};
use crate::scenario::task::StandIn;
use crate::time::Millis;

/// How to write a backup.
const BACKUP: &str =
    "write { source = \"live\", url = \"rtmp://…\" } or { source = \"vod\", url = \"http://…\", duration = \"20m\" }";
/// How to write a slate.
const SLATE: &str = "write { url = \"http://media.test/slate.mp4\", duration = \"30s\" }";

/// `backup`, which only a live task has.
pub(super) fn backup(section: &mut Section<'_>, is_live: bool) -> Option<StandIn> {
    if let Some(span) = section.key_span("backup").filter(|_| !is_live) {
        section.add(Problem::error(span, "only a live task has a `backup`").help("a `slate` stands in for any source"));
    }
    let mut table = table(section, "backup", BACKUP)?;
    let is_live = table.one_of("source", &[("live", true), ("vod", false)]).map(|source| source.value);
    let url = url::source(&mut table, "url");
    let duration = length(&mut table);
    for key in ["source", "url"] {
        if table.key_span(key).is_none() {
            table.add(Problem::error(table.span.clone(), format!("this `backup` has no `{key}`")).help(BACKUP));
        }
    }
    match (is_live, table.key_span("duration")) {
        (Some(true), Some(span)) => table.add(
            Problem::error(span, "`duration` means nothing for a live backup")
                .help("take it out, or say source = \"vod\""),
        ),
        (Some(false), None) => {
            table.add(Problem::error(table.span.clone(), "this `backup` has no `duration`").help(BACKUP));
        }
        _ => {}
    }
    table.finish();
    Some(StandIn { url: url?.value, duration: if is_live? { None } else { Some(duration?) } })
}

/// `slate`
pub(super) fn slate(section: &mut Section<'_>) -> Option<StandIn> {
    let mut table = table(section, "slate", SLATE)?;
    let url = url::source(&mut table, "url");
    let duration = length(&mut table);
    for key in ["url", "duration"] {
        if table.key_span(key).is_none() {
            table.add(Problem::error(table.span.clone(), format!("this `slate` has no `{key}`")).help(SLATE));
        }
    }
    table.finish();
    Some(StandIn { url: url?.value, duration: Some(duration?) })
}

/// How long a file plays that is no file of a list.
fn length(table: &mut Section<'_>) -> Option<Millis> {
    let duration = table.duration("duration")?;
    if duration.value == Millis::ZERO {
        table.add(Problem::error(duration.span, "a file plays for at least 1ms"));
        return None;
    }
    Some(duration.value)
}

fn table<'a>(section: &mut Section<'a>, key: &'static str, help: &str) -> Option<Section<'a>> {
    let value = section.get(key)?;
    if !value.get_ref().is_table() {
        section.add(mistyped(&quoted(key), value, "a table").help(help));
        return None;
    }
    section.section_of(key, &quoted(key), value)
}
