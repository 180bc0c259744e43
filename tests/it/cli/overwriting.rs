//! No output may be one of the inputs, or another output: nothing is opened before that is known.

use std::os::unix::fs::symlink;

use super::{Desk, VOD};

/// A desk with inputs of every kind, and other names for them.
fn desk() -> Desk {
    let steps = "version = 1\n[[task]]\n[[task.step]]\nevent = \"TaskStart\"\nbody_file = \"body.bin\"\n";
    let desk = Desk::new().file("steps.toml", steps).file("body.bin", "{}").file("ca.pem", "").file("other.toml", VOD);
    desk.run("pullpush run vod.toml --virtual --journal old.ndjson").exits(0);
    desk.run("mkdir folder && ln vod.toml hard.toml && ln -s vod.toml soft.toml && ln -s folder link").exits(0);
    symlink("new", desk.path("dangling")).unwrap();
    desk
}

#[test]
fn what_is_read_is_not_written_over() {
    let desk = desk();
    let before = |name: &str| desk.bytes(name);
    let inputs = ["vod.toml", "steps.toml", "body.bin", "ca.pem", "old.ndjson", "other.toml"];
    let all: Vec<_> = inputs.iter().map(|name| before(name)).collect();
    for line in [
        "run vod.toml --virtual --journal vod.toml",
        "run vod.toml --virtual --journal ./vod.toml",
        "run vod.toml --virtual --journal folder/../vod.toml",
        "run vod.toml --virtual --journal hard.toml",
        "run vod.toml --virtual --journal soft.toml",
        "run soft.toml --virtual --report json=vod.toml",
        "run other.toml vod.toml --virtual --report html=vod.toml",
        "run steps.toml --virtual --journal body.bin",
        "run vod.toml --sink --cacert ca.pem --journal ca.pem",
        "replay old.ndjson --sink --journal old.ndjson",
        "replay old.ndjson --sink --report junit=./old.ndjson",
        "load vod.toml --rate 1 --duration 1s --sink --report json=vod.toml",
        "load vod.toml --rate 1 --duration 1s --sink --hdr hard.toml",
        "explore vod.toml --to http://127.0.0.1:1/ --save vod.toml",
        "explore vod.toml --to http://127.0.0.1:1/ --shrink --save soft.toml",
        "merge old.ndjson --report json=old.ndjson",
    ] {
        let done = desk.run(format!("pullpush {line}")).exits(2);
        assert!(done.stderr.contains("are the same file: nothing is written"), "{line}: {}", done.stderr);
        for (name, before) in inputs.iter().zip(&all) {
            assert_eq!(&desk.bytes(name), before, "{line}");
        }
    }
}

#[test]
fn no_output_is_another() {
    let desk = desk();
    for line in [
        "run vod.toml --virtual --journal new --report json=new",
        "run vod.toml --virtual --report junit=new --report json=./new",
        "run vod.toml --virtual --journal new --report json=dangling",
        "run vod.toml --virtual --journal folder/new --report json=link/new",
        "load vod.toml --rate 1 --duration 1s --sink --report json=new --hdr new",
        "run vod.toml --virtual --journal new > new",
        "run vod.toml --virtual --report json=/dev/stdout > new",
    ] {
        desk.run("rm -f new").exits(0);
        let done = desk.run(format!("pullpush {line}")).exits(2);
        assert!(done.stderr.contains("are the same file: nothing is written"), "{line}: {}", done.stderr);
        assert!(line.contains('>') || !desk.path("new").exists(), "{line}");
    }
}

#[test]
fn what_keeps_nothing_may_be_written_twice() {
    let desk = desk();
    desk.run("pullpush run vod.toml vod.toml --virtual --journal /dev/null --report json=/dev/null").exits(0);
    desk.run("pullpush run vod.toml --virtual --journal /dev/null > /dev/null").exits(0);
    desk.run("pullpush run vod.toml --virtual --report json=/dev/stdout --report junit=/dev/stdout | cat").exits(0);
    desk.run("pullpush run vod.toml --virtual --journal a --report json=b > c").exits(0);
}
