//! The contract: rules that every receiver of relay callbacks has to keep, each a short scenario.

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The file's name without `.toml`.
    pub name: &'static str,
    /// The scenario.
    pub text: &'static str,
    /// How it is judged.
    pub judged: Judged,
}

/// How a rule is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// By the answers.
    ByAnswers,
    /// By the answers to signed callbacks: it takes a key.
    WithKey,
    /// By what the receiver tells of the first task afterwards: the same as of the second.
    Alike,
    /// Likewise, but only by the place that tells whether it runs: the two have not seen the same.
    AlikeInField,
}

impl Rule {
    /// Whether it is judged by what the receiver tells of tasks: `run` cannot do that.
    pub const fn is_compared(&self) -> bool {
        matches!(self.judged, Judged::Alike | Judged::AlikeInField)
    }

    /// What a receiver does that keeps it: the first line of its comment.
    pub fn says(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }

    /// Why it is a rule: the rest of its comment, line by line.
    pub fn because(&self) -> impl Iterator<Item = &'static str> {
        self.text
            .lines()
            .skip(1)
            .map_while(|line| line.strip_prefix('#'))
            .map(str::trim)
            .filter(|line| !line.is_empty())
    }
}

macro_rules! rules {
    ($($name:literal $judged:ident),* $(,)?) => {
        &[$(Rule {
            name: $name,
            text: include_str!(concat!("../../../scenarios/contract/", $name, ".toml")),
            judged: Judged::$judged,
        }),*]
    };
}

/// All rules, the plainest first. A test compares this list with the folder.
pub const RULES: &[Rule] = rules![
    "acknowledges" ByAnswers,
    "live" ByAnswers,
    "many-urls" ByAnswers,
    "file-index" ByAnswers,
    "loops" ByAnswers,
    "exit-without-id" ByAnswers,
    "start-again" ByAnswers,
    "no-exit" ByAnswers,
    "exit-not-final" AlikeInField,
    "source-down" ByAnswers,
    "migration" ByAnswers,
    "duplicate" ByAnswers,
    "idempotent" Alike,
    "late" ByAnswers,
    "late-alike" Alike,
    "late-start" Alike,
    "overtaken" ByAnswers,
    "unknown-task" ByAnswers,
    "concurrent" ByAnswers,
    "unknown-event" ByAnswers,
    "alarms" ByAnswers,
    "alarm-type" ByAnswers,
    "reset-config" ByAnswers,
    "big-code" ByAnswers,
    "number-strings" ByAnswers,
    "event-time" ByAnswers,
    "more-fields" ByAnswers,
    "not-json" ByAnswers,
    "bad-utf8" ByAnswers,
    "msg-not-json" ByAnswers,
    "wrong-shape" ByAnswers,
    "huge" ByAnswers,
    "content-type" ByAnswers,
    "slow-body" ByAnswers,
    "cut-body" ByAnswers,
    "signed" WithKey,
    "bad-signature" WithKey,
    "expired" WithKey,
    "no-signature" WithKey,
];
