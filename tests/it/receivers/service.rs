//! A receiver in axum that keeps a state for every task: `POST /callback`, `GET /tasks/ID`, `POST /reset`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use md5::{Digest, Md5};
use pullpush::time::wall_now;
use serde_json::{Value, json};
use tokio::sync::oneshot::{Sender, channel};

/// What it gets wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Nothing.
    Correct,
    /// Nothing; it sorts callbacks by `event_time`, the only published way.
    Sorts,
    /// A TaskExit is the end; whatever comes later is ignored.
    Final,
    /// Every TaskStart starts one more worker.
    NotIdempotent,
    /// It answers 200 with an error in the body to whatever it cannot handle.
    ErrorIn200,
}

/// A callback as it came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Where from.
    pub(crate) peer: SocketAddr,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// In how many pieces the body came.
    pub(crate) pieces: usize,
    /// The body, or null if it is not JSON.
    pub(crate) outer: Value,
}

impl Call {
    /// A string field of the body, or nothing.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.outer[field].as_str().unwrap_or_default()
    }

    /// What is inside `msg`.
    pub(crate) fn msg(&self) -> Value {
        serde_json::from_str(self.text("msg")).unwrap_or_default()
    }
}

/// Answers a callback in place of the receiver, or leaves it alone; it knows what came before, and whether a body broke off
/// since the last one.
pub(crate) type Whim = dyn Fn(&Call, &[Call], bool) -> Option<u16> + Send + Sync;

/// A receiver on a free loopback port, until it is dropped.
pub(crate) struct Service {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    receiver: Arc<Receiver>,
    stop: Option<Sender<()>>,
}

impl Service {
    /// With a bug, or none.
    pub(crate) fn with(bug: Bug) -> Self {
        Self::start(Receiver::new(bug))
    }

    /// Correct, and refuses what is not signed with this key.
    pub(crate) fn demanding(key: &str) -> Self {
        Self::start(Receiver { key: Some(key.to_owned()), ..Receiver::new(Bug::Correct) })
    }

    /// Correct but for a whim, with or without a key.
    pub(crate) fn capricious(key: Option<&str>, whim: Box<Whim>) -> Self {
        let key = key.map(str::to_owned);
        Self::start(Receiver { key, whim: Some(whim), ..Receiver::new(Bug::Correct) })
    }

    fn start(receiver: Receiver) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = channel();
        let receiver = Arc::new(receiver);
        let router = Router::new()
            .route("/callback", post(callback))
            .route("/tasks/{id}", get(task))
            .route("/reset", post(reset))
            .with_state(Arc::clone(&receiver));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { url, receiver, stop: Some(stop) }
    }

    /// Forgets everything, as `POST /reset` does.
    pub(crate) fn reset(&self) {
        self.receiver.reset();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.stop.take().unwrap().send(());
    }
}

struct Receiver {
    bug: Bug,
    key: Option<String>,
    whim: Option<Box<Whim>>,
    tasks: Mutex<BTreeMap<String, Task>>,
    seen: Mutex<Seen>,
}

/// What whims go by.
#[derive(Debug, Default)]
struct Seen {
    calls: Vec<Call>,
    broke_off: bool,
}

/// What is known of a task. It follows from what happened, in whatever order that is told, and however often.
#[derive(Debug, Default)]
struct Task {
    starts: BTreeSet<u64>,
    exits: BTreeSet<u64>,
    finished: BTreeSet<u64>,
    ended: bool,
    workers: i64,
}

impl Receiver {
    fn new(bug: Bug) -> Self {
        Self { bug, key: None, whim: None, tasks: Mutex::default(), seen: Mutex::default() }
    }

    fn reset(&self) {
        self.tasks.lock().unwrap().clear();
        *self.seen.lock().unwrap() = Seen::default();
    }

    fn whim(&self, call: &Call) -> Option<u16> {
        let whim = self.whim.as_ref()?;
        let mut seen = self.seen.lock().unwrap();
        let broke_off = std::mem::take(&mut seen.broke_off);
        let status = whim(call, &seen.calls, broke_off);
        seen.calls.push(call.clone());
        status
    }

    fn take(&self, call: &Call) -> Result<(), (u16, &'static str)> {
        if !call.outer.is_object() {
            return Err((400, "not JSON"));
        }
        if !self.key.as_ref().is_none_or(|key| is_signed(&call.outer, key)) {
            return Err((403, "not signed"));
        }
        let Some(event) = call.outer["callback_event"].as_str() else { return Err((400, "no event")) };
        let msg = call.msg();
        if !msg.is_object() {
            return Err((400, "msg is not JSON"));
        }
        let mut tasks = self.tasks.lock().unwrap();
        let id = call.text("task_id");
        let is_known = tasks.contains_key(id) || event == "TaskStart";
        if self.bug == Bug::ErrorIn200 && !is_known {
            return Err((404, "no such task"));
        }
        // A TaskExit that names no task may be any task's.
        if !id.is_empty() {
            let event_time = call.text("event_time").parse().ok().filter(|_| self.bug == Bug::Sorts);
            tasks.entry(id.to_owned()).or_default().take(event, &msg, event_time, self.bug);
        }
        Ok(())
    }
}

impl Task {
    fn take(&mut self, event: &str, msg: &Value, event_time: Option<u64>, bug: Bug) {
        let number = |field: &str| match &msg[field] {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        if bug == Bug::Final && self.ended {
            return;
        }
        match event {
            "TaskStart" => {
                self.starts.extend(event_time.or_else(|| number("task_start_time")));
                self.workers += 1;
            }
            "VodSourceFileFinish" => self.finished.extend(number("index")),
            "TaskExit" => {
                self.exits.extend(event_time.or_else(|| number("task_exit_time")));
                self.workers -= 1;
                self.ended = true;
            }
            // Something new, or nothing that matters here.
            _ => {}
        }
    }

    fn told(&self, bug: Bug) -> Value {
        let runs = self.starts.last() > self.exits.last();
        let state = match (bug, runs) {
            (Bug::Final, _) if self.ended => "ended",
            (_, true) => "running",
            (_, false) => "stopped",
        };
        let workers = if bug == Bug::NotIdempotent { self.workers } else { i64::from(state == "running") };
        json!({ "state": state, "workers": workers, "finished": self.finished })
    }
}

fn is_signed(outer: &Value, key: &str) -> bool {
    is_right(outer, key) && is_fresh(outer)
}

/// Whether `sign` belongs to `t`.
pub(crate) fn is_right(outer: &Value, key: &str) -> bool {
    let (Some(t), Some(sign)) = (outer["t"].as_u64(), outer["sign"].as_str()) else { return false };
    let expected: String = Md5::digest(format!("{key}{t}")).iter().map(|byte| format!("{byte:02x}")).collect();
    sign == expected
}

/// Whether `t` is still to come.
pub(crate) fn is_fresh(outer: &Value) -> bool {
    outer["t"].as_u64().is_some_and(|t| t > wall_now().seconds())
}

fn answer(status: u16, body: impl ToString) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

async fn callback(
    State(receiver): State<Arc<Receiver>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (mut body, mut pieces, mut whole) = (body.into_data_stream(), 0, Vec::new());
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else {
            receiver.seen.lock().unwrap().broke_off = true;
            return answer(400, json!({ "code": 400, "message": "the body broke off" }));
        };
        pieces += 1;
        whole.extend(piece);
    }
    let outer = serde_json::from_slice(&whole).unwrap_or_default();
    let call = Call { peer, headers, body: whole, pieces, outer };
    if let Some(status) = receiver.whim(&call) {
        return answer(status, json!({ "code": if status == 200 { 0 } else { 1 } }));
    }
    match receiver.take(&call) {
        Ok(()) => answer(200, json!({ "code": 0 })),
        Err((code, why)) => {
            let status = if receiver.bug == Bug::ErrorIn200 { 200 } else { code };
            answer(status, json!({ "code": code, "message": why }))
        }
    }
}

async fn task(State(receiver): State<Arc<Receiver>>, Path(id): Path<String>) -> Response {
    match receiver.tasks.lock().unwrap().get(&id) {
        Some(task) => answer(200, task.told(receiver.bug)),
        None => answer(404, json!({ "message": "no such task" })),
    }
}

async fn reset(State(receiver): State<Arc<Receiver>>) -> Response {
    receiver.reset();
    answer(200, json!({}))
}
