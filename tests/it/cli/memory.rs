//! Small files that come to very much: memory goes with what is there at once, or the file is refused.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use pullpush::scenario::problem::Level;
use pullpush::scenario::{Source, check};

/// The most memory that `plan` held by the time it had printed `lines` lines of `text`, in MiB.
fn planned(name: &str, text: &str, lines: usize) -> u64 {
    let file = format!("{}/{name}.toml", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&file, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pullpush"))
        .args(["plan", &file, "--seed", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let read = BufReader::new(child.stdout.take().unwrap()).lines().take(lines).count();
    // It still runs: it has more to print than fits into a pipe.
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(read, lines, "{name}");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn a_hundred_million_tasks_that_begin_together_are_begun_one_by_one() {
    let text = "version = 1\nreceiver.ordering = \"free\"\n[[task]]\nurl = \"http://media.test/1\"\ncount = 100000000\n\
                [[task.step]]\nevent = \"TaskStart\"\n";
    let most = planned("one-by-one", text, 10_000);
    assert!(most < 64, "{most} MiB");
}

#[test]
fn what_is_held_up_is_small() {
    // Two hundred thousand callbacks wait for their time at once.
    let text = "version = 1\n[faults]\ndelay = { chance = 1, by = \"28h..28h\" }\n[[task]]\nsource = \"vod\"\n\
                loops = 1000000\nfiles = [{ url = \"http://media.test/1\", duration = \"1s\" }]\n";
    let most = planned("held-up", text, 1_000);
    assert!(most < 64, "{most} MiB");
}

/// Whether a scenario of one task with `keys` and faults is refused, and why.
fn refused(keys: &str, faults: &str) -> Option<String> {
    let text = format!("version = 1\n[faults]\n{faults}\n[[task]]\n{keys}\n");
    let checked = check(Source::new("a.toml", text));
    checked.problems.into_iter().find(|problem| problem.level == Level::Error).map(|problem| problem.message)
}

#[test]
fn whole_tasks_of_a_load_are_alive_as_long_as_its_speed_says() {
    let desk = super::Desk::new()
        .file("live.toml", "version = 1\n[[task]]\nsource = \"live\"\nurl = \"rtmp://a.test/a\"\nend = \"2h\"\n");
    let load = "pullpush load live.toml --unit task --rate 1000 --duration 2h --to http://127.0.0.1:1/ --wait-for 1ms";
    let refused = desk.run(load).exits(2);
    assert!(refused.stderr.contains("7200000 tasks of this load would be alive at once"), "{}", refused.stderr);
    // Nobody is there; but it would fit.
    desk.run(format!("{load} --speed 60x")).exits(3);
}

#[test]
fn what_is_not_there_at_once_may_be_any_number() {
    let vod = "source = \"vod\"\nfiles = [{ url = \"http://media.test/1\", duration = \"1s\" }]\n";
    let live = "source = \"live\"\nurl = \"rtmp://origin.test/a\"\nend = \"2h\"\n";
    let delay = "delay = { chance = 0.5, by = \"0s..1h\" }";
    for (keys, faults, why) in [
        (format!("{vod}count = 100000000\nspacing = \"1ms\""), "", None),
        (format!("{vod}count = 100000000"), "", Some("100000000 tasks would be alive at once")),
        (format!("{live}count = 2000000"), "", None),
        (format!("{live}count = 2000001"), "", Some("about 2010000 tasks would be alive at once")),
        (format!("{vod}loops = 1000000000"), delay, None),
        (format!("{vod}loops = 1000000000\ncount = 1000"), delay, Some("about 1810000 callbacks would wait")),
        // Only those that are sent at all, and that the faults are about.
        (format!("{vod}loops = 1000000000\ncount = 1000\ncallback_events = [\"TaskExit\"]"), delay, None),
        (
            format!("{vod}loops = 1000000000\ncount = 1000"),
            "delay = { chance = 1, by = \"1h\" }\nevents = [\"TaskExit\"]",
            None,
        ),
        (format!("{vod}loops = 999\ncount = 100001"), "", Some("about 101000 tasks with more than 64 callbacks each")),
    ] {
        let refused = refused(&keys, faults);
        match why {
            None => assert_eq!(refused, None, "{keys}"),
            Some(why) => assert!(refused.as_ref().is_some_and(|said| said.starts_with(why)), "{keys}: {refused:?}"),
        }
    }
}
