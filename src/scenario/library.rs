//! The scenarios that come with pullpush, built in.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// The file's name without `.toml`.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

impl Shipped {
    /// What it teaches: the first line of its comment.
    pub fn teaches(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(Shipped { name: $name, text: include_str!(concat!("../../scenarios/", $name, ".toml")) }),*]
    };
}

/// All of them, the simplest first. A test compares this list with the folder.
pub const LIBRARY: &[Shipped] = shipped![
    "playlist",
    "seed-document",
    "loops",
    "file-index",
    "live",
    "endless-loop",
    "stopped",
    "modified",
    "new-list",
    "pause-overnight",
    "restart-storm",
    "filtered",
    "alarms",
    "file-ends-early",
    "file-failed",
    "push-broken",
    "push-broken-for-good",
    "source-down",
    "backup",
    "slate",
    "crash",
    "migration",
    "big-code",
    "string-numbers",
    "unknown-event",
    "signed",
    "repeated",
    "late-start",
    "receiver-outage",
    "bad-evening",
    "five-percent",
    "dropped",
    "twice",
    "overtaking",
    "damaged",
    "forged",
    "bad-connections",
    "expectations",
    "probes",
    "chaos",
    "steady-load",
    "evening-rush",
];
