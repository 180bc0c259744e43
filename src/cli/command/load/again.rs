//! The command that makes the same load again: what is printed after a failure.

use super::super::again::{connection, name, quoted, unless_key};
use super::super::loaded::Loaded;
use crate::cli::args::LoadArgs;
use crate::text::without_passwords;

/// The same load, with the seed it had; not what was written beside its result.
pub(super) fn again(args: &LoadArgs, loaded: &Loaded) -> String {
    let mut words = vec![format!("pullpush load {} --seed {}", name(loaded), loaded.plan.seed())];
    words.extend(args.scenario.only.iter().map(|task| format!("--only {}", quoted(&format!("task={task}")))));
    words.extend(args.scenario.to.iter().map(|to| format!("--to {}", quoted(&without_passwords(to)))));
    words.extend(args.sink.then(|| "--sink".to_owned()));
    words.extend(args.load.typed().map(|(flag, value)| format!("{flag} {}", quoted(value))));
    words.extend(args.speed.map(|speed| format!("--speed {speed}x")));
    words.extend(args.max_requests.map(|most| format!("--max-requests {most}")));
    words.extend(args.shard.iter().map(|shard| format!("--shard {}", quoted(shard))));
    words.extend(args.scenario.epoch.map(|epoch| format!("--epoch {epoch}")));
    words.extend(args.scenario.set.iter().map(|set| format!("--set {}", quoted(&unless_key(set)))));
    words.extend(connection(&args.connect));
    words.join(" ")
}
