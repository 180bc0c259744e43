//! Whom pullpush may hit: literal addresses, told apart before a socket is opened.

use super::{Desk, VOD};

const PUBLIC: [(&str, &str); 12] = [
    ("192.0.2.1", "192.0.2.1"),
    ("192.0.2.1:8080", "192.0.2.1"),
    ("3221226219", "192.0.2.235"),
    ("0xC0000201", "192.0.2.1"),
    ("0300.0.2.1", "192.0.2.1"),
    ("192.0.2.1.", "192.0.2.1"),
    ("user@192.0.2.1", "192.0.2.1"),
    ("127.0.0.1@192.0.2.1", "192.0.2.1"),
    ("[2001:db8::1]", "2001:db8::1"),
    ("[::ffff:192.0.2.1]", "192.0.2.1"),
    ("100.64.0.1", "100.64.0.1"),
    ("255.255.255.255", "255.255.255.255"),
];

const METADATA: [(&str, &str); 5] = [
    ("169.254.169.254", "169.254.169.254"),
    ("2852039166", "169.254.169.254"),
    ("[::ffff:169.254.169.254]", "169.254.169.254"),
    ("[fe80::1]", "fe80::1"),
    ("[fd00:ec2::254]", "fd00:ec2::254"),
];

fn refusals() -> impl Iterator<Item = (&'static str, String)> {
    let public = PUBLIC.map(|(host, address)| (host, address, "neither on this machine nor on a private network"));
    let metadata = METADATA.map(|(host, address)| (host, address, "a link-local or cloud metadata address"));
    public.into_iter().chain(metadata).map(|(host, address, reach)| {
        (host, format!("error: {address} is {reach}; add --allow-remote if you mean it\n"))
    })
}

#[test]
fn an_address_elsewhere_is_refused_when_it_is_typed() {
    let desk = Desk::new();
    let refused = |command: &str, host: &str, refusal: String| {
        let done = desk.run(format!("pullpush {command} --to http://{host}/callback")).exits(2);
        assert_eq!((done.stdout, done.stderr), (String::new(), refusal), "{host}");
    };
    for (host, refusal) in refusals() {
        refused("run vod.toml", host, refusal);
    }
    for (host, refusal) in refusals().take(2) {
        refused("run vod.toml --wait-for 1s", host, refusal.clone());
        refused("send TaskStart", host, refusal);
    }
}

#[test]
fn an_address_elsewhere_is_refused_when_it_is_in_the_file() {
    for (host, refusal) in refusals() {
        let of_the_task = VOD.replace("[[task]]", &format!("[[task]]\ncallback_url = \"http://{host}/\""));
        let of_all = VOD.replace("[receiver]", &format!("[receiver]\nurl = \"http://{host}/\""));
        let desk = Desk::new().file("task.toml", of_the_task).file("all.toml", of_all);
        for file in ["task.toml", "all.toml"] {
            let done = desk.run(format!("pullpush run {file}")).exits(2);
            assert_eq!((done.stdout, done.stderr), (String::new(), refusal.clone()), "{host}");
        }
    }
}

#[test]
fn whoever_does_not_send_there_may_name_it() {
    let file = VOD.replace("[[task]]", "[[task]]\ncallback_url = \"http://192.0.2.1/\"");
    let desk = Desk::new().file("far.toml", file);
    desk.run("pullpush check far.toml").exits(0);
    desk.run("pullpush plan far.toml --format ndjson").exits(0).shows("\"url\":\"http://192.0.2.1/\"");
    desk.run("pullpush run far.toml --virtual").exits(0);
    desk.run("pullpush run far.toml --sink --speed max").exits(0);
}

#[test]
fn an_address_near_by_needs_no_word() {
    // Nobody listens on port 1 of this machine: refused by the system, and so let through before.
    let desk = Desk::new();
    for host in
        ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]"]
    {
        desk.run(format!("pullpush send TaskStart --to http://{host}:1/")).exits(1).shows("given up");
    }
}

#[test]
fn a_private_address_needs_no_word() {
    // Admitted, and then not sent to: the second scenario's receiver never listens.
    for host in ["10.0.0.1", "172.16.0.1", "192.168.1.1", "[fd12:3456::1]"] {
        let file = VOD.replace("[[task]]", &format!("[[task]]\ncallback_url = \"http://{host}/\""));
        let astray = file.replace(host, "192.0.2.7");
        let desk = Desk::new().file("near.toml", file).file("far.toml", astray);
        let done = desk.run("pullpush run near.toml far.toml").exits(2).says("192.0.2.7");
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn a_word_is_repeated_in_the_command_that_does_it_again() {
    let line = "pullpush run vod.toml --sink --status 500 --speed max";
    let again = |desk: &Desk, line: &str| desk.run(line).exits(1).again().unwrap().to_owned();
    assert!(again(&Desk::new(), &format!("{line} --allow-remote")).contains("--allow-remote"));
    assert!(again(&Desk::new().env("PULLPUSH_ALLOW_REMOTE", "1"), line).contains("--allow-remote"));
    assert!(!again(&Desk::new().env("PULLPUSH_ALLOW_REMOTE", "0"), line).contains("--allow-remote"));
}
