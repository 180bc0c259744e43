//! The command that is printed after a failure: typed into a shell it fails in the same way.

use super::{Answer, Desk, Receiver, VOD};

/// Two tasks that go wrong in a way drawn from the seed.
const DRAWN: &str = r#"version = 1

[receiver]
retry = "none"

[[task]]
source = "live"
url = "rtmp://origin.test/live/a"
to_url = "rtmp://push.test/live/{n}"
count = 3
end = "1m"
[[task.incident]]
kind = "push-broken"
chance = 0.5
"#;

/// What failed, without the times.
fn failures(stdout: &str) -> Vec<String> {
    stdout.lines().filter(|line| line.starts_with("failed  ")).map(str::to_owned).collect()
}

/// Types the line, and then what it says; gives that.
#[track_caller]
fn again(desk: &Desk, line: &str) -> String {
    let first = desk.run(line).exits(1);
    let again = first.again().expect(line).to_owned();
    let second = desk.bare().run(&again).exits(1);
    let (failed, failed_again) = (failures(&first.stdout), failures(&second.stdout));
    assert!(!failed_again.is_empty(), "{again}");
    // Of several tasks that failed only the first does; against the clock what is given up first may differ.
    assert!(failed_again.iter().all(|failure| failed.contains(failure)), "{again}\n{failed:#?}\n{failed_again:#?}");
    assert_eq!(second.again(), Some(again.as_str()));
    again
}

#[test]
fn of_a_run() {
    let desk = Desk::new();
    for (line, expected) in [
        ("--sink --status 500 --speed max", "--seed 7 --only task=118148 --sink --status 500 --speed max"),
        ("--virtual --drop-connection", "--seed 7 --only task=118148 --virtual --drop-connection"),
        ("--virtual --status 404 --fail-fast", "--seed 7 --only task=118148 --virtual --status 404 --fail-fast"),
        ("--virtual --status 404 --seed 9", "--seed 9 --only task=118148 --virtual --status 404"),
        (
            "--virtual --status 500 --delay '1s 500ms' --only task=1",
            "--seed 7 --only task=118148 --virtual --status 500 --delay 1s500ms",
        ),
        (
            "--virtual --status 500 --epoch 2026-02-03T04:05:06Z",
            "--seed 7 --only task=118148 --virtual --status 500 --epoch 2026-02-03T04:05:06Z",
        ),
        (
            r#"--virtual --status 500 --set 'receiver.user_agent="it'\''s $HOME"' --set receiver.retry=none"#,
            r#"--seed 7 --only task=118148 --virtual --status 500 --set 'receiver.user_agent="it'\''s $HOME"' --set receiver.retry=none"#,
        ),
        // The first three requests of one task are not the first three of all.
        ("--virtual --fail-first 3", "--seed 7 --virtual --fail-first 3"),
    ] {
        assert_eq!(again(&desk, &format!("pullpush run vod.toml {line}")), format!("pullpush run vod.toml {expected}"));
    }
}

#[test]
fn of_a_run_against_a_receiver() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let url = format!("{}?a=1&b=$(false)", receiver.url);
    let expected = format!("pullpush run vod.toml --seed 7 --only task=118148 --to '{url}' --speed 1000x");
    assert_eq!(again(&Desk::new(), &format!("pullpush run vod.toml --to '{url}' --speed 1000x")), expected);
    // What the environment said is said by the command.
    let desk = Desk::new().env("PULLPUSH_TO", &url).env("PULLPUSH_SPEED", "1000x").env("PULLPUSH_SEED", "7");
    assert_eq!(again(&desk, "pullpush run vod.toml"), expected);
}

#[test]
fn of_a_seed_that_was_drawn() {
    let desk = Desk::new().file("drawn.toml", DRAWN);
    let command = again(&desk, "pullpush run drawn.toml --virtual --status 500");
    assert!(command.contains(" --seed "), "{command}");
    // And so that every byte is the same, the time of day that was stamped on them.
    assert!(command.contains(" --epoch 2"), "{command}");
    for same in ["--epoch 2026-01-01T00:00:00.25Z", "--set payload.epoch=2026-01-01T00:00:00.25Z"] {
        let command = again(&desk, &format!("pullpush run drawn.toml --virtual --status 500 {same}"));
        assert_eq!(command.contains(" --epoch 2026-01-01T00:00:00.250Z"), same.starts_with("--epoch"), "{command}");
    }
    let again_with = |set| {
        let done = desk.run(format!("pullpush run drawn.toml --virtual --status 500 --set payload.{set}")).exits(1);
        done.again().unwrap().to_owned()
    };
    assert!(!again_with("stamps=real").contains("--epoch"));
    assert!(again_with("key=testkey").contains(" --epoch 2"));
}

#[test]
fn of_each_task_that_failed() {
    let desk = Desk::new();
    for (count, told) in [(2, 2), (10, 10), (12, 10)] {
        let desk = Desk::new()
            .file("many.toml", VOD.replace("118148", "{n}").replace("[[task]]", &format!("[[task]]\ncount = {count}")));
        let done = desk.run("pullpush run many.toml --virtual --status 500").exits(1);
        let commands: Vec<_> = done.stderr.lines().filter_map(|line| line.strip_prefix("again: ")).collect();
        assert_eq!(commands.len(), told);
        for (number, command) in commands.iter().enumerate() {
            assert!(command.contains(&format!(" --only task={} ", number + 1)), "{command}");
        }
    }
    // Those that cannot fail alone fail together.
    let done = desk.run("pullpush run vod.toml --virtual --fail-first 3").exits(1);
    assert_eq!(done.stderr.matches("again: ").count(), 1);
}

#[test]
fn of_files_with_names_that_no_key_types() {
    use std::os::unix::ffi::OsStrExt;
    for name in
        [b"a\nb.toml".as_slice(), b"a\x1b[31mb.toml", b"a\xffb.toml", "a\u{202e}b.toml".as_bytes(), b"-a'\n\\1.toml"]
    {
        let desk = Desk::new();
        std::fs::write(desk.path("").join(std::ffi::OsStr::from_bytes(name)), VOD).unwrap();
        let typed = "\"$(printf '%b' \"$NAME\")\"";
        let octal: String = name.iter().map(|byte| format!("\\0{byte:03o}")).collect();
        let line = format!("NAME='{octal}'; pullpush run --virtual --status 500 -- {typed}");
        let first = desk.run(line).exits(1);
        let again = first.again().unwrap().to_owned();
        for text in [&first.stdout, &first.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{fffd}']) || name.contains(&0xff), "{text}");
        }
        let second = desk.file("again.sh", format!("{again}\n")).run("bash again.sh").exits(1);
        assert_eq!(second.again(), Some(again.as_str()));
    }
}

#[test]
fn of_files_with_difficult_names() {
    for (typed, name) in [
        ("'two words.toml'", "two words.toml"),
        ("'it'\\''s.toml'", "it's.toml"),
        ("-- -x.toml", "-x.toml"),
        ("'$HOME'", "$HOME"),
    ] {
        again(&Desk::new().file(name, VOD), &format!("pullpush run --virtual --status 500 {typed}"));
    }
}

#[test]
fn of_the_scenario_that_failed() {
    let desk = Desk::new().file("other.toml", VOD.replace("118148", "2"));
    let receiver = Receiver::answering(|n| Answer::Status(if n < 4 { 200 } else { 500 }));
    let done = desk.run(format!("pullpush run other.toml vod.toml --speed max --to {}", receiver.url)).exits(1);
    assert!(done.again().unwrap().starts_with("pullpush run vod.toml --seed 7 --only task=118148 --to "));
    assert_eq!(done.stderr.matches("again: ").count(), 1);
}

#[test]
fn of_a_send() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    for line in [
        format!("pullpush send TaskExit --to {}", receiver.url),
        format!("pullpush send TaskExit --to {} --epoch 2026-01-01T00:00:00Z --set task.app_id=7", receiver.url),
        format!("pullpush send 'Task Exit' --to '{}?a=b&c=d' --set 'task.step.msg.message=it'\\''s'", receiver.url),
        "pullpush send TaskStart --to http://127.0.0.1:1/ --allow-remote --insecure".to_owned(),
    ] {
        let done = Desk::new().run(&line).exits(1);
        assert_eq!(done.again(), Some(line.as_str()));
        assert_eq!(Desk::new().run(done.again().unwrap()).exits(1).again(), Some(line.as_str()));
    }
    // The environment's words are in the command.
    let done = Desk::new().env("PULLPUSH_TO", &receiver.url).run("pullpush send TaskExit").exits(1);
    assert_eq!(done.again(), Some(format!("pullpush send TaskExit --to {}", receiver.url).as_str()));
}

#[test]
fn only_after_a_failure() {
    let desk = Desk::new();
    for line in [
        "pullpush run vod.toml --virtual",
        "pullpush run vod.toml --virtual --fail-first 1",
        "pullpush run vod.toml --virtual --only task=2",
        "pullpush run vod.toml --to http://127.0.0.1:1/ --wait-for 1ms",
        "pullpush run gone.toml --virtual",
        "pullpush send TaskExit",
    ] {
        assert_eq!(desk.run(line).again(), None, "{line}");
    }
}
