//! What is new about a modified task: keys of a `[[task.incident]]` of kind `modified`.

use super::lint::Lints;
use super::{playlist, url};
use crate::scenario::problem::Problem;
use crate::scenario::section::Section;
use crate::scenario::task::{Change, Exchange, Place, Relay, Rounds, SourceKind};

/// Its keys.
pub(super) const KEYS: [&str; 6] = ["files", "url", "loops", "end", "to_url", "when"];

/// Reads them; whether they mean anything is asked later, when the kind is known.
pub(super) fn read(section: &mut Section<'_>, lints: &mut Lints) -> Change {
    let files = playlist::files(section, lints);
    let url = url::source(section, "url").map(|url| vec![playlist::whole(url)]);
    Change {
        files: files.or(url),
        loops: playlist::loops(section),
        end: playlist::end(section, lints),
        to_url: url::target(section, "to_url").map(|url| url.value),
        when: section.one_of("when", &Exchange::ALL).map_or(Exchange::Now, |when| when.value),
    }
}

/// What cannot be changed of this task, or not so.
pub(super) fn check(section: &Section<'_>, change: &Change, place: Option<Place>, relay: &Relay) {
    let refuse = |key: &str, message: &str, help: &str| {
        if let Some(span) = section.key_span(key) {
            section.add(Problem::error(span, message.to_owned()).help(help));
        }
    };
    if matches!(relay.source, SourceKind::Vod { .. }) {
        refuse("url", "a vod task pulls a list of `files`, not one `url`", "write the new list as `files`");
        if change.files.as_ref().is_some_and(Vec::is_empty) {
            refuse("files", "a new list has at least one file", "leave `files` out to keep the old list");
        }
    } else {
        refuse("files", "`files` means nothing for a source that has no files", "write the new source as `url`");
        refuse("loops", "`loops` means nothing for a source that has no files", "take it out");
    }
    if section.key_span("files").is_none() {
        refuse(
            "when",
            "`when` is about a new list, and there is none",
            "give the new list as `files`, or take `when` out",
        );
    }
    if change.loops == Some(Rounds::Endless) && relay.end.is_none() && section.key_span("end").is_none() {
        refuse("loops", "this task would never end by itself: it needs an `end`", "end = \"2h\", here or in [[task]]");
    }
    if let (Some(Place::At(at)), Some(end)) = (place, change.end)
        && end <= at
    {
        refuse("end", "this `end` is over when it is set", "it counts from the task's start, as the `end` of [[task]]");
    }
}
