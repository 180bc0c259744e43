//! What the sink thinks of one body, by itself: a pure function of its bytes, the key and the time.

use serde_json::{Map, Value};

use super::complaint::{Complaint, described};
use super::fields::{Fields, integer};
use crate::callback::Kind;
use crate::callback::sign::Key;
use crate::time::UnixMillis;

/// What was seen in a body, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// As much as could be read.
    pub seen: Seen,
    /// What is wrong, in the order of the checks.
    pub complaints: Vec<Complaint>,
}

impl Verdict {
    /// The status with which the body is refused, and why; `None` where it is accepted.
    pub fn refusal(&self) -> Option<(u16, &Complaint)> {
        // A bad signature outweighs the rest: whoever cannot sign need not learn what else is wrong.
        let status = self.complaints.iter().filter_map(Complaint::refusal).max()?;
        let reason = self.complaints.iter().find(|complaint| complaint.refusal() == Some(status))?;
        Some((status, reason))
    }
}

/// The essentials of a body, as far as they could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// `task_id`; the documented TaskExit has none.
    pub task_id: Option<String>,
    /// `callback_event`, known or not.
    pub callback_event: Option<String>,
    /// `event_type`.
    pub event_type: Option<i64>,
    /// The list that `source_urls` holds.
    pub source_urls: Option<Vec<String>>,
    /// The text of `msg`, if it holds an object.
    pub msg: Option<String>,
    /// `index` of a VodSourceFileStart or VodSourceFileFinish, from 0.
    pub index: Option<i64>,
    /// `code` of a TaskExit.
    pub code: Option<i64>,
    /// `type` of a TaskAlarm.
    pub alarm: Option<String>,
}

impl Seen {
    /// The kind of callback, if the documents know it.
    pub fn kind(&self) -> Option<Kind> {
        self.callback_event.as_deref().and_then(Kind::by_name)
    }
}

/// Judges one body. Signatures are demanded only with a `key`; `now` is when the body arrived.
pub fn judge(body: &[u8], key: Option<&Key>, now: UnixMillis) -> Verdict {
    let outer = match object(body) {
        Ok(outer) => outer,
        Err(complaint) => return Verdict { seen: Seen::default(), complaints: vec![complaint] },
    };
    let mut complaints = Vec::new();
    let mut seen = Seen::default();
    let mut fields = Fields::new(&outer, &mut complaints);
    read_outer(&mut fields, &mut seen);
    if let Some(key) = key {
        check_signature(&mut fields, key, now);
    }
    Verdict { seen, complaints }
}

/// The first parse.
fn object(body: &[u8]) -> Result<Map<String, Value>, Complaint> {
    let text = std::str::from_utf8(body).map_err(|error| Complaint::NotUtf8(error.valid_up_to()))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(outer)) => Ok(outer),
        Ok(other) => Err(Complaint::NotAnObject(described(&other))),
        Err(error) => Err(Complaint::NotJson(error.to_string())),
    }
}

/// Everything but the signature. What the documented TaskExit lacks may be absent from every callback.
fn read_outer(outer: &mut Fields<'_>, seen: &mut Seen) {
    outer.number("appid");
    seen.callback_event = outer.text("callback_event").map(str::to_owned);
    if let (Some(event), None) = (&seen.callback_event, seen.kind()) {
        outer.complain(Complaint::UnknownEvent(described(&Value::from(event.as_str()))));
    }
    outer.optional_text("callback_url");
    if outer.optional("event_time").is_some() {
        outer.integer("event_time");
    }
    outer.exactly("event_type", "314", 314);
    seen.event_type = outer.optional("event_type").and_then(Value::as_i64);
    outer.exactly("interface", r#""general_callback""#, "general_callback");
    read_msg(outer, seen);
    outer.exactly("product_name", r#""pullpush""#, "pullpush");
    seen.source_urls = source_urls(outer);
    outer.optional_text("stream_id");
    seen.task_id = outer.optional_text("task_id").map(str::to_owned);
    outer.optional_text("to_url");
}

/// `msg`: a string that is parsed a second time, and must have what its event needs.
fn read_msg(outer: &mut Fields<'_>, seen: &mut Seen) {
    let Some((text, held)) = outer.held("msg") else { return };
    let Value::Object(inner) = held else {
        outer.complain(Complaint::HoldsWrong { field: "msg", wanted: "an object", found: described(&held) });
        return;
    };
    seen.msg = Some(text.to_owned());
    let mut msg = outer.inside(&inner);
    match seen.kind() {
        Some(Kind::TaskStart) => msg.number("msg.task_start_time"),
        Some(Kind::VodSourceFileStart | Kind::VodSourceFileFinish) => {
            msg.text("msg.url");
            seen.index = msg.integer("msg.index");
            msg.number("msg.duration");
        }
        Some(Kind::TaskExit) => {
            msg.text("msg.message");
            seen.code = msg.integer("msg.code");
            msg.number("msg.task_exit_time");
        }
        Some(Kind::TaskAlarm) => {
            // The documents have both names.
            let field = if msg.optional("msg.AlarmType").is_some() { "msg.AlarmType" } else { "msg.type" };
            seen.alarm = msg.text(field).map(str::to_owned);
        }
        Some(Kind::ResetTaskConfig) | None => {}
    }
}

/// `source_urls`: a string that holds a list of strings. The newline behind it in the samples is white space to JSON.
fn source_urls(outer: &mut Fields<'_>) -> Option<Vec<String>> {
    let (_, held) = outer.held("source_urls")?;
    let urls = held.as_array().and_then(|urls| urls.iter().map(|url| url.as_str().map(str::to_owned)).collect());
    if urls.is_none() {
        let found = described(&held);
        outer.complain(Complaint::HoldsWrong { field: "source_urls", wanted: "an array of strings", found });
    }
    urls
}

/// `t` and `sign`: MD5(key + t), and `t` not over. No allowance for skew: both sides read the same clock.
fn check_signature(outer: &mut Fields<'_>, key: &Key, now: UnixMillis) {
    let (t, sign) = (outer.optional("t"), outer.optional("sign"));
    for (field, value) in [("t", t), ("sign", sign)] {
        if value.is_none() {
            outer.complain(Complaint::NotSigned(field));
        }
    }
    let (Some(t), Some(sign)) = (t, sign) else { return };
    let Some(t) = integer(t).and_then(|t| u64::try_from(t).ok()) else {
        outer.complain(Complaint::WrongSignature);
        return;
    };
    if !sign.as_str().is_some_and(|sign| key.verify(t, sign)) {
        outer.complain(Complaint::WrongSignature);
    }
    if t < now.seconds() {
        outer.complain(Complaint::Expired { t, now: now.seconds() });
    }
}

#[cfg(test)]
mod tests;
