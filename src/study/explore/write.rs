//! A script as a scenario file: what the file it came from says beside its tasks, and every callback as a step.

use std::fmt::{self, Write};

use serde_json::{Map, Value as Json};
use toml_edit::{Array, DocumentMut, InlineTable, TomlError, Value};

use crate::callback::Callback;
use crate::callback::codes::Exit;
use crate::callback::payload::{JsonType, Payload};
use crate::scenario::Scenario;
use crate::scenario::expect::Expectation;
use crate::scenario::fault::DuplicateAs;
use crate::scenario::fault::chances::Chances;
use crate::scenario::task::{Script, Step, TaskSpec, When};
use crate::time::Millis;

/// The keys of a file that are not copied: they are in the tasks' steps now, or speak of another file.
pub const WRITTEN_ANEW: [&str; 6] = ["task", "faults", "load", "seed", "name", "description"];
/// The variable that a written file takes its key from: a key is not copied.
const KEY_ENV: &str = "CALLBACK_KEY";

/// Why a script cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The text it came from is none.
    #[error("{0}")]
    Toml(#[from] TomlError),
    /// A step whose bytes are in another file.
    #[error("a step with `body_file` is not written: its bytes are in another file")]
    BodyFile,
}

/// A script as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub text: String,
    /// The variable that its key has to be put into, if `original` held one: keys are not copied.
    pub key_env: Option<&'static str>,
}

/// Writes `script` as a file; `original` is the text of the scenario it was made of, `remarks` go to the top.
///
/// # Errors
/// `original` is not TOML, or a step takes its bytes from a file.
pub fn write(original: &str, script: &Scenario, remarks: &[String]) -> Result<Written, WriteError> {
    let steps = script.tasks.iter().filter_map(|spec| match &spec.script {
        Script::Steps(steps) => Some(steps),
        Script::Relay(_) => None,
    });
    if steps.flatten().any(|step| step.overlay.raw.is_some()) {
        return Err(WriteError::BodyFile);
    }
    let mut file: DocumentMut = original.parse()?;
    // Comments of the original's head belong to another file.
    file.decor_mut().clear();
    for key in WRITTEN_ANEW {
        file.remove(key);
    }
    if let Some(mut version) = file.key_mut("version") {
        version.leaf_decor_mut().clear();
    }
    if let Some(seed) = script.seed {
        file["seed"] = toml_edit::value(i64::try_from(seed).unwrap_or(i64::MAX));
    }
    // What is found under one order need not be found under another, whatever the default is.
    if file.get("receiver").is_none() {
        let mut table = toml_edit::Table::new();
        table.set_implicit(false);
        file.insert("receiver", toml_edit::Item::Table(table));
    }
    if let Some(receiver) = file.get_mut("receiver").and_then(|receiver| receiver.as_table_like_mut()) {
        receiver.insert("ordering", toml_edit::value(script.receiver.ordering.name()));
    }
    let mut key_env = None;
    if let Some(payload) = file.get_mut("payload").and_then(|payload| payload.as_table_like_mut())
        && payload.remove("key").is_some()
    {
        payload.insert("key_env", toml_edit::value(KEY_ENV));
        key_env = Some(KEY_ENV);
    }
    let remark = |text: String, remark: &String| text + "# " + &remark.replace(char::is_control, " ") + "\n";
    let mut text = remarks.iter().fold(String::new(), remark);
    let _ = write!(text, "{file}");
    for spec in &script.tasks {
        let _ = write!(text, "{}", Task(spec, &script.payload));
    }
    Ok(Written { text, key_env })
}

/// A `[[task]]` with its steps.
struct Task<'a>(&'a TaskSpec, &'a Payload);

impl fmt::Display for Task<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(spec, payload) = self;
        writeln!(out, "\n[[task]]")?;
        // A plan has drawn it.
        if spec.start.min > Millis::ZERO {
            writeln!(out, "start = {}", duration(spec.start.min))?;
        }
        writeln!(out, "app_id = {}", spec.app_id)?;
        let strings = [
            ("task_id", &spec.task_id),
            ("stream_id", &spec.stream_id),
            ("to_url", &spec.to_url),
            ("callback_url", &spec.callback_url),
        ];
        for (key, template) in strings {
            if let Some(template) = template {
                writeln!(out, "{key} = {}", string(template.as_written()))?;
            }
        }
        if let [file] = spec.files.as_slice()
            && file.duration == Millis::ZERO
        {
            writeln!(out, "url = {}", string(file.url.as_written()))?;
        } else if !spec.files.is_empty() {
            writeln!(out, "files = [")?;
            for file in &spec.files {
                let url = string(file.url.as_written());
                writeln!(out, "    {{ url = {url}, duration = {} }},", duration(file.duration))?;
            }
            writeln!(out, "]")?;
        }
        match &spec.script {
            Script::Steps(steps) => steps.iter().try_for_each(|step| write_step(out, step, payload)),
            Script::Relay(_) => Ok(()),
        }
    }
}

fn write_step(out: &mut fmt::Formatter<'_>, step: &Step, payload: &Payload) -> fmt::Result {
    let (key, time) = match step.when {
        When::At(at) => ("at", at),
        When::AfterSent(pause) => ("after", pause),
        When::AfterAnswer(pause) => ("after_answer", pause),
    };
    writeln!(out, "\n[[task.step]]\n{key} = {}", duration(time))?;
    writeln!(out, "event = {}", string(step.callback.name()))?;
    let overlay = &step.overlay;
    // What the callback says beyond its name, and over it what the step said already.
    let said = msg(&step.callback, payload).into_iter().chain(overlay.msg.clone()).collect::<Map<_, _>>();
    for (key, fields) in [("msg", &said), ("body", &overlay.body)] {
        if !fields.is_empty() {
            writeln!(out, "{key} = {}", Value::InlineTable(table(fields)))?;
        }
    }
    if let Some(faults) = &step.faults {
        writeln!(out, "fault = {}", Value::InlineTable(fault(faults)))?;
    }
    if let Some(expect) = &step.expect {
        writeln!(out, "expect = {}", Value::InlineTable(expectation(expect)))?;
    }
    Ok(())
}

/// What a step has to say for the service to send this callback; what is the default is not said.
fn msg(callback: &Callback, payload: &Payload) -> Map<String, Json> {
    let number = |number: i64, json_type| match json_type {
        JsonType::Number => Json::from(number),
        JsonType::String => number.to_string().into(),
    };
    let fields = match callback {
        Callback::VodSourceFileStart { index } | Callback::VodSourceFileFinish { index } => {
            let index = i64::try_from(*index).unwrap_or(i64::MAX);
            vec![("index", number(index, payload.index_as)); usize::from(index > 0)]
        }
        Callback::TaskExit(exit) => {
            let code = (exit.code != 0).then(|| ("code", number(exit.code, payload.code_as)));
            let message = (*exit != Exit::of(exit.code)).then(|| ("message", (*exit.message).into()));
            message.into_iter().chain(code).collect()
        }
        Callback::TaskAlarm(alarm) => vec![(payload.alarm_field.as_str(), alarm.name().into())],
        Callback::TaskStart | Callback::ResetTaskConfig | Callback::Other(_) => vec![],
    };
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Chances that are certain, as the `fault` of a step.
fn fault(chances: &Chances) -> InlineTable {
    let mut table = InlineTable::new();
    let mut insert = |key: &str, chance: f64, fields: &[(&str, Value)]| {
        let mut fault: InlineTable = fields.iter().map(|(key, value)| (*key, value.clone())).collect();
        if chance < 1.0 {
            fault.insert("chance", chance.into());
        }
        table.insert(key, Value::InlineTable(fault));
    };
    let kinds = |names: Vec<&str>| Value::from(names.into_iter().collect::<Array>());
    if let Some((chance, duplicate)) = &chances.duplicate {
        let sends = DuplicateAs::ALL.iter().find(|(_, sends)| *sends == duplicate.sends).map_or("", |(name, _)| name);
        let mut fields = vec![("after", length(duplicate.after).into())];
        fields.extend((duplicate.sends != DuplicateAs::SameBytes).then(|| ("sends", sends.into())));
        insert("duplicate", *chance, &fields);
    }
    if let Some((chance, min, max)) = &chances.delay {
        let by = if min == max { length(*min) } else { format!("{}..{}", length(*min), length(*max)) };
        insert("delay", *chance, &[("by", by.into())]);
    }
    if let Some((chance, all)) = &chances.corrupt {
        insert("corrupt", *chance, &[("kinds", kinds(all.iter().map(|kind| kind.name()).collect()))]);
    }
    if let Some((chance, all)) = &chances.signature {
        insert("signature", *chance, &[("kinds", kinds(all.iter().map(|kind| kind.name()).collect()))]);
    }
    if let Some((chance, all)) = &chances.connection {
        insert("connection", *chance, &[("kinds", kinds(all.iter().map(|kind| kind.name()).collect()))]);
    }
    if let Some(chance) = chances.drop {
        table.insert("drop", chance.into());
    }
    table
}

fn expectation(expectation: &Expectation) -> InlineTable {
    let mut table = InlineTable::new();
    if let Some(statuses) = &expectation.status {
        let words = statuses.to_string();
        let status = |word: &str| word.parse::<i64>().map_or_else(|_| Value::from(word), Value::from);
        let mut all: Vec<Value> = words.split(" or ").map(status).collect();
        let one = if all.len() == 1 { all.pop() } else { None };
        table.insert("status", one.unwrap_or_else(|| all.into_iter().collect::<Array>().into()));
    }
    if let Some(within) = expectation.within {
        table.insert("within", humantime::format_duration(within).to_string().into());
    }
    if let Some(Json::Object(fields)) = &expectation.body {
        table.insert("body", Value::InlineTable(self::table(fields)));
    }
    if !expectation.json.is_empty() {
        table.insert("json", Value::InlineTable(self::table(&expectation.json.iter().cloned().collect())));
    }
    if !expectation.headers.is_empty() {
        let headers = expectation.headers.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str())));
        table.insert("headers", Value::InlineTable(headers.collect()));
    }
    table
}

fn table(fields: &Map<String, Json>) -> InlineTable {
    fields.iter().filter_map(|(key, field)| Some((key.as_str(), value(field)?))).collect()
}

/// TOML has no null; what was read from TOML holds none.
fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64()?.into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().filter_map(value).collect::<Array>().into(),
        Json::Object(fields) => Value::InlineTable(table(fields)),
    })
}

fn string(text: &str) -> Value {
    text.into()
}

fn duration(length: Millis) -> Value {
    self::length(length).into()
}

fn length(length: Millis) -> String {
    length.to_string()
}
