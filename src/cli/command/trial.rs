//! One run of many: a plan played at full speed, one request at a time, of which only the complaints are kept.

use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use tokio::process::Command;
use tokio::time::timeout;

use super::loaded::Loaded;
use crate::engine::event::Event;
use crate::engine::judge::{Complaint, Judge};
use crate::engine::pace::Speed;
use crate::engine::player::play;
use crate::engine::settings::Settings;
use crate::engine::stop::Stop;
use crate::engine::transport::http::HttpTransport;
use crate::engine::transport::{FailureKind, Outcome, Request, Transport};
use crate::exit_code::Failure;
use crate::plan::Plan;
use crate::scenario::expect::Answer;
use crate::scenario::probe::is_elsewhere;
use crate::text::{escaped, without_passwords};
use crate::time::wall_now;

/// How long a reset may take.
const MAX_RESET: Duration = Duration::from_secs(30);

/// How the receiver is made to forget everything.
#[derive(Debug, Clone)]
pub(super) enum Reset {
    /// Not at all: every run is about new tasks.
    NewTasks,
    /// A shell command.
    Command(String),
    /// A POST.
    Url(String),
}

/// Where and how trials are made.
pub(super) struct TrialRunner<'a> {
    /// How requests get there.
    pub(super) transport: &'a HttpTransport,
    /// What is the same in all trials.
    pub(super) loaded: &'a Loaded,
    /// What comes before each.
    pub(super) reset: Reset,
    /// The most requests of one trial on their way at once.
    pub(super) max_in_flight: usize,
    /// Stops a trial.
    pub(super) stop: Stop,
}

/// What came of one trial.
pub(super) struct Trial {
    /// What the receiver owed and did not do.
    pub(super) complaints: Vec<Complaint>,
    /// Answers that were taken for success, though they tell of an error; see [`error_in`].
    pub(super) hidden_errors: Vec<String>,
    /// Whether there was any answer at all.
    pub(super) answered: bool,
}

impl TrialRunner<'_> {
    /// Whether the receiver knows nothing of earlier runs: then all of them can be about the same tasks.
    pub(super) fn forgets(&self) -> bool {
        !matches!(self.reset, Reset::NewTasks)
    }

    /// The plan that run `number`, from 0, plays of `plan`: about tasks of its own, unless the receiver forgets.
    pub(super) fn numbered(&self, plan: &Plan, number: u64) -> Plan {
        let tasks: u64 = plan.scenario().tasks.iter().map(|spec| spec.count).sum();
        match self.reset {
            Reset::NewTasks => plan.clone().renumbered(number.saturating_mul(tasks)),
            Reset::Command(_) | Reset::Url(_) => plan.clone(),
        }
    }

    /// Plays `plan`; `number` is that of the run, from 0.
    ///
    /// # Errors
    /// [`Failure`] if the receiver could not be reset, or an address may not be called.
    pub(super) async fn play(&self, plan: &Plan, number: u64) -> Result<Trial, Failure> {
        tokio::select! {
            biased;
            () = self.stop.requested() => {}
            reset = self.reset() => reset?,
        }
        let plan = self.numbered(plan, number);
        let mut judge = Judge::new(plan.scenario().expectations.clone());
        let mut trial = Trial { complaints: Vec::new(), hidden_errors: Vec::new(), answered: false };
        let mut forbidden = None;
        let mut observer = |event: Event| {
            trial.complaints.extend(judge.take(&event));
            trial.answered |= matches!(&event, Event::AttemptFinished { outcome: Outcome::Answered(_), .. });
            if let Event::AttemptFinished { outcome: Outcome::Failed(failure), .. } = &event
                && failure.kind == FailureKind::Forbidden
            {
                forbidden.get_or_insert_with(|| failure.detail.clone());
            }
            trial.hidden_errors.extend(hidden_error(&event));
        };
        play(plan.deliveries(), self.transport, &self.settings(&plan), &self.stop, &mut observer).await;
        forbidden.map_or(Ok(()), |why| Err(Failure::could_not_run(why)))?;
        Ok(trial)
    }

    /// Whether somebody still answers, whatever it may be.
    pub(super) async fn is_anybody_there(&self) -> bool {
        let url = self.loaded.addresses.shown().to_owned();
        let timeout = self.loaded.plan.scenario().receiver.timeout;
        let request = Request { method: Method::GET, ..Request::post(url, Bytes::new(), timeout) };
        matches!(self.transport.send(request).await, Outcome::Answered(_))
    }

    fn settings(&self, plan: &Plan) -> Settings {
        let scenario = plan.scenario();
        // A long search outlasts its first signatures: unless somebody fixed the time, every trial begins now.
        let epoch = if self.loaded.is_epoch_fixed { self.loaded.epoch } else { wall_now() };
        Settings {
            speed: Speed::Max,
            started_at: wall_now(),
            max_in_flight: self.max_in_flight,
            ..Settings::of(scenario, self.loaded.addresses.clone(), epoch)
        }
    }

    async fn reset(&self) -> Result<(), Failure> {
        match &self.reset {
            Reset::NewTasks => Ok(()),
            Reset::Command(command) => run_command(command).await,
            Reset::Url(url) => {
                let is_elsewhere = is_elsewhere(url, self.loaded.addresses.shown());
                let request = Request { is_elsewhere, ..Request::post(url.clone(), Bytes::new(), MAX_RESET) };
                let url = without_passwords(url);
                match self.transport.send(request).await {
                    Outcome::Answered(answer) if (200..300).contains(&answer.status) => Ok(()),
                    Outcome::Answered(answer) => {
                        Err(Failure::could_not_run(format!("--reset-url: {url} answered {}", answer.status)))
                    }
                    Outcome::Failed(failure) => {
                        let (kind, detail) = (failure.kind.word(), failure.detail);
                        Err(Failure::could_not_run(format!("--reset-url: {url}: {kind}: {detail}")))
                    }
                }
            }
        }
    }
}

/// An answer of 200 whose JSON tells of an error: the service takes it for success, and the callback is lost.
fn hidden_error(event: &Event) -> Option<String> {
    let Event::AttemptFinished { attempt, outcome: Outcome::Answered(answer), .. } = event else { return None };
    let error = error_in(answer).filter(|_| !attempt.attempt_faults.is_spoilt())?;
    let subject = &attempt.subject;
    Some(format!("{}  task={}  #{}: {error}", subject.callback, escaped(&subject.task_id), subject.number))
}

fn error_in(answer: &Answer) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)?;
    let number = |code: &serde_json::Value| code.as_i64().or_else(|| code.as_str()?.trim().parse().ok());
    let code = body.get("code").and_then(number).filter(|code| ![0, 200].contains(code));
    let is_error = code.is_some()
        || body.get("error").is_some_and(says_something)
        || ["success", "ok"].iter().any(|key| body.get(key) == Some(&false.into()));
    is_error.then(|| format!("status 200 with an error in its body, {}", crate::text::one_line(&body.to_string(), 80)))
}

/// Whether an `error` field tells of one: many receivers send an empty one with every success.
fn says_something(error: &serde_json::Value) -> bool {
    match error {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::Number(number) => number.as_f64() != Some(0.0),
        serde_json::Value::String(text) => !text.is_empty(),
        serde_json::Value::Array(items) => !items.is_empty(),
        serde_json::Value::Object(fields) => !fields.is_empty(),
        serde_json::Value::Bool(true) => true,
    }
}

async fn run_command(command: &str) -> Result<(), Failure> {
    let cannot = |why: String| Failure::could_not_run(format!("--reset-cmd: `{command}` {why}"));
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let child = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .status();
    match timeout(MAX_RESET, child).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(cannot(format!("ended with {status}"))),
        Ok(Err(error)) => Err(cannot(format!("could not be started: {error}"))),
        Err(_) => Err(cannot(format!("did not end within {}s", MAX_RESET.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_behind_a_200_are_seen_and_successes_are_not() {
        let error = |status, body: &str| error_in(&Answer::new(status, body.to_owned().into())).is_some();
        for body in [
            r#"{"code":0}"#,
            r#"{"code":200,"error":""}"#,
            r#"{"error":null}"#,
            r#"{"error":0}"#,
            r#"{"error":[]}"#,
            r#"{"success":true}"#,
            "ok",
            "",
        ] {
            assert!(!error(200, body), "{body}");
        }
        for body in [
            r#"{"code":500}"#,
            r#"{"code":"500"}"#,
            r#"{"error":"no such task"}"#,
            r#"{"error":{"code":1}}"#,
            r#"{"ok":false}"#,
        ] {
            assert!(error(200, body), "{body}");
            assert!(!error(500, body), "{body}");
        }
    }
}
