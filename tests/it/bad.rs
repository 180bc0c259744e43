//! Bad scenarios: what `check` says of each, to the letter; and limits, whose scenarios are too long to be kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pullpush::scenario::problem::{Level, Problem};
use pullpush::scenario::{Checked, Source, check};
use snapbox::{Assert, Data};

/// The pairs: `NAME.toml`, and in `NAME.err` what `pullpush check NAME.toml` prints about it.
///
/// Lines `#! --set path=value` at the head of a scenario are arguments. `SNAPSHOTS=overwrite` writes the answers anew.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad")
}

/// What `pullpush check` prints in the folder of the pairs, on both streams one after the other, and its exit code.
fn said(arguments: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullpush"));
    command.current_dir(folder()).arg("check").args(arguments);
    for variable in ["PULLPUSH_DENY_WARNINGS", "CLICOLOR_FORCE", "GITHUB_ACTIONS"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
    (text, output.status.code().unwrap())
}

/// What is wrong with one pair.
fn judge(name: &str) -> Vec<String> {
    let file = format!("{name}.toml");
    let text = String::from_utf8_lossy(&fs::read(folder().join(&file)).unwrap()).into_owned();
    let head = text.lines().map_while(|line| line.strip_prefix("#! "));
    let mut arguments: Vec<_> = head.flat_map(|line| <[&str; 2]>::from(line.split_once(' ').unwrap())).collect();
    arguments.push(&file);

    let (said, code) = self::said(&arguments);
    let expected = Data::read_from(&folder().join(format!("{name}.err")), None).raw();
    let differs = Assert::new().action_env("SNAPSHOTS").try_eq(Some(&name), said.clone().into(), expected);
    let mut wrong: Vec<_> = differs.err().map(|error| error.to_string()).into_iter().collect();

    let has = |level: &str| said.lines().any(|line| line.starts_with(level));
    if code != if has("error: ") { 2 } else { 0 } {
        wrong.push(format!("{name}: exit code {code}"));
    }
    if said.contains("s3cret") {
        wrong.push(format!("{name}: shows a secret"));
    }
    arguments.push("--deny-warnings");
    let (_, strict) = self::said(&arguments);
    if strict != if has("error: ") || has("warning: ") { 2 } else { 0 } {
        wrong.push(format!("{name}: exit code {strict} with --deny-warnings"));
    }
    wrong
}

#[test]
fn every_bad_scenario_gets_its_answer() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        match file.rsplit_once('.') {
            Some((name, "toml")) => {
                wrong.extend(judge(name));
                judged += 1;
            }
            Some((name, "err")) if folder().join(format!("{name}.toml")).exists() => {}
            Some(("", "gitattributes")) => {}
            _ => wrong.push(format!("{file}: belongs to nothing")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(judged > 30, "only {judged} pairs: is this the right folder?");
}

#[test]
fn what_is_no_scenario_file() {
    let large = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ten-megabytes.toml");
    fs::write(&large, "# 0123456789abc\n".repeat(655_360)).unwrap();
    let large = large.to_str().unwrap();
    for (path, complaint) in [
        ("no-such-file.toml", "cannot read no-such-file.toml: No such file or directory (os error 2)".to_owned()),
        (".", ". is a directory; name a scenario file in it, such as ./scenario.toml".to_owned()),
        (
            large,
            format!("{large} is larger than 1 MiB, the limit of a scenario file; use `count` for many tasks alike"),
        ),
    ] {
        assert_eq!(said(&[path]), (format!("error: {complaint}\n"), 2));
    }
    // One that cannot be read does not hide what is wrong with the next.
    let (both, code) = said(&["no-such-file.toml", "empty.toml"]);
    assert!(both.contains("no-such-file.toml") && both.contains("--> empty.toml:1:1") && code == 2, "{both}");
}

const TASK: &str = "[[task]]\nsource = \"vod\"\nfiles = [{ url = \"http://media.test/1\", duration = \"1s\" }]\n";
const STEP: &str = "[[task.step]]\nevent = \"TaskStart\"\n";
const INCIDENT: &str = "[[task.incident]]\nkind = \"push-broken\"\nchance = 0.5\n";

fn checked(text: &str) -> Checked {
    check(Source::new("bad.toml", text))
}

/// `line:column message`
fn placed(checked: &Checked, problem: &Problem) -> String {
    let place = problem.to_json(&checked.source);
    format!("{}:{} {}", place.line, place.column, place.message)
}

/// What is said of a scenario with one problem.
#[track_caller]
fn one_problem(text: &str) -> String {
    let checked = checked(&format!("version = 1\n{text}"));
    let problems: Vec<_> = checked.problems.iter().map(|problem| placed(&checked, problem)).collect();
    let [one] = problems.as_slice() else { panic!("{problems:#?}") };
    assert!(checked.scenario.is_none(), "{one}");
    one.clone()
}

/// `count` times `item`, `{}` in it being a number from 1.
fn many(item: &str, count: usize) -> String {
    (1..=count).map(|number| item.replace("{}", &number.to_string())).collect()
}

/// A scenario with so many of something, the most there may be, and what is said of one more.
type Limit<'a> = (&'a dyn Fn(usize) -> String, usize, &'a str);

#[test]
fn limits_have_an_error_each_and_are_taken_themselves() {
    let vod = |item: &str, count| format!("[[task]]\nsource = \"vod\"\nfiles = [{}]\n", many(item, count));
    let file = "{ url = \"http://media.test/{}\", duration = \"1s\" },";
    let exits = |count| format!("{TASK}{INCIDENT}exits = [{}]\n", many("{ exit = {} },", count));
    let headers = |count| format!("[receiver.headers]\n{}{TASK}", many("X-{} = \"a\"\n", count));
    let pauses = |count| format!("receiver.retry = [{}]\n{TASK}", many("\"1s\",", count));
    let steps = |count| format!("[[task]]\nurl = \"http://media.test/1\"\n{}", many(STEP, count));
    let probes = |count| format!("{TASK}{}", many("[[probe]]\nafter = \"end\"\nget = \"/{}\"\n", count));
    let expected = |count| format!("{TASK}[expect.headers]\n{}", many("X-{} = \"a\"\n", count));
    let statuses = |count| format!("{TASK}[expect]\nstatus = [{}]\n", many("200,", count));
    let rows: [Limit<'_>; 13] = [
        (&|count| TASK.repeat(count), 10_000, "2:1 more than 10000 items in `task`"),
        (&steps, 10_000, "4:1 more than 10000 items in `step`"),
        (&|count| format!("{TASK}{}", many(INCIDENT, count)), 100, "5:1 more than 100 items in `incident`"),
        (&|count| vod(file, count), 1000, "4:9 more than 1000 items in `files`"),
        (&exits, 100, "8:9 more than 100 items in `exits`"),
        (&headers, 100, "2:1 more than 100 headers"),
        (&pauses, 1000, "2:18 more than 1000 items in `retry`"),
        (&probes, 1000, "5:1 more than 1000 items in `probe`"),
        (&expected, 100, "5:1 more than 100 items in `headers`"),
        (&statuses, 100, "6:10 `status` lists 1 to 100 statuses"),
        (&|count| format!("name = \"{}\"\n{TASK}", "x".repeat(count)), 8192, "2:8 `name` is longer than 8192 bytes"),
        (&|count| format!("{TASK}spacing = \"1ms\"\ncount = {count}\n"), 100_000_000, "6:9 `count` is out of range"),
        (&|count| format!("{TASK}loops = {count}\n"), 1_000_000_000, "5:9 `loops` is out of range"),
    ];
    for (text, most, complaint) in rows {
        assert_eq!(one_problem(&text(most + 1)), complaint);
        let taken = checked(&format!("version = 1\n{}", text(most)));
        assert_eq!(taken.count(Level::Error), 0, "{most}: {complaint}");
    }
}

#[test]
fn a_body_file_has_a_place_and_a_limit() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let text = format!("version = 1\n[[task]]\nurl = \"http://media.test/1\"\n{STEP}body_file = \"large-body\"\n");
    fs::write(folder.join("large-body.toml"), &text).unwrap();
    let body = fs::File::create(folder.join("large-body")).unwrap();
    let read = || check(Source::read(&folder.join("large-body.toml")).unwrap());
    body.set_len(16 * 1024 * 1024).unwrap();
    assert!(read().scenario.is_some());
    body.set_len(16 * 1024 * 1024 + 1).unwrap();
    let too_large = read();
    assert_eq!(placed(&too_large, &too_large.problems[0]), "6:13 cannot read `body_file`: larger than 16 MiB");
    let nowhere = checked(&text);
    let why = "this scenario is no file on disk";
    assert_eq!(placed(&nowhere, &nowhere.problems[0]), format!("6:13 cannot read `body_file`: {why}"));
}

/// Stamps of the past are what a fixed epoch is for: nothing to warn of, signed or not.
#[test]
fn an_old_epoch_is_fine() {
    let old = checked(&format!("version = 1\npayload = {{ key = \"testkey\", epoch = 1970-01-01T00:00:00Z }}\n{TASK}"));
    assert_eq!(old.problems, []);
    assert!(old.scenario.is_some());
}

#[test]
fn a_crowd_of_problems_is_cut_and_counted() {
    let crowd = checked(&format!("version = 1\n{TASK}{}", many("key{} = 1\n", 60_000)));
    assert_eq!((crowd.count(Level::Error), crowd.count(Level::Warning)), (60_000, 0));
    assert_eq!(crowd.problems.len(), 101);
    assert_eq!(placed(&crowd, crowd.problems.last().unwrap()), "105:1 59900 more errors from here on are not shown");
    // Warnings, however many, hide no error.
    let mixed = checked(&format!("version = 1\n{}xyzzy = 1\n", many(&format!("{TASK}task_id = \"a{{}}\"\n"), 500)));
    assert_eq!((mixed.count(Level::Error), mixed.count(Level::Warning)), (1, 500));
    assert!(mixed.scenario.is_none());
    assert!(mixed.problems.iter().any(|problem| problem.message == "unknown key `xyzzy` in [[task]]"));
}
