//! The environment: what is typed wins over it, and it wins over the file.

use super::{Desk, Receiver, VOD};

#[test]
fn to() {
    let [file, environment, flag] = [(); 3].map(|()| Receiver::new());
    let text = VOD.replace("[receiver]", &format!("[receiver]\nurl = {:?}", file.url));
    let got = || [&file, &environment, &flag].map(|receiver| receiver.rest().len());

    let desk = Desk::new().file("vod.toml", text);
    desk.run("pullpush run vod.toml --speed max").exits(0);
    assert_eq!(got(), [4, 0, 0]);

    let desk = desk.env("PULLPUSH_TO", &environment.url);
    desk.run("pullpush run vod.toml --speed max").exits(0);
    desk.run("pullpush send TaskStart").exits(0);
    assert_eq!(got(), [0, 5, 0]);

    desk.run(format!("pullpush run vod.toml --speed max --to {}", flag.url)).exits(0);
    assert_eq!(got(), [0, 0, 4]);

    // The built-in receiver is typed, too.
    desk.run("pullpush run vod.toml --speed max --sink").exits(0);
    assert_eq!(got(), [0, 0, 0]);
    desk.run("pullpush plan vod.toml --format ndjson").shows(&format!("\"url\":\"{}\"", environment.url));
}

#[test]
fn seed() {
    let desk = Desk::new();
    desk.run("pullpush plan vod.toml").says("seed 7  epoch 2026-01-01T12:00:00.000Z\n");
    let desk = desk.env("PULLPUSH_SEED", "8");
    desk.run("pullpush plan vod.toml").says("seed 8  epoch 2026-01-01T12:00:00.000Z\n");
    desk.run("pullpush plan vod.toml --seed 9").says("seed 9  epoch 2026-01-01T12:00:00.000Z\n");
    desk.run("pullpush run vod.toml --virtual").shows("4 callbacks planned, seed 8\n");
}

#[test]
fn epoch() {
    let desk = Desk::new();
    let starts_at = |stamp: u64| format!(r#"{{\\\"task_start_time\\\":{stamp}}}"#);
    desk.run("pullpush plan vod.toml --format ndjson").shows(&starts_at(1_767_268_800_000));
    let desk = desk.env("PULLPUSH_EPOCH", "2026-01-02T12:00:00Z");
    desk.run("pullpush plan vod.toml --format ndjson").shows(&starts_at(1_767_355_200_000));
    desk.run("pullpush plan vod.toml --format ndjson --epoch 2026-01-03T12:00:00Z")
        .shows(&starts_at(1_767_441_600_000));
    desk.run("pullpush send TaskStart").shows(&starts_at(1_767_355_200_000).replace(r"\\\", r"\"));
}

/// When the second callback of `vod.toml` is due, one second after the first.
fn due_us(desk: &Desk, flags: &str) -> u64 {
    let line = format!("pullpush run vod.toml --sink --format ndjson --set receiver.ordering=free {flags}");
    let events = desk.run(line).exits(0).objects();
    events.iter().find(|event| event["number"] == 2).unwrap()["due_us"].as_u64().unwrap()
}

#[test]
fn speed() {
    let desk = Desk::new().env("PULLPUSH_SPEED", "1000x");
    assert_eq!(due_us(&desk, ""), 1000);
    assert_eq!(due_us(&desk, "--speed 500x"), 2000);
    desk.run("pullpush run vod.toml --virtual --format ndjson").exits(0).shows("\"due_us\":1000000");
}

#[test]
fn wait_for() {
    let desk = Desk::new().env("PULLPUSH_WAIT_FOR", "2ms");
    let line = "pullpush run vod.toml --to http://127.0.0.1:1/";
    desk.run(line).exits(3).says("within 2ms; is the receiver running?");
    desk.run(format!("{line} --wait-for 3ms")).exits(3).says("within 3ms;");
    desk.run("pullpush run vod.toml --virtual").exits(0);
}

#[test]
fn format() {
    let desk = Desk::new().env("PULLPUSH_FORMAT", "ndjson");
    desk.run("pullpush run vod.toml --virtual").shows("{\"schema_version\":1,\"event\":\"started\"");
    desk.run("pullpush run vod.toml --virtual --format human").shows("4 callbacks planned, seed 7\n");
    // The forms of other commands are others.
    desk.run("pullpush plan vod.toml").exits(0).shows("00:00:00.000  TaskStart");
    desk.run("pullpush codes").exits(0).shows("MESSAGE");
    desk.run("pullpush check vod.toml").exits(0).shows("vod.toml: ok");
}

#[test]
fn what_is_on_or_off() {
    let line = "pullpush run vod.toml --virtual --status 500 --set receiver.retry=none";
    for on in ["1", "true", "yes", "on", "TRUE"] {
        Desk::new().env("PULLPUSH_FAIL_FAST", on).run(line).exits(1).shows("not started   3\n");
    }
    for off in ["0", "false", "no", "off"] {
        let desk = Desk::new().env("PULLPUSH_FAIL_FAST", off);
        desk.run(line).exits(1).shows("given up      4\n");
        desk.run(format!("{line} --fail-fast")).exits(1).shows("not started   3\n");
    }
    let done = Desk::new().env("PULLPUSH_FAIL_FAST", "perhaps").run(line).exits(2);
    assert!(done.says("invalid value 'perhaps' for '--fail-fast'").stdout.is_empty());
}

#[test]
fn deny_warnings() {
    let desk = Desk::new().file("warned.toml", VOD.replace("118148", "show"));
    desk.run("pullpush check warned.toml").exits(0).says("warning");
    desk.run("pullpush check warned.toml --deny-warnings").exits(2);
    desk.env("PULLPUSH_DENY_WARNINGS", "1").run("pullpush check warned.toml").exits(2).says("warning: ");
}

#[test]
fn certificates() {
    let desk = Desk::new();
    let line = "pullpush run vod.toml --to http://127.0.0.1:1/";
    desk.run(format!("{line} --cacert ca.pem")).exits(2).says("--cacert: cannot read ca.pem");
    let desk = desk.env("PULLPUSH_CACERT", "other.pem");
    desk.run(line).exits(2).says("--cacert: cannot read other.pem");
    desk.run(format!("{line} --cacert ca.pem")).exits(2).says("--cacert: cannot read ca.pem");
}

#[cfg(feature = "https")]
#[test]
fn certificates_are_taken_or_trusted() {
    let authority = crate::https::Authority::new();
    let url = format!("https://{}/", authority.serve("127.0.0.1", |_| ()));
    let line = format!("pullpush send TaskStart --to {url}");
    let desk = Desk::new().file("ca.pem", &authority.pem);
    desk.run(&line).exits(1).shows("give its CA with --cacert, or use --insecure");
    desk.run(format!("{line} --cacert ca.pem")).exits(0);
    desk.run(format!("{line} --insecure")).exits(0);
    desk.run(format!("{line} -k")).exits(0);
    Desk::new().env("PULLPUSH_INSECURE", "1").run(&line).exits(0);
    desk.env("PULLPUSH_CACERT", "ca.pem").run(&line).exits(0);
}

#[test]
fn listen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let desk = Desk::new().env("PULLPUSH_LISTEN", &address);
    desk.run("pullpush sink").exits(3).says(&format!("cannot listen on {address}"));
    desk.run("pullpush sink --listen nowhere").exits(2).says("invalid value 'nowhere' for '--listen <ADDR>'");
}

#[test]
fn key() {
    let line = "pullpush sign --t 1703732078";
    let desk = Desk::new();
    desk.run(line).exits(2).says("--key <KEY>");
    desk.run(format!("{line} --key testkey")).exits(0).shows("7e686adf6045c49cee873dc7d8eb05af");
    let desk = desk.env("PULLPUSH_KEY", "testkey");
    desk.run(line).exits(0).shows("7e686adf6045c49cee873dc7d8eb05af");
    assert!(!desk.run(format!("{line} --key other")).exits(0).stdout.contains("7e68"));
}

#[test]
fn the_key_that_a_scenario_names() {
    let desk = Desk::new().file("signed.toml", VOD.replace("[payload]", "[payload]\nkey_env = \"CALLBACK_KEY\""));
    let missing = |place: &str| format!("error: the environment variable CALLBACK_KEY is not set\n --> {place}\n");
    for line in ["run signed.toml --virtual", "plan signed.toml", "explore signed.toml --to http://127.0.0.1:1/"] {
        let done = desk.run(format!("pullpush {line}")).exits(2).says(&missing("signed.toml:8:11"));
        done.says(" | key_env = \"CALLBACK_KEY\"\n")
            .says("help: set it to the key, or take `key_env` out to sign nothing\n");
    }
    // All files and all problems in one pass.
    let wrong = VOD.replace("[payload]", "[payload]\nkey_env = \"OTHER_KEY\"").replace("start_gap", "start_gab");
    let desk = desk.file("wrong.toml", wrong);
    let done = desk.run("pullpush run signed.toml wrong.toml --virtual").exits(2).says(&missing("signed.toml:8:11"));
    done.says("the environment variable OTHER_KEY is not set\n --> wrong.toml:8:11\n").says("`start_gab`");
    let set = desk.run("pullpush run vod.toml --virtual --set payload.key_env=CALLBACK_KEY").exits(2);
    set.says(&missing("--set:1:17"));
    desk.run("pullpush check signed.toml").exits(0);
    let desk = desk.env("CALLBACK_KEY", "testkey");
    desk.run("pullpush run signed.toml --virtual").exits(0);
    desk.run("pullpush plan signed.toml --format ndjson").exits(0).shows(r#"\"t\":1767269400"#);
    desk.env("CALLBACK_KEY", "no key")
        .run("pullpush plan signed.toml")
        .exits(2)
        .says("error: the key in the environment variable CALLBACK_KEY: a key has only letters A-Z, a-z and digits\n --> signed.toml:8:11\n");
}
