//! Lists of callbacks by name: `callback_events`, and the `events` of faults.

use crate::callback::{Kind, Kinds};
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section, unknown_word};

/// The callbacks that `key` names, if it is there; all of them where it names none.
pub(super) fn events(section: &mut Section<'_>, key: &'static str) -> Option<Kinds> {
    let items = section.array(key, Kind::ALL.len())?;
    let words = Kind::ALL.map(|kind| (kind.name(), kind));
    let mut kinds = Vec::new();
    for item in items.value {
        let Some(name) = item.get_ref().as_str() else {
            section.add(Problem::error(item.span(), format!("`{key}` must be names, such as \"TaskExit\"")));
            continue;
        };
        match Kind::by_name(name) {
            Some(kind) => kinds.push(kind),
            None => section.add(unknown_word(key, &At { value: name, span: item.span() }, &words)),
        }
    }
    Some(Kinds::of(&kinds))
}
