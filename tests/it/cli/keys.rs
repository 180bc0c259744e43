//! A signing key is printed by nothing, wherever it comes from and whatever is wrong with it; nor is a password.

use super::{Answer, Desk, Receiver, VOD};

const KEY: &str = "Sup3rS3cr3tK3y";

/// Types the line and looks for any part of the key.
#[track_caller]
fn keeps_quiet(desk: &Desk, line: &str) {
    let done = desk.run(line);
    let said = format!("{}{}", done.stdout, done.stderr);
    let parts = (6..=KEY.len()).map(|end| &KEY[end - 6..end]);
    parts.for_each(|part| assert!(!said.contains(part), "{line}\n{said}"));
    assert!(!said.is_empty(), "{line} says nothing: the key is not even used");
}

fn with_payload(line: &str) -> String {
    VOD.replace("[payload]", &format!("[payload]\n{line}"))
}

const COMMANDS: [&str; 7] = [
    "pullpush run FILE --virtual",
    "pullpush run FILE --virtual --format ndjson --status 500",
    "pullpush run FILE --sink --speed max --status 500",
    "pullpush check FILE",
    "pullpush plan FILE",
    "pullpush plan FILE --format ndjson",
    "pullpush plan FILE --format curl",
];

#[test]
fn a_key_in_the_file() {
    for wrong in ["", "!", " ", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"] {
        let key = format!("{KEY}{wrong}");
        for line in
            [format!("key = {key:?}"), format!("key = '{key}'"), format!("key = \"{key}"), format!("kye = {key:?}")]
        {
            let desk = Desk::new().file("key.toml", with_payload(&line));
            for command in COMMANDS {
                // A misspelt name is repeated, and its line with it; nobody can know that it is a key.
                if !line.starts_with("kye") {
                    keeps_quiet(&desk, &command.replace("FILE", "key.toml"));
                }
            }
        }
    }
}

#[test]
fn a_key_that_is_typed() {
    let desk = Desk::new();
    for wrong in ["", "-more"] {
        let key = format!("{KEY}{wrong}");
        for set in [
            format!("payload.key={key}"),
            format!("'payload.key = {key}'"),
            format!("'payload.key=\"{key}\"'"),
            format!("'payload.key=\"{key}'"),
            format!("'payload={{ key = \"{key}\" }}'"),
            format!("'payload={{ profile = \"complete\", key = \"{key}\" }}'"),
        ] {
            for command in COMMANDS {
                keeps_quiet(&desk, &format!("{} --set {set}", command.replace("FILE", "vod.toml")));
            }
            keeps_quiet(&desk, &format!("pullpush send TaskExit --set {set}"));
            keeps_quiet(&desk, &format!("pullpush send TaskExit --to http://127.0.0.1:1/ --set {set}"));
        }
        for line in [
            "sign",
            "sign --t 1",
            "sign --t never",
            "verify --t 1 --sign 00",
            "verify vod.toml",
            "sink --listen 127.0.0.1:0 --bad",
        ] {
            keeps_quiet(&desk, &format!("pullpush {line} --key '{key}'"));
        }
    }
    keeps_quiet(&desk, &format!("pullpush sink --listen 127.0.0.1:1 --key '{KEY}!'"));
}

#[test]
fn a_key_in_the_environment() {
    for wrong in ["", "!"] {
        let key = format!("{KEY}{wrong}");
        let desk = Desk::new().env("PULLPUSH_KEY", &key).env("CALLBACK_KEY", &key);
        let desk = desk.file("key.toml", with_payload("key_env = \"CALLBACK_KEY\""));
        for command in COMMANDS {
            keeps_quiet(&desk, &command.replace("FILE", "key.toml"));
        }
        for line in ["sign", "sign --help", "verify --help", "sink --help", "verify --t 1 --sign 00"] {
            keeps_quiet(&desk, &format!("pullpush {line}"));
        }
    }
}

#[test]
fn the_receiver_gets_no_key_either() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let line = format!("pullpush run vod.toml --speed max --set payload.key={KEY} --to {}", receiver.url);
    let done = Desk::new().run(line).exits(1);
    assert_eq!(done.again().unwrap().split_once("--set ").unwrap().1, "'payload.key=…'");
    for request in receiver.rest() {
        assert!(!format!("{}{}", request.head, request.text()).contains(KEY), "{request:?}");
        assert!(request.text().contains("\"sign\":"));
    }
}

#[test]
fn a_password_of_an_address() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let url = receiver.url.replace("http://", &format!("http://user:{KEY}@"));
    let probe = format!("[[probe]]\nafter = \"end\"\nget = \"{url}/state\"\nstatus = 200\n");
    let file = VOD.replace("retry = [\"1s\"]", &format!("retry = \"none\"\nurl = \"{url}\""));
    // Files' callbacks tell the address that they are sent to, as it is.
    let file = file.replace("start_gap", "callback_events = [\"TaskStart\", \"TaskExit\"]\nstart_gap");
    let desk = Desk::new().file("file.toml", file + &probe);
    for format in ["human", "ndjson"] {
        for to in [format!("--to {url}"), String::new(), format!("--set receiver.url={url}")] {
            keeps_quiet(&desk, &format!("pullpush run file.toml --speed max --format {format} {to}"));
        }
        keeps_quiet(&desk, &format!("pullpush send TaskStart --format {format} --to {url}"));
    }
    keeps_quiet(&desk, "pullpush plan file.toml");
    keeps_quiet(&desk, &format!("pullpush contract --only live --to {url} --state {url}/state"));
    keeps_quiet(&desk, &format!("pullpush explore file.toml --save found.toml --reset-url {url} --to {url}"));
    keeps_quiet(&desk, &format!("pullpush explore file.toml --shrink --to {url}"));
    let done = desk.run(format!("pullpush run vod.toml --speed max --to {url}")).exits(1);
    let shown = receiver.url.replace("http://", "http://***@");
    assert!(done.stdout.starts_with(&format!("vod.toml  seed 7  {shown}\n")), "{}", done.stdout);
    assert!(done.again().unwrap().contains(&format!(" --to '{shown}'")), "{:?}", done.again());
    // It is sent, of course.
    assert!(receiver.next().head.to_lowercase().contains("\nauthorization: basic "));
}
