//! One script of several ES modules: in the order in which they need each other, without `import` and `export`. It knows the
//! forms that the pages use, and says so where it meets another.

use std::collections::HashMap;
use std::fmt::Write;

/// An ES module of a page.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// Below `src`.
    pub path: &'static str,
    /// What it says.
    pub text: &'static str,
}

/// Modules by their paths below `src`.
macro_rules! modules {
    ($($path:literal),+ $(,)?) => {
        [$($crate::page::Module { path: $path, text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/", $path)) }),+]
    };
}
pub(crate) use modules;

/// A module without `import` and `export`.
#[derive(Default)]
struct Parsed {
    path: &'static str,
    code: String,
    /// Paths, and what is taken from there.
    imports: Vec<(String, Vec<String>)>,
    exports: Vec<String>,
    /// All names of its top level.
    names: Vec<String>,
}

/// The script of these modules, of which the first is the one that begins; or what cannot be done, and where.
pub(super) fn bundle(modules: &[Module]) -> Result<String, String> {
    let parsed = modules.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let mut homes = HashMap::new();
    for Parsed { path, names, .. } in &parsed {
        for name in names {
            if let Some(other) = homes.insert(name, path) {
                return Err(format!("{path}: `{name}` is a name of {other} already"));
            }
        }
    }
    let mut order = Vec::new();
    place(0, &parsed, &mut Vec::new(), &mut order)?;
    if let Some(lost) = (0..parsed.len()).find(|at| !order.contains(at)) {
        return Err(format!("{}: no module imports it", parsed[lost].path));
    }
    Ok(order.into_iter().fold(String::new(), |mut script, at| {
        let _ = write!(script, "// {}\n{}", parsed[at].path, parsed[at].code);
        script
    }))
}

/// Puts a module into the order, behind all that it imports. `open` are those that wait for it.
fn place(at: usize, all: &[Parsed], open: &mut Vec<usize>, order: &mut Vec<usize>) -> Result<(), String> {
    let path = all[at].path;
    if order.contains(&at) {
        return Ok(());
    }
    if open.contains(&at) {
        return Err(format!("{path}: it imports itself, by way of others"));
    }
    open.push(at);
    for (from, names) in &all[at].imports {
        let there = all.iter().position(|other| other.path == from);
        let there = there.ok_or_else(|| format!("{path}: there is no {from}"))?;
        if let Some(name) = names.iter().find(|name| !all[there].exports.contains(name)) {
            return Err(format!("{path}: {from} exports no `{name}`"));
        }
        place(there, all, open, order)?;
    }
    open.pop();
    order.push(at);
    Ok(())
}

fn parse(module: &Module) -> Result<Parsed, String> {
    let mut parsed = Parsed { path: module.path, ..Parsed::default() };
    let mut lines = module.text.lines();
    while let Some(line) = lines.next() {
        let unknown = || format!("{}: the bundler does not know this form: {line}", module.path);
        if line.starts_with("import") {
            let mut statement = line.to_owned();
            while !statement.ends_with(';') {
                statement += lines.next().ok_or_else(unknown)?;
            }
            let (names, from) = import(&statement).ok_or_else(unknown)?;
            parsed.imports.push((resolved(module.path, from), names));
            continue;
        }
        // A comment, or a string, has no reason to speak of these.
        if ["import ", "import(", "import.", "export "]
            .iter()
            .any(|word| line.trim_start_matches("export ").contains(word))
        {
            return Err(unknown());
        }
        let (exported, line) = line.strip_prefix("export ").map_or((false, line), |rest| (true, rest));
        match declared(line) {
            Some(names) => {
                let names = names.ok_or_else(unknown)?;
                parsed.exports.extend(names.iter().filter(|_| exported).cloned());
                parsed.names.extend(names);
            }
            None if exported => return Err(unknown()),
            None => {}
        }
        parsed.code += line;
        parsed.code.push('\n');
    }
    Ok(parsed)
}

/// `import { a, b } from "./c.js";`: the names, and where they come from.
fn import(statement: &str) -> Option<(Vec<String>, &str)> {
    let (list, from) = statement.strip_prefix("import {")?.strip_suffix("\";")?.split_once("} from \"")?;
    from.starts_with('.').then_some((names(list)?, from))
}

/// What a line of the top level declares: `None`: nothing; `Some(None)`: in a form that is not known.
fn declared(line: &str) -> Option<Option<Vec<String>>> {
    let keywords = ["const ", "let ", "var ", "class ", "function ", "async function ", "function*", "async function*"];
    let rest = keywords.iter().find_map(|keyword| line.strip_prefix(keyword))?;
    Some(match rest.strip_prefix(['[', '{']) {
        Some(rest) => {
            rest.split_once([']', '}']).filter(|(_, rest)| rest.starts_with(" =")).and_then(|(list, _)| names(list))
        }
        None => {
            let end = rest.find(|letter| !is_of_a_name(letter)).unwrap_or(rest.len());
            let (name, rest) = rest.split_at(end);
            let ends = [" =", ";", "(", " {", " extends "].iter().any(|sign| rest.starts_with(sign));
            ends.then(|| names(name)).flatten()
        }
    })
}

/// Names with commas between them, and perhaps one behind.
fn names(list: &str) -> Option<Vec<String>> {
    let names = list.trim().trim_end_matches(',').split(',').map(|name| name.trim().to_owned());
    let names: Vec<_> = names.collect();
    names.iter().all(|name| !name.is_empty() && name.chars().all(is_of_a_name)).then_some(names)
}

const fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$')
}

/// The path of `to`, as seen from the module `from`.
fn resolved(from: &str, to: &str) -> String {
    let mut steps: Vec<_> = from.split('/').collect();
    steps.pop();
    for step in to.split('/') {
        match step {
            "." => {}
            ".." => drop(steps.pop()),
            name => steps.push(name),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of modules: `a/page.js` with this text, and `b/part.js` with that one.
    fn bundled(page: &'static str, part: &'static str) -> Result<String, String> {
        bundle(&[Module { path: "a/page.js", text: page }, Module { path: "b/part.js", text: part }])
    }

    const IMPORT: &str = "import { one } from \"../b/part.js\";\n";

    #[test]
    fn what_is_imported_comes_first() {
        let page = "// P\nimport {\n  one,\n  Two,\n} from \"../b/part.js\";\nconst [x, y] = [one, new Two()];\n";
        let part =
            "export const one = 1;\nexport class Two extends Object {\n  three() {}\n}\nasync function three() {}\n";
        assert_eq!(
            bundled(page, part).unwrap(),
            "// b/part.js\nconst one = 1;\nclass Two extends Object {\n  three() {}\n}\nasync function three() {}\n\
             // a/page.js\n// P\nconst [x, y] = [one, new Two()];\n"
        );
    }

    #[test]
    fn names_stand_once_and_are_where_they_are_taken_from() {
        for (page, part, wrong) in [
            ("const one = 2;", "export function one() {}", "b/part.js: `one` is a name of a/page.js already"),
            ("let [two, one] = [];", "export let one;", "b/part.js: `one` is a name of a/page.js already"),
            ("", "const one = 1;", "a/page.js: b/part.js exports no `one`"),
            ("import { two } from \"./two.js\";", "export const one = 1;", "a/page.js: there is no a/two.js"),
            (
                "export const two = 2;",
                "import { two } from \"../a/page.js\";\nexport const one = 1;",
                "a/page.js: it imports itself, by way of others",
            ),
        ] {
            let page: &str = (IMPORT.to_owned() + page).leak();
            assert_eq!(bundled(page, part).unwrap_err(), wrong);
        }
        assert_eq!(bundled("", "").unwrap_err(), "b/part.js: no module imports it");
    }

    #[test]
    fn other_forms_are_refused() {
        for form in [
            "import \"./x.js\";",
            "import x from \"./x.js\";",
            "import * as x from \"./x.js\";",
            "import { x as y } from \"./x.js\";",
            "import { x } from \"elsewhere\";",
            "import { x } from './x.js';",
            "import { x } from \"./x.js\"",
            "  import { x } from \"./x.js\";",
            "const x = await import(\"./x.js\");",
            "const x = import.meta.url;",
            "export default x;",
            "export { x };",
            "export * from \"./x.js\";",
            "export x = 1;",
            "  export const x = 1;",
            "export const { x: y } = z;",
            "const {",
            "let x, y;",
            "function* x() {}",
            "export async function* x() {}",
        ] {
            let wrong = bundle(&[Module { path: "x.js", text: form.to_owned().leak() }]).unwrap_err();
            assert_eq!(wrong, format!("x.js: the bundler does not know this form: {form}"));
        }
    }
}
