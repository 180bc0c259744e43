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
