//! The library's bytes are the command's: the same scenario, seed and epoch, planned and played by either.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, Response};
use pullpush::{Emitter, InProcess, Scenario};
use serde_json::Value;

use super::Desk;

/// So many callbacks are compared of a scenario that has no end.
const MOST: usize = 500;
/// What a program does not see, or only the beginning of.
const BROKEN_OFF: [&str; 3] = ["connection = ", "cut-body", "\"reset\""];
/// The seed and the epoch of all; the epoch is in the past, and not that of any scenario.
const SEED_AND_EPOCH: &str = "--seed 7 --epoch 2025-02-03T04:05:06Z";

/// Every scenario that is shipped, and those of the rules; what key they name is here.
fn shipped() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = [root.clone(), root.join("contract")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "toml"));
    let mut files: Vec<_> = files
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap().replace("key_env = \"CALLBACK_KEY\"", "key = \"testkey\"");
            (path.display().to_string(), text)
        })
        .collect();
    files.sort();
    assert!(files.len() > 70, "{}", files.len());
    files
}

/// A day of tasks that meet every fault, with every kind of stamp.
fn faulty() -> Vec<(String, String)> {
    const FAULTS: [&str; 10] = [
        "signature = { chance = 1, kinds = [\"expired\"] }",
        "signature = { chance = 1, kinds = [\"wrong\"] }",
        "signature = { chance = 1, kinds = [\"missing\"] }",
        "signature = { chance = 0.5, kinds = [\"wrong\", \"expired\", \"missing\"] }",
        "corrupt = { chance = 1, kinds = [\"truncated\", \"not-json\", \"msg-not-json\", \"wrong-type\"] }",
        "corrupt = { chance = 1, kinds = [\"missing-field\", \"unknown-event\", \"huge\", \"bad-utf8\", \"wrong-content-type\"] }",
        "drop = 0.3",
        "delay = { chance = 0.5, by = \"1s..2h\" }",
        "duplicate = { chance = 1, after = \"90s\" }\ndelay = { chance = 0.5, by = \"1m\" }",
        "duplicate = { chance = 1, after = \"90s\", sends = \"new-attempt\" }\nsignature = { chance = 1, kinds = [\"expired\"] }",
    ];
    let mut files = Vec::new();
    for faults in FAULTS {
        for stamps in ["virtual", "real"] {
            for profile in ["doc-2022", "complete"] {
                let tasks = "[[task]]\nsource = \"live\"\ncount = 3\nspacing = \"1h\"\nurl = \"rtmp://origin.test/live/a\"\nend = \"24h\"\n\
                             [[task]]\nsource = \"vod\"\nfiles = [{ url = \"http://media.test/a.m3u8\", duration = \"20m\" }]\n\
                             [[task.incident]]\nkind = \"push-broken\"\nat = \"5m\"\nlasts = \"2s\"";
                let payload = format!("[payload]\nkey = \"testkey\"\nstamps = \"{stamps}\"\nprofile = \"{profile}\"");
                let text = format!("version = 1\n{payload}\n[faults]\n{faults}\n{tasks}\n");
                files.push((format!("{faults} {stamps} {profile}"), text));
            }
        }
    }
    files
}

fn emitter(text: &str) -> Emitter {
    let epoch = UNIX_EPOCH + Duration::from_secs(1_738_555_506);
    Emitter::new(Scenario::parse(text).unwrap()).seed(7).epoch(epoch)
}

/// The bodies of lines that tell of something sent.
fn bodies(lines: &[Value], is_sent: impl Fn(&Value) -> bool) -> Vec<String> {
    let hex =
        |text: &str| (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..][..2], 16).unwrap()).collect();
    let bytes = |line: &Value| match line["body"].as_str() {
        Some(body) => body.as_bytes().to_vec(),
        None => hex(line["body_hex"].as_str().unwrap()),
    };
    lines.iter().filter(|line| is_sent(line)).map(|line| legible(&bytes(line))).collect()
}

/// What is no text is told apart, too.
fn legible(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Shows the first that differs.
#[track_caller]
fn assert_same(library: &[String], command: &[String], name: &str) {
    for (library, command) in library.iter().zip(command) {
        assert_eq!(library, command, "{name}");
    }
    assert_eq!(library.len(), command.len(), "{name}");
}

#[test]
fn of_a_plan() {
    for (name, text) in shipped().into_iter().chain(faulty()) {
        let desk = Desk::new().file("it.toml", &text);
        let done = desk.run(format!("pullpush plan it.toml {SEED_AND_EPOCH} --format ndjson | head -n {MOST}"));
        let planned = bodies(&done.objects(), |line| !line["fault"].as_str().is_some_and(|it| it.contains("drop")));
        let told: Vec<_> = emitter(&text).plan().take(planned.len()).map(|it| legible(it.body())).collect();
        assert!(!planned.is_empty() || name.contains("drop"), "{name}");
        assert_same(&told, &planned, &name);
    }
}

/// What an emitter sends in virtual time to a program that takes everything in a millisecond, as the receiver in memory does.
fn sent(emitter: &Emitter) -> Vec<String> {
    let sent = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&sent);
    let program = InProcess::from_fn(async move |request: Request<Full<Bytes>>| {
        let is_callback = *request.method() == Method::POST;
        let body = request.into_body().collect().await.unwrap().to_bytes();
        if is_callback {
            seen.borrow_mut().push(legible(&body));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        Response::new(Full::new(Bytes::from("{\"code\":0}")))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let _ = runtime.block_on(emitter.run(&program));
    sent.take()
}

#[test]
fn of_a_run() {
    let mut compared = 0;
    for (name, text) in shipped().into_iter().chain(faulty()) {
        let desk = Desk::new().file("it.toml", &text);
        // It never ends, or breaks off requests, which a program does not see.
        if emitter(&text).plan().nth(MOST).is_some() || BROKEN_OFF.iter().any(|word| text.contains(word)) {
            continue;
        }
        desk.run(format!(
            "pullpush run it.toml {SEED_AND_EPOCH} --virtual --set receiver.retry=none --journal j.ndjson"
        ));
        let journal: Vec<Value> =
            desk.read("j.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut told = sent(&emitter(&text));
        let mut journal = bodies(&journal, |line| line["event"] == "sent");
        told.sort_unstable();
        journal.sort_unstable();
        assert_same(&told, &journal, &name);
        compared += 1;
    }
    assert!(compared > 90, "{compared}");
}
