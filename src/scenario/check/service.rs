//! `[service]`

use crate::scenario::section::Section;
use crate::scenario::service::{LoopCount, Resume, Service};

pub(super) fn read(mut section: Section<'_>) -> Service {
    let default = Service::default();
    let digits = i64::from(Service::FEWEST_DIGITS)..=i64::from(Service::MOST_DIGITS);
    let mut resume = |key, default| section.one_of(key, &Resume::ALL).map_or(default, |word| word.value);
    let service = Service {
        resume: resume("resume", default.resume),
        resume_after_pause: resume("resume_after_pause", default.resume_after_pause),
        loops: section.one_of("loops", &LoopCount::ALL).map_or(default.loops, |word| word.value),
        exchange_finishes: section.truth("exchange_finishes").unwrap_or(default.exchange_finishes),
        backup_exits: section.truth("backup_exits").unwrap_or(default.backup_exits),
        task_id_digits: section
            .integer("task_id_digits", digits)
            .map_or(default.task_id_digits, |digits| digits.value as u32),
    };
    section.finish();
    service
}
