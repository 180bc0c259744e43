//! The exact bytes of a callback: a pure function of what it says, who sends it, the settings and the time.

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::codes::Exit;
use super::moment::Moment;
use super::object::{Object, key, push_string};
use super::overlay::Overlay;
use super::payload::{JsonType, Payload, Profile};
use super::restamp::restamp;
use super::sign::BadSignature;
use super::{Callback, Kind, template};

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
    /// How long the file plays that a VodSourceFile* callback is about, in whole seconds.
    pub file_duration_s: u64,
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
    let msg = laid_over(message(callback, sender, payload, moment), msg_over, sender.copy, false);
    let signature = Signature::new(payload, moment, bad_signature);
    laid_over(outer(callback, sender, payload, moment, &msg, signature), body_over, sender.copy, true).into_bytes()
}

/// The object `text`; with `fields` laid over it if there are any.
fn laid_over(text: String, fields: Option<&Map<String, Value>>, copy: u64, alphabetical: bool) -> String {
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else { return text };
    // What was written here can be read.
    let mut object = serde_json::from_str(&text).unwrap_or_default();
    Overlay::lay(fields, copy, &mut object);
    if alphabetical {
        object.sort_keys();
    }
    Value::Object(object).to_string()
}

/// The outer object; its fields stand in the published, alphabetical order.
fn outer(
    callback: &Callback,
    sender: &Sender<'_>,
    payload: &Payload,
    moment: Moment,
    msg: &str,
    signature: Option<Signature>,
) -> String {
    let (sign, t) = signature.map(|Signature { sign, t }| (sign, t)).unzip();
    let complete = payload.profile == Profile::Complete;
    let kind = callback.kind();
    let about_a_file = matches!(kind, Some(Kind::VodSourceFileStart | Kind::VodSourceFileFinish));
    let has_ids = payload.profile.names_its_task(kind);
    let mut object = Object::with_capacity(1024);
    object.number(key!("appid"), sender.app_id);
    object.string(key!("callback_event"), callback.name());
    if complete || about_a_file {
        object.string(key!("callback_url"), &sender.callback_url);
    }
    if payload.profile.has_event_time() {
        scalar(&mut object, key!("event_time"), moment.event_time(payload), payload.event_time_as);
    }
    object.number(key!("event_type"), EVENT_TYPE);
    object.string(key!("interface"), INTERFACE);
    object.string(key!("msg"), msg);
    object.string(key!("product_name"), PRODUCT_NAME);
    if let Some(sign) = &sign {
        object.string(key!("sign"), sign);
    }
    object.string(key!("source_urls"), &source_urls(&sender.source_urls));
    if has_ids {
        object.string(key!("stream_id"), &sender.stream_id);
    }
    if let Some(t) = t {
        scalar(&mut object, key!("t"), t, payload.t_as);
    }
    if has_ids {
        object.string(key!("task_id"), &sender.task_id);
        object.string(key!("to_url"), &sender.to_url);
    }
    object.end()
}

/// A number, or the same number in a string.
fn scalar(object: &mut Object, key: &'static str, number: impl Display, json_type: JsonType) {
    match json_type {
        JsonType::Number => object.number(key, number),
        JsonType::String => object.string(key, &number.to_string()),
    }
}

/// `sign` and `t`.
struct Signature {
    sign: String,
    /// In UNIX seconds.
    t: u64,
}

impl Signature {
    /// The signature of an attempt, if attempts are signed.
    fn new(payload: &Payload, moment: Moment, bad: Option<BadSignature>) -> Option<Self> {
        let key = payload.key.as_ref().filter(|_| bad != Some(BadSignature::Missing))?;
        let t = match bad {
            // As if it had been sent too late by its own length. Scenario time may run ahead of every other clock: what
            // has to be over by all of them was over before the run.
            Some(BadSignature::Expired) => {
                let sent = moment.epoch.min(moment.attempted);
                sent.seconds().saturating_sub((payload.sign_for.0 / 1000).max(1))
            }
            _ => moment.attempted.plus(payload.sign_for).seconds(),
        };
        let sign = match bad {
            // No MD5 is known that equals its own complement.
            Some(BadSignature::Wrong) => key.sign(t).chars().map(complement).collect(),
            _ => key.sign(t),
        };
        Some(Self { sign, t })
    }
}

/// The hex digit that differs in every bit.
fn complement(digit: char) -> char {
    digit.to_digit(16).and_then(|value| char::from_digit(15 - value, 16)).unwrap_or(digit)
}

/// A JSON array in a string, with the newline that every published sample has.
pub fn source_urls(urls: &[Cow<'_, str>]) -> String {
    let mut array = String::with_capacity(64);
    array.push('[');
    for (index, url) in urls.iter().enumerate() {
        if index > 0 {
            array.push(',');
        }
        push_string(&mut array, url);
    }
    array.push_str("]\n");
    array
}

/// What is inside `msg`; keys in the published order.
fn message(callback: &Callback, sender: &Sender<'_>, payload: &Payload, moment: Moment) -> String {
    let mut object = Object::with_capacity(256);
    match callback {
        Callback::TaskStart => object.number(key!("task_start_time"), moment.happened.0),
        Callback::VodSourceFileStart { index } | Callback::VodSourceFileFinish { index } => {
            object.string(key!("url"), sender.source_urls.get(*index).map_or("", |url| url));
            scalar(&mut object, key!("index"), *index, payload.index_as);
            object.number(key!("duration"), sender.file_duration_s);
        }
        Callback::TaskExit(Exit { code, message }) => {
            object.string(key!("message"), &template::filled(message, sender.copy));
            scalar(&mut object, key!("code"), *code, payload.code_as);
            object.number(key!("task_exit_time"), moment.happened.0);
        }
        Callback::TaskAlarm(alarm) => {
            // Its key is a setting, in which anything may stand.
            let fields = [(payload.alarm_field.clone(), Value::from(alarm.name()))];
            return Value::Object(Map::from_iter(fields)).to_string();
        }
        Callback::ResetTaskConfig | Callback::Other(_) => {}
    }
    object.end()
}
