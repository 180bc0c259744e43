//! The exit codes that scripts rely on, and which one wins.

use super::{Answer, Desk, Receiver, VOD};

/// A scenario whose callbacks may not go where they are to go.
fn astray() -> String {
    VOD.replace("[[task]]", "[[task]]\ncallback_url = \"http://192.0.2.1/\"")
}

/// Two copies of a task: the first with an address near by, where nobody listens, the second with a public one.
///
/// Of the copies only the first is looked at before the run.
/// Two copies, of which the second goes to a public address; `before` are tasks that come first.
fn astray_in_the_end(before: &str) -> String {
    let own = "[[task]]\ncount = 2\nspacing = \"1s\"\nstart = \"1s\"\ncallback_url = \"http://[::{n}]:1/\"";
    VOD.replace("[[task]]", &format!("{before}{own}")).replace(r#"["1s"]"#, "\"none\"")
}

#[test]
fn each_has_its_case() {
    let desk = Desk::new().file("bad.toml", "version = 2").file("empty.toml", "");
    for (line, code) in [
        ("pullpush run vod.toml --sink --speed max", 0),
        ("pullpush run vod.toml --virtual", 0),
        ("pullpush check vod.toml", 0),
        ("pullpush plan vod.toml", 0),
        ("pullpush run vod.toml --virtual --status 500", 1),
        ("pullpush verify --key testkey --t 1 --sign 00", 1),
        ("pullpush", 2),
        ("pullpush run", 2),
        ("pullpush walk", 2),
        ("pullpush run vod.toml --virtual --fast", 2),
        ("pullpush run vod.toml --virtual --seed many", 2),
        ("pullpush run vod.toml --virtual --only probe=1", 2),
        ("pullpush run vod.toml --virtual --only task=", 2),
        ("pullpush run vod.toml --virtual --sink", 2),
        ("pullpush run vod.toml --sink --to http://127.0.0.1:1/", 2),
        ("pullpush run vod.toml --virtual --speed 2x", 2),
        ("pullpush run vod.toml --virtual --wait-for 1s", 2),
        ("pullpush run vod.toml --sink --speed 0x", 2),
        ("pullpush run vod.toml --to http://127.0.0.1:1/ --status 500", 2),
        ("pullpush run vod.toml --sink --status 99", 2),
        ("pullpush run vod.toml --to ftp://127.0.0.1/", 2),
        ("pullpush run vod.toml --to 127.0.0.1:8080", 2),
        ("pullpush run vod.toml", 2),
        ("pullpush run bad.toml --virtual", 2),
        ("pullpush run empty.toml --virtual", 2),
        ("pullpush run missing.toml --virtual", 2),
        ("pullpush run . --virtual", 2),
        ("pullpush check vod.toml bad.toml", 2),
        ("pullpush plan bad.toml", 2),
        ("pullpush show nothing", 2),
        ("pullpush init nothing", 2),
        ("pullpush run vod.toml --to http://127.0.0.1:1/ --wait-for 1ms", 3),
        ("pullpush run vod.toml --virtual --only task=2", 6),
        ("pullpush plan vod.toml --only task=118149", 6),
    ] {
        desk.run(line).exits(code);
    }
}

#[test]
fn nothing_is_run_unless_everything_can_be() {
    let desk = Desk::new().file("bad.toml", "version = 2").file("astray.toml", astray());
    let receiver = Receiver::new();
    let here = VOD.replace("[[task]]", &format!("[[task]]\ncallback_url = {:?}", receiver.url));
    let desk = desk.file("here.toml", here);
    for (files, code, words) in [
        ("here.toml bad.toml", 2, "version"),
        ("bad.toml here.toml", 2, "version"),
        ("here.toml missing.toml gone.toml", 2, "cannot read gone.toml"),
        ("here.toml vod.toml", 2, "vod.toml does not say where callbacks go"),
        ("here.toml astray.toml", 2, "192.0.2.1"),
        ("here.toml here.toml --only task=2", 6, "--only task=2 selects nothing"),
        ("here.toml bad.toml --only task=2", 2, "version"),
        ("bad.toml here.toml --only task=2", 2, "version"),
    ] {
        let done = desk.run(format!("pullpush run {files} --speed max")).exits(code).says(words);
        assert_eq!((done.stdout.as_str(), done.again()), ("", None));
    }
    assert_eq!(receiver.rest().len(), 0);
    // And it is not for want of trying.
    desk.run("pullpush run here.toml --speed max").exits(0);
    assert_eq!(receiver.rest().len(), 4);
}

#[test]
fn the_receivers_failure_is_told_whichever_scenario_met_it() {
    let desk = Desk::new();
    // Two requests for each callback that fails: the whole first run fails, and nothing of the second.
    for (failing, code) in [(0..8, 1), (8..16, 0), (4..12, 1)] {
        let receiver = Receiver::answering(move |n| Answer::Status(if failing.contains(&n) { 500 } else { 200 }));
        desk.run(format!("pullpush run vod.toml vod.toml --speed max --to {}", receiver.url)).exits(code);
    }
}

#[test]
fn an_address_that_turns_out_to_be_public_ends_the_run() {
    // Of a thousand tasks the addresses are asked about before anything is sent; this is one of those behind them.
    let first = "[[task]]\ncount = 1000\ncallback_url = \"http://[::1]:1/\"\n[[task.step]]\nevent = \"TaskStart\"\n";
    let desk = Desk::new().file("astray.toml", astray_in_the_end(first)).file("known.toml", astray_in_the_end(""));
    desk.run("pullpush run known.toml")
        .exits(2)
        .says("::2 is neither on this machine nor on a private network; add --allow-remote");
    // 3 wins over 1: the first copy's callbacks failed too.
    let done = desk.run("pullpush run astray.toml astray.toml --speed 1000x").exits(3);
    assert_eq!(done.stdout.matches("planned").count(), 1, "the second is not played: {}", done.stdout);
    assert_eq!(done.again(), Some("pullpush run astray.toml --seed 7 --speed 1000x"));
    desk.run(done.again().unwrap()).exits(3);
    done.shows("refused").shows("::2 is neither on this machine nor on a private network; add --allow-remote");
}
