//! A folder of its own in which commands are typed, and what comes of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde_json::Value;
use snapbox::{Data, assert_data_eq};

use super::running::Running;

/// One task, four callbacks, and nothing left to chance.
pub(super) const VOD: &str = r#"version = 1
seed = 7

[receiver]
retry = ["1s"]

[payload]
epoch = "2026-01-01T12:00:00Z"

[[task]]
source = "vod"
task_id = "118148"
to_url = "rtmp://push.test/live/show"
files = [{ url = "http://media.test/1.m3u8", duration = "5s" }]
start_gap = "1s"
"#;

/// A folder of its own, with `vod.toml` in it, and an environment without surprises.
pub(super) struct Desk {
    folder: Arc<Folder>,
    environment: Vec<(String, String)>,
}

/// A folder for as long as it is needed.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(number);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left over, it does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Desk {
    pub(super) fn new() -> Self {
        Self { folder: Arc::new(Folder::new()), environment: Vec::new() }.file("vod.toml", VOD)
    }

    /// With a file in the folder.
    pub(super) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// With a variable in the environment.
    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// In the same folder, with nothing in the environment.
    pub(super) fn bare(&self) -> Bare<'_> {
        Bare(self)
    }

    /// Where a file in the folder is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a file in the folder holds.
    pub(super) fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    /// The same, if it is no text.
    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    /// Types a line and waits for its end.
    pub(super) fn run(&self, line: impl AsRef<str>) -> Done {
        Running::start(&self.folder, &self.environment, line.as_ref()).end()
    }

    /// Types a line whose standard output goes there.
    pub(super) fn run_into(&self, stdout: impl Into<Stdio>, line: impl AsRef<str>) -> Done {
        Running::start_into(stdout.into(), &self.folder, &self.environment, line.as_ref()).end()
    }

    /// Types one command, in place of the shell: a signal to it is a signal to the program.
    pub(super) fn start(&self, command: impl AsRef<str>) -> Running {
        self.start_into(Stdio::piped(), command)
    }

    /// The same with a standard output that goes there.
    pub(super) fn start_into(&self, stdout: impl Into<Stdio>, command: impl AsRef<str>) -> Running {
        let line = format!("exec {}", command.as_ref());
        Running::start_into(stdout.into(), &self.folder, &self.environment, &line)
    }
}

/// A desk without its environment.
pub(super) struct Bare<'a>(&'a Desk);

impl Bare<'_> {
    /// Types a line and waits for its end.
    pub(super) fn run(&self, line: impl AsRef<str>) -> Done {
        Running::start(&self.0.folder, &[], line.as_ref()).end()
    }
}

/// What came of a line.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) line: String,
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Done {
    /// Fails unless it ended so.
    #[track_caller]
    pub(super) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.transcript());
        self
    }

    /// Fails unless standard error says so.
    #[track_caller]
    pub(super) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "not said: {words}\n{}", self.transcript());
        self
    }

    /// Fails unless standard output shows so.
    #[track_caller]
    pub(super) fn shows(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "not shown: {words}\n{}", self.transcript());
        self
    }

    /// The command after `again: `.
    pub(super) fn again(&self) -> Option<&str> {
        self.stderr.lines().find_map(|line| line.strip_prefix("again: "))
    }

    /// Standard output as JSON lines.
    pub(super) fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Compares everything with a file under `tests/cli/`, byte for byte.
    #[track_caller]
    pub(super) fn golden(&self, name: &str) {
        golden(name, self.transcript());
    }

    /// Compares everything but times and ports with a file under `tests/cli/`.
    #[track_caller]
    pub(super) fn golden_but_times(&self, name: &str) {
        golden(name, self.transcript().lines().map(|line| without_times(line) + "\n").collect());
    }

    fn transcript(&self) -> String {
        let Self { line, code, stdout, stderr } = self;
        let stderr = if stderr.is_empty() { String::new() } else { format!("[stderr]\n{stderr}") };
        format!("$ {line}\n{stdout}{stderr}[exit {code}]\n")
    }
}

/// Compares a text with a file under `tests/cli/`.
#[track_caller]
pub(super) fn golden(name: &str, actual: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(format!("{name}.txt"));
    assert_data_eq!(Data::text(actual).raw(), Data::read_from(&path, None).raw());
}

/// Whether the script of a page says of every field of its data, in the comment at its beginning, what it is.
#[track_caller]
pub(super) fn is_described(data: &Value, script: &str) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(script)).unwrap();
    let comment = text.strip_prefix("/**").and_then(|rest| rest.split_once("*/")).expect("a comment that says it").0;
    let words: Vec<_> = comment.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    let mut rest = vec![data];
    while let Some(value) = rest.pop() {
        rest.extend(value.as_array().into_iter().flatten());
        for (field, value) in value.as_object().into_iter().flatten() {
            assert!(words.contains(&field.as_str()), "{script} does not say what `{field}` is");
            // Their fields are what there was.
            if !["outcomes", "faults"].contains(&field.as_str()) {
                rest.push(value);
            }
        }
    }
}

/// A line with its columns two spaces apart, and words for whatever the clock or the system chose.
fn without_times(line: &str) -> String {
    let columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
    columns.map(column_without_times).collect::<Vec<_>>().join("  ")
}

fn column_without_times(column: &str) -> String {
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let words: Vec<_> = column.split(' ').collect();
    let told = words.iter().enumerate().filter_map(|(index, word)| match words.get(index + 1) {
        Some(&("ms" | "s" | "s,")) if is_number(word) => Some("[TIME]".to_owned()),
        _ if index > 0 && matches!(*word, "ms" | "s" | "s,") && is_number(words[index - 1]) => None,
        Some(&"a") if words.get(index + 2) == Some(&"second") => Some("[RATE]".to_owned()),
        _ if word.len() == 12 && word.matches(':').count() == 2 => Some("[TIME]".to_owned()),
        _ => Some(match word.split_once("127.0.0.1:") {
            Some((before, after)) => {
                format!("{before}[ADDRESS]{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
            }
            None => (*word).to_owned(),
        }),
    });
    told.collect::<Vec<_>>().join(" ")
}
