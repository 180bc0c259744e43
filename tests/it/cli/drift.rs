//! `pullpush drift`: captures against the payload profiles.

use std::path::Path;

use serde_json::{Value, json};

use super::{Desk, VOD};

/// A desk with a capture of `tests/captures/`.
fn with(capture: &str) -> Desk {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(capture);
    Desk::new().file(capture, std::fs::read(path).unwrap()).env("CALLBACK_KEY", "testkey")
}

/// The published samples, as a receiver would have written them down.
#[test]
fn the_published_samples_are_of_the_first_profile() {
    let samples = [
        include_str!("../../samples/TaskStart.json"),
        include_str!("../../samples/VodSourceFileStart.json"),
        include_str!("../../samples/VodSourceFileFinish.json"),
        include_str!("../../samples/TaskExit.json"),
    ];
    let line =
        |(n, body): (usize, &&str)| format!("{}\n", json!({ "time": 1_643_000_000_000 + 1000 * n, "body": body }));
    let capture: String = samples.iter().enumerate().map(line).collect();
    Desk::new().file("samples.ndjson", capture).run("pullpush drift samples.ndjson").exits(0).golden("drift/samples");
}

/// A service of another day: a field more, `index` as a string, ids in its exits.
#[test]
fn a_service_of_another_day() {
    with("tomorrow.ndjson").run("pullpush drift tomorrow.ndjson").exits(1).golden("drift/tomorrow");
}

/// Another order, pretty-printed, escaped, a field less, other types and values, a field twice.
#[test]
fn what_no_overlay_makes() {
    with("odd.ndjson").run("pullpush drift odd.ndjson").exits(1).golden("drift/odd");
}

/// Bodies that are none, among them one that is, and one that was parsed before it was written down.
#[test]
fn what_is_no_callback_is_counted() {
    with("broken.ndjson").run("pullpush drift broken.ndjson").exits(1).golden("drift/broken");
}

/// Other requests among them; signed, with an alarm by its other name, and headers.
#[test]
fn a_proxy_s_har_file() {
    let desk = with("proxy.har");
    desk.run("pullpush drift proxy.har --key-env CALLBACK_KEY").exits(0).golden("drift/proxy");
    let json = desk.run("pullpush drift proxy.har --key-env CALLBACK_KEY --format json").exits(0);
    let found = &json.objects()[0];
    assert_eq!(
        (&found["profile"], &found["covered"], &found["verified"]),
        (&json!("complete"), &json!(true), &json!(3))
    );
    assert_eq!(
        (&found["callbacks"], &found["no_callbacks"], &found["sign_for_ms"]),
        (&json!(3), &json!(1), &json!(300_000))
    );
    desk.run("pullpush drift proxy.har").exits(0).shows("not verified: name the variable with the key");
    desk.run("pullpush drift - < proxy.har").exits(0).shows("-: 3 callbacks of 1 task");
}

#[test]
fn another_key_is_a_difference() {
    let desk = with("proxy.har").env("OTHER_KEY", "other");
    let done = desk.run("pullpush drift proxy.har --key-env OTHER_KEY").exits(1);
    done.shows("; 3 not by MD5(key + t) with the key in OTHER_KEY");
    desk.run("pullpush drift proxy.har --key-env NO_KEY").exits(2).says("NO_KEY is not set; set it, or leave");
}

/// What is printed makes the like, typed as it is.
#[test]
fn what_is_printed_can_be_typed() {
    let desk = Desk::new().env("CALLBACK_KEY", "testkey");
    let sets = "--set payload.profile=complete --set 'payload.alarm_field=an alarm' --set payload.index_as=string \
                --set payload.key_env=CALLBACK_KEY --set payload.sign_for=90s --set payload.t_as=string";
    let alarm = VOD.to_owned() + "[[task.incident]]\nkind = \"pull-unstable\"\nat = \"3s\"\n";
    let desk = desk.file("alarm.toml", alarm);
    // The built-in receiver knows no such name of the field.
    desk.run(format!("pullpush run alarm.toml --virtual {sets} --journal one.ndjson")).exits(1);
    let drift = desk.run("pullpush drift one.ndjson --key-env CALLBACK_KEY").exits(0);
    let printed = drift.stdout.lines().find_map(|line| line.strip_prefix("  --set")).unwrap().to_owned();
    desk.run(format!("pullpush run alarm.toml --virtual --set{printed} --journal two.ndjson")).exits(1);
    let bodies = |name: &str| -> Vec<Value> {
        let lines = desk.read(name);
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|mut line| line["body"].take()).filter(|body| !body.is_null()).collect()
    };
    assert_eq!(bodies("one.ndjson").len(), 6);
    assert_eq!(bodies("one.ndjson"), bodies("two.ndjson"));
    let again = desk.run("pullpush drift two.ndjson --key-env CALLBACK_KEY").exits(0);
    assert_eq!(again.stdout.replace("two.ndjson", "one.ndjson"), drift.stdout);
}

/// The scenario that a capture comes to is valid, and sends the like.
#[test]
fn the_steps_it_prints_send_the_like() {
    let desk = with("tomorrow.ndjson");
    let drift = desk.run("pullpush drift tomorrow.ndjson").exits(1).stdout;
    let payload = drift.split_once("\n[payload]").unwrap().1.split_once("\n\n").unwrap().0;
    let steps = drift.split_once("[[task.step]]").unwrap().1;
    let file = "files = [{ url = \"http://media.test/1.m3u8\", duration = \"1m\" }]";
    let desk =
        desk.file("like.toml", format!("version = 1\n[payload]{payload}\n[[task]]\n{file}\n[[task.step]]{steps}"));
    desk.run("pullpush check like.toml --deny-warnings").exits(0);
    desk.run("pullpush run like.toml --virtual --journal like.ndjson").exits(0);
    let like = desk.run("pullpush drift like.ndjson").exits(1);
    for line in drift.lines().filter(|line| line.contains("; doc-2024 ")) {
        let (_, rest) = line.trim().split_once(" of ").unwrap();
        let (_, words) = rest.split_once(' ').unwrap();
        assert!(like.stdout.contains(words), "{words}\n{}", like.stdout);
    }
}

/// They say all but when they came: everything but the pauses is compared, and they cannot be played.
#[test]
fn bodies_alone_will_do() {
    let desk = with("tomorrow.ndjson").file("one", r#"{"time":1,"callback_event":"TaskStart"}"#);
    let timed: Vec<Value> =
        desk.read("tomorrow.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bodies: String = timed.iter().map(|line| line["body"].as_str().unwrap().trim_end().to_owned() + "\n").collect();
    let desk = desk.file("bodies.ndjson", bodies);
    let (whole, alone) =
        (desk.run("pullpush drift tomorrow.ndjson"), desk.run("pullpush drift bodies.ndjson").exits(1));
    let compared = |text: &str| text.split_once("\n\n").unwrap().1.split_once("\n\nTask").unwrap().0.to_owned();
    assert_eq!(compared(&alone.stdout), compared(&whole.stdout));
    assert!(whole.stdout.contains(" → ") && !alone.stdout.contains(" → "), "{}", alone.stdout);
    let said = "error: bodies.ndjson: a body without its time cannot be played; a line is {\"time\":\"2026-";
    desk.run("pullpush replay bodies.ndjson --sink").exits(2).says(said);
    desk.run("pullpush drift one").exits(2).says("error: one: line 1: missing field `body`; a line is {");
}

#[test]
fn there_may_be_no_callback_in_it() {
    let desk = Desk::new()
        .file("empty", "")
        .file("blank", "\n\n")
        .file("get.har", r#"{"log":{"entries":[{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"GET","url":"http://a.test/"}}]}}"#)
        .file("form.ndjson", "{\"time\":1,\"body\":\"a=b\"}\n");
    for capture in ["empty", "blank", "get.har", "form.ndjson", "/dev/null"] {
        let done = desk.run(format!("pullpush drift {capture}")).exits(6);
        assert_eq!(done.stderr, format!("error: {capture}: no callback is in it, no POST with a `callback_event`\n"));
    }
    desk.run("pullpush run vod.toml --virtual --only task=1 --set task.start=1h --journal j.ndjson").exits(0);
    desk.run("head -1 j.ndjson > head.ndjson && pullpush drift head.ndjson").exits(6);
}

#[test]
fn what_is_no_capture_is_refused() {
    let line = r#"{"time":1,"body":"{}"}"#;
    let journal = r#"{"schema_version":1,"event":"started"}"#;
    let like = r#"; a line is {"time":"2026-11-24T10:00:00Z","body":"{\"appid\":…}"}"#;
    for (capture, said) in [
        ("{\"callback\":\"TaskStart\"}\n".to_owned(), format!("line 1: missing field `time`{like}\n").as_str()),
        (format!("{line}\n{{\"time\":1,}}\n"), &format!("line 2: trailing comma at column 11{like}\n")),
        (format!("{journal}\n{{}}\n{journal}\n"), "line 2: is no line of a journal: missing field `schema_version`\n"),
        ("hello\n".to_owned(), "is neither a journal, nor lines of JSON with `time` and `body`, nor a HAR file"),
        (format!("{line}\nhello\n"), "line 2: expected value"),
        (
            format!("{line}\n\n{{\"time\":\"noon\",\"body\":1}}\n"),
            "line 3: `time` is neither RFC 3339, such as 2026-11-24T10:00:00Z, nor milliseconds since 1970\n",
        ),
        (
            r#"{"log":{"entries":[{"startedDateTime":"noon","request":{"method":"POST","url":""}}]}}"#.to_owned(),
            "`noon` is no time",
        ),
        (
            r#"{"log":{}}"#.to_owned(),
            "is neither a journal, nor lines of JSON with `time` and `body`, nor a HAR file: missing field `entries`",
        ),
        (format!("{journal}\nhello\n{journal}\n"), "line 2: is no line of a journal"),
        (format!("{journal}\n{{\"schema_version\":9,\"event\":\"sent\"}}\n"), "line 2: has schema version 9"),
    ] {
        Desk::new().file("c", capture).run("pullpush drift c").exits(2).says(&format!("error: c: {said}"));
    }
    Desk::new().run("pullpush drift missing").exits(2).says("cannot read missing: No such file");
    Desk::new().run("pullpush drift .").exits(2).says(".: cannot be read: Is a directory");
    // A journal that ends in the middle of a line is one.
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --virtual --journal j && head -c -40 j > cut").exits(0);
    desk.run("pullpush drift cut").exits(0).shows("cut: 4 callbacks of 1 task");
}

/// Whatever it says: nothing of it moves a cursor, and no password is shown.
#[test]
fn nothing_hostile_is_shown_as_it_is() {
    let body = json!({
        "callback_event": "Task\u{1b}[31m\nStart", "interface": "http://user:secret@host/", "a\u{1b}]0;b\u{7}": {"x": null},
        "msg": json!({"url": "rtmp://u:secret@h/live?key=secret", "message": "http://u:secret@h/ \u{202e}", "code": 7}).to_string(),
        "source_urls": "[\"http://u:secret@h/\"]", "sign": "secret", "t": 1, "to_url": "rtmp://h/live/secret",
    });
    let exit = json!({"callback_event": "TaskExit", "msg": json!({"message": "http://u:secret@h/\u{1b}", "code": 7}).to_string()});
    let lines =
        format!("{}\n{}\n", json!({"time": 1, "body": body.to_string()}), json!({"time": 2, "body": exit.to_string()}));
    let desk = Desk::new().file("c.ndjson", lines).env("CALLBACK_KEY", "verysecret");
    for format in ["human", "json"] {
        let done = desk.run(format!("pullpush drift c.ndjson --format {format} --key-env CALLBACK_KEY")).exits(1);
        let shown = done.stdout + &done.stderr;
        assert!(!shown.contains("secret"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown}");
    }
}

/// No scenario has room for it: what cannot be set is not said to be.
#[test]
fn a_name_without_an_end_is_no_setting() {
    let alarm = |field: &str| {
        let msg = json!({ field: "PullFileFailed" }).to_string();
        json!({ "time": 1, "body": json!({ "callback_event": "TaskAlarm", "msg": msg }).to_string() }).to_string()
    };
    let desk = Desk::new().file("long", alarm(&"x".repeat(9000))).file("odd", alarm("a\u{202e}\n'\"b"));
    let long = desk.run("pullpush drift long --format json").exits(1).objects()[0].clone();
    assert_eq!(long["set"], json!(["payload.profile=doc-2022"]));
    // What has to be quoted is.
    let odd = desk.run("pullpush drift odd").exits(1).stdout;
    let sets = odd.lines().find_map(|line| line.strip_prefix("  --set")).unwrap();
    let sent = desk.run(format!("pullpush send TaskAlarm --set{sets}")).exits(0);
    let msg: Value = serde_json::from_str(sent.objects()[0]["msg"].as_str().unwrap()).unwrap();
    assert_eq!(msg, json!({ "a\u{202e}\n'\"b": "PullFileFailed" }));
}

/// A capture of any length is read line by line.
#[cfg(target_os = "linux")]
#[test]
fn it_takes_no_more_memory_for_more() {
    let desk = Desk::new();
    let body = include_str!("../../samples/TaskStart.json");
    let lines: String = (0..2000)
        .map(|n| format!("{}\n", json!({"time": n, "body": body.replace("118148", &n.to_string())})))
        .collect();
    let desk = desk.file("part.ndjson", lines);
    // More than a process that has so little may keep.
    let many = "for n in $(seq 20); do cat part.ndjson; done";
    let done = desk.run(format!("{many} | (ulimit -v 60000; pullpush drift -)")).exits(0);
    done.shows("-: 40000 callbacks of 2000 tasks");
}

/// Three attempts of a TaskStart and of a file, each a minute later, as a service sends them that stamps by `event_time`'s `step`.
fn attempts(step: u64, sign_for: u64, is_timed: bool) -> String {
    let line = |event: &str, msg: Value, n: u64| {
        let (at, told) = (1_767_225_600 + 60 * n, 1_767_225_600 + step * n);
        let body = json!({
            "appid": 4, "callback_event": event, "event_time": told.to_string(), "event_type": 314,
            "interface": "general_callback", "msg": msg.to_string(), "product_name": "pullpush", "sign": "ab",
            "source_urls": "[\"http://a.test/a\"]\n", "stream_id": "a", "t": at + sign_for, "task_id": "7",
            "to_url": "rtmp://a.test/live/a",
        });
        let body = body.to_string();
        if is_timed { json!({ "time": at * 1000 + 999, "body": body }).to_string() } else { body }
    };
    let file = json!({ "url": "http://a.test/a", "index": 0, "duration": 5 });
    let starts = (0..3).map(|n| line("TaskStart", json!({ "task_start_time": 1_767_225_600_000_u64 }), n));
    let files = (0..3).map(|n| line("VodSourceFileStart", file.clone(), n));
    starts.chain(files).map(|line| line + "\n").collect()
}

#[test]
fn whether_event_time_moves_with_attempts_is_told() {
    for is_timed in [true, false] {
        for (step, at, words) in [
            (0, "event", "event_time: when it happened, the same in every attempt, seen 4 times\n"),
            (60, "attempt", "event_time: when the attempt is made, another in each, seen 4 times\n"),
        ] {
            let desk = Desk::new().file("c.ndjson", attempts(step, 300, is_timed));
            let done = desk.run("pullpush drift c.ndjson");
            let done = done.shows(words).shows("signed for 5m");
            let moves = done.stdout.contains("payload.event_time_at=attempt")
                && done.stdout.contains("event_time_at = \"attempt\"");
            assert_eq!(moves, at == "attempt");
            let told = desk.run("pullpush drift c.ndjson --format json").objects()[0].clone();
            assert_eq!((&told["event_time_at"], &told["sign_for_ms"]), (&json!(at), &json!(300_000)));
        }
    }
    // A list that is played again tells the same of other events; nothing came twice.
    let desk = Desk::new();
    let again = "--set task.loops=3 --set payload.profile=doc-2024 --set task.end=1h";
    desk.run(format!("pullpush run vod.toml --virtual --journal j.ndjson {again}")).exits(0);
    let told = desk.run("pullpush drift j.ndjson --format json").exits(0).objects()[0].clone();
    assert_eq!(told.get("event_time_at"), None);
}
