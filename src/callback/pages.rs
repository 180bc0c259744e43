//! What the pages know about events: the table that their scripts read. Its columns stand in `src/page/events.js`.

use serde_json::{Value, json};

use super::Kind;

/// A row for each event, in the order of [`Kind::ALL`].
pub fn events() -> Value {
    Kind::ALL.into_iter().map(row).collect()
}

fn row(kind: Kind) -> Value {
    let mut row = match kind {
        Kind::TaskStart => json!({ "short": "start", "look": "start", "task": "runs" }),
        Kind::VodSourceFileStart => {
            json!({ "short": "▸{}", "look": "file", "field": "index", "shown": "[{}]", "legend": "file 0 begins" })
        }
        Kind::VodSourceFileFinish => {
            json!({ "short": "▪{}", "look": "file", "field": "index", "shown": "[{}]", "legend": "it has played" })
        }
        Kind::TaskExit => {
            json!({ "short": "exit {}", "look": "exit", "field": "code", "shown": "{}", "task": "stops" })
        }
        Kind::TaskAlarm => json!({ "short": "alarm {}", "look": "alarm", "field": "alarm", "shown": "{}" }),
        Kind::ResetTaskConfig => json!({ "short": "reset" }),
    };
    row["name"] = kind.name().into();
    row
}
