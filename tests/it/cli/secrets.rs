//! A password or a key is printed by nothing, wherever in a file, a flag or an answer it stands and whatever is wrong around it.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use super::{Answer, Desk, Receiver, VOD};
use crate::properties::cases;

const SECRET: &str = "Sup3rS3cr3t";

/// Addresses with a password, whole and broken.
fn address() -> impl Strategy<Value = String> {
    let before = select(vec![
        "http://",
        "https://",
        "ftp://",
        "http:",
        "http:/",
        "http//",
        "htp:///",
        "//",
        "",
        "HTTP:\\\\",
        "rtmp://",
        "http://[",
        " http://",
        "nonsense://",
        "http:\\/\\/",
    ]);
    let user = select(vec![
        "user:",
        "u@x:",
        "user:p/",
        "user:p?",
        "user:p#x",
        "user:p ",
        "user:p'",
        "user:p%zz",
        "名:",
        "user:p\\t",
        "user:{n}",
    ]);
    let after = select(vec!["@", "@@", "\\u0040"]);
    let host =
        select(vec!["127.0.0.1:1/", "host", "ho st/", "127.0.0.1:99999/", "[::1", "", "a.test/x@y", "127.0.0.1:1/{x}"]);
    (before, user, after, host).prop_map(|(before, user, after, host)| format!("{before}{user}{SECRET}{after}{host}"))
}

/// A value of TOML that is this text, or nearly so.
fn value(text: &str, how: usize) -> String {
    // A literal string knows no escapes: there `@` is written as it is.
    let plain = text.replace("\\u0040", "@");
    match how {
        0 => format!("\"{}\"", text.replace("\\/", "/")),
        1 => format!("'{}'", plain.replace('\'', "")),
        2 => format!("\"\"\"\n{}\"\"\"", plain.replace('\\', "/")),
        3 => format!("'''{plain}'''"),
        4 => format!("\"{plain}"),
        5 => format!("'{plain}"),
        6 => format!("\"\"\"{plain}"),
        7 => plain,
        8 => format!("[\n\"{plain}\"\n]"),
        9 => format!("{{ x = \"{plain}\" }}"),
        _ => format!("\"\"\"{}\"\"\"", plain.replace('\\', "/").replacen(SECRET, &format!("{SECRET}\\\n   x"), 1)),
    }
}

/// A scenario with `line` at its place.
fn file(place: usize, line: &str) -> String {
    match place {
        0 => VOD.replace("[receiver]\n", &format!("[receiver]\n{line}\n")),
        1 => VOD.replace("[receiver]\n", &format!("[receiver]\n{line}\n{line}\n")),
        2 => VOD.replace("[payload]\n", &format!("[payload]\n{line} # {line}\n")),
        3 => format!("{VOD}{line}\n{line}"),
        4 => format!("{VOD}[[probe]]\nafter = \"end\"\n{line}\n"),
        5 => format!("{line}\n{VOD}"),
        _ => format!("{VOD}[[task.incident]]\n{line}\n"),
    }
}

#[track_caller]
fn keeps_quiet(desk: &Desk, line: &str, about: &str) {
    let done = desk.run(line);
    let said = format!("{}{}", done.stdout, done.stderr);
    assert!(!said.contains(SECRET), "{line}\n{about}\n{said}");
}

#[test]
fn a_password_anywhere_in_a_file() {
    let keys = ["url", "callback_url", "to_url", "get", "user_agent", "retry", "kind", "name", "urrl", "\"a b\""];
    let drawn = (address(), select(keys.to_vec()), 0..7usize, 0..11usize);
    TestRunner::new(cases(250))
        .run(&drawn, |(address, key, place, how)| {
            let text = file(place, &format!("{key} = {}", value(&address, how)));
            let desk = Desk::new().file("drawn.toml", &text).env("GITHUB_ACTIONS", "true");
            keeps_quiet(&desk, "pullpush check drawn.toml", &text);
            keeps_quiet(&desk, "pullpush check drawn.toml --format json", &text);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_password_anywhere_on_the_command_line() {
    let paths = [
        "receiver.url",
        "task.callback_url",
        "task.to_url",
        "task.files.1.url",
        "receiver.retry",
        "receiver.url.x",
        "nothing",
        "",
    ];
    let drawn = (address(), select(paths.to_vec()), 0..8usize, 0..9usize);
    TestRunner::new(cases(250))
        .run(&drawn, |(address, path, how, flag)| {
            let desk = Desk::new();
            let (address, value) = (address.replace("\\u0040", "@"), value(&address, how));
            let quote = |text: &str| format!("'{}'", text.replace('\'', "\"").replace('\n', " "));
            let (set, alone) = (quote(&format!("{path}={value}")), quote(&address));
            let line = match flag {
                0 => format!("pullpush check vod.toml --set {set}"),
                1 => format!("pullpush plan vod.toml --set {set}"),
                2 => format!("pullpush run vod.toml --virtual --status 500 --set {set}"),
                3 => format!("pullpush send TaskExit --set {set}"),
                4 => format!("pullpush plan vod.toml --to {alone}"),
                5 => format!("pullpush check {alone}"),
                6 => format!("pullpush run vod.toml --virtual {alone}"),
                7 => format!("pullpush plan vod.toml --set receiver.retry=none {set} --seed {alone}"),
                _ => format!("pullpush contract --only {alone}"),
            };
            keeps_quiet(&desk, &line, "");
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_key_anywhere() {
    let keys = [
        "key",
        "'key'",
        "\"k\\u0065y\"",
        "payload.key",
        "KEY",
        "Authorization",
        "headers = { X-Token",
        "headers.Cookie",
    ];
    let drawn = (select(keys.to_vec()), 0..7usize, 0..11usize);
    TestRunner::new(cases(150))
        .run(&drawn, |(key, place, how)| {
            let closing = if key.contains('{') { " }" } else { "" };
            let text = file(place, &format!("{key} = {}{closing}", value(SECRET, how)));
            let desk = Desk::new().file("drawn.toml", &text);
            keeps_quiet(&desk, "pullpush check drawn.toml", &text);
            keeps_quiet(&desk, "pullpush check drawn.toml --format json", &text);
            Ok(())
        })
        .unwrap();
}

/// What a receiver answers, and what tells of it: the log, and every file that a run writes.
#[test]
fn a_password_in_an_answer_and_in_a_body() {
    let location = format!("http://user:{SECRET}@elsewhere.test/");
    let head = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\nset-cookie: {SECRET}\r\n");
    let answer = format!("{{\"see\":\"{location}\"}}");
    let reply = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len());
    let receiver = Receiver::answering(move |_| Answer::Raw(reply.clone()));
    let url = receiver.url.replace("http://", &format!("http://user:{SECRET}@"));
    let more = format!(
        "[expect]\nstatus = 200\nbody = {{ see = \"{location}x\" }}\nheaders = {{ Location = \"{location}x\", Set-Cookie = \"{SECRET}x\" }}\n\
         [[probe]]\nafter = \"end\"\nget = \"/state\"\nbody = {{ see = 1 }}\nheaders = {{ Location = \"http://x/\" }}\n\
         [faults]\ncorrupt = {{ chance = 0.5, kinds = [\"bad-utf8\"] }}\n"
    );
    let text = VOD.replace("[receiver]\n", &format!("[receiver]\nurl = \"{url}\"\n")) + &more;
    let files = "--journal j.ndjson --report junit=j.xml --report json=j.json --report html=j.html";
    let desk =
        Desk::new().file("file.toml", text).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
    for format in ["human", "ndjson"] {
        keeps_quiet(&desk, &format!("pullpush run file.toml --speed max --format {format} {files}"), "");
        for written in ["j.ndjson", "j.xml", "j.json", "j.html", "summary.md"] {
            let written = desk.read(written);
            assert!(written.contains("***@") && !written.contains(SECRET), "{written}");
            let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!written.contains(&hex), "{written}");
        }
    }
    for format in ["table", "ndjson", "curl", "html"] {
        keeps_quiet(&desk, &format!("pullpush plan file.toml --format {format}"), "");
    }
    keeps_quiet(&desk, &format!("pullpush send VodSourceFileStart --set task.callback_url={url}"), "");
    // It is sent, of course.
    assert!(receiver.next().head.to_lowercase().contains("\nauthorization: basic "));
}
