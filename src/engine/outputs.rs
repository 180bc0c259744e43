//! What is written of a run and may not have gaps: the schedule stops while it cannot be written.

use crate::engine::writer::Writer;

/// The outputs that have to be complete. None of them ever blocks the player.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// Those that may lag behind, until they are full.
    pub complete: Vec<Writer>,
    /// The one that is to tell of a request before it goes out.
    pub journal: Option<Writer>,
}

impl Outputs {
    /// Whether there is room for what is begun now.
    pub(super) fn have_room(&self) -> bool {
        !self.all().any(Writer::is_full)
    }

    /// Ends when there is.
    pub(super) async fn room(&self) {
        while !self.have_room() {
            for writer in self.all() {
                writer.room().await;
            }
        }
    }

    /// Whether one of them has no room, or tells of no request any more.
    pub fn are_in_the_way(&self) -> bool {
        !self.have_room() || self.journal.as_ref().is_some_and(Writer::is_stuck)
    }

    fn all(&self) -> impl Iterator<Item = &Writer> {
        self.complete.iter().chain(&self.journal)
    }
}
