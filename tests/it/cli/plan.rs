//! `pullpush plan`: the table, the lines for programs, and the curl commands, which are really run.

use super::{Desk, Receiver, Request, VOD};

/// Steps, an incident, a wait for an answer, and an address of its own.
const STEPS: &str = r#"version = 1
seed = 1
[payload]
epoch = "2026-01-01T00:00:00Z"
[[task]]
task_id = "1"
callback_url = "http://127.0.0.1:3141/one"
[[task.step]]
event = "TaskStart"
[[task.step]]
after_answer = "1s"
event = "TaskExit"
msg = { code = -5 }
[[task]]
source = "live"
task_id = "2"
url = "rtmp://origin.test/live/a"
to_url = "rtmp://push.test/live/a"
end = "1h"
[[task.incident]]
kind = "push-broken"
at = "5m"
lasts = "45s"
"#;

#[test]
fn in_three_forms() {
    let desk = Desk::new().file("steps.toml", STEPS);
    desk.run("pullpush plan steps.toml").golden("plan/table");
    desk.run("pullpush plan steps.toml --format ndjson").golden("plan/ndjson");
    desk.run("pullpush plan steps.toml --format curl").golden("plan/curl");
    desk.run("pullpush plan steps.toml --only task=2 --to http://127.0.0.1:9/all").golden("plan/table-only");
    desk.run("pullpush plan steps.toml --only task=1 --to http://127.0.0.1:9/all --format curl").golden("plan/curl-to");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let desk = Desk::new().file("drawn.toml", VOD.replace("start_gap = \"1s\"", "count = 50").replace("118148", "{n}"));
    let plan = |seed| desk.run(format!("pullpush plan drawn.toml --format ndjson --seed {seed}")).exits(0).stdout;
    assert_eq!(plan(1), plan(1));
    assert_ne!(plan(1), plan(2));
    assert_eq!(plan(1).lines().count(), 200);
}

/// Bodies that are hard to put into a shell's words.
const DIFFICULT: [&[u8]; 8] = [
    b"{\n\t\"pretty\": true\n}\n",
    b"it's $HOME `false` \"\\n\" \\ %s !! *",
    b"@/etc/hostname",
    b"\xff\xfe\x00 not text\r\n\x1b[31m",
    b"100%\\\n",
    b"-",
    "名前 é".as_bytes(),
    b"",
];

/// Stands in for curl: keeps what it is to send in a file.
const NO_CURL: &str = r#"#!/bin/sh
[ "$1 $2 $3 $5 $6 $7" = "-sS -X POST -H Content-Type: application/json --data-binary" ] || exit 9
number=$(ls sent.* 2>/dev/null | wc -l)
case "$8" in
    @-) cat ;;
    @*) exit 8 ;;
    *) printf '%s' "$8" ;;
esac > "sent.$(echo $number)"
"#;

/// `difficult.toml`, whose bodies are the difficult ones.
fn with_difficult_bodies(desk: Desk) -> Desk {
    let mut scenario = VOD.replace("source = \"vod\"\n", "").replace("start_gap = \"1s\"\n", "");
    let mut desk = desk;
    for (number, body) in DIFFICULT.iter().enumerate() {
        scenario += &format!("[[task.step]]\nevent = \"TaskStart\"\nbody_file = \"{number}.bin\"\n");
        desk = desk.file(&format!("{number}.bin"), body);
    }
    desk.file("difficult.toml", scenario)
}

#[test]
fn a_shell_hands_curl_the_same_bytes() {
    let desk = with_difficult_bodies(Desk::new()).file("curl", NO_CURL);
    desk.run("pullpush plan difficult.toml --format curl > commands.sh").exits(0);
    desk.run("chmod +x curl && PATH=.:$PATH && sh -e ./commands.sh").exits(0);
    for (number, body) in DIFFICULT.iter().enumerate() {
        assert_eq!(desk.bytes(&format!("sent.{number}")), *body);
    }
}

#[test]
fn curl_sends_the_same_bytes_as_a_run() {
    let desk = with_difficult_bodies(Desk::new());
    if desk.run("command -v curl").code != 0 {
        // The test above has seen what curl is told.
        return;
    }
    let receiver = Receiver::new();
    for file in ["difficult.toml", "vod.toml"] {
        let to = format!("--to \"{}?a='b'&c=d\"", receiver.url);
        desk.run(format!("pullpush plan {file} --format curl {to} > commands.sh && sh -e ./commands.sh")).exits(0);
        let by_curl = receiver.rest();
        desk.run(format!("pullpush run {file} --speed max {to}")).exits(0);
        let bodies = |requests: &[Request]| requests.iter().map(|request| request.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&by_curl), bodies(&receiver.rest()));
        for request in by_curl {
            assert!(request.head.starts_with("POST /callback?a='b'&c=d HTTP/1.1\n"), "{}", request.head);
            assert!(request.head.to_lowercase().contains("\ncontent-type: application/json"), "{}", request.head);
        }
    }
}

#[test]
fn each_copy_has_its_number_in_the_message_of_its_exit() {
    let sets = "--set task.count=2 --set 'task.exit={ code = -5, message = \"copy {n} of {n}\" }'";
    let desk = Desk::new().file("copies.toml", VOD.replace("118148", "{n}"));
    let plan = desk.run(format!("pullpush plan copies.toml --format ndjson {sets}")).exits(0);
    for copy in 1..=2 {
        assert!(plan.stdout.contains(&format!(r#"\\\"message\\\":\\\"copy {copy} of {copy}\\\""#)));
    }
}

/// Names that end a line, and that a terminal obeys; and a probe with such a name.
const OBEYED: &str = r#"version = 1
seed = 1
[receiver]
retry = "none"
[payload]
epoch = "2026-01-01T00:00:00Z"
[[task]]
task_id = "1\ntouch broken-out #\u001B[2J"
[[task.step]]
event = "A\ntouch broken-out #\u001B[2J"
"#;

#[test]
fn names_end_no_line_and_run_nothing() {
    let desk = Desk::new().file("obeyed.toml", OBEYED);
    let shown = "A\\ntouch broken-out #\\u{1b}[2J";
    for (line, lines) in [
        ("pullpush plan obeyed.toml --format curl > commands.sh; cat commands.sh", 2),
        ("pullpush plan obeyed.toml", 1),
        ("pullpush run obeyed.toml --virtual --status 500", 12),
    ] {
        let done = desk.run(line);
        assert!(done.stdout.contains(shown), "{line}: {}", done.stdout);
        assert_eq!(done.stdout.lines().count(), lines, "{line}: {}", done.stdout);
        let bytes = [done.stdout, done.stderr].concat();
        assert!(!bytes.contains(|letter: char| letter.is_control() && letter != '\n'), "{line}: {bytes:?}");
        assert!(!bytes.lines().any(|line| line.starts_with("touch")), "{line}: {bytes}");
    }
    desk.run("sh -c 'curl() { true; }; . ./commands.sh'; ls").exits(0);
    assert!(!desk.run("ls").stdout.contains("broken-out"));
    let done = desk.run("pullpush run obeyed.toml --virtual --status 500").exits(1);
    assert_eq!(done.again(), Some("pullpush run obeyed.toml --seed 1 --only task=1 --virtual --status 500"));
}
