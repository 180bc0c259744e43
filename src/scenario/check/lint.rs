//! Warnings: what can be played but is probably not meant.

use std::collections::HashMap;
use std::ops::Range;

use super::size::Sizes;
use crate::callback::payload::Profile;
use crate::callback::template::Template;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::section::At;
use crate::scenario::task::{IncidentKind, Range as Between};
use crate::time::Millis;

/// A task lasts less than this, from StartTime to EndTime (documented).
const LONGEST_LIFE: Millis = Millis::from_secs(30 * 24 * 3600);
/// The longest list of files (documented).
const MOST_FILES: usize = 30;
/// TaskStart → VodSourceFileStart takes at most this long (documented).
pub(super) const MAX_START_GAP: Millis = Millis::from_secs(2);

/// The warnings found so far, and what is needed to find those that concern two tasks.
pub(super) struct Lints {
    profile: Profile,
    /// Whether the tasks come again and again.
    has_load: bool,
    task_ids: HashMap<String, Range<usize>>,
    targets: HashMap<String, Range<usize>>,
    found: Vec<Problem>,
    /// How much there is at once.
    pub(super) sizes: Sizes,
}

impl Lints {
    pub(super) fn new(profile: Profile, has_load: bool) -> Self {
        Self {
            profile,
            has_load,
            task_ids: HashMap::new(),
            targets: HashMap::new(),
            found: Vec::new(),
            sizes: Sizes::default(),
        }
    }

    pub(super) fn report(self, problems: &Problems) {
        self.found.into_iter().for_each(|problem| problems.add(problem));
    }

    fn warn(&mut self, span: &Range<usize>, message: impl Into<String>, help: &str) {
        self.found.push(Problem::warning(span.clone(), message).help(help));
    }

    /// The identity of a task and its copies.
    pub(super) fn task(&mut self, count: u64, task_id: Option<&At<Template>>, to_url: Option<&At<Template>>) {
        if let Some(id) = task_id {
            if !id.value.for_copy(1).bytes().all(|byte| byte.is_ascii_digit()) {
                self.warn(
                    &id.span,
                    "a task id of the service is digits in a string",
                    "for example task_id = \"118148\"",
                );
            }
            let twice = same_twice(&mut self.task_ids, count, id);
            if twice {
                self.warn(&id.span, "two tasks have this task_id", "put {n} into it, or leave it out: ids are drawn");
            } else if self.has_load && !id.value.varies() {
                self.warn(
                    &id.span,
                    "a load makes many tasks of this one, all with this task_id",
                    "put {n} into it, or leave it out: ids are drawn",
                );
            }
        }
        if let Some(url) = to_url
            && same_twice(&mut self.targets, count, url)
        {
            self.warn(
                &url.span,
                "two tasks push to this to_url",
                "put {n} into it: the service would refuse the second",
            );
        }
    }

    pub(super) fn files(&mut self, count: usize, span: Range<usize>) {
        if count > MOST_FILES {
            self.warn(&span, format!("{count} files: the service takes at most {MOST_FILES}"), "split the list");
        }
    }

    pub(super) fn files_of_live(&mut self, span: Option<Range<usize>>) {
        if let Some(span) = span {
            self.warn(
                &span,
                "`files` means nothing for a source that has no files",
                "write `url`, or source = \"vod\"",
            );
        }
    }

    pub(super) fn end(&mut self, end: &At<Millis>) {
        if end.value >= LONGEST_LIFE {
            self.warn(&end.span, "a task of the service lasts less than 30 days", "until 2025 it was 7 days");
        }
    }

    pub(super) fn start_gap(&mut self, gap: &At<Between>) {
        if gap.value.max > MAX_START_GAP {
            self.warn(
                &gap.span,
                "VodSourceFileStart comes at most 2 s after TaskStart",
                "this breaks the documented rule; fine if that is what you want to test",
            );
        }
    }

    pub(super) fn incident(&mut self, kind: &At<IncidentKind>) {
        let alarm_only = matches!(kind.value, IncidentKind::PullUnstable | IncidentKind::PushUnstable);
        if alarm_only && !self.profile.has_alarms() {
            self.warn(
                &kind.span,
                format!("{} sends a TaskAlarm only, and this profile has none", kind.value.name()),
                "set profile = \"doc-2025\" in [payload]",
            );
        }
    }
}

/// Whether this string is that of another task, or of two copies of this one.
fn same_twice(seen: &mut HashMap<String, Range<usize>>, count: u64, template: &At<Template>) -> bool {
    let among_copies = count > 1 && !template.value.varies();
    let first = template.value.for_copy(1).into_owned();
    seen.insert(first, template.span.clone()).is_some() || among_copies
}
