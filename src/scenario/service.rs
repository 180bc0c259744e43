//! `[service]`: what nobody has published about the service, each guess with its default.

/// `[service]`: how the simulated service behaves where the documents leave it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// How many digits a task id has that is drawn.
    pub task_id_digits: u32,
}

impl Service {
    /// The fewest digits of a drawn task id, as in the oldest samples.
    pub const FEWEST_DIGITS: u32 = 6;
    /// The most digits of a drawn task id: 64 bits hold no more.
    pub const MOST_DIGITS: u32 = 19;
}

impl Default for Service {
    fn default() -> Self {
        Self { task_id_digits: 8 }
    }
}
