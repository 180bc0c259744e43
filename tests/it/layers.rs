//! The source text itself: who may import whom, how long files are, and what no file may hold.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules of the crate that it may use. Data flows one way: down this table.
const LAYERS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("shown", &[]),
    ("dice", &[]),
    ("error", &[]),
    ("writer", &[]),
    ("contract", &[]),
    ("library", &[]),
    ("page", &["shown"]),
    ("callback", &["shown", "time"]),
    ("transport", &["shown"]),
    ("expect", &["shown", "transport"]),
    ("fault", &["callback", "dice", "time", "transport"]),
    ("probe", &["callback", "expect", "shown", "time"]),
    ("sink", &["callback", "page", "shown", "time"]),
    ("drift", &["callback", "shown", "time"]),
    ("load", &["callback", "dice", "time"]),
    ("measure", &["load", "time", "transport"]),
    ("scenario", &["callback", "expect", "fault", "load", "probe", "shown", "time"]),
    ("provider", &["callback", "dice", "scenario", "time"]),
    ("plan", &["callback", "dice", "expect", "fault", "load", "probe", "provider", "scenario", "time"]),
    ("explore", &["callback", "expect", "fault", "plan", "scenario", "time"]),
    ("event", &["expect", "fault", "probe", "scenario", "time", "transport"]),
    ("replay", &["callback", "expect", "report", "scenario", "time"]),
    ("run", &["callback", "event", "fault", "plan", "probe", "scenario", "time", "transport", "writer"]),
    ("judge", &["event", "expect", "fault", "probe", "shown", "transport"]),
    ("generator", &["callback", "error", "load", "measure", "plan", "run", "time", "transport"]),
    (
        "report",
        &[
            "callback",
            "drift",
            "error",
            "event",
            "fault",
            "judge",
            "load",
            "measure",
            "page",
            "plan",
            "probe",
            "run",
            "shown",
            "time",
            "transport",
        ],
    ),
    (
        "emitter",
        &["callback", "dice", "error", "event", "judge", "plan", "report", "run", "scenario", "time", "transport"],
    ),
    ("cli", &["load", "run", "scenario", "shown"]),
    (
        "command",
        &[
            "callback",
            "cli",
            "contract",
            "dice",
            "drift",
            "error",
            "event",
            "expect",
            "explore",
            "generator",
            "judge",
            "library",
            "load",
            "measure",
            "plan",
            "probe",
            "replay",
            "report",
            "run",
            "scenario",
            "shown",
            "sink",
            "time",
            "transport",
            "writer",
        ],
    ),
];

/// The longest file, in lines.
const MAX_LINES: usize = 400;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The module of a file in `src/`.
fn module(path: &Path) -> String {
    let relative = path.strip_prefix(root().join("src")).unwrap();
    relative.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The modules that a text names with `crate::`, behind `use` and in place; tests may use what they like.
fn imports(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let named = text
        .split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>());
    named.collect()
}

#[test]
fn modules_use_only_what_stands_below_them() {
    let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let module = module(&path);
        if module == "lib" || module == "main" {
            continue;
        }
        let allowed = layers.get(module.as_str()).unwrap_or_else(|| panic!("{module} is not in the table"));
        for used in imports(&fs::read_to_string(&path).unwrap()) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")).into_iter().chain(sources(&root().join("tests"))) {
        let text = fs::read_to_string(&path).unwrap();
        if text.lines().count() > MAX_LINES {
            wrong.push(format!("{}: more than {MAX_LINES} lines", path.display()));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{}: does not begin with //!", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
