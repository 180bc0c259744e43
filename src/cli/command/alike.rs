//! Whether a receiver tells the same of two tasks.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Url};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::trial::TrialRunner;
use crate::engine::transport::{MAX_COMPARED_BODY, Outcome, Request, Transport};
use crate::exit_code::Failure;
use crate::plan::Plan;
use crate::plan::task::Task;
use crate::scenario::expect::subset::differences;
use crate::scenario::probe::{About, PLACEHOLDERS, address, is_elsewhere, unknown_placeholder};

/// How long a receiver may take until both are told of alike: some work behind a queue.
const PATIENCE: Duration = Duration::from_secs(2);
/// From one question to the next.
const PAUSE: Duration = Duration::from_millis(50);

/// Where a receiver tells of a task.
#[derive(Debug)]
pub(super) struct Alike {
    url: String,
    fields: Vec<String>,
}

/// Where two answers differ; more than the model has is a difference too.
fn unlike(expected: &Value, actual: &Value) -> Vec<String> {
    let more = differences(actual, expected).into_iter().filter(|line| line.ends_with("there is none"));
    differences(expected, actual).into_iter().chain(more).collect()
}

/// What names the task is no difference.
fn unname(value: &mut Value, about: &About) {
    match value {
        Value::String(text) => {
            *text = text.replace(&about.task_id, "{task_id}").replace(&about.stream_id, "{stream_id}");
        }
        Value::Number(number) if number.to_string() == about.task_id => *value = "{task_id}".into(),
        Value::Array(items) => items.iter_mut().for_each(|item| unname(item, about)),
        Value::Object(fields) => fields.values_mut().for_each(|field| unname(field, about)),
        _ => {}
    }
}

impl Alike {
    /// At `url`, a URL or a path with placeholders; only what is at `fields` counts, JSON pointers, if there are any.
    ///
    /// # Errors
    /// [`Failure`] if one of them cannot be used.
    pub(super) fn new(url: &str, fields: &[String]) -> Result<Self, Failure> {
        if let Some(unknown) = unknown_placeholder(url) {
            let known = PLACEHOLDERS.join(", ");
            return Err(Failure::usage(format!("--state: there is no placeholder {unknown}; it knows {known}")));
        }
        if !PLACEHOLDERS.iter().any(|placeholder| url.contains(placeholder)) {
            return Err(Failure::usage("--state: which task? write it with a placeholder, such as /tasks/{task_id}"));
        }
        let help = "write /tasks/{task_id}, or a whole URL";
        match Url::parse(url) {
            _ if url.starts_with('/') && !url.starts_with("//") => {}
            Ok(whole) if matches!(whole.scheme(), "http" | "https") && whole.has_host() => {}
            Ok(whole) => return Err(Failure::usage(format!("--state: {}: cannot be called; {help}", whole.scheme()))),
            Err(error) => {
                return Err(Failure::usage(format!("--state: not a path and not a URL: {error}; {help}")));
            }
        }
        if fields.iter().any(|field| !field.is_empty() && !field.starts_with('/')) {
            return Err(Failure::usage("--state-field: a JSON pointer begins with /, such as /state"));
        }
        Ok(Self { url: url.to_owned(), fields: fields.to_vec() })
    }

    /// The address, if it is a whole one.
    pub(super) fn url(&self) -> Option<Url> {
        Url::parse(&self.url).ok()
    }

    /// What is told differently of the first task than of the second.
    ///
    /// # Errors
    /// Why that cannot be judged.
    pub(super) async fn compare(&self, plan: &Plan, trials: &TrialRunner<'_>) -> Result<Vec<String>, String> {
        let tasks: Vec<Task> = plan.tasks().collect();
        let [subject, model] = tasks.as_slice() else { return Err("the rule has no two tasks".to_owned()) };
        let began = Instant::now();
        let mut alike_before = false;
        loop {
            let over = began.elapsed() > PATIENCE || trials.stop.is_requested();
            // The model shows whether tasks are told of at all; a receiver with a queue tells of them a little later.
            let lines = match (self.state_of(model, trials).await, self.state_of(subject, trials).await) {
                (Err(why), _) if over => return Err(why),
                (Err(_), _) => None,
                (Ok(_), Err(why)) => Some(vec![format!("{why}, and of task={} is state_of", model.id())]),
                (Ok(expected), Ok(actual)) => Some(unlike(&expected, &actual)),
            };
            let is_alike = lines.as_ref().is_some_and(Vec::is_empty);
            // Twice: before a queue is worked off both may be alike in having seen nothing.
            if let Some(mut lines) = lines.filter(|_| over || (is_alike && alike_before)) {
                lines.iter_mut().for_each(|line| line.insert_str(0, &format!("task={}: ", subject.id())));
                return Ok(lines);
            }
            alike_before = is_alike;
            sleep(PAUSE).await;
        }
    }

    async fn state_of(&self, task: &Task, trials: &TrialRunner<'_>) -> Result<Value, String> {
        let about = task.about();
        let base = trials.loaded.addresses.of(task);
        let url = address(&about.fill_url(&self.url), &base);
        let asked = Request::post(url.clone(), Bytes::new(), PATIENCE);
        let is_elsewhere = is_elsewhere(&url, &base);
        let request = Request { method: Method::GET, is_elsewhere, most: MAX_COMPARED_BODY, ..asked };
        let answer = match trials.transport.send(request).await {
            Outcome::Answered(answer) if answer.status == 200 => answer,
            Outcome::Answered(answer) => return Err(format!("{url} answered {}", answer.status)),
            Outcome::Failed(failure) => return Err(format!("{url}: {}: {}", failure.kind.word(), failure.detail)),
        };
        if answer.is_cut {
            return Err(format!("{url} tells more than {MAX_COMPARED_BODY} bytes, the most that is compared"));
        }
        let mut value: Value =
            serde_json::from_slice(&answer.body).map_err(|error| format!("{url} tells no JSON: {error}"))?;
        unname(&mut value, &about);
        if self.fields.is_empty() {
            return Ok(value);
        }
        let at = |field: &String| {
            let found = value.pointer(field).cloned();
            found.map(|found| (field.clone(), found)).ok_or_else(|| format!("{url} has nothing at {field}"))
        };
        self.fields.iter().map(at).collect::<Result<Map<_, _>, _>>().map(Value::Object)
    }
}
