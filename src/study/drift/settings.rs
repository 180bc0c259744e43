//! The settings of `[payload]` that captured bodies were made with, but for their profile.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::body::Body;
use super::shape::{Field, Form, Shape};
use crate::callback::body::{Sender, encode};
use crate::callback::codes::Exit;
use crate::callback::moment::Moment;
use crate::callback::payload::{JsonType, Payload, Profile};
use crate::callback::sign::Key;
use crate::callback::{Alarm, Callback, Kind};
use crate::time::{Millis, UnixMillis};

/// When the bodies are made that captured ones are compared with.
const NOW: UnixMillis = UnixMillis(1_767_225_600_000);

/// The longest name of a field that a setting is made of; a scenario has no room for just any.
const MAX_ALARM_FIELD: usize = 200;

/// What most of the bodies say that can say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// JSON type of `index`.
    pub index_as: Option<JsonType>,
    /// JSON type of `code`.
    pub code_as: Option<JsonType>,
    /// JSON type of `event_time`.
    pub event_time_as: Option<JsonType>,
    /// JSON type of `t`.
    pub t_as: Option<JsonType>,
    /// Name of a TaskAlarm's field.
    pub alarm_field: Option<String>,
    /// Whether they are signed.
    pub signed: bool,
}

/// How many speak for what.
#[derive(Debug)]
struct Votes<T>(BTreeMap<T, u64>);

impl<T: Ord> Votes<T> {
    fn of(votes: impl Iterator<Item = (T, u64)>) -> Self {
        let mut counted = BTreeMap::new();
        votes.for_each(|(vote, count)| *counted.entry(vote).or_default() += count);
        Self(counted)
    }

    /// The first of those that most are for.
    fn winner(self) -> Option<T> {
        self.0.into_iter().rev().max_by_key(|(_, count)| *count).map(|(vote, _)| vote)
    }
}

impl Settings {
    /// The settings behind bodies of these shapes, each with its event and how many there are.
    pub(super) fn of<'a>(shapes: impl Iterator<Item = (&'a str, &'a Shape, u64)> + Clone) -> Self {
        let json_type = |fields: fn(&Shape) -> &[Field], key: &'static str| {
            let votes = shapes.clone().filter_map(|(_, shape, count)| {
                let field = fields(shape).iter().find(|field| field.key == key)?;
                Some((is_text(&field.form)?, count))
            });
            Votes::of(votes).winner().map(|text| if text { JsonType::String } else { JsonType::Number })
        };
        let alarms = shapes.clone().filter(|(event, ..)| Kind::by_name(event) == Some(Kind::TaskAlarm));
        let named = |(_, shape, count): (_, &Shape, _)| Some((alarm_field(&shape.msg)?.to_owned(), count));
        let has = |shape: &Shape, key| shape.outer.iter().any(|field| field.key == key);
        let signed = shapes.clone().map(|(_, shape, count)| (has(shape, "sign") && has(shape, "t"), count));
        Self {
            index_as: json_type(|shape| &shape.msg, "index"),
            code_as: json_type(|shape| &shape.msg, "code"),
            event_time_as: json_type(|shape| &shape.outer, "event_time"),
            t_as: json_type(|shape| &shape.outer, "t"),
            alarm_field: Votes::of(alarms.filter_map(named)).winner(),
            signed: Votes::of(signed).winner().unwrap_or(false),
        }
    }

    /// The same for pullpush.
    pub(super) fn payload(&self, profile: Profile) -> Payload {
        let default = Payload::default();
        Payload {
            profile,
            // Whichever it is: it decides no shape.
            key: Key::new("key").ok().filter(|_| self.signed),
            index_as: self.index_as.unwrap_or(default.index_as),
            code_as: self.code_as.unwrap_or(default.code_as),
            event_time_as: self.event_time_as.unwrap_or(default.event_time_as),
            t_as: self.t_as.unwrap_or(default.t_as),
            alarm_field: self.alarm_field.clone().unwrap_or(default.alarm_field),
            ..default
        }
    }
}

/// The shape of what pullpush sends of an event.
pub(super) fn expected(event: &str, payload: &Payload) -> Option<Shape> {
    let callback = match Kind::by_name(event) {
        Some(Kind::TaskStart) => Callback::TaskStart,
        Some(Kind::VodSourceFileStart) => Callback::VodSourceFileStart { index: 0 },
        Some(Kind::VodSourceFileFinish) => Callback::VodSourceFileFinish { index: 0 },
        Some(Kind::TaskExit) => Callback::TaskExit(Exit::new(0, "")),
        Some(Kind::TaskAlarm) => Callback::TaskAlarm(Alarm::PullFileFailed),
        Some(Kind::ResetTaskConfig) => Callback::ResetTaskConfig,
        None => Callback::Other("Other".into()),
    };
    let sender = Sender {
        copy: 1,
        app_id: 1,
        task_id: Cow::Borrowed("1"),
        stream_id: Cow::Borrowed("a"),
        to_url: Cow::Borrowed("rtmp://a.test/live/a"),
        callback_url: Cow::Borrowed("http://a.test/"),
        source_urls: vec![Cow::Borrowed("http://a.test/a")],
        file_duration_s: 1,
    };
    let moment = Moment::at(NOW);
    let bytes = encode(&callback, &sender, payload, moment, None, None);
    Some(Shape::of(&Body::read(&bytes).ok()?, Millis(NOW.0)))
}

/// Whether a number is in a string; nothing for what is no number.
fn is_text(form: &Form) -> Option<bool> {
    match form {
        Form::Integer | Form::OtherUnit { text: false, .. } => Some(false),
        Form::Digits | Form::OtherUnit { text: true, .. } => Some(true),
        _ => None,
    }
}

/// The field with the alarm; if no alarm is known, the one that looks most like it.
fn alarm_field(msg: &[Field]) -> Option<&str> {
    let text = |field: &&Field| field.form == Form::Text;
    let named = |field: &&Field| ["type", "AlarmType"].contains(&field.key.as_str());
    let found = msg.iter().find(|field| field.form == Form::Alarm);
    let found = found.or_else(|| msg.iter().filter(text).find(named)).or_else(|| msg.iter().find(text));
    found.map(|field| field.key.as_str()).filter(|key| (1..=MAX_ALARM_FIELD).contains(&key.len()))
}
