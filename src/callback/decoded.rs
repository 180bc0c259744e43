//! The callback that a body tells of.

use serde_json::{Map, Value};

use super::codes::Exit;
use super::{Alarm, Callback, Kind};

/// The callback of a body's name and `msg`; what `msg` does not say is the service's default. `files` is how many there are.
pub fn decode(name: &str, msg: &Map<String, Value>, files: usize) -> Callback {
    let index = || {
        let index = number(msg, "index").and_then(|index| usize::try_from(index).ok());
        index.filter(|index| *index < files).unwrap_or(0)
    };
    match Kind::by_name(name) {
        Some(Kind::TaskStart) => Callback::TaskStart,
        Some(Kind::VodSourceFileStart) => Callback::VodSourceFileStart { index: index() },
        Some(Kind::VodSourceFileFinish) => Callback::VodSourceFileFinish { index: index() },
        Some(Kind::TaskExit) => Callback::TaskExit(Exit::of(number(msg, "code").unwrap_or(0))),
        Some(Kind::TaskAlarm) => {
            // Documents do not agree on the name of the field; no other one has such a value.
            let named = |alarm: &Alarm| msg.values().any(|value| value == alarm.name());
            Callback::TaskAlarm(Alarm::ALL.into_iter().find(named).unwrap_or(Alarm::PullFileFailed))
        }
        Some(Kind::ResetTaskConfig) => Callback::ResetTaskConfig,
        None => Callback::Other(name.into()),
    }
}

/// A number, or the same number in a string: documents do not agree.
fn number(msg: &Map<String, Value>, field: &str) -> Option<i64> {
    let value = msg.get(field)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
