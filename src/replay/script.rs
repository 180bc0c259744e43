//! A recording as a scenario: each callback a step at its time, with its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Record;
use crate::callback::overlay::Overlay;
use crate::callback::payload::{Payload, Stamps};
use crate::callback::sign::Key;
use crate::callback::template::Template;
use crate::callback::told::told;
use crate::expect::Expectations;
use crate::scenario::service::Service;
use crate::scenario::task::{Range, Script, Step, TaskSpec, When};
use crate::scenario::{Receiver, Retry, Scenario};
use crate::time::Millis;

/// How a recording is to be played.
#[derive(Debug, Clone)]
pub struct Manner {
    /// The bytes as they were; otherwise their times are told anew, and they are signed anew.
    pub verbatim: bool,
    /// Only what was not acknowledged.
    pub failed: bool,
    /// The key to sign with.
    pub key: Option<Key>,
    /// What follows a failed attempt.
    pub retry: Retry,
}

/// The scenario that plays `records` again, in their order and with their gaps.
pub fn script(name: &str, records: Vec<Record>, manner: &Manner) -> Scenario {
    let mut lanes: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    let wanted = records.into_iter().filter(|record| !manner.failed || record.acknowledged == Some(false));
    wanted.for_each(|record| lanes.entry(record.lane.clone()).or_default().push(record));
    Scenario {
        name: Some(name.to_owned()),
        description: None,
        seed: None,
        receiver: Receiver { retry: manner.retry.clone(), ..Receiver::default() },
        payload: Payload { key: manner.key.clone(), stamps: Stamps::Real, ..Payload::default() },
        key_env: None,
        service: Service::default(),
        tasks: lanes.into_iter().map(|(id, lane)| Arc::new(task(id, lane, manner))).collect(),
        expectations: Expectations::default(),
        probes: Vec::new(),
        load: None,
    }
}

fn task(id: String, lane: Vec<Record>, manner: &Manner) -> TaskSpec {
    let url = lane.first().and_then(|record| record.url.clone());
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
        script: Script::Steps(lane.into_iter().map(|record| step(record, manner)).collect()),
    }
}

fn step(record: Record, manner: &Manner) -> Step {
    let body: Value = serde_json::from_slice(&record.body).unwrap_or_default();
    let field = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let msg: Map<String, Value> = serde_json::from_str(field("msg")).unwrap_or_default();
    Step {
        when: When::At(record.at.unwrap_or_default()),
        callback: told(field("callback_event"), &msg, usize::MAX),
        overlay: Arc::new(Overlay { raw: Some(record.body), restamp: !manner.verbatim, ..Overlay::default() }),
        faults: None,
        expect: None,
    }
}
