//! `[service]`: what nobody has published about the service, each guess with its default.

/// `[service]`: how the simulated service behaves where the documents leave it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// What `loops` counts.
    pub loops: LoopCount,
    /// Where a list of files goes on after an interruption.
    pub resume: Resume,
    /// Where it goes on after a pause; the console says: from the beginning.
    pub resume_after_pause: Resume,
    /// Whether a file that a new list breaks off is told as finished.
    pub exchange_finishes: bool,
    /// Whether a task exits and starts when it switches to its backup or its slate, and back.
    pub backup_exits: bool,
    /// How many digits a task id has that is drawn.
    pub task_id_digits: u32,
}

/// What `loops` counts: the API's text can be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopCount {
    /// How often the list is played; the console counts so.
    Plays,
    /// How often it is played again.
    Repeats,
}

/// Where a list of files goes on (the API's VodRefreshType, as far as it is known).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// In the same file, where it broke off.
    Breakpoint,
    /// With the same file, from its beginning.
    File,
    /// With the first file of the list.
    List,
}

impl LoopCount {
    /// Both, by the names scenarios use.
    pub const ALL: [(&str, Self); 2] = [("plays", Self::Plays), ("repeats", Self::Repeats)];
}

impl Resume {
    /// All of them, by the names scenarios use.
    pub const ALL: [(&str, Self); 3] = [("breakpoint", Self::Breakpoint), ("file", Self::File), ("list", Self::List)];
}

impl Service {
    /// The fewest digits of a drawn task id, as in the oldest samples.
    pub const FEWEST_DIGITS: u32 = 6;
    /// The most digits of a drawn task id: 64 bits hold no more.
    pub const MOST_DIGITS: u32 = 19;
}

impl Default for Service {
    fn default() -> Self {
        Self {
            loops: LoopCount::Plays,
            resume: Resume::Breakpoint,
            resume_after_pause: Resume::List,
            exchange_finishes: false,
            backup_exits: false,
            task_id_digits: 8,
        }
    }
}
