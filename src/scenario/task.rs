//! `[[task]]`: relay tasks of the provider, what happens to them, or the exact sequence of one that was seen.

use std::sync::Arc;

use crate::callback::codes::Exit;
use crate::callback::overlay::Overlay;
use crate::callback::template::Template;
use crate::callback::{Callback, Kinds};
use crate::scenario::expect::Expectation;
use crate::scenario::fault::chances::Chances;
use crate::scenario::fault::window::Windows;
use crate::scenario::service::{LoopCount, Service};
use crate::time::Millis;

/// One `[[task]]`: a relay task and its copies.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSpec {
    /// How many copies there are.
    pub count: u64,
    /// From the start of one copy to the start of the next.
    pub spacing: Millis,
    /// Start of the first copy; a range until a plan has drawn it.
    pub start: Range,
    /// `appid`
    pub app_id: u64,
    /// `task_id`; `None`: digits drawn from the seed.
    pub task_id: Option<Template>,
    /// `stream_id`; `None`: the last path part of `to_url`.
    pub stream_id: Option<Template>,
    /// `to_url`; `None`: one of its own for each task.
    pub to_url: Option<Template>,
    /// Where this task's callbacks go.
    pub callback_url: Option<Template>,
    /// The source URLs, one per file of a list.
    pub files: Vec<File>,
    /// What may befall its callbacks on their way.
    pub faults: Option<Arc<Windows>>,
    /// What the task does.
    pub script: Script,
}

impl TaskSpec {
    /// Whether anything may befall its callbacks on their way.
    pub fn may_fail(&self) -> bool {
        let by_step = |step: &Step| step.faults.is_some();
        self.faults.is_some() || matches!(&self.script, Script::Steps(steps) if steps.iter().any(by_step))
    }

    /// When copy `copy` (from 1) starts.
    pub fn start_of(&self, copy: u64) -> Millis {
        self.start.min.plus(self.spacing.times(copy.saturating_sub(1)))
    }
}

/// A source URL and, for a file of a list, how long it plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it is pulled from.
    pub url: Template,
    /// How long it plays; zero for live and picture.
    pub duration: Millis,
}

/// What is pulled instead of a source that is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// Where it is pulled from.
    pub url: Template,
    /// How long it plays before the source is tried again; `None`: a live stream.
    pub duration: Option<Millis>,
}

/// What a task does.
#[derive(Debug, Clone, PartialEq)]
pub enum Script {
    /// The simulated service decides.
    Relay(Box<Relay>),
    /// The scenario decides, step by step.
    Steps(Vec<Step>),
}

/// A task as the service runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Relay {
    /// What is relayed.
    pub source: SourceKind,
    /// EndTime, from the task's start; `None`: when the list has played.
    pub end: Option<Millis>,
    /// `CallbackEvents`
    pub callback_events: Kinds,
    /// TaskStart → VodSourceFileStart, drawn from this range.
    pub start_gap: Range,
    /// VodSourceFileFinish → the next VodSourceFileStart (a guess).
    pub file_gap: Millis,
    /// What the natural end says (a guess: code 0, no text).
    pub exit: Exit,
    /// OffsetTime: so much of the first round's first file is not played.
    pub offset: Millis,
    /// BackupSourceUrl: switched to when the source of a live task breaks.
    pub backup: Option<StandIn>,
    /// BackupVodUrl: plays when the source cannot be pulled.
    pub slate: Option<StandIn>,
    /// BackupToUrl: a second push, of which no callback tells.
    pub backup_to_url: Option<Template>,
    /// How the service behaves.
    pub service: Service,
    /// What goes wrong.
    pub incidents: Vec<Incident>,
}

impl Relay {
    /// What plays in the place of a source that is down: the backup, or else the slate.
    pub fn stand_in(&self) -> Option<&StandIn> {
        self.backup.as_ref().or(self.slate.as_ref())
    }

    /// How long the task runs at the longest if nothing goes wrong.
    pub fn length(&self, files: &[File]) -> Millis {
        self.until_end(self.start_gap.max.plus(self.list_length(files)))
    }

    /// How long it runs for sure if nothing goes wrong, whatever its start gap: where an incident still finds it.
    pub fn shortest_life(&self, files: &[File]) -> Millis {
        self.until_end(self.list_length(files))
    }

    fn until_end(&self, natural: Millis) -> Millis {
        self.end.map_or(natural, |end| natural.min(end))
    }

    /// The whole list with all its rounds; [`Millis::FOREVER`] for what never ends by itself.
    fn list_length(&self, files: &[File]) -> Millis {
        let played =
            |files: &[File]| files.iter().fold(Millis::ZERO, |sum, file| sum.plus(file.duration).plus(self.file_gap));
        match self.source {
            SourceKind::Vod { rounds: Rounds::Times(times), first_file } => {
                let first_round = played(files.get(first_file..).unwrap_or_default());
                first_round.plus(played(files).times(times.saturating_sub(1))).minus(self.offset)
            }
            _ => Millis::FOREVER,
        }
    }
}

/// What is relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A list of files.
    Vod {
        /// How often the list is played.
        rounds: Rounds,
        /// The first round begins with this file, from 0.
        first_file: usize,
    },
    /// A live stream.
    Live,
    /// A picture.
    Picture,
}

/// How often a list of files is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounds {
    /// Until the end.
    Endless,
    /// So many times.
    Times(u64),
}

impl Rounds {
    /// How often a list is played whose VodLoopTimes are these, as written.
    #[must_use]
    pub fn counted_as(self, loops: LoopCount) -> Self {
        match (self, loops) {
            (Self::Endless, _) => Self::Endless,
            (Self::Times(times), LoopCount::Plays) => Self::Times(times.max(1)),
            (Self::Times(times), LoopCount::Repeats) => Self::Times(times.saturating_add(1)),
        }
    }

    /// What is left when one of them is over.
    #[must_use]
    pub const fn after_one(self) -> Self {
        match self {
            Self::Endless => Self::Endless,
            Self::Times(times) => Self::Times(times.saturating_sub(1)),
        }
    }
}

/// A range of lengths, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The shortest.
    pub min: Millis,
    /// The longest.
    pub max: Millis,
}

impl Range {
    /// One length, with nothing to draw.
    pub const fn one(length: Millis) -> Self {
        Self { min: length, max: length }
    }
}

/// `[[task.incident]]`: something that happens to a task in the provider's world.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// What happens.
    pub kind: IncidentKind,
    /// When.
    pub place: Place,
    /// How likely it is.
    pub chance: f64,
    /// How long until the task runs again.
    pub lasts: Millis,
    /// The service's own retry of source or target.
    pub retry_every: Millis,
    /// From the cause to its TaskExit.
    pub exit_after: Millis,
    /// Exits to draw from, with their weights; one if nothing is left to chance; none: no TaskExit.
    pub exits: Vec<(Exit, u32)>,
    /// What is new about a modified task.
    pub change: Change,
    /// Which callback comes first when a task moves to another machine or is restarted.
    pub first: FirstInMigration,
}

/// What a user changes about a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// The new list; of a live stream or a picture the new source.
    pub files: Option<Vec<File>>,
    /// VodLoopTimes as written.
    pub loops: Option<Rounds>,
    /// EndTime, from the task's start.
    pub end: Option<Millis>,
    /// The new target.
    pub to_url: Option<Template>,
    /// When a new list is played.
    pub when: Exchange,
}

/// When a new list is played (the API's VodRefreshType).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exchange {
    /// At once: `ImmediateNewSource`.
    #[default]
    Now,
    /// When the file that is playing has played: `ContinueBreakPoint`.
    AfterFile,
}

impl Exchange {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("now", Self::Now), ("after-file", Self::AfterFile)];
}

/// When an incident happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This long after the task's start.
    At(Millis),
    /// When file `file` (from 0) is first played, `into` it; `None`: in its middle, or as it opens where that is the point.
    InFile {
        /// Place in the list, from 0.
        file: usize,
        /// Offset in the file.
        into: Option<Millis>,
    },
    /// Somewhere in the task's life, drawn.
    Anywhere,
}

/// The kinds of incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentKind {
    /// The push target fails.
    PushBroken,
    /// The source fails.
    SourceDown,
    /// The task moves to another machine.
    Migration,
    /// A file cannot be pulled.
    FileFailed,
    /// A file ends before its time.
    FileEndsEarly,
    /// An alarm, nothing more.
    PullUnstable,
    /// An alarm, nothing more.
    PushUnstable,
    /// The user stops the task.
    Stopped,
    /// The user changes the task.
    Modified,
    /// The user restarts the task.
    Restarted,
    /// The user pauses the task, and enables it again.
    Paused,
    /// The user deletes the task.
    Deleted,
    /// The node dies: no TaskExit at all.
    Crash,
}

impl IncidentKind {
    /// All of them, by the names scenarios use.
    pub const ALL: [(&str, Self); 13] = [
        ("push-broken", Self::PushBroken),
        ("source-down", Self::SourceDown),
        ("migration", Self::Migration),
        ("file-failed", Self::FileFailed),
        ("file-ends-early", Self::FileEndsEarly),
        ("pull-unstable", Self::PullUnstable),
        ("push-unstable", Self::PushUnstable),
        ("stopped", Self::Stopped),
        ("modified", Self::Modified),
        ("restarted", Self::Restarted),
        ("paused", Self::Paused),
        ("deleted", Self::Deleted),
        ("crash", Self::Crash),
    ];

    /// Whether a user does it, and no accident.
    pub const fn is_by_user(self) -> bool {
        matches!(self, Self::Stopped | Self::Modified | Self::Restarted | Self::Paused | Self::Deleted)
    }

    /// The name scenarios use.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// Which callback of a move comes first: old and new machine do not wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstInMigration {
    /// The new machine's TaskStart: what receivers get wrong.
    TaskStart,
    /// The old machine's TaskExit.
    TaskExit,
}

impl FirstInMigration {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("TaskStart", Self::TaskStart), ("TaskExit", Self::TaskExit)];
}

/// `[[task.step]]`: one callback of an exact sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub callback: Callback,
    /// What is different from the body the service would send.
    pub overlay: Arc<Overlay>,
    /// What befalls it on its way, where that is not what befalls the others.
    pub faults: Option<Arc<Chances>>,
    /// What is expected of its answer.
    pub expect: Option<Arc<Expectation>>,
}

/// When a step is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This long after the task's start.
    At(Millis),
    /// This long after the step before was sent.
    AfterSent(Millis),
    /// This long after the step before was answered, or given up.
    AfterAnswer(Millis),
}
