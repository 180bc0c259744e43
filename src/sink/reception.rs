//! What happened to one request, for people and for programs.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::judge::{Seen, Verdict};
use super::misbehaviour::Reaction;
use super::note::Note;
use crate::text::one_line;
use crate::time::{Millis, UnixMillis};

/// The version of a reception's JSON; it changes when a reader would have to.
pub const SCHEMA_VERSION: u32 = 1;

/// What the sink answers, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// A JSON object, as the provider recommends.
    pub body: Bytes,
    /// How long to wait before the answer, or before the connection is closed.
    pub delay: Duration,
    /// Close the connection without a byte of an answer.
    pub drop_connection: bool,
}

impl Reply {
    /// The answer to what was found, with the misbehaviour that was decided on.
    pub fn new(verdict: &Verdict, reaction: Reaction) -> Self {
        let (status, body) = match (reaction.status, verdict.refusal()) {
            (Some(status), _) if reaction.is_unrecorded => {
                (status, failure(status, "nobody reads the output of the sink"))
            }
            (Some(status), _) => (status, failure(status, "failing on purpose")),
            (None, Some((status, reason))) => (status, failure(status, &reason.to_string())),
            (None, None) => (200, Bytes::from_static(br#"{"code":0}"#)),
        };
        Self { status, body, delay: reaction.delay, drop_connection: reaction.drop_connection }
    }

    /// Whether the provider takes it for a success: status 200 exactly.
    pub const fn is_acknowledgement(&self) -> bool {
        self.status == 200 && !self.drop_connection
    }
}

fn failure(status: u16, message: &str) -> Bytes {
    serde_json::json!({ "code": status, "message": message }).to_string().into()
}

/// One request: what was seen, what is thought of it and what is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// When it had arrived completely.
    pub at: UnixMillis,
    /// What the sink thinks of the body.
    pub verdict: Verdict,
    /// Its task, as a number that all callbacks of the task have in common: also of a TaskExit that names none, if it can
    /// be one task's only. Only what is acknowledged is judged.
    pub task: Option<u64>,
    /// What is remarkable about its place in the order of its task. Only what is acknowledged is judged.
    pub note: Option<Note>,
    /// What is answered.
    pub reply: Reply,
    /// How it was treated on purpose.
    pub reaction: Reaction,
}

impl Reception {
    /// Whether it was not acknowledged, and that on purpose.
    pub const fn is_failed_on_purpose(&self) -> bool {
        let reaction = self.reaction;
        !self.reply.is_acknowledgement()
            && !reaction.is_unrecorded
            && (reaction.status.is_some() || reaction.drop_connection)
    }

    /// How it ended: the word used in JSON.
    pub const fn result(&self) -> &'static str {
        if self.reply.is_acknowledgement() {
            "ok"
        } else if self.reply.drop_connection {
            "dropped-on-purpose"
        } else if self.is_failed_on_purpose() {
            "failed-on-purpose"
        } else {
            "refused"
        }
    }
}

/// `12:00:01.203  TaskExit -22              task=118148  200  ok`, then a line for each complaint and for the note.
impl fmt::Display for Reception {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = &self.verdict.seen;
        let task = seen.task_id.as_deref().map_or("-".to_owned(), |id| one_line(id, 40));
        write!(out, "{}  {:<28}  task={task}  ", self.at.clock(), what(seen))?;
        let status = if self.reply.drop_connection { "---".to_owned() } else { self.reply.status.to_string() };
        write!(out, "{status}  {}", self.result().replace('-', " "))?;
        if !self.reply.delay.is_zero() {
            write!(out, ", after {}", humantime::format_duration(self.reply.delay))?;
        }
        for complaint in &self.verdict.complaints {
            write!(out, "\n              {complaint}")?;
        }
        match self.note {
            Some(note) => write!(out, "\n              note: {note}"),
            None => Ok(()),
        }
    }
}

/// The callback as the log of a run names it: `VodSourceFileStart [0]`.
fn what(seen: &Seen) -> String {
    let name = one_line(seen.callback_event.as_deref().unwrap_or("-"), 40);
    match seen {
        Seen { index: Some(index), .. } => format!("{name} [{index}]"),
        Seen { code: Some(code), .. } => format!("{name} {code}"),
        Seen { alarm: Some(alarm), .. } => format!("{name} {}", one_line(alarm, 40)),
        _ => name,
    }
}

/// A reception as one JSON object.
#[derive(Serialize)]
struct Line<'a> {
    schema_version: u32,
    event: &'static str,
    at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm: Option<&'a str>,
    /// Absent where the connection was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    delay_ms: u64,
    result: &'static str,
    complaints: Vec<Remark>,
    notes: Vec<Remark>,
}

#[derive(Serialize)]
struct Remark {
    kind: &'static str,
    text: String,
}

impl Serialize for Reception {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Verdict { seen, complaints } = &self.verdict;
        Line {
            schema_version: SCHEMA_VERSION,
            event: "received",
            at_ms: self.at.0,
            callback_event: seen.callback_event.as_deref(),
            event_type: seen.event_type,
            task_id: seen.task_id.as_deref(),
            index: seen.index,
            code: seen.code,
            alarm: seen.alarm.as_deref(),
            status: (!self.reply.drop_connection).then_some(self.reply.status),
            delay_ms: Millis::from_duration(self.reply.delay).0,
            result: self.result(),
            complaints: complaints.iter().map(|it| Remark::new(it.word(), it)).collect(),
            notes: self.note.iter().map(|it| Remark::new(it.word(), it)).collect(),
        }
        .serialize(serializer)
    }
}

impl Remark {
    fn new(kind: &'static str, text: &impl ToString) -> Self {
        Self { kind, text: text.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sink;
    use super::super::misbehaviour::Misbehaviour;
    use super::*;

    const START: &str = include_str!("../../tests/samples/TaskStart.json");
    const FINISH: &str = include_str!("../../tests/samples/VodSourceFileFinish.json");
    const EXIT: &str = include_str!("../../tests/samples/TaskExit.json");
    const NOW: UnixMillis = UnixMillis(1_767_225_601_203);

    fn received(body: &str, misbehaviour: Misbehaviour) -> Reception {
        Sink::new(None, misbehaviour).receive(body.as_bytes(), NOW)
    }

    #[test]
    fn for_people_it_is_a_line_and_what_is_wrong() {
        let well = Misbehaviour::default;
        let late = Misbehaviour { delay: Duration::from_secs(25), ..well() };
        let mute = Misbehaviour { drop_connection: true, ..well() };
        let ill = Misbehaviour { status: Some(503), ..well() };
        let broken = START.replace("\"pullpush\"", "0").replace("118148", "\\u001b[31m");
        for (body, misbehaviour, line) in [
            (START, well(), "00:00:01.203  TaskStart                     task=118148  200  ok"),
            (EXIT, late, "00:00:01.203  TaskExit -22                  task=-  200  ok, after 25s"),
            (START, mute, "00:00:01.203  TaskStart                     task=118148  ---  dropped on purpose"),
            (START, ill, "00:00:01.203  TaskStart                     task=118148  503  failed on purpose"),
            (
                FINISH,
                well(),
                "00:00:01.203  VodSourceFileFinish [0]       task=118145  200  ok\n              \
                 note: the first callback of the task is VodSourceFileFinish, not TaskStart",
            ),
            (
                &broken,
                well(),
                "00:00:01.203  TaskStart                     task=\\u{1b}[31m  400  refused\n              \
                 `product_name` should be \"pullpush\", but is 0",
            ),
        ] {
            assert_eq!(received(body, misbehaviour).to_string(), line);
        }
    }

    #[test]
    fn for_programs_it_is_an_object() {
        let json = |body: &str, misbehaviour| serde_json::to_string(&received(body, misbehaviour)).unwrap();
        assert_eq!(
            json(FINISH, Misbehaviour { delay: Duration::from_millis(20), ..Misbehaviour::default() }),
            "{\"schema_version\":1,\"event\":\"received\",\"at_ms\":1767225601203,\
             \"callback_event\":\"VodSourceFileFinish\",\
             \"event_type\":314,\"task_id\":\"118145\",\"index\":0,\"status\":200,\"delay_ms\":20,\"result\":\"ok\",\
             \"complaints\":[],\"notes\":[{\"kind\":\"not-started-first\",\
             \"text\":\"the first callback of the task is VodSourceFileFinish, not TaskStart\"}]}"
        );
        assert_eq!(
            json("[]", Misbehaviour { drop_connection: true, ..Misbehaviour::default() }),
            "{\"schema_version\":1,\"event\":\"received\",\"at_ms\":1767225601203,\"delay_ms\":0,\
             \"result\":\"dropped-on-purpose\",\"complaints\":[{\"kind\":\"not-an-object\",\
             \"text\":\"the body should be a JSON object, but is an array\"}],\"notes\":[]}"
        );
    }
}
