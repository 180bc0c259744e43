//! Probes by the program itself, over real sockets.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::hostile::server::Server;

/// One callback, and probes.
fn scenario(name: &str, probes: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    let text = format!(
        "version = 1\nseed = 42\npayload.epoch = \"2026-01-01T00:00:00Z\"\n{probes}[[task]]\ntask_id = \"7\"\n[[task.step]]\nevent = \"TaskStart\"\n"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What the program writes and its exit code: standard output, standard error.
async fn pullpush(args: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullpush"));
    command.args(args).env_clear();
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// A server that takes callbacks, and answers to `/state` with JSON.
fn receiver() -> (Server, UnboundedReceiver<String>) {
    let (sender, seen) = unbounded_channel();
    let server = Server::start(move |mut connection| {
        let sender = sender.clone();
        async move {
            loop {
                let request = connection.request().await?;
                let body = if request.contains(" /state") { "{\"state\":\"running\"}" } else { "" };
                // An answer to HEAD has the length of a body, and no body.
                let sent = if request.starts_with("HEAD") { "" } else { body };
                let length = body.len();
                sender.send(request).map_err(io::Error::other)?;
                connection.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{sent}")).await?;
            }
        }
    });
    (server, seen)
}

#[tokio::test]
async fn every_method_with_what_it_sends() {
    let (server, mut seen) = receiver();
    let ask = |keys: &str| format!("[[probe]]\nafter = \"end\"\n{keys}\n");
    let send = "send = { id = \"{task_id}\", on = true }";
    let file = scenario(
        "methods",
        &[
            ask("get = \"/state/{task_id}\"\nbody = { state = \"running\" }"),
            ask("head = \"/state\""),
            ask(&format!("post = \"/state\"\n{send}")),
            ask(&format!("put = \"/state\"\n{send}")),
            ask("delete = \"/state?all=1\""),
            ask(&format!("get = \"{}/else\"", server.url)),
        ]
        .concat(),
    );
    let (out, err, code) = pullpush(&["run", &file, "--to", &format!("{}/callback", server.url)]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("  ?   GET /state/7  task=7  as expected in "), "{out}");
    assert!(out.ends_with("\nprobes        6\n"), "{out}");
    let mut requests = Vec::new();
    while let Ok(request) = seen.try_recv() {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let first = lines.next().unwrap().to_owned();
        let about_body = lines.filter(|line| line.starts_with("content-") || line.starts_with("transfer-"));
        let mut about_body: Vec<_> = about_body.map(str::to_owned).collect();
        about_body.sort();
        requests.push(format!("{first} | {} | {body}", about_body.join(", ")));
    }
    assert!(requests.remove(0).starts_with("POST /callback HTTP/1.1 | "));
    let json = "content-length: 20, content-type: application/json | {\"id\":\"7\",\"on\":true}";
    assert_eq!(
        requests,
        [
            "GET /state/7 HTTP/1.1 |  | ",
            "HEAD /state HTTP/1.1 |  | ",
            &format!("POST /state HTTP/1.1 | {json}"),
            &format!("PUT /state HTTP/1.1 | {json}"),
            "DELETE /state?all=1 HTTP/1.1 |  | ",
            "GET /else HTTP/1.1 |  | ",
        ]
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_failing_one_is_exit_1_and_a_command_to_do_it_again() {
    let (server, _seen) = receiver();
    let file = scenario(
        "failing",
        "[[probe]]\nafter = \"TaskExit\"\nget = \"/state/{task_id}\"\nbody = { state = \"ended\" }\neventually = \"50ms\"\n",
    );
    let to = format!("{}/callback", server.url);
    let (out, err, code) = pullpush(&["run", &file, "--to", &to]).await;
    assert_eq!(code, 1);
    assert!(out.contains("  ?   GET /state/7  task=7  not as expected in "), "{out}");
    assert!(out.contains("              =   200 {\"state\":\"running\"}\n"), "{out}");
    let last = out.lines().last().unwrap();
    assert_eq!(last, "failed  probe GET /state/7  task=7: body: state: expected \"ended\", got \"running\"");
    assert_eq!(err, format!("again: pullpush run {file} --seed 42 --only task=7 --to {to}\n"));

    let (out, ..) = pullpush(&["run", &file, "--to", &to, "--format", "ndjson"]).await;
    let line = out.lines().find(|line| line.contains("\"probed\"")).unwrap();
    let probed: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&probed["url"], &probed["status"], &probed["body"]),
        (&format!("{}/state/7", server.url).into(), &200.into(), &"{\"state\":\"running\"}".into())
    );
    assert_eq!(probed["complaints"][0], "body: state: expected \"ended\", got \"running\"");
}

#[tokio::test]
async fn the_built_in_receiver_is_not_asked_and_a_note_says_so() {
    let file = scenario("noted", "[[probe]]\nafter = \"end\"\nget = \"/state\"\n");
    for receiver in ["--sink", "--virtual"] {
        let (out, err, code) = pullpush(&["run", &file, receiver]).await;
        assert_eq!((code, out.contains("?   GET")), (0, false), "{out}");
        assert_eq!(err, "note: no [[probe]] is asked: the built-in receiver keeps nothing to ask about\n");
    }
}

#[tokio::test]
async fn a_probe_at_a_public_address_is_exit_2_and_nothing_is_sent() {
    let (server, _seen) = receiver();
    let forbidden =
        "192.88.99.1 is neither on this machine nor on a private network; add --allow-remote if you mean it";
    for url in ["http://192.88.99.1/state", "http://192.88.99.{n}:8080/tasks/{task_id}"] {
        let file = scenario("public", &format!("[[probe]]\nafter = \"end\"\nget = \"{url}\"\n"));
        let (out, err, code) = pullpush(&["run", &file, "--to", &server.url]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{url}");
        assert_eq!(err, format!("error: {forbidden}\n"), "{url}");
        // Where it is not asked it does not matter.
        assert_eq!(pullpush(&["run", &file, "--virtual"]).await.2, 0);
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn headers_of_the_receiver_are_for_the_receiver_only() {
    let ((own, mut seen), (other, mut seen_elsewhere)) = (receiver(), receiver());
    let ask = |url: &str| format!("[[probe]]\nafter = \"end\"\nget = \"{url}/state\"\n");
    let headers = "[receiver]\nheaders = { Authorization = \"Bearer s3cret\" }\n";
    let file = scenario("headers", &[headers, &ask(""), &ask(&own.url), &ask(&other.url)].concat());
    let (out, _, code) = pullpush(&["run", &file, "--to", &format!("{}/callback", own.url)]).await;
    assert_eq!(code, 0, "{out}");
    for _ in 0..3 {
        let request = seen.recv().await.unwrap().to_lowercase();
        assert!(request.contains("\r\nauthorization: bearer s3cret\r\n"), "{request}");
    }
    let request = seen_elsewhere.recv().await.unwrap();
    assert!(request.starts_with("GET /state HTTP/1.1\r\n") && !request.contains("s3cret"), "{request}");
}

#[tokio::test]
async fn a_forbidden_address_is_no_failure_of_the_receiver_and_ends_the_run() {
    let (server, _seen) = receiver();
    let port = server.url.rsplit(':').next().unwrap();
    // Of the tasks the first thousand are asked about before anything is sent.
    let file = scenario(
        "forbidden",
        &format!(
            "[[probe]]\nafter = \"TaskStart\"\nget = \"http://{{stream_id}}:{port}/state\"\neventually = \"2s\"\n\
             [[task]]\ncount = 1000\nstream_id = \"127.0.0.1\"\n[[task.step]]\nevent = \"TaskStart\"\n\
             [[task]]\nstart = \"1s\"\nstream_id = \"192.88.99.1\"\n[[task.step]]\nevent = \"TaskStart\"\n"
        ),
    );
    let args = ["run", &file, "--to", &server.url, "--speed", "max", "--format", "ndjson"];
    let (out, _, code) = pullpush(&args).await;
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("\"tries\":1,\"outcome\":\"forbidden\""), "{out}");
}

#[tokio::test]
async fn a_long_answer_is_read_and_a_longer_one_is_said_to_be_cut() {
    for (length, complaint) in [
        (900_000, None),
        (
            2_000_000,
            Some(r#"body: expected {"state":"running"}, got more than 1048576 bytes, the most that is compared"#),
        ),
    ] {
        let body = format!(r#"{{"history":"{}","state":"running"}}"#, "x".repeat(length));
        let server = Server::answering(format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        let probe = "[[probe]]\nafter = \"end\"\nget = \"/state\"\nbody = { state = \"running\" }\n";
        let (out, _, code) = pullpush(&["run", &scenario("long", probe), "--to", &server.url]).await;
        let told = out.lines().find_map(|line| line.strip_prefix("failed  probe GET /state: "));
        assert_eq!((told, code), (complaint, i32::from(complaint.is_some())), "{}", &out[out.len() - 500..]);
    }
}
