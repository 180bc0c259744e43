//! What a page is told: its shape as JSON. A text stands as its number in `words`, times count from the beginning.

use serde::Serialize;

use super::super::lengths::LengthsPicture;
use super::super::summary::SummaryJson;
use super::words::{Body, Words};

/// What a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What came of runs.
    Run,
    /// What would be sent.
    Plan,
}

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    pub(super) schema_version: u32,
    /// Of pullpush.
    pub(super) version: &'static str,
    pub(super) kind: Kind,
    pub(super) scenarios: &'a [Drawn],
}

/// One scenario, ready for the page.
#[derive(Debug, Default, Serialize)]
pub struct Drawn {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) epoch_ms: u64,
    /// How many times as fast as the clock scenario time ran; none where nothing waited.
    pub(super) speed: Option<f64>,
    /// Where callbacks went, in a word or two.
    pub(super) to: String,
    /// The command that does the same again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) again: Option<String>,
    /// None of a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<SummaryJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lengths: Option<ThreeLengths>,
    pub(super) tasks: Vec<Task>,
    pub(super) failures: Vec<Failure>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) probes: Vec<Probe>,
    pub(super) words: Words,
    pub(super) left_out: LeftOut,
}

/// How long things took, attempt by attempt.
#[derive(Debug, Serialize)]
pub(super) struct ThreeLengths {
    /// Done − due.
    pub(super) latency: LengthsPicture,
    /// Done − sent.
    pub(super) service_time: LengthsPicture,
    /// Sent − due.
    pub(super) start_delay: LengthsPicture,
}

/// A lane.
#[derive(Debug, Serialize)]
pub(super) struct Task {
    pub(super) number: u64,
    pub(super) task_id: String,
    /// The command that plays it again, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) again: Option<u32>,
}

/// What the receiver owed and did not do.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    pub(super) about: String,
    pub(super) text: String,
    /// Place in `tasks`; likewise the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivery: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) probe: Option<usize>,
}

/// One callback.
#[derive(Debug, Default, Serialize)]
pub(super) struct Delivery {
    /// Place in `tasks`.
    pub(super) task: usize,
    pub(super) number: u64,
    /// Place in the table of events, if it is one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<usize>,
    pub(super) says: Option<u32>,
    /// Scenario time at which it was first due.
    pub(super) at_ms: u64,
    /// When that was; of what was never sent, about when.
    pub(super) due_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) incident: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Body>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attempts: Vec<Attempt>,
    /// Those before the last one that are not among them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) attempts_left_out: u64,
    /// Of a plan: whether it is the second of two.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) duplicate: bool,
}

/// One POST.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Attempt {
    pub(super) number: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) duplicate: bool,
    /// Spoilt on purpose.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) spoilt: bool,
    /// Scenario time at which it was due.
    pub(super) at_ms: u64,
    pub(super) due_us: u64,
    pub(super) sent_us: u64,
    /// None if it was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) done_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// The kind of failure, where there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<&'static str>,
    /// What is known of that failure, or what was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_in_ms: Option<u64>,
}

/// One question to the receiver, and its last answer.
#[derive(Debug, Serialize)]
pub(super) struct Probe {
    pub(super) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task: Option<usize>,
    pub(super) at_us: u64,
    pub(super) took_us: u64,
    pub(super) tries: u32,
    pub(super) as_expected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<u32>,
}

/// How much there was that the page does not show.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct LeftOut {
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) deliveries: u64,
    /// Whether there were even more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) at_least: bool,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) attempts: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) bodies: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) failures: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) probes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}
