//! A recording as a scenario: each callback a step at its time, with its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Record;
use crate::callback::decoded::decode;
use crate::callback::overlay::Overlay;
use crate::callback::payload::{Payload, Stamps};
use crate::callback::sign::Key;
use crate::callback::template::Template;
use crate::scenario::expect::Expectations;
use crate::scenario::service::Service;
use crate::scenario::task::{Range, Script, Step, TaskSpec, When};
use crate::scenario::{Receiver, Retry, Scenario};
use crate::time::Millis;

/// How a recording is to be played.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// The bytes as they were; otherwise their times are told anew, and they are signed anew.
    pub verbatim: bool,
    /// Only what was not acknowledged.
    pub failed: bool,
    /// The key to sign with.
    pub key: Option<Key>,
    /// What follows a failed attempt.
    pub retry: Retry,
}

/// The longest time that an event may have waited to be told, and still be taken for late: retries and delays are shorter.
const MAX_LATE: u64 = 86_400_000;

/// How long after its event each of `records` was sent, by the times in their bodies; they count from the one that was the least
/// late, so that it does not matter which clock recorded them.
fn lateness(records: &[Record]) -> Vec<Millis> {
    let lag = |record: &Record| {
        let body: Value = serde_json::from_slice(&record.body).ok()?;
        let msg: Option<Value> = body.get("msg").and_then(Value::as_str).and_then(|msg| serde_json::from_str(msg).ok());
        let exact =
            msg.and_then(|msg| ["task_start_time", "task_exit_time"].iter().find_map(|key| number(msg.get(key)?)));
        let happened = exact.or_else(|| number(body.get("event_time")?)?.checked_mul(1000))?;
        i64::try_from(record.at?.0).ok()?.checked_sub(happened)
    };
    let lags: Vec<_> = records.iter().map(lag).collect();
    let mut sorted: Vec<_> = lags.iter().flatten().copied().collect();
    sorted.sort_unstable();
    // A body that tells a time of another century says nothing about the others.
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let base = sorted.into_iter().find(|lag| lag.abs_diff(middle) <= MAX_LATE).unwrap_or_default();
    let late = |lag: i64| u64::try_from(lag.saturating_sub(base)).ok().filter(|late| *late <= MAX_LATE);
    lags.into_iter().map(|lag| Millis(lag.and_then(late).unwrap_or_default())).collect()
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The scenario that plays `records` again, in their order and with their gaps.
pub fn script(name: &str, records: Vec<Record>, options: &ReplayOptions) -> Scenario {
    let mut lanes: BTreeMap<String, Vec<(Record, Millis)>> = BTreeMap::new();
    let late = lateness(&records);
    let wanted =
        records.into_iter().zip(late).filter(|(record, _)| !options.failed || record.acknowledged == Some(false));
    wanted.for_each(|(record, late)| lanes.entry(record.lane.clone()).or_default().push((record, late)));
    Scenario {
        name: Some(name.to_owned()),
        description: None,
        seed: None,
        receiver: Receiver { retry: options.retry.clone(), ..Receiver::default() },
        payload: Payload { key: options.key.clone(), stamps: Stamps::Real, ..Payload::default() },
        key_env: None,
        service: Service::default(),
        tasks: lanes.into_iter().map(|(id, lane)| Arc::new(task(id, lane, options))).collect(),
        expectations: Expectations::default(),
        probes: Vec::new(),
        load: None,
    }
}

fn task(id: String, lane: Vec<(Record, Millis)>, options: &ReplayOptions) -> TaskSpec {
    let url = lane.first().and_then(|(record, _)| record.url.clone());
    TaskSpec {
        count: 1,
        spacing: Millis::ZERO,
        start: Range::one(Millis::ZERO),
        app_id: 0,
        // The log shows it; the bytes have their own.
        task_id: Some(Template::new(if id.is_empty() { "-".to_owned() } else { id })),
        stream_id: None,
        to_url: None,
        callback_url: url.map(Template::new),
        files: Vec::new(),
        faults: None,
        script: Script::Steps(lane.into_iter().map(|(record, late)| step(record, late, options)).collect()),
    }
}

fn step(record: Record, late: Millis, options: &ReplayOptions) -> Step {
    let body: Value = serde_json::from_slice(&record.body).unwrap_or_default();
    let field = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let msg: Map<String, Value> = serde_json::from_str(field("msg")).unwrap_or_default();
    Step {
        when: When::At(record.at.unwrap_or_default()),
        callback: decode(field("callback_event"), &msg, usize::MAX),
        overlay: Arc::new(Overlay { raw: Some(record.body), restamp: !options.verbatim, late, ..Overlay::default() }),
        faults: None,
        expect: None,
    }
}
