//! `--help` of everything, `--version`, and that what they speak of is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Desk, VOD};
use crate::receivers::{Bug, Service};

/// The verbs that the program itself names.
pub(super) fn verbs() -> Vec<String> {
    let help = Desk::new().run("pullpush --help").exits(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let verbs = listed.map(|line| line.split_whitespace().next().unwrap().to_owned());
    verbs.filter(|verb| verb != "help").collect()
}

#[test]
fn the_program() {
    Desk::new().run("pullpush --help").golden("help/pullpush");
    Desk::new().run("pullpush -h").exits(0).shows("Begin here:");
    Desk::new().run("pullpush").exits(2).says("Usage: pullpush <COMMAND>");
}

#[test]
fn every_verb() {
    for verb in verbs() {
        let done = Desk::new().run(format!("pullpush {verb} --help")).exits(0).shows("Example");
        done.golden(&format!("help/{verb}"));
        // An example that the terminal wraps would be two commands where it is pasted.
        let (_, examples) = done.stdout.split_once("\nExample").unwrap();
        for line in examples.lines().skip(1) {
            assert!(line.starts_with("  pullpush "), "{line}");
        }
        let short = Desk::new().run(format!("pullpush {verb} -h")).exits(0).shows("Example");
        assert!(short.stdout.lines().all(|line| line.chars().count() <= 100), "{}", short.stdout);
    }
}

#[test]
fn the_version() {
    let expected = format!("pullpush {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Desk::new().run("pullpush -V").exits(0).stdout, expected);
    assert_eq!(Desk::new().run("pullpush --version").exits(0).stdout, expected);
}

/// What follows `marker` wherever it stands, as far as `belongs`.
fn words(text: &str, marker: &str, belongs: impl Fn(char) -> bool) -> BTreeSet<String> {
    let found = text.split(marker).skip(1).map(|rest| rest.chars().take_while(|letter| belongs(*letter)).collect());
    found.filter(|word: &String| !word.is_empty()).collect()
}

/// The long flags of a verb, without their dashes.
pub(super) fn flags(verb: &str) -> BTreeSet<String> {
    let help = Desk::new().run(format!("pullpush {verb} --help")).exits(0).stdout;
    words(&help, "      --", |letter| letter.is_ascii_lowercase() || letter == '-')
}

#[test]
fn every_flag_and_every_variable_is_typed_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cli");
    let tests: String = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("help.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for verb in verbs() {
        let help = Desk::new().run(format!("pullpush {verb} --help")).stdout;
        for flag in flags(&verb) {
            assert!(flag == "help" || tests.contains(&format!("--{flag}")), "no test types --{flag}");
        }
        for name in words(&help, "[env: ", |letter| letter.is_ascii_uppercase() || letter == '_') {
            assert!(tests.contains(&name), "no test sets {name}");
        }
    }
}

/// A desk with everything that examples speak of.
fn with_examples() -> Desk {
    let quick = VOD.replace("\"5s\"", "\"10ms\"").replace("\"1s\"", "\"1ms\"");
    let signed = Desk::new().run("pullpush sign --key testkey").stdout;
    let desk = Desk::new().env("CALLBACK_KEY", "testkey").file("day.toml", VOD).file("playlist.toml", &quick);
    let desk = desk.file("body.json", signed);
    desk.run("pullpush init push-broken && pullpush init bad-evening").exits(0);
    desk.run("mkdir -p .zfunc .local/share/bash-completion/completions .config/fish/completions").exits(0);
    desk.run("mkdir scenarios && cp playlist.toml scenarios/").exits(0);
    desk.run("pullpush run playlist.toml --sink --journal journal.ndjson && cp journal.ndjson capture.har").exits(0);
    desk
}

/// The example of a load, so short that a test can wait for it, and content with whatever this machine can do meanwhile.
fn in_no_time(command: &str) -> String {
    format!("{} --duration 50ms --set load.late_after=1h", command.replace("--duration 5s", "").replace("250ms", "1h"))
}

/// `shard-0.json` and `shard-1.json`
fn with_shards(desk: &Desk) {
    for shard in 0..2 {
        let parts = format!("--seed 7 --shard {shard}/2 --report json=shard-{shard}.json");
        desk.run(format!("pullpush load playlist.toml --sink {} {parts}", in_no_time("--rate 100"))).exits(0);
    }
}

#[test]
fn every_example_does_what_it_says() {
    let service = Service::with(Bug::Correct);
    for verb in verbs() {
        let help = Desk::new().run(format!("pullpush {verb} --help")).stdout;
        for example in help.lines().filter_map(|line| line.strip_prefix("  pullpush ")) {
            // The sink's examples name ports, which may be taken. What follows a pipe is another program.
            if verb == "sink" {
                continue;
            }
            let command = example.split(" | ").next().unwrap();
            let command = command.replace("http://127.0.0.1:8080", &service.url);
            let command = if verb == "load" { in_no_time(&command) } else { command };
            let desk = if verb == "init" { Desk::new() } else { with_examples() };
            if verb == "merge" {
                with_shards(&desk);
            }
            desk.run(format!("HOME=$PWD; pullpush {command}")).exits(0);
        }
    }
}
