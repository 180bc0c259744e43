//! Names that do not resolve: nothing is sent, and the way out is told at once.

use super::{Desk, Receiver, VOD};

/// Names under `invalid` never resolve (RFC 6761).
#[test]
fn a_name_without_an_address_ends_every_command_before_anything_is_sent() {
    let receiver = Receiver::new();
    let at = |url: &str| format!("{VOD}callback_url = \"{url}\"\n");
    let other = format!(
        "[[task]]\nsource = \"vod\"\nfiles = [{{ url = \"http://media.test/1\", duration = \"1s\" }}]\ncallback_url = \"{}\"\n",
        receiver.url
    );
    let probed = format!("{VOD}[[probe]]\nafter = \"end\"\nget = \"http://no.invalid/{{task_id}}\"\nstatus = 200\n");
    let copies = at("http://copy-{n}.invalid/").replace("task_id = \"118148\"", "count = 3");
    let desk = Desk::new()
        .file("away.toml", at("http://no.invalid/") + &other)
        .file("copies.toml", copies)
        .file("probed.toml", probed);
    desk.run("pullpush run vod.toml --virtual --journal j.ndjson").exits(0);
    for line in [
        "run away.toml".to_owned(),
        "run copies.toml".to_owned(),
        "load away.toml --rate 10".to_owned(),
        format!("run vod.toml probed.toml --to {}", receiver.url),
        format!("explore probed.toml --to {}", receiver.url),
        format!("explore vod.toml --to {} --reset-url http://no.invalid/", receiver.url),
        format!("contract --to {} --state 'http://no.invalid/{{task_id}}'", receiver.url),
        "contract --to http://no.invalid/".to_owned(),
        "send TaskStart --to http://no.invalid/".to_owned(),
        "replay j.ndjson --to https://no.invalid/".to_owned(),
    ] {
        let done = desk.run(format!("pullpush {line}")).exits(3).says(".invalid cannot be resolved: ");
        assert!(done.stderr.contains("; check its spelling, "), "{}", done.stderr);
        assert!(receiver.rest().is_empty(), "{line}");
    }
    // Whoever waits may be waiting for the name.
    let done = desk.run("pullpush run away.toml --wait-for 200ms").exits(3);
    assert!(done.stderr.contains("nobody accepted connections at no.invalid:80"), "{}", done.stderr);
}

#[test]
fn of_several_addresses_the_header_and_every_failure_name_theirs() {
    let (good, bad) = (Receiver::new(), Receiver::answering(|_| super::Answer::Status(500)));
    let own = |url: &str| {
        let url = url.replace("http://", "http://user:s3cret@");
        format!(
            "[[task]]\nsource = \"vod\"\nfiles = [{{ url = \"http://media.test/1\", duration = \"1s\" }}]\ncallback_url = \"{url}\"\n"
        )
    };
    let text = format!("version = 1\n[receiver]\nretry = \"none\"\n{}{}", own(&good.url), own(&bad.url));
    let desk = Desk::new().file("two.toml", &text).file("one.toml", text.replace(&bad.url[7..], &good.url[7..]));
    let shown = |receiver: &Receiver| receiver.url.replace("http://", "http://***@");
    let done = desk.run("pullpush run two.toml --speed max --seed 1").exits(1);
    let both = format!("two.toml  seed 1  {}, {}\n", shown(&good), shown(&bad));
    let out = done.stdout + &done.stderr;
    assert!(out.contains(&both) && !out.contains("s3cret"), "{out}");
    let failed: Vec<_> = out.lines().filter(|line| line.starts_with("failed")).collect();
    assert_eq!(failed.len(), 4, "{out}");
    assert!(failed.iter().all(|line| line.contains(&format!("  to {}: ", shown(&bad)))), "{failed:?}");

    let done = desk.run("pullpush load two.toml --seed 1 --rate 5 --duration 200ms");
    assert!((done.stdout + &done.stderr).contains(&format!("{}, {}\n", shown(&good), shown(&bad))));
    // One address for all needs no name, and is the one that is called.
    let one = desk.run("pullpush run one.toml --speed max --seed 1").exits(0);
    assert!((one.stdout + &one.stderr).contains(&format!("one.toml  seed 1  {}\n", shown(&good))));
}
