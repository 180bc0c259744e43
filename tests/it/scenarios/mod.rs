//! The library of scenarios: every file is listed, valid, and does what its golden file says.

mod accounts;
mod chance;
mod day;
mod mistakes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use md5::{Digest, Md5};
use pullpush::scenario::library::{LIBRARY, Shipped};
use pullpush::scenario::{Source, check};

/// What is typed beside a scenario's name; its comment has to say so.
const TYPED_BESIDE: &[(&str, &[&str])] =
    &[("receiver-outage", &["--fail-first", "7"]), ("expectations", &["--delay", "3s"])];
/// Scenarios whose lesson is a warning.
const WARNS: &[&str] = &["unknown-event"];

/// Of longer output a golden file holds the beginning, a digest and the end.
const MOST_LINES: usize = 36;
const FIRST_LINES: usize = 16;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of the files in `folder`, without `extension`.
fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.path().is_file());
    let names = files.map(|file| file.file_name().to_str().unwrap().to_owned());
    names.map(|file| file.strip_suffix(extension).unwrap_or(&file).to_owned()).collect()
}

fn shipped(name: &str) -> &'static Shipped {
    LIBRARY.iter().find(|shipped| shipped.name == name).unwrap()
}

/// What the program says: standard output, then standard error and the exit code where there is something to tell.
fn pullpush(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullpush"));
    let output = command.args(args).current_dir(root()).env_clear().output().unwrap();
    let mut said = String::from_utf8(output.stdout).unwrap();
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        let _ = writeln!(said, "{}", format!("stderr: {line}").trim_end());
    }
    if !output.status.success() {
        let _ = writeln!(said, "{}", output.status);
    }
    said
}

/// `text` if it is short; else its first lines, a digest of the rest, what `more` says of it, and its last lines.
fn cut(text: &str, last: usize, more: impl FnOnce(&[&str]) -> String) -> String {
    let lines: Vec<_> = text.lines().collect();
    if lines.len() <= MOST_LINES {
        return text.to_owned();
    }
    let (first, rest) = lines.split_at(FIRST_LINES);
    let (middle, last) = rest.split_at(rest.len() - last);
    let digest = Md5::digest(middle.join("\n"));
    let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let told = format!("[{} lines more, MD5 {digest}]\n{}", middle.len(), more(middle));
    let whole = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    whole(first) + &told + &whole(last)
}

/// How many lines of a plan tell of which callback.
fn counts(plan: &[&str]) -> String {
    let mut counts = BTreeMap::<_, u32>::new();
    for line in plan {
        *counts.entry(line.split("  ").nth(1).unwrap_or_default().trim()).or_default() += 1;
    }
    counts.into_iter().map(|(callback, count)| format!("    {callback} ×{count}\n")).collect()
}

/// What a user sees of a scenario without a receiver: its plan, and a run in virtual time.
fn session(Shipped { name, text }: &Shipped) -> String {
    let file = format!("scenarios/{name}.toml");
    let beside = TYPED_BESIDE.iter().find(|(beside, _)| beside == name).map_or(&[][..], |(_, args)| args);
    let drawn = check(Source::new(*name, *text)).scenario.unwrap().seed.is_none();
    let seed = if drawn { &["--seed", "42"][..] } else { &[] };
    let epoch = &["--epoch", "2026-01-01T00:00:00Z"];
    let plan = [&["plan", file.as_str()], seed, epoch].concat();
    let run = [&["run", file.as_str(), "--virtual"], beside, seed, epoch].concat();
    let planned = cut(&pullpush(&plan), 1, counts);
    let played = pullpush(&run);
    // The summary, with the empty line that sets it apart.
    let summary = played.lines().rev().take_while(|line| !line.is_empty()).count() + 1;
    let played = cut(&played, summary, |_| String::new());
    format!("$ pullpush {}\n{planned}$ pullpush {}\n{played}", plan.join(" "), run.join(" "))
}

#[test]
fn the_list_is_the_folder() {
    let listed: BTreeSet<_> = LIBRARY.iter().map(|shipped| shipped.name.to_owned()).collect();
    assert_eq!(listed.len(), LIBRARY.len(), "a name stands twice in the list");
    assert_eq!(listed, names("scenarios", ".toml"));
    assert_eq!(listed, names("tests/scenarios", ".txt"), "SNAPSHOTS=overwrite writes what is missing");
}

#[test]
fn each_begins_with_its_sentence_and_says_what_it_provokes() {
    let list = pullpush(&["list"]);
    for (Shipped { name, text }, listed) in LIBRARY.iter().zip(list.lines()) {
        let (first, rest) = text.split_once('\n').unwrap();
        let sentence = first.strip_prefix("# ").unwrap_or_else(|| panic!("{name}: no sentence"));
        assert!(sentence.ends_with('.') && sentence.len() < 100, "{name}: {sentence}");
        assert!(rest.starts_with("#\n# "), "{name}: nothing below the sentence");
        assert!(text.contains("\n# What receivers get wrong here: "), "{name}: what do receivers get wrong?");
        assert_eq!(listed.split_once("  ").map(|(name, said)| (name, said.trim_start())), Some((*name, sentence)));
    }
    assert_eq!(list.lines().count(), LIBRARY.len());
    for (name, args) in TYPED_BESIDE {
        assert!(shipped(name).text.contains(&args.join(" ")), "{name}: its comment does not say {args:?}");
    }
}

#[test]
fn each_passes_the_check() {
    for Shipped { name, .. } in LIBRARY {
        let file = format!("scenarios/{name}.toml");
        let said = pullpush(&["check", "--deny-warnings", &file]);
        if WARNS.contains(name) {
            assert!(said.contains("stderr: warning: ") && said.ends_with("exit status: 2\n"), "{said}");
        } else {
            assert_eq!(said, format!("{file}: ok\n"));
        }
    }
}

#[test]
fn each_is_planned_and_played_as_its_golden_file_says() {
    let golden = snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV);
    let wrong = LIBRARY.iter().filter_map(|shipped| {
        let path = PathBuf::from(format!("{}/tests/scenarios/{}.txt", root().display(), shipped.name));
        let expected = snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw();
        let done = golden.try_eq(Some(&shipped.name), session(shipped).into(), expected);
        done.err().map(|error| format!("{}: {error}", shipped.name))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
