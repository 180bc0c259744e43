//! `[[task]]` with a `source`: what the simulated service runs.

use super::events::events;
use super::lint::{Lints, MAX_START_GAP};
use super::playlist::{end, loops, no_such_file, whole};
use super::{exit, incident, stand_in, url};
use crate::callback::Kinds;
use crate::callback::codes::Exit;
use crate::callback::template::Template;
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section};
use crate::scenario::service::Service;
use crate::scenario::task::{File, Range, Relay, Rounds, SourceKind};
use crate::time::Millis;

/// The default range: (0 s, 2 s] in whole milliseconds.
const START_GAP: Range = Range { min: Millis(1), max: MAX_START_GAP };

/// The keys of a relay that mean something for lists of files only.
const VOD_KEYS: [&str; 5] = ["loops", "file_index", "offset", "start_gap", "file_gap"];

/// What `source` says, before the rest is known.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    Vod,
    Live,
    Picture,
}

pub(super) fn read(
    section: &mut Section<'_>,
    files: Option<Vec<File>>,
    url: Option<At<Template>>,
    service: Service,
    lints: &mut Lints,
) -> (Vec<File>, Option<Relay>) {
    let words = [("vod", Word::Vod), ("live", Word::Live), ("picture", Word::Picture)];
    let word = section.one_of("source", &words).map(|word| word.value);
    if section.key_span("source").is_none() {
        section.add(
            Problem::error(section.span.clone(), "this task has no `source`")
                .help("write source = \"vod\", \"live\" or \"picture\"; or give it [[task.step]]s"),
        );
    }
    let rounds = loops(section).unwrap_or(Rounds::Times(0)).counted_as(service.loops);
    let first_file = section.integer("file_index", 1..=i64::MAX);
    let end = end(section, lints);
    let callback_events = events(section, "callback_events").unwrap_or(Kinds::ALL);
    let start_gap = start_gap(section, lints);
    let file_gap = section.duration("file_gap").map_or(Millis::ZERO, |gap| gap.value);
    let exit = exit::one(section).map_or_else(|| Exit::new(0, ""), |exit| exit.value);
    let files = sources(section, word, files, url, lints);
    let first_file = first_file.map_or(0, |first| {
        let index = usize::try_from(first.value - 1).unwrap_or(usize::MAX);
        if word == Some(Word::Vod) && !files.is_empty() && index >= files.len() {
            section.add(no_such_file(first.span, index, &files));
        }
        index
    });
    let source = match word {
        Some(Word::Live) => SourceKind::Live,
        Some(Word::Picture) => SourceKind::Picture,
        _ => SourceKind::Vod { rounds, first_file },
    };
    let mut relay = Relay {
        source,
        end,
        callback_events,
        start_gap,
        file_gap,
        exit,
        offset: offset(section, files.get(first_file).filter(|_| word == Some(Word::Vod))),
        backup: stand_in::backup(section, word == Some(Word::Live)),
        slate: stand_in::slate(section),
        backup_to_url: url::target(section, "backup_to_url").map(|url| url.value),
        service,
        incidents: Vec::new(),
    };
    let endless =
        matches!(source, SourceKind::Vod { rounds: Rounds::Endless, .. } | SourceKind::Live | SourceKind::Picture);
    if endless && section.key_span("end").is_none() {
        let span = section.key_span("loops").or_else(|| section.key_span("source")).unwrap_or(section.span.clone());
        section.add(
            Problem::error(span, "this task never ends by itself: it needs an `end`")
                .help("the service's EndTime, from the task's start: end = \"2h\""),
        );
    }
    relay.incidents = incident::read_all(section, &relay, &files, lints);
    (files, word.map(|_| relay))
}

/// Beside exact steps nothing of a relay happens: its keys are errors, not silence.
pub(super) fn refuse(section: &mut Section<'_>) {
    let others = ["source", "end", "callback_events", "exit", "incident", "backup", "slate", "backup_to_url"];
    let why = "means nothing beside [[task.step]]: the steps are the whole story";
    for key in others.into_iter().chain(VOD_KEYS) {
        refuse_key(section, key, why, "take it out; `files` and `url` may stay: the bodies tell of them");
    }
}

fn refuse_key(section: &mut Section<'_>, key: &'static str, why: &str, help: &str) {
    section.get(key);
    if let Some(span) = section.key_span(key) {
        section.add(Problem::error(span, format!("`{key}` {why}")).help(help));
    }
}

fn sources(
    section: &mut Section<'_>,
    word: Option<Word>,
    files: Option<Vec<File>>,
    url: Option<At<Template>>,
    lints: &mut Lints,
) -> Vec<File> {
    let missing = |section: &Section<'_>, key: &str, help: &str| {
        section.add(Problem::error(section.span.clone(), format!("this task has no `{key}`")).help(help));
    };
    match word {
        Some(Word::Vod) => {
            let example = "write files = [{ url = \"http://media.test/1.m3u8\", duration = \"20m\" }]";
            if let Some(url) = section.key_span("url") {
                section.add(Problem::error(url, "a vod task pulls a list of `files`, not one `url`").help(example));
            } else if section.key_span("files").is_none() {
                missing(section, "files", example);
            }
            if let (Some([]), Some(span)) = (files.as_deref(), section.key_span("files")) {
                section.add(Problem::error(span, "a vod task has at least one file with `url` and `duration`"));
            }
            files.unwrap_or_default()
        }
        Some(_) => {
            for key in VOD_KEYS {
                refuse_key(section, key, "means nothing for a source that has no files", "take it out");
            }
            lints.files_of_live(section.key_span("files"));
            if section.key_span("url").is_none() {
                missing(section, "url", "write url = \"rtmp://origin.test/live/a\"");
            }
            url.map(whole).into_iter().collect()
        }
        None => files.unwrap_or_default(),
    }
}

fn start_gap(section: &mut Section<'_>, lints: &mut Lints) -> Range {
    let Some(gap) = section.duration_range("start_gap") else { return START_GAP };
    if gap.value.min == Millis::ZERO {
        section.add(Problem::error(gap.span, "a file starts after its task: `start_gap` is at least 1ms"));
        return START_GAP;
    }
    lints.start_gap(&gap);
    gap.value
}

fn offset(section: &mut Section<'_>, first: Option<&File>) -> Millis {
    let Some(offset) = section.duration("offset") else { return Millis::ZERO };
    if let Some(file) = first.filter(|file| offset.value >= file.duration) {
        section.add(
            Problem::error(offset.span, "the first file is over by then")
                .help(format!("it plays for {}; to begin with a later one, use `file_index`", file.duration)),
        );
        return Millis::ZERO;
    }
    offset.value
}
