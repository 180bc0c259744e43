//! How a capture differs from what pullpush sends, for people and for programs.

use std::fmt::Write;

use serde::Serialize;

use crate::callback::payload::EventTimeAt;
use crate::report::ndjson::{SCHEMA_VERSION, json};
use crate::report::style::{BAD, GOOD};
use crate::study::drift::write::times;
use crate::study::drift::{Findings, Fit, Gaps, KindSeen};
use crate::text::quoted;

/// The most differences of a kind that people are told.
const MAX_TOLD: usize = 20;
/// The most exits that people are told.
const MAX_EXITS: usize = 12;

/// For people. `key_env` is the variable with the key, if one was named.
pub fn human(name: &str, findings: &Findings, key_env: Option<&str>) -> String {
    let mut text = String::new();
    head(name, findings, &mut text);
    let width = findings.callbacks.to_string().len();
    for fit in &findings.fits {
        let Fit { name, same, beyond, differences, .. } = fit;
        let _ = write!(text, "{name:<8}  {same:>width$} of {} the same", findings.callbacks);
        if *differences > 0 {
            let _ = write!(text, ", {}", several(*differences, "difference"));
        }
        if *beyond > 0 {
            let _ = write!(text, ", {beyond} only from a file");
        }
        text.push_str(if fit == &findings.best { "  fits best\n" } else { "\n" });
    }
    text.push('\n');
    findings.kinds.iter().for_each(|kind| self::kind(kind, &findings.best, &mut text));
    text.push('\n');
    measured(findings, key_env, &mut text);
    let sets = findings.sets(key_env);
    let sets = sets.iter().map(|set| format!("--set {}", quoted(set))).collect::<Vec<_>>().join(" ");
    let _ = writeln!(text, "To send the like:\n  {sets}\n\n{}", findings.toml(key_env).trim_end());
    let steps = findings.steps();
    if !steps.is_empty() {
        let _ =
            writeln!(text, "\nNo setting covers the rest. Steps do, with values of your own:\n\n{}", steps.trim_end());
    }
    text
}

fn head(name: &str, findings: &Findings, text: &mut String) {
    let Findings { callbacks, tasks, .. } = findings;
    let _ = writeln!(text, "{name}: {} of {}", several(*callbacks, "callback"), several(*tasks as u64, "task"));
    for (other, count) in &findings.others {
        let _ = writeln!(text, "no callbacks: {} {}", several(*count, "request"), other.words());
    }
    if findings.omitted > 0 {
        let _ =
            writeln!(text, "{BAD}not compared{BAD:#}: {}, all too different", several(findings.omitted, "callback"));
    }
    if findings.parsed > 0 {
        let _ = writeln!(
            text,
            "{} of {callbacks} bodies are not recorded as text: their spacing and escapes are lost",
            findings.parsed
        );
    }
    text.push('\n');
}

fn kind(kind: &KindSeen, best: &Fit, text: &mut String) {
    let KindSeen { event, count, same, differences } = kind;
    let colour = if same == count { GOOD } else { BAD };
    let _ = writeln!(text, "{event}: {colour}{same} of {count}{colour:#} the same");
    for (difference, those) in differences.iter().take(MAX_TOLD) {
        let _ = writeln!(text, "  {those} of {count} {}", difference.words(best.name));
    }
    if differences.len() > MAX_TOLD {
        let _ = writeln!(text, "  and {} more differences", differences.len() - MAX_TOLD);
    }
}

fn measured(findings: &Findings, key_env: Option<&str>, text: &mut String) {
    let before = text.len();
    signature(findings, key_env, text);
    let of = &findings.times;
    for (what, gaps) in [
        ("TaskStart → VodSourceFileStart", &of.start_gap),
        ("VodSourceFileFinish → VodSourceFileStart", &of.file_gap),
        ("TaskExit → TaskStart", &of.retry_every),
    ] {
        gap(what, gaps, text);
    }
    match findings.event_time_at {
        Some((EventTimeAt::Event, seen)) => {
            let _ = writeln!(text, "event_time: when it happened, the same in every attempt, seen {}", times(seen));
        }
        Some((EventTimeAt::Attempt, seen)) => {
            let _ = writeln!(text, "event_time: when the attempt is made, another in each, seen {}", times(seen));
        }
        None => {}
    }
    if !of.exits.is_empty() {
        let listed = of.exits.iter().take(MAX_EXITS).map(|((code, message), count)| match message.as_str() {
            "" => format!("{code} ×{count}"),
            message => format!("{code} \"{message}\" ×{count}"),
        });
        let more = if of.exits.len() > MAX_EXITS { ", and others" } else { "" };
        let _ = writeln!(text, "TaskExit codes: {}{more}", listed.collect::<Vec<_>>().join(", "));
    }
    for (header, values) in [("User-Agent", &findings.user_agents), ("Content-Type", &findings.content_types)] {
        if !values.is_empty() {
            let listed = values.iter().take(3).map(|(value, count)| format!("{value} ×{count}"));
            let more = if values.len() > 3 { ", and others" } else { "" };
            let _ = writeln!(text, "{header}: {}{more}", listed.collect::<Vec<_>>().join(", "));
        }
    }
    if text.len() > before {
        text.push('\n');
    }
}

fn signature(findings: &Findings, key_env: Option<&str>, text: &mut String) {
    let signature = &findings.signature;
    if signature.signed == 0 {
        return;
    }
    let _ = write!(text, "signature: {} of {} signed", signature.signed, findings.callbacks);
    if let Some(sign_for) = signature.sign_for {
        let _ = write!(text, " for {sign_for}");
    }
    let _ = match (findings.forged(), key_env) {
        (_, None) => writeln!(text, "; not verified: name the variable with the key, --key-env NAME"),
        (0, Some(_)) => writeln!(text, ", all verified"),
        (forged, Some(name)) => writeln!(
            text,
            "; {BAD}{forged} not by MD5(key + t){BAD:#} with the key in {name}: another key, or another way to sign, \
             which no setting covers"
        ),
    };
}

fn gap(what: &str, gaps: &Gaps, text: &mut String) {
    if gaps.count > 0 {
        let (min, median, max, times) = (gaps.min, gaps.median(), gaps.max, times(gaps.count));
        let _ = writeln!(text, "{what}: {min} to {max}, median {median}, seen {times}");
    }
}

fn several(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    capture: &'a str,
    callbacks: u64,
    tasks: usize,
    no_callbacks: u64,
    not_compared: u64,
    not_recorded_as_text: u64,
    covered: bool,
    profile: &'static str,
    profiles: Vec<Profile>,
    kinds: Vec<Kind<'a>>,
    signed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_for_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_time_at: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_gap: Option<Gap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_gap: Option<Gap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_every: Option<Gap>,
    exits: Vec<Exit<'a>>,
    user_agents: Vec<Header<'a>>,
    content_types: Vec<Header<'a>>,
    set: Vec<String>,
    toml: String,
    steps: String,
}

#[derive(Serialize)]
struct Profile {
    profile: &'static str,
    same: u64,
}

#[derive(Serialize)]
struct Kind<'a> {
    callback: &'a str,
    count: u64,
    same: u64,
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct Difference {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    count: u64,
    text: String,
}

#[derive(Serialize)]
struct Gap {
    count: u64,
    min_ms: u64,
    median_ms: u64,
    max_ms: u64,
}

#[derive(Serialize)]
struct Exit<'a> {
    code: i64,
    message: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct Header<'a> {
    value: &'a str,
    count: u64,
}

/// For programs: one JSON object, with its newline.
pub fn ndjson(name: &str, findings: &Findings, key_env: Option<&str>) -> String {
    let Findings { callbacks, tasks, best, signature, .. } = findings;
    json(&Report {
        schema_version: SCHEMA_VERSION,
        capture: name,
        callbacks: *callbacks,
        tasks: *tasks,
        no_callbacks: findings.others.values().sum(),
        not_compared: findings.omitted,
        not_recorded_as_text: findings.parsed,
        covered: findings.is_covered(),
        profile: best.name,
        profiles: findings.fits.iter().map(|fit| Profile { profile: fit.name, same: fit.same }).collect(),
        kinds: findings.kinds.iter().map(|kind| Kind::of(kind, best)).collect(),
        signed: signature.signed,
        verified: signature.checked.then_some(signature.verified),
        sign_for_ms: signature.sign_for.map(|length| length.0),
        event_time_at: findings.event_time_at.map(|(at, _)| if at == EventTimeAt::Event { "event" } else { "attempt" }),
        start_gap: Gap::of(&findings.times.start_gap),
        file_gap: Gap::of(&findings.times.file_gap),
        retry_every: Gap::of(&findings.times.retry_every),
        exits: findings
            .times
            .exits
            .iter()
            .map(|((code, message), count)| Exit { code: *code, message, count: *count })
            .collect(),
        user_agents: Header::all(&findings.user_agents),
        content_types: Header::all(&findings.content_types),
        set: findings.sets(key_env),
        toml: findings.toml(key_env),
        steps: findings.steps(),
    })
}

impl<'a> Kind<'a> {
    fn of(kind: &'a KindSeen, best: &Fit) -> Self {
        let differences = kind.differences.iter().map(|(difference, count)| Difference {
            kind: difference.word(),
            field: difference.field(),
            count: *count,
            text: difference.words(best.name),
        });
        Self { callback: &kind.event, count: kind.count, same: kind.same, differences: differences.collect() }
    }
}

impl Gap {
    fn of(gaps: &Gaps) -> Option<Self> {
        let Gaps { count, min, max, .. } = gaps;
        (*count > 0).then(|| Self { count: *count, min_ms: min.0, median_ms: gaps.median().0, max_ms: max.0 })
    }
}

impl<'a> Header<'a> {
    fn all(values: &'a [(String, u64)]) -> Vec<Self> {
        values.iter().map(|(value, count)| Self { value, count: *count }).collect()
    }
}
