//! `[payload]`

use toml::de::DeValue;

use super::Keys;
use crate::callback::payload::{EventTimeAt, JsonType, Payload, Profile, Stamps};
use crate::callback::sign::Key;
use crate::scenario::problem::Problem;
use crate::scenario::section::Section;
use crate::time::{Millis, UnixMillis};

/// The payload settings, and the name of the variable that holds the key, which is read if there are `keys`.
pub(super) fn read(mut section: Section<'_>, keys: Option<Keys>) -> (Payload, Option<String>) {
    let default = Payload::default();
    let mut key = key(&mut section);
    let key_env = section.string("key_env").map(|name| {
        if section.key_span("key").is_some() {
            section.add(Problem::error(name.span, "`key` and `key_env` are both given").help("keep one of them"));
        } else if let Some(keys) = keys {
            match keys(name.value) {
                Ok(read) => key = Some(read),
                Err(why) => section.add(
                    Problem::error(name.span, why).help("set it to the key, or take `key_env` out to sign nothing"),
                ),
            }
        }
        name.value.to_owned()
    });
    let mut json_type = |key, default| section.one_of(key, &JsonType::ALL).map_or(default, |word| word.value);
    let payload = Payload {
        index_as: json_type("index_as", default.index_as),
        code_as: json_type("code_as", default.code_as),
        event_time_as: json_type("event_time_as", default.event_time_as),
        t_as: json_type("t_as", default.t_as),
        event_time_at: section.one_of("event_time_at", &EventTimeAt::ALL).map_or(default.event_time_at, |at| at.value),
        key,
        profile: section.one_of("profile", &Profile::ALL).map_or(default.profile, |profile| profile.value),
        sign_for: sign_for(&mut section).unwrap_or(default.sign_for),
        alarm_field: section.text("alarm_field").unwrap_or(default.alarm_field),
        stamps: section.one_of("stamps", &Stamps::ALL).map_or(default.stamps, |stamps| stamps.value),
        epoch: epoch(&mut section),
    };
    section.finish();
    (payload, key_env)
}

fn sign_for(section: &mut Section<'_>) -> Option<Millis> {
    let length = section.duration("sign_for")?;
    if length.value < Millis::from_secs(1) {
        section.add(
            Problem::error(length.span, "`sign_for` is at least 1s: `t` counts whole seconds")
                .help("the documented validity is \"10m\""),
        );
        return None;
    }
    Some(length.value)
}

fn key(section: &mut Section<'_>) -> Option<Key> {
    let text = section.string("key")?;
    match Key::new(text.value) {
        Ok(key) => Some(key),
        Err(error) => {
            section.add(Problem::error(text.span, format!("`key` cannot be this: {error}")));
            None
        }
    }
}

fn epoch(section: &mut Section<'_>) -> Option<UnixMillis> {
    let value = section.get("epoch")?;
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        _ => String::new(),
    };
    match humantime::parse_rfc3339_weak(&text).map(UnixMillis::from) {
        Ok(instant) if instant <= UnixMillis::LAST => Some(instant),
        _ => {
            section.add(
                Problem::error(value.span(), "`epoch` is not an instant in UTC")
                    .help("write it like \"2026-01-01T00:00:00Z\""),
            );
            None
        }
    }
}
