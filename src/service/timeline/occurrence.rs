//! Which incidents happen to one task, when, and with which exit: everything that is left to chance is settled here.

use crate::callback::codes::Exit;
use crate::dice::{Dice, Purpose, Stream};
use crate::scenario::task::{Incident, Place, Relay, TaskSpec};
use crate::time::Millis;

/// An incident that will happen to a task, unless the task is over before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Occurrence {
    /// Which of the task's incidents.
    pub(super) index: usize,
    /// When; [`Millis::FOREVER`] while it waits for its file.
    pub(super) at: Millis,
    /// The exit that was drawn for it.
    pub(super) exit: Option<Exit>,
}

/// What happens to the task with this number.
///
/// Every incident draws from a stream of its own, and always draws everything: raising one chance moves nothing else.
pub(super) fn occurrences(spec: &TaskSpec, relay: &Relay, number: u64, dice: Dice) -> Vec<Occurrence> {
    let mut occurrences = Vec::new();
    for (index, incident) in relay.incidents.iter().enumerate() {
        let mut stream = dice.stream(Purpose::Incident(index as u32), number);
        let happens = stream.hits(incident.chance);
        let life = relay.shortest_life(&spec.files);
        let anywhere = Millis(stream.between(1, life.0.saturating_sub(1).max(1)));
        let exit = draw_exit(incident, &mut stream);
        let at = match incident.place {
            Place::At(at) => at,
            Place::InFile { .. } => Millis::FOREVER,
            Place::Anywhere => anywhere,
        };
        if happens {
            occurrences.push(Occurrence { index, at, exit });
        }
    }
    occurrences
}

/// The exit of something that befalls the task from outside as its `count`th: drawn as those of planned ones are.
pub(super) fn live_exit(incident: &Incident, count: u32, number: u64, dice: Dice) -> Option<Exit> {
    draw_exit(incident, &mut dice.stream(Purpose::LiveIncident(count), number))
}

fn draw_exit(incident: &Incident, stream: &mut Stream) -> Option<Exit> {
    let total: u64 = incident.exits.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut drawn = stream.between(1, total.max(1));
    incident.exits.iter().find_map(|(exit, weight)| {
        let hit = drawn <= u64::from(*weight);
        drawn = drawn.saturating_sub((*weight).into());
        hit.then(|| exit.clone())
    })
}
