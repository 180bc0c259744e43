//! Pullpush as a dev-dependency: an axum program driven in process in virtual time, and over a socket.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use pullpush::{Emitter, Http, InProcess, Scenario, Speed};
use serde_json::Value;
use tokio::time::Instant;

/// A task with three callbacks over ten minutes, and the documented retries, one a minute.
const TEN_MINUTES: &str = r#"
version = 1

[[task]]
source = "vod"
files = [{ url = "http://media.test/1.m3u8", duration = "10m" }]
"#;

/// What the program under test has seen.
#[derive(Default)]
struct Seen {
    /// How many requests it still refuses.
    refuses: usize,
    bodies: Vec<Bytes>,
    running: i64,
}

type Shared = Arc<Mutex<Seen>>;

async fn callback(State(seen): State<Shared>, body: Bytes) -> StatusCode {
    let mut seen = seen.lock().unwrap();
    if seen.refuses > 0 {
        seen.refuses -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let outer: Value = serde_json::from_slice(&body).unwrap();
    seen.running += match outer["callback_event"].as_str() {
        Some("TaskStart") => 1,
        Some("TaskExit") => -1,
        _ => 0,
    };
    seen.bodies.push(body);
    StatusCode::OK
}

/// The program under test, which refuses so many requests first.
fn app(refuses: usize) -> (Router, Shared) {
    let seen = Arc::new(Mutex::new(Seen { refuses, ..Seen::default() }));
    (Router::new().route("/callback", post(callback)).with_state(Arc::clone(&seen)), seen)
}

fn emitter(scenario: &str) -> Emitter {
    let epoch = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    Emitter::new(Scenario::parse(scenario).unwrap()).to("http://app.test/callback").seed(7).epoch(epoch)
}

#[tokio::test(start_paused = true)]
async fn a_program_that_fails_at_first_is_retried_for_minutes_of_virtual_time() {
    let (app, seen) = app(9);
    let began = Instant::now();
    let report = emitter(TEN_MINUTES).run(&InProcess::service(app)).await;
    report.assert();
    assert_eq!((report.planned(), report.acknowledged(), report.attempts()), (4, 4, 13));
    assert!(began.elapsed() >= Duration::from_secs(9 * 60), "{:?}", began.elapsed());
    assert_eq!(seen.lock().unwrap().running, 0);
}

#[tokio::test(start_paused = true)]
async fn a_program_with_a_bug_fails_the_test_with_everything_to_see_it_again() {
    let (app, _) = app(usize::MAX);
    let report = emitter(TEN_MINUTES).run(&InProcess::service(app)).await;
    assert!(!report.is_success());
    assert_eq!(report.given_up(), 4);
    let first = &report.complaints()[0];
    assert_eq!(first.task_id(), Some("86998779"));
    let text = "TaskStart  task=86998779  #1: not acknowledged after 13 attempts: status 503";
    assert_eq!(first.text(), text);
    let shown = report.to_string();
    for part in [text, "seed 7", "again: .seed(7).epoch(UNIX_EPOCH + Duration::from_millis(1767225600000))"] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_what_is_sent_and_the_same_seed_gives_the_same_bytes() {
    let sent = async || {
        let (app, seen) = app(0);
        emitter(TEN_MINUTES).run(&InProcess::service(app)).await.assert();
        std::mem::take(&mut seen.lock().unwrap().bodies)
    };
    let first = sent().await;
    assert_eq!(first, sent().await);
    // Nothing is late here: the program takes no time.
    let planned: Vec<_> = emitter(TEN_MINUTES).plan().map(|callback| Bytes::copy_from_slice(callback.body())).collect();
    assert_eq!(first, planned);
    let other: Vec<_> = emitter(TEN_MINUTES).seed(8).plan().map(|callback| callback.body().to_vec()).collect();
    assert_ne!(first, other);
}

#[tokio::test]
async fn the_same_program_over_a_socket() {
    let (app, seen) = app(1);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/callback", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });
    let report = emitter(TEN_MINUTES).to(url).speed(Speed::Max).run(&Http::new()).await;
    report.assert();
    assert_eq!((report.acknowledged(), report.attempts()), (4, 5));
    assert_eq!(seen.lock().unwrap().running, 0);
}

#[tokio::test]
async fn what_may_not_or_cannot_be_called_is_no_success() {
    let report = emitter(TEN_MINUTES).to("http://8.8.8.8/callback").run(&Http::new()).await;
    assert!(!report.is_success());
    assert!(report.to_string().contains("8.8.8.8 is neither on this machine"), "{report}");
    let report = emitter(TEN_MINUTES).to("app/callback").run(&Http::new()).await;
    assert!(!report.is_success());
    assert!(report.to_string().starts_with("nothing was sent: `to` is no URL"), "{report}");
}

/// Gives what it is sent, headers and all, in the order of arrival.
fn noting() -> (Router, Arc<Mutex<Vec<String>>>) {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&noted);
    let handler = async move |request: Request| {
        let (head, body) = request.into_parts();
        let mut headers: Vec<_> =
            head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        headers.sort();
        let body = axum::body::to_bytes(body, 100_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        note.lock().unwrap().push(format!("{} {}\n{}\n\n{body}", head.method, head.uri, headers.join("\n")));
    };
    (Router::new().fallback(handler), noted)
}

async fn listen(app: Router) -> u16 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async { axum::serve(listener, app).await });
    port
}

#[tokio::test]
async fn in_process_it_is_the_request_that_a_socket_brings() {
    let ((app, in_process), (other, over_a_socket)) = (noting(), noting());
    let port = listen(other).await;
    let scenario = format!("{TEN_MINUTES}\n[receiver]\nheaders = {{ X-Stage = 'test' }}\n");
    let emitter = emitter(&scenario).to(format!("http://us%20er:pw@127.0.0.1:{port}/a b/../c?d=é#e")).speed(Speed::Max);
    emitter.run(&InProcess::service(app)).await.assert();
    emitter.run(&Http::new()).await.assert();
    let (in_process, over_a_socket) = (in_process.lock().unwrap(), over_a_socket.lock().unwrap());
    assert_eq!(in_process.len(), 4);
    assert_eq!(*in_process, *over_a_socket);
    assert!(in_process[0].starts_with("POST /c?d=%C3%A9\n"), "{}", in_process[0]);
}

#[tokio::test]
async fn real_stamps_over_a_socket_are_the_time_of_day() {
    let (app, seen) = app(0);
    let url = format!("http://127.0.0.1:{}/callback", listen(app).await);
    let scenario = format!("{TEN_MINUTES}\n[payload]\nstamps = 'real'\nkey = 'testkey'\nsign_for = '1s'\n");
    let before = pullpush::time::wall_now().seconds();
    emitter(&scenario).to(url).speed(Speed::Max).run(&Http::new()).await.assert();
    let first: Value = serde_json::from_slice(&seen.lock().unwrap().bodies[0]).unwrap();
    assert!((before..before + 1000).contains(&first["t"].as_u64().unwrap()), "{first}");
}

#[tokio::test]
async fn nothing_goes_anywhere_unless_somebody_says_where() {
    let emitter = Emitter::new(Scenario::parse(TEN_MINUTES).unwrap());
    let report = emitter.run(&Http::new()).await;
    assert!(report.to_string().starts_with("nothing was sent: it is nowhere said where callbacks go"), "{report}");
}

#[test]
fn no_secret_is_shown() {
    let scenario = "version = 1\nname = 'n'\nreceiver.headers = { Authorization = 'Bearer secret' }\npayload.key = 'secret'\ntask = [{ source = 'live', url = 'rtmp://o.test/a', end = '1s' }]\n";
    let emitter = Emitter::new(Scenario::parse(scenario).unwrap()).to("http://u:secret@127.0.0.1/").seed(7);
    let shown = format!("{emitter:?} {:?}", Scenario::parse(scenario).unwrap());
    assert!(shown.contains("seed: 7") && shown.contains("\"n\"") && !shown.contains("secret"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_speed_that_cannot_be_is_said() {
    for times in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let (app, _) = app(0);
        let report = emitter(TEN_MINUTES).speed(Speed::Times(times)).run(&InProcess::service(app)).await;
        assert_eq!(report.to_string(), "nothing was sent: `speed` is outside 0.001 to 1000000 times");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_never_answers_is_given_up() {
    let silent = InProcess::from_fn(async |_| std::future::pending::<axum::response::Response>().await);
    let report = emitter(&format!("{TEN_MINUTES}\n[receiver]\nretry = 'none'\n")).run(&silent).await;
    assert!(
        report.complaints()[0].text().ends_with("not acknowledged: timeout: no answer within 20s of tokio's clock"),
        "{report}"
    );
}

#[test]
fn a_scenario_that_is_not_valid_is_shown_with_its_place() {
    let error = Scenario::parse("version = 1\n[[task]]\nsource = 'live'\nurk = 'rtmp://o.test/a'\n").unwrap_err();
    assert!(error.to_string().contains("scenario.toml:4:1"), "{error}");
    let error = Scenario::read("no-such.toml").unwrap_err();
    assert!(format!("{error:?}").contains("cannot read no-such.toml"), "{error}");
}

#[test]
fn no_other_module_is_shown() {
    let lines: Vec<_> = include_str!("../../src/lib.rs").lines().filter(|line| !line.starts_with("#[cfg")).collect();
    let shown = lines.windows(2).filter(|pair| pair[1].starts_with("pub mod ") && pair[0] != "#[doc(hidden)]");
    assert_eq!(shown.map(|pair| pair[1]).collect::<Vec<_>>(), Vec::<&str>::new());
}
