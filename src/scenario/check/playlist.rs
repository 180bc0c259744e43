//! What a task plays, and until when: `files` or `url`, `loops`, `end`. A `modified` incident has the same keys.

use std::ops::Range;

use super::lint::Lints;
use super::url;
use crate::callback::template::Template;
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section};
use crate::scenario::task::{File, Rounds};
use crate::time::Millis;

/// The most files of a list; the service takes 30.
const MAX_FILES: usize = 1000;

/// A source that is no file of a list.
pub(super) fn whole(url: At<Template>) -> File {
    File { url: url.value, duration: Millis::ZERO }
}

/// `files`, if it is there.
pub(super) fn files(section: &mut Section<'_>, lints: &mut Lints) -> Option<Vec<File>> {
    let items = section.array("files", MAX_FILES)?;
    lints.files(items.value.len(), items.span);
    let mut files = Vec::new();
    for item in items.value {
        let Some(mut row) = section.section_of("files", "an item of `files`", item) else { continue };
        let url = url::source(&mut row, "url");
        let duration = row.duration("duration");
        if let Some(duration) = duration.as_ref().filter(|duration| duration.value == Millis::ZERO) {
            row.add(Problem::error(duration.span.clone(), "a file plays for at least 1ms"));
        }
        for key in ["url", "duration"] {
            if row.key_span(key).is_none() {
                row.add(
                    Problem::error(item.span(), format!("this file has no `{key}`"))
                        .help("write { url = \"http://media.test/1.m3u8\", duration = \"20m\" }"),
                );
            }
        }
        row.finish();
        let duration = duration.map_or(Millis::ZERO, |duration| duration.value);
        // A broken file keeps its place: what counts files below has nothing to complain of.
        let url = url.map_or_else(|| Template::new(""), |url| url.value);
        files.push(File { url, duration });
    }
    Some(files)
}

/// A number of a file that is past the end of the list; `index` counts from 0.
pub(super) fn no_such_file(span: Range<usize>, index: usize, files: &[File]) -> Problem {
    Problem::error(span, format!("there is no file {}: the list has {}", index.saturating_add(1), files.len()))
}

/// VodLoopTimes as written.
pub(super) fn loops(section: &mut Section<'_>) -> Option<Rounds> {
    section.integer("loops", -1..=1_000_000_000).map(|loops| match loops.value {
        -1 => Rounds::Endless,
        times => Rounds::Times(times.unsigned_abs()),
    })
}

/// `end`, from the task's start.
pub(super) fn end(section: &mut Section<'_>, lints: &mut Lints) -> Option<Millis> {
    let end = section.duration("end")?;
    if end.value == Millis::ZERO {
        section.add(Problem::error(end.span, "a task ends after it starts: `end` is at least 1ms"));
        return None;
    }
    lints.end(&end);
    Some(end.value)
}
