//! `[service]`

use crate::scenario::section::Section;
use crate::scenario::service::Service;

pub(super) fn read(mut section: Section<'_>) -> Service {
    let default = Service::default();
    let digits = i64::from(Service::FEWEST_DIGITS)..=i64::from(Service::MOST_DIGITS);
    let service = Service {
        task_id_digits: section
            .integer("task_id_digits", digits)
            .map_or(default.task_id_digits, |digits| digits.value as u32),
    };
    section.finish();
    service
}
