//! What a capture comes to, as text for a scenario: settings for `--set` and as TOML, and steps for what no setting covers.

use std::fmt::Write;

use toml::de::DeValue;
use toml_edit::{Array, InlineTable, Key, Value};

use super::difference::{Cover, Part};
use super::{Findings, Gaps, KindSeen};
use crate::callback::codes::{self, WRITE_PACKET_ERROR};
use crate::callback::payload::{EventTimeAt, JsonType, Payload};
use crate::text::is_obeyed;
use crate::time::Millis;

/// The variable with the key, if nobody named one.
pub const KEY_ENV: &str = "CALLBACK_KEY";
/// The most exits of an incident, and the most weight of each.
const MAX_EXITS: (usize, u64) = (100, 1_000_000);
/// The most fields of a step that is written, and the longest key of one.
const MAX_FIELDS: (usize, usize) = (40, 100);
/// A shorter pause between files is none: the next callback waits for the answer to the last one.
const MIN_FILE_GAP: Millis = Millis(20);
/// What a request says it carries, and the service does.
const CONTENT_TYPE: &str = "application/json";

/// A setting: its section, its key, its value.
type Setting = (&'static str, &'static str, Value);

impl Findings {
    /// What has to be set, where it is not the default; the profile always.
    fn settings(&self, key_env: Option<&str>) -> Vec<Setting> {
        let default = Payload::default();
        let types = [
            ("index_as", self.settings.index_as, default.index_as),
            ("code_as", self.settings.code_as, default.code_as),
            ("event_time_as", self.settings.event_time_as, default.event_time_as),
            ("t_as", self.settings.t_as, default.t_as),
        ];
        let types =
            types.into_iter().filter_map(|(key, seen, default)| Some((key, seen.filter(|seen| *seen != default)?)));
        let mut settings: Vec<Setting> = vec![("payload", "profile", self.best.name.into())];
        settings.extend(types.map(|(key, seen)| ("payload", key, word(seen).into())));
        let moves = self.event_time_at.is_some_and(|(at, _)| at == EventTimeAt::Attempt);
        settings.extend(moves.then(|| ("payload", "event_time_at", "attempt".into())));
        let alarm_field = self.settings.alarm_field.as_deref().filter(|field| *field != default.alarm_field);
        settings.extend(alarm_field.map(|field| ("payload", "alarm_field", string(field))));
        if self.settings.signed {
            settings.push(("payload", "key_env", string(key_env.unwrap_or(KEY_ENV))));
            let sign_for = self.signature.sign_for.filter(|length| *length != default.sign_for);
            settings.extend(sign_for.map(|length| ("payload", "sign_for", length.to_string().into())));
        }
        settings.extend(self.headers());
        settings
    }

    /// What most requests say in their headers, if a scenario can say it.
    fn headers(&self) -> Vec<Setting> {
        let sayable = |(value, _): &&(String, u64)| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let of = |seen: &[(String, u64)]| seen.first().filter(sayable).map(|(value, _)| value.clone());
        let user_agent = of(&self.user_agents).filter(|agent| !agent.starts_with("pullpush/"));
        let content_type = of(&self.content_types).filter(|content| content != CONTENT_TYPE);
        let user_agent = user_agent.map(|agent| ("receiver", "user_agent", string(&agent)));
        let content_type = content_type.map(|content| {
            let headers = InlineTable::from_iter([("Content-Type", string(&content))]);
            ("receiver", "headers", Value::InlineTable(headers))
        });
        user_agent.into_iter().chain(content_type).collect()
    }

    /// The settings as `path=value`, for `--set`.
    pub fn sets(&self, key_env: Option<&str>) -> Vec<String> {
        let set = |(section, key, value): Setting| match value.as_str() {
            Some(text) if is_read_as_text(text) => format!("{section}.{key}={text}"),
            _ => format!("{section}.{key}={value}"),
        };
        self.settings(key_env).into_iter().map(set).collect()
    }

    /// The settings, and what was measured, as TOML.
    pub fn toml(&self, key_env: Option<&str>) -> String {
        let mut toml = String::new();
        let settings = self.settings(key_env);
        for section in ["receiver", "payload"] {
            let mut lines = settings.iter().filter(|(of, ..)| *of == section).peekable();
            if lines.peek().is_some() {
                let _ = writeln!(toml, "{}[{section}]", if toml.is_empty() { "" } else { "\n" });
            }
            for (_, key, value) in lines {
                let _ = writeln!(toml, "{key} = {value}");
            }
        }
        self.write_task(&mut toml);
        self.write_incident(&mut toml);
        toml
    }

    fn write_task(&self, toml: &mut String) {
        let times = &self.times;
        let mut lines = Vec::new();
        if times.start_gap.count > 0 {
            let (min, max) = (times.start_gap.min.max(Millis(1)), times.start_gap.max.max(Millis(1)));
            let range = if min == max { min.to_string() } else { format!("{min}..{max}") };
            lines.push(format!("start_gap = {}  # {}", Value::from(range), measured(&times.start_gap)));
        }
        if times.file_gap.median() >= MIN_FILE_GAP {
            let gap = Value::from(times.file_gap.median().to_string());
            lines.push(format!("file_gap = {gap}  # {}", measured(&times.file_gap)));
        }
        let natural = times.exits.iter().find(|((code, message), _)| *code == 0 && !message.is_empty());
        lines.extend(natural.map(|((code, message), _)| format!("exit = {}", exit(*code, message))));
        if !lines.is_empty() {
            let _ = writeln!(toml, "\n[[task]]\n{}", lines.join("\n"));
        }
    }

    fn write_incident(&self, toml: &mut String) {
        let times = &self.times;
        let failed: Vec<_> = times.exits.iter().filter(|((code, _), _)| *code != 0).take(MAX_EXITS.0).collect();
        if failed.is_empty() && times.retry_every.count == 0 {
            return;
        }
        let broken = failed.iter().any(|((code, _), _)| *code == WRITE_PACKET_ERROR.code);
        let _ =
            writeln!(toml, "\n[[task.incident]]\nkind = \"{}\"", if broken { "push-broken" } else { "source-down" });
        if times.retry_every.count > 0 {
            let every = Value::from(times.retry_every.median().max(Millis(1)).to_string());
            let _ = writeln!(toml, "retry_every = {every}  # {}", measured(&times.retry_every));
        }
        let exits = failed.iter().map(|((code, message), count)| {
            let weight = i64::try_from((**count).min(MAX_EXITS.1)).unwrap_or(1);
            InlineTable::from_iter([("exit", exit(*code, message)), ("weight", weight.into())])
        });
        let exits = exits.collect::<Array>();
        if !exits.is_empty() {
            let _ = writeln!(toml, "exits = {exits}");
        }
    }

    /// The steps that send what no setting covers, as TOML; nothing if there is nothing of the kind.
    pub fn steps(&self) -> String {
        let mut toml = String::new();
        for kind in self.kinds.iter().filter(|kind| !kind.differences.is_empty()) {
            if !toml.is_empty() {
                toml.push('\n');
            }
            let _ = writeln!(toml, "[[task.step]]\nevent = {}", string(&kind.event));
            toml.push_str(&overlays(kind));
        }
        toml
    }
}

/// What a step lays over; or the file with its bytes.
fn overlays(kind: &KindSeen) -> String {
    let (mut msg, mut body) = (InlineTable::new(), InlineTable::new());
    for (difference, _) in &kind.differences {
        match difference.cover() {
            Cover::Step => {}
            Cover::Field { part, key, value } if msg.len() + body.len() < MAX_FIELDS.0 && key.len() <= MAX_FIELDS.1 => {
                let table = if part == Part::Msg { &mut msg } else { &mut body };
                if let (Some(value), false) = (toml_value(&value), table.contains_key(&key)) {
                    table.insert_formatted(&self::key(&key), value);
                }
            }
            Cover::Field { .. } | Cover::Bytes => return from_a_file(&kind.event),
        }
    }
    let line = |(key, table): (&str, &InlineTable)| (!table.is_empty()).then(|| format!("{key} = {table}\n"));
    [("msg", &msg), ("body", &body)].into_iter().filter_map(line).collect()
}

fn from_a_file(event: &str) -> String {
    let letters = event.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let name = format!("{}.json", if letters.is_empty() { "body" } else { &letters });
    format!(
        "# no setting makes the like: save the body of such a {event} of the capture as {name}\nbody_file = {}\n",
        Value::from(name.as_str())
    )
}

/// JSON that is no null as TOML.
fn toml_value(json: &serde_json::Value) -> Option<Value> {
    Some(match json {
        serde_json::Value::Bool(truth) => (*truth).into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64()?.into(),
        },
        serde_json::Value::String(text) => string(text),
        serde_json::Value::Array(_) => Array::new().into(),
        serde_json::Value::Object(_) => InlineTable::new().into(),
        serde_json::Value::Null => return None,
    })
}

/// A string on one line, in which nothing moves a cursor.
fn string(text: &str) -> Value {
    basic(text).parse().unwrap_or_else(|_| text.into())
}

fn key(text: &str) -> Key {
    let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { Key::new(text) } else { basic(text).parse().unwrap_or_else(|_| Key::new(text)) }
}

/// A basic string of TOML.
fn basic(text: &str) -> String {
    let mut basic = String::from("\"");
    for letter in text.chars() {
        let _ = match letter {
            '"' | '\\' => write!(basic, "\\{letter}"),
            letter if is_obeyed(letter) => write!(basic, "\\U{:08x}", u32::from(letter)),
            letter => write!(basic, "{letter}"),
        };
    }
    basic + "\""
}

/// An exit, as short as it can be written.
fn exit(code: i64, message: &str) -> Value {
    if codes::by_number(code).is_some_and(|known| known.message == message) {
        return code.into();
    }
    Value::InlineTable(InlineTable::from_iter([("code", Value::from(code)), ("message", string(message))]))
}

fn measured(gaps: &Gaps) -> String {
    if gaps.min == gaps.max {
        return format!("seen {}", times(gaps.count));
    }
    format!("seen {}, from {} to {}, median {}", times(gaps.count), gaps.min, gaps.max, gaps.median())
}

/// `once`, `3 times`
pub fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn word(json_type: JsonType) -> &'static str {
    JsonType::ALL.iter().find(|(_, known)| *known == json_type).map_or("", |(name, _)| name)
}

/// Whether `--set` reads this as the text that it is.
fn is_read_as_text(text: &str) -> bool {
    DeValue::parse(text.trim()).is_err() && !text.contains(is_obeyed)
}
