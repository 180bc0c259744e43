//! `[[task.incident]]`

use super::lint::Lints;
use super::playlist::no_such_file;
use super::{change, exit};
use crate::callback::codes::{self, Exit};
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section, list};
use crate::scenario::task::{File, FirstInMigration, Incident, IncidentKind, Place, Relay, SourceKind};
use crate::time::Millis;

/// The most incidents of a task.
const MAX_INCIDENTS: usize = 100;
/// The service's own pull retry (a guess: no interval is published).
const RETRY_EVERY: Millis = Millis::from_secs(10);

/// The keys that mean something for a kind, beside those that all kinds have.
fn keys(kind: IncidentKind) -> &'static [&'static str] {
    match kind {
        IncidentKind::PushBroken | IncidentKind::SourceDown => &["lasts", "retry_every", "exit_after", "exit", "exits"],
        IncidentKind::Migration | IncidentKind::Restarted => &["lasts", "exit", "exits", "first"],
        IncidentKind::FileFailed => &["retry_every", "exit_after", "exit", "exits"],
        IncidentKind::Stopped | IncidentKind::Deleted => &["exit_after", "exit", "exits"],
        IncidentKind::Paused => &["lasts", "exit", "exits"],
        IncidentKind::Modified => &["lasts", "exit_after", "exit", "exits"],
        IncidentKind::Crash => &["lasts"],
        IncidentKind::FileEndsEarly | IncidentKind::PullUnstable | IncidentKind::PushUnstable => &[],
    }
}

/// Keys that some kinds have.
const SOME_KINDS_KEYS: [&str; 6] = ["lasts", "retry_every", "exit_after", "exit", "exits", "first"];

pub(super) fn read_all(section: &mut Section<'_>, relay: &Relay, files: &[File], lints: &mut Lints) -> Vec<Incident> {
    let mut incidents = Vec::new();
    for table in section.sections("incident", "[[task.incident]]", MAX_INCIDENTS) {
        incidents.extend(read(table, relay, files, lints));
    }
    let changes = || incidents.iter().map(|(incident, _)| &incident.change);
    let last_end = relay.end.map(|end| changes().filter_map(|change| change.end).fold(end, Millis::max));
    let grows = changes().any(|change| change.files.is_some() || change.loops.is_some());
    for at in incidents.iter().filter_map(|(_, at)| at.as_ref()) {
        if let Some(end) = last_end.filter(|end| at.value >= *end) {
            section.add(
                Problem::error(at.span.clone(), "this incident comes after the task's `end`")
                    .help(format!("the task ends at {end}")),
            );
        } else if last_end.is_none() && !grows && at.value >= relay.length(files) {
            // Other incidents may prolong the task, but nobody should have to work that out.
            section.add(Problem::error(at.span.clone(), "this incident comes after the task is over").help(format!(
                "it runs for {} at the longest; give it an `end` if it may last longer",
                relay.length(files)
            )));
        }
    }
    incidents.into_iter().map(|(incident, _)| incident).collect()
}

/// An incident, and its time if that is one of the task's.
fn read(
    mut section: Section<'_>,
    relay: &Relay,
    files: &[File],
    lints: &mut Lints,
) -> Option<(Incident, Option<At<Millis>>)> {
    let kind = section.one_of("kind", &IncidentKind::ALL);
    if section.key_span("kind").is_none() {
        section.add(
            Problem::error(section.span.clone(), "this incident has no `kind`")
                .help(format!("it is one of {}", list(IncidentKind::ALL.iter().map(|(name, _)| *name)))),
        );
    }
    let (place, at) = place(&mut section, relay, files);
    let chance = section.chance("chance").unwrap_or(1.0);
    let lasts = section.duration_or_forever("lasts");
    let retry_every = section.duration("retry_every");
    if let Some(every) = retry_every.as_ref().filter(|every| every.value == Millis::ZERO) {
        section.add(Problem::error(every.span.clone(), "`retry_every` is at least 1ms"));
    }
    let exit_after = section.duration("exit_after").map_or(Millis::ZERO, |after| after.value);
    let exits = exits(&mut section);
    let first = section.one_of("first", &FirstInMigration::ALL).map(|first| first.value);
    let change = change::read(&mut section, lints);
    let kind = kind.map(|kind| {
        refuse_meaningless(&section, &kind, relay, lasts.as_ref(), change.to_url.is_some());
        if kind.value == IncidentKind::Modified {
            change::check(&section, &change, place, relay);
        }
        lints.incident(&kind);
        kind.value
    });
    let retry_every = retry_every.map_or(RETRY_EVERY, |every| every.value);
    section.finish();
    let kind = kind?;
    let exits = exits.unwrap_or_else(|| default_exits(kind, change.to_url.is_some()));
    let first = first.unwrap_or(match kind {
        IncidentKind::Migration => FirstInMigration::TaskStart,
        _ => FirstInMigration::TaskExit,
    });
    let lasts = lasts.map_or_else(|| default_lasts(kind, retry_every), |lasts| lasts.value);
    let incident = Incident { kind, place: place?, chance, lasts, retry_every, exit_after, exits, change, first };
    Some((incident, at))
}

/// What a kind does not know is an error: it would do nothing.
fn refuse_meaningless(
    section: &Section<'_>,
    kind: &At<IncidentKind>,
    relay: &Relay,
    lasts: Option<&At<Millis>>,
    retargeted: bool,
) {
    let name = kind.value.name();
    let is_modified = kind.value == IncidentKind::Modified;
    for key in SOME_KINDS_KEYS.into_iter().chain(change::KEYS) {
        let is_new = change::KEYS.contains(&key);
        let known = if is_new { is_modified } else { keys(kind.value).contains(&key) };
        let stays = is_modified && !retargeted && !is_new;
        if let Some(span) = section.key_span(key).filter(|_| !known || stays) {
            let help = match known {
                true => "only a new `to_url` makes a modified task exit and start",
                false if is_new => "only a `modified` task has it: take it out",
                false => "take it out",
            };
            section.add(Problem::error(span, format!("`{key}` means nothing for {name}")).help(help));
        }
    }
    let takes_forever = matches!(
        kind.value,
        IncidentKind::PushBroken | IncidentKind::SourceDown | IncidentKind::Crash | IncidentKind::Paused
    );
    if let Some(lasts) = lasts.filter(|lasts| lasts.value == Millis::FOREVER && !takes_forever) {
        section.add(
            Problem::error(lasts.span.clone(), format!("`lasts` of {name} cannot be \"forever\""))
                .help("write how long it takes, such as \"1s\""),
        );
    }
    let about_a_file = matches!(kind.value, IncidentKind::FileFailed | IncidentKind::FileEndsEarly);
    if about_a_file && !matches!(relay.source, SourceKind::Vod { .. }) {
        section.add(Problem::error(kind.span.clone(), format!("{name}: this source has no files")));
    }
}

/// When it happens, and the time if it is one of the task's.
fn place(section: &mut Section<'_>, relay: &Relay, files: &[File]) -> (Option<Place>, Option<At<Millis>>) {
    let at = section.duration("at");
    let file = section.integer("file", 1..=i64::MAX);
    let has = |section: &Section<'_>, key| section.key_span(key).is_some();
    if let Some(file) = file {
        let index = usize::try_from(file.value - 1).unwrap_or(usize::MAX);
        return (in_file(section, relay, files, &At { value: index, span: file.span }, at), None);
    }
    if let Some(at) = at {
        return (Some(Place::At(at.value)), Some(at));
    }
    if !has(section, "at") && !has(section, "file") && !has(section, "chance") {
        section.add(
            Problem::error(section.span.clone(), "when does this incident happen?")
                .help("write at = \"5m\", or file = 2, or chance = 0.05 for a time that is drawn"),
        );
    }
    (Some(Place::Anywhere), None)
}

fn in_file(
    section: &Section<'_>,
    relay: &Relay,
    files: &[File],
    file: &At<usize>,
    into: Option<At<Millis>>,
) -> Option<Place> {
    let SourceKind::Vod { first_file, rounds } = relay.source else {
        section.add(Problem::error(file.span.clone(), "this source has no files").help("use `at`"));
        return None;
    };
    let Some(played) = files.get(file.value) else {
        // A list without files is a problem of its own.
        if !files.is_empty() {
            section.add(no_such_file(file.span.clone(), file.value, files));
        }
        return None;
    };
    if file.value < first_file && rounds == crate::scenario::task::Rounds::Times(1) {
        section
            .add(Problem::error(file.span.clone(), "this file is never played").help("`file_index` begins behind it"));
    }
    if let Some(into) = into.as_ref().filter(|into| into.value >= played.duration) {
        section.add(
            Problem::error(into.span.clone(), "the file is over by then")
                .help("beside `file`, `at` counts from the beginning of that file"),
        );
    }
    Some(Place::InFile { file: file.value, into: into.map(|into| into.value) })
}

fn exits(section: &mut Section<'_>) -> Option<Vec<(Exit, u32)>> {
    let one = exit::one(section);
    let weighted = exit::weighted(section);
    if let (Some(_), Some(weighted)) = (&one, &weighted) {
        section
            .add(Problem::error(weighted.span.clone(), "`exit` and `exits` are both given").help("keep one of them"));
    }
    one.map(|exit| vec![(exit.value, 1)]).or(weighted.map(|exits| exits.value))
}

fn default_exits(kind: IncidentKind, retargeted: bool) -> Vec<(Exit, u32)> {
    let code = match kind {
        IncidentKind::PushBroken => codes::WRITE_PACKET_ERROR,
        IncidentKind::SourceDown => codes::EIO,
        IncidentKind::Migration
        | IncidentKind::Stopped
        | IncidentKind::Restarted
        | IncidentKind::Paused
        | IncidentKind::Deleted => codes::EXIT_REQUESTED,
        IncidentKind::Modified if retargeted => codes::EXIT_REQUESTED,
        _ => return Vec::new(),
    };
    vec![(code.exit(), 1)]
}

/// How long things take that nobody gave a length (all guesses).
fn default_lasts(kind: IncidentKind, retry_every: Millis) -> Millis {
    match kind {
        IncidentKind::Crash => Millis::from_secs(30),
        IncidentKind::Migration | IncidentKind::Modified | IncidentKind::Restarted => Millis::from_secs(1),
        IncidentKind::Paused => Millis::FOREVER,
        _ => retry_every,
    }
}
