//! Standard output and standard error: closed pipes, full disks, colours, terminals.

use super::{Answer, Desk, Receiver, VOD};

/// Commands with a result, all of which write to standard output.
const RESULTS: [&str; 12] = [
    "run vod.toml --virtual",
    "run vod.toml --virtual --format ndjson",
    "run vod.toml --sink --speed max",
    "check vod.toml",
    "plan vod.toml",
    "plan vod.toml --format curl",
    "send TaskExit",
    "list",
    "show playlist",
    "init",
    "codes",
    "sign --key testkey",
];

/// A plan that takes for ever to be written.
fn long() -> String {
    VOD.replace("[[task]]", "[[task]]\ncount = 100000000\nspacing = \"1s\"")
        .replace("118148", "{n}")
        .replace("/show", "/{n}")
}

#[test]
fn a_closed_pipe_is_the_readers_business() {
    for command in RESULTS.into_iter().chain(["--help", "run --help", "--version"]) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = Desk::new().run_into(writer, format!("pullpush {command}")).exits(0);
        assert!(!done.stderr.contains("error") && !done.stderr.contains("panic"), "{command}: {}", done.stderr);
    }
}

#[test]
fn a_closed_pipe_changes_no_verdict() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Desk::new().run_into(writer, "pullpush run vod.toml --virtual --status 500").exits(1).says("again: pullpush run");
}

#[test]
fn a_plan_ends_when_nobody_reads_it_any_more() {
    let desk = Desk::new().file("long.toml", long());
    let done = desk.run("{ pullpush plan long.toml; echo \"exit $?\" >&2; } | head -1").says("\nexit 0\n");
    assert_eq!(done.stdout.lines().count(), 1);
}

#[test]
fn a_run_goes_on_when_nobody_reads_it_any_more() {
    let receiver = Receiver::answering(|n| if n == 0 { Answer::Status(200) } else { Answer::Held });
    let desk = Desk::new();
    let line = format!("pullpush run vod.toml --speed max --to {}", receiver.url);
    let running = desk.start(format!("sh -c '{{ {line}; echo \"exit $?\" >&2; }} | head -1'"));
    // One line was enough for the reader; the others follow once it has gone.
    (0..2).for_each(|_| drop(receiver.next()));
    (0..3).for_each(|_| receiver.release());
    running.end().says("exit 0\n");
    assert_eq!(receiver.rest().len(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let verbs = [
        "run",
        "explore",
        "contract",
        "load",
        "merge",
        "replay",
        "drift",
        "check",
        "plan",
        "send",
        "sink",
        "list",
        "show",
        "init",
        "codes",
        "sign",
        "verify",
        "schema",
        "completions",
        "man",
    ];
    let helps = verbs.iter().flat_map(|verb| [format!("help {verb}"), format!("{verb} --help"), format!("{verb} -h")]);
    let others = [
        "--help",
        "--version",
        "help",
        "contract --list",
        "contract --show order",
        "schema",
        "completions bash",
        "man",
        "verify --key testkey --t 1703732078 --sign 7e686adf6045c49cee873dc7d8eb05af",
        "plan vod.toml --format html",
        "load vod.toml --rate 50 --duration 100ms --sink",
        "replay j.ndjson --sink --speed max",
        "drift j.ndjson",
        "merge m.json",
    ];
    let desk = Desk::new();
    desk.run("pullpush run vod.toml --virtual --journal j.ndjson").exits(0);
    desk.run("pullpush load vod.toml --rate 50 --duration 100ms --sink --report json=m.json");
    let show = desk.run("pullpush contract --list").stdout.split(' ').next().unwrap().to_owned();
    let all = RESULTS.into_iter().chain(others).map(str::to_owned).chain(helps);
    for command in all.map(|command| command.replace("--show order", &format!("--show {show}"))) {
        desk.run("rm -f playlist.toml").exits(0);
        let done = desk.run(format!("pullpush {command} > /dev/full")).exits(3);
        let said = "error: cannot write to standard output: No space left on device (os error 28)\n";
        assert!(done.stderr.ends_with(said), "{command}: {}", done.stderr);
    }
    // 3 wins over 1.
    Desk::new().run("pullpush run vod.toml --virtual --status 500 > /dev/full").exits(3).says("cannot write");
}

#[cfg(target_os = "linux")]
#[test]
fn nobody_needs_standard_error() {
    let desk = Desk::new();
    for (command, code) in [
        ("run vod.toml --virtual", 0),
        ("run vod.toml --virtual --status 500", 1),
        ("plan vod.toml", 0),
        ("run gone.toml --virtual", 2),
        ("walk", 2),
    ] {
        desk.run(format!("pullpush {command} 2> /dev/full")).exits(code);
        desk.run(format!("pullpush {command} 2>&-")).exits(code);
        desk.run(format!("pullpush {command} >&-")).exits(code);
    }
}

const ESCAPE: char = '\u{1b}';

#[test]
fn there_are_colours_only_where_they_are_wanted() {
    for command in
        RESULTS.into_iter().chain(["run vod.toml --virtual --status 500", "check gone.toml", "--help", "walk"])
    {
        let coloured = |desk: Desk| {
            let done = desk.run(format!("pullpush {command}"));
            [done.stdout, done.stderr].concat().contains(ESCAPE)
        };
        assert!(!coloured(Desk::new()), "{command}");
        assert!(!coloured(Desk::new().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1")), "{command}");
        assert!(!coloured(Desk::new().env("TERM", "xterm-256color")), "{command}");
    }
    let forced = || Desk::new().env("CLICOLOR_FORCE", "1");
    forced().run("pullpush run vod.toml --virtual").shows("\u{1b}[32m200 in 1.0 ms");
    forced().run("pullpush check gone.toml").says("\u{1b}[1m\u{1b}[31merror\u{1b}[0m");
    forced().run("pullpush --help").shows("\u{1b}[");
    // What programs read is never coloured.
    for command in
        ["run vod.toml --virtual --format ndjson", "plan vod.toml --format ndjson", "plan vod.toml --format curl"]
    {
        assert!(!forced().run(format!("pullpush {command}")).stdout.contains(ESCAPE), "{command}");
    }
}

/// A desk whose lines are typed on a terminal, if the system has `script` to make one.
#[cfg(target_os = "linux")]
fn on_a_terminal(line: &str) -> Option<(Desk, String)> {
    let desk = Desk::new().env("TERM", "xterm").file("line.sh", line);
    let there_is_one = desk.run("script -qec true /dev/null").code == 0;
    there_is_one.then(|| (desk, "script -qec 'sh line.sh' /dev/null".to_owned()))
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_has_colours_unless_told_otherwise() {
    let Some((desk, line)) = on_a_terminal("pullpush run vod.toml --virtual") else { return };
    desk.run(&line).exits(0).shows("\u{1b}[32m200 in 1.0 ms");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CLICOLOR", "0")] {
        let (desk, line) = on_a_terminal(&format!("{name}={value} pullpush run vod.toml --virtual")).unwrap();
        let done = desk.run(line).exits(0).shows("200 in 1.0 ms");
        assert!(!done.stdout.contains(ESCAPE), "{name}={value}: {}", done.stdout);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_has_a_progress_line_once_a_run_takes_long() {
    let receiver = Receiver::answering(|n| if n < 2 { Answer::Status(200) } else { Answer::Held });
    let line = format!("pullpush run vod.toml --speed max --to {}", receiver.url);
    let Some((desk, line)) = on_a_terminal(&line) else { return };
    let mut running = desk.start(line);
    running.shows("2/4 callbacks");
    receiver.release();
    receiver.release();
    running.end().exits(0).shows("4 callbacks planned");
}

#[test]
fn without_a_terminal_there_is_no_progress_line_however_long_it_takes() {
    let slow = "pullpush run vod.toml --sink --delay 2100ms --set 'task.callback_events=[\"TaskStart\"]'";
    let done = Desk::new().run(slow).exits(0).shows("1 callback planned");
    assert_eq!(done.stderr, "");
}
