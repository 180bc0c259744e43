//! The exact bytes of a callback: a pure function of what it says, who sends it, the settings and the time.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::codes::Exit;
use super::overlay::Overlay;
use super::payload::{JsonType, Payload, Profile};
use super::restamp::restamp;
use super::sign::BadSignature;
use super::{Callback, Kind, template};
use crate::time::UnixMillis;

/// `event_type` of every relay callback (documented).
pub const EVENT_TYPE: u32 = 314;
/// `interface` of every relay callback (documented).
pub const INTERFACE: &str = "general_callback";
/// `product_name` of every relay callback (documented).
pub const PRODUCT_NAME: &str = "pullpush";

/// The task a callback is about, as its body names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender<'a> {
    /// Number of the copy, for placeholders in overlays.
    pub copy: u64,
    /// `appid`
    pub app_id: u64,
    /// `task_id`
    pub task_id: Cow<'a, str>,
    /// `stream_id`
    pub stream_id: Cow<'a, str>,
    /// `to_url`
    pub to_url: Cow<'a, str>,
    /// `callback_url`
    pub callback_url: Cow<'a, str>,
    /// `source_urls`, in order.
    pub source_urls: Vec<Cow<'a, str>>,
    /// The file a VodSourceFile* callback is about.
    pub file: Option<PlayedFile<'a>>,
}

/// A file as `msg` tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayedFile<'a> {
    /// `url`
    pub url: Cow<'a, str>,
    /// `duration`, in whole seconds.
    pub duration_s: u64,
}

/// The two times a body can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When the thing happened: `task_start_time`, `task_exit_time`. A retry does not change it.
    pub happened: UnixMillis,
    /// When this attempt is made: `event_time`, `t`.
    pub attempted: UnixMillis,
}

/// The body of one attempt.
pub fn encode(
    callback: &Callback,
    sender: &Sender<'_>,
    payload: &Payload,
    moment: Moment,
    overlay: Option<&Overlay>,
    bad_signature: Option<BadSignature>,
) -> Vec<u8> {
    if let Some(raw) = overlay.and_then(|overlay| overlay.raw.as_ref()) {
        let renewed = overlay.is_some_and(|overlay| overlay.restamp);
        return if renewed { restamp(raw, payload, moment) } else { raw.to_vec() };
    }
    let (msg_over, body_over) = match overlay {
        Some(overlay) => (Some(&overlay.msg), Some(&overlay.body)),
        None => (None, None),
    };
    let msg = json(&message(callback, sender, payload, moment), msg_over, sender.copy, false);
    let signature = Signature::new(payload, moment, bad_signature);
    json(&Outer::new(callback, sender, payload, moment, &msg, signature), body_over, sender.copy, true).into_bytes()
}

/// Compact JSON; with `fields` laid over it if there are any.
fn json(object: &impl Serialize, fields: Option<&Map<String, Value>>, copy: u64, alphabetical: bool) -> String {
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
        // A struct with string keys, written to memory, cannot fail.
        return serde_json::to_string(object).unwrap_or_default();
    };
    let mut value = serde_json::to_value(object).unwrap_or_default();
    if let Value::Object(object) = &mut value {
        Overlay::lay(fields, copy, object);
        if alphabetical {
            object.sort_keys();
        }
    }
    value.to_string()
}

/// The outer object; its fields stand in the published, alphabetical order.
#[derive(Serialize)]
struct Outer<'a> {
    appid: u64,
    callback_event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_time: Option<Scalar>,
    event_type: u32,
    interface: &'a str,
    msg: &'a str,
    product_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign: Option<String>,
    source_urls: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_url: Option<&'a str>,
}

impl<'a> Outer<'a> {
    fn new(
        callback: &'a Callback,
        sender: &'a Sender<'_>,
        payload: &Payload,
        moment: Moment,
        msg: &'a str,
        signature: Option<Signature>,
    ) -> Self {
        let (sign, t) = signature.map(|Signature { sign, t }| (sign, t)).unzip();
        let complete = payload.profile == Profile::Complete;
        let kind = callback.kind();
        let about_a_file = matches!(kind, Some(Kind::VodSourceFileStart | Kind::VodSourceFileFinish));
        let has_ids = payload.profile.names_its_task(kind);
        Self {
            appid: sender.app_id,
            callback_event: callback.name(),
            callback_url: (complete || about_a_file).then_some(&*sender.callback_url),
            event_time: payload
                .profile
                .has_event_time()
                .then(|| Scalar::new(moment.attempted.seconds(), payload.event_time_as)),
            event_type: EVENT_TYPE,
            interface: INTERFACE,
            msg,
            product_name: PRODUCT_NAME,
            sign,
            source_urls: source_urls(&sender.source_urls),
            stream_id: has_ids.then_some(&*sender.stream_id),
            t,
            task_id: has_ids.then_some(&*sender.task_id),
            to_url: has_ids.then_some(&*sender.to_url),
        }
    }
}

/// `sign` and `t`.
struct Signature {
    sign: String,
    t: Scalar,
}

impl Signature {
    /// The signature of an attempt, if attempts are signed.
    fn new(payload: &Payload, moment: Moment, bad: Option<BadSignature>) -> Option<Self> {
        let key = payload.key.as_ref().filter(|_| bad != Some(BadSignature::Missing))?;
        let t = match bad {
            // As if it had been sent too late by its own length. Scenario time may run ahead of every other clock: what
            // has to be over by all of them was over before the run.
            Some(BadSignature::Expired) => {
                let sent = payload.epoch.map_or(moment.attempted, |epoch| epoch.min(moment.attempted));
                sent.seconds().saturating_sub((payload.sign_for.0 / 1000).max(1))
            }
            _ => moment.attempted.plus(payload.sign_for).seconds(),
        };
        let sign = match bad {
            // No MD5 is known that equals its own complement.
            Some(BadSignature::Wrong) => key.sign(t).chars().map(complement).collect(),
            _ => key.sign(t),
        };
        Some(Self { sign, t: Scalar::new(t, payload.t_as) })
    }
}

/// The hex digit that differs in every bit.
fn complement(digit: char) -> char {
    digit.to_digit(16).and_then(|value| char::from_digit(15 - value, 16)).unwrap_or(digit)
}

/// A JSON array in a string, with the newline that every published sample has.
fn source_urls(urls: &[Cow<'_, str>]) -> String {
    let mut array = serde_json::to_string(urls).unwrap_or_default();
    array.push('\n');
    array
}

/// What is inside `msg`; keys in the published order.
#[derive(Serialize)]
#[serde(untagged)]
enum Message<'a> {
    Start { task_start_time: u64 },
    File { url: &'a str, index: Scalar, duration: u64 },
    Exit { message: Cow<'a, str>, code: Scalar, task_exit_time: u64 },
    Alarm(Map<String, Value>),
    Nothing {},
}

fn message<'a>(callback: &'a Callback, sender: &'a Sender<'_>, payload: &Payload, moment: Moment) -> Message<'a> {
    match callback {
        Callback::TaskStart => Message::Start { task_start_time: moment.happened.0 },
        Callback::VodSourceFileStart { index } | Callback::VodSourceFileFinish { index } => Message::File {
            url: sender.file.as_ref().map_or("", |file| &file.url),
            index: Scalar::new(*index as u64, payload.index_as),
            duration: sender.file.as_ref().map_or(0, |file| file.duration_s),
        },
        Callback::TaskExit(Exit { code, message }) => {
            let message = template::filled(message, sender.copy);
            Message::Exit { message, code: Scalar::new(*code, payload.code_as), task_exit_time: moment.happened.0 }
        }
        Callback::TaskAlarm(alarm) => {
            Message::Alarm(Map::from_iter([(payload.alarm_field.clone(), Value::from(alarm.name()))]))
        }
        Callback::ResetTaskConfig | Callback::Other(_) => Message::Nothing {},
    }
}

/// A number, or the same number in a string.
#[derive(Serialize)]
#[serde(untagged)]
enum Scalar {
    Unsigned(u64),
    Signed(i64),
    Text(String),
}

impl Scalar {
    fn new(number: impl Into<Scalar> + ToString, json_type: JsonType) -> Self {
        match json_type {
            JsonType::Number => number.into(),
            JsonType::String => Self::Text(number.to_string()),
        }
    }
}

impl From<u64> for Scalar {
    fn from(number: u64) -> Self {
        Self::Unsigned(number)
    }
}

impl From<i64> for Scalar {
    fn from(number: i64) -> Self {
        Self::Signed(number)
    }
}
