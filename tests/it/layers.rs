//! The source text itself: who may import whom, how long files are, and what no file may hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each wing with the wings that it may use. Data flows one way: a wing uses only what stands above it here.
const WINGS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("dice", &[]),
    ("text", &[]),
    ("exit_code", &[]),
    ("page", &["text"]),
    ("callback", &["text", "time"]),
    ("scenario", &["callback", "dice", "text", "time"]),
    ("service", &["callback", "dice", "scenario", "time"]),
    ("plan", &["callback", "dice", "scenario", "service", "time"]),
    ("engine", &["callback", "exit_code", "plan", "scenario", "text", "time"]),
    ("sink", &["callback", "page", "text", "time"]),
    ("report", &["callback", "engine", "exit_code", "page", "plan", "scenario", "text", "time"]),
    ("study", &["callback", "plan", "report", "scenario", "text", "time"]),
    ("testing", &["callback", "dice", "engine", "exit_code", "plan", "report", "scenario", "time"]),
    (
        "cli",
        &["callback", "dice", "engine", "exit_code", "plan", "report", "scenario", "sink", "study", "text", "time"],
    ),
];

/// The longest file, in lines.
const MAX_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

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

/// A module's path without the crate: `["engine", "player", "deliver"]`.
type Module = Vec<String>;

/// The modules of `src/` with their text; what only tests see is left out.
fn modules() -> BTreeMap<Module, String> {
    let source = root().join("src");
    let mut modules = BTreeMap::new();
    for path in sources(&source) {
        let relative = path.strip_prefix(&source).unwrap().with_extension("");
        let mut module: Module = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|name| name == "mod") {
            module.pop();
        }
        if module.last().is_some_and(|name| ["lib", "main", "tests"].contains(&name.as_str())) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        modules.insert(module, code.collect::<Vec<_>>().join("\n"));
    }
    modules
}

/// The paths that a text names with `crate::` or `super::`, each as a path from the crate; `{a, b::c}` is two of them.
fn paths(module: &Module, text: &str) -> Vec<Module> {
    let mut paths = Vec::new();
    for (index, word) in text.match_indices("crate::").chain(text.match_indices("super::")) {
        let before = text[..index].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || ['_', ':'].contains(&before) {
            continue;
        }
        let mut base = if word == "crate::" { Vec::new() } else { module[..module.len() - 1].to_vec() };
        let mut rest = &text[index + word.len()..];
        while let Some(further) = rest.strip_prefix("super::") {
            base.pop();
            rest = further;
        }
        expand(&base, rest, &mut paths);
    }
    paths
}

fn expand(base: &Module, text: &str, paths: &mut Vec<Module>) {
    let mut path = base.clone();
    let mut rest = text;
    loop {
        if let Some(inside) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut begin = 0;
            for (index, letter) in inside.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    '}' | ',' if depth == 0 => {
                        expand(&path, inside[begin..index].trim(), paths);
                        begin = index + 1;
                        if letter == '}' {
                            return;
                        }
                    }
                    _ => {}
                }
            }
            return;
        }
        let name: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        if name.is_empty() {
            break;
        }
        rest = &rest[name.len()..];
        path.push(name);
        match rest.strip_prefix("::") {
            Some(further) => rest = further,
            None => break,
        }
    }
    paths.push(path);
}

/// The module that a path leads to: the longest beginning of it that is one.
fn owner<'a>(modules: &'a BTreeMap<Module, String>, path: &Module) -> Option<&'a Module> {
    (1..=path.len()).rev().find_map(|length| modules.get_key_value(&path[..length].to_vec())).map(|(module, _)| module)
}

/// Who names whom, file by file.
fn arrows(modules: &BTreeMap<Module, String>) -> BTreeMap<&Module, BTreeSet<&Module>> {
    let arrows_of = |module: &Module, text: &str| -> BTreeSet<&Module> {
        paths(module, text).iter().filter_map(|path| owner(modules, path)).filter(|used| *used != module).collect()
    };
    modules.iter().map(|(module, text)| (module, arrows_of(module, text))).collect()
}

#[test]
fn wings_use_only_what_stands_above_them() {
    let table: BTreeMap<_, _> = WINGS.iter().copied().collect();
    let modules = modules();
    let mut wrong = Vec::new();
    for (module, used) in arrows(&modules) {
        let allowed = table.get(module[0].as_str()).unwrap_or_else(|| panic!("{} is no wing", module[0]));
        for used in used.iter().filter(|used| used[0] != module[0] && !allowed.contains(&used[0].as_str())) {
            wrong.push(format!("{} uses {}", module.join("::"), used.join("::")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_wings_has_no_cycle_and_no_idle_entry() {
    let modules = modules();
    let arrows = arrows(&modules);
    let mut wrong = Vec::new();
    for (index, (wing, allowed)) in WINGS.iter().enumerate() {
        for used in *allowed {
            if !WINGS[..index].iter().any(|(above, _)| above == used) {
                wrong.push(format!("{wing} is allowed {used}, which does not stand above it"));
            }
            let is_used = arrows.iter().any(|(module, all)| module[0] == *wing && all.iter().any(|to| to[0] == *used));
            if !is_used {
                wrong.push(format!("{wing} is allowed {used} and does not use it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A module and what is inside it are one noun, and may name each other; two that stand side by side may not.
#[test]
fn files_of_a_wing_form_no_cycle() {
    let modules = modules();
    let arrows = arrows(&modules);
    let is_inside = |one: &Module, other: &Module| one.starts_with(other) || other.starts_with(one);
    let reach = |from: &Module| -> BTreeSet<&Module> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Module> = vec![arrows.get_key_value(from).unwrap().0];
        while let Some(module) = open.pop() {
            for used in arrows[module].iter().filter(|used| used[0] == from[0] && !is_inside(used, module)) {
                if seen.insert(*used) {
                    open.push(used);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<_, _> = modules.keys().map(|module| (module, reach(module))).collect();
    let mut wrong = Vec::new();
    for (module, all) in &reached {
        let back = all.iter().filter(|other| *module <= **other && reached[**other].contains(*module));
        let back: Vec<_> = back.map(|other| other.join("::")).collect();
        if !back.is_empty() {
            wrong.push(format!("{} ↔ {}", module.join("::"), back.join(", ")));
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
