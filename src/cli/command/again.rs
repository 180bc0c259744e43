//! The command that does the same again: what is printed after a failure.

use super::loaded::Loaded;
use crate::callback::payload::Stamps;
use crate::cli::args::{ConnectArgs, ReplayArgs, RunArgs, SendArgs};
use crate::exit_code::Exit;
use crate::report::summary::Summary;
use crate::scenario::{Source, blot_override};
use crate::text::{escaped, without_passwords, without_quoted_passwords};
pub(super) use crate::text::{quoted_file, quoted_line as quoted};

/// How to do the same again.
#[derive(Debug)]
pub(super) enum Again {
    /// This very command.
    Whole(String),
    /// `pullpush run` with a file and a seed, and these words.
    Run {
        /// What was typed that decides what happens, but for files, seed and task.
        words: String,
        /// Whether the task that failed fails alone, too.
        alone: bool,
        /// Whether the instant of scenario time 0 was typed.
        epoch_is_typed: bool,
    },
}

impl Again {
    /// Of a `pullpush run`.
    pub(super) fn of_run(args: &RunArgs) -> Self {
        let mut words = Vec::new();
        words.extend(args.scenario.to.iter().map(|to| format!("--to {}", quoted(&without_passwords(to)))));
        words.extend(args.sink.then(|| "--sink".to_owned()));
        words.extend(args.in_virtual_time.then(|| "--virtual".to_owned()));
        let misbehaviour = &args.misbehaviour;
        words.extend(misbehaviour.fail_first.map(|times| format!("--fail-first {times}")));
        words.extend(misbehaviour.status.map(|status| format!("--status {status}")));
        words
            .extend(misbehaviour.delay.map(|delay| format!("--delay {}", quoted(&delay.to_string().replace(' ', "")))));
        words.extend(misbehaviour.drop_connection.then(|| "--drop-connection".to_owned()));
        words.extend(
            (!args.in_virtual_time && args.speed.to_string() != "1x").then(|| format!("--speed {}", args.speed)),
        );
        words.extend(args.fail_fast.then(|| "--fail-fast".to_owned()));
        words.extend(args.scenario.set.iter().map(|set| format!("--set {}", quoted(&unless_key(set)))));
        words.extend(connection(&args.connect));
        // The first requests of one task are not the first of all.
        let (alone, epoch_is_typed) = (misbehaviour.fail_first.is_none(), args.scenario.epoch.is_some());
        Self::Run { words: words.join(" "), alone, epoch_is_typed }
    }

    /// Of a `pullpush send`.
    pub(super) fn of_send(args: &SendArgs) -> Self {
        let mut words = vec![format!("pullpush send {}", quoted(&args.event))];
        words.extend(args.to.iter().map(|to| format!("--to {}", quoted(&without_passwords(to)))));
        words.extend(args.epoch.map(|epoch| format!("--epoch {epoch}")));
        words.extend(args.set.iter().map(|set| format!("--set {}", quoted(&unless_key(set)))));
        words.extend(connection(&args.connect));
        Self::Whole(words.join(" "))
    }

    /// Of a `pullpush replay`.
    pub(super) fn of_replay(args: &ReplayArgs) -> Self {
        let mut words = vec![format!("pullpush replay {}", quoted_file(&args.file))];
        words.extend(args.to.iter().map(|to| format!("--to {}", quoted(&without_passwords(to)))));
        words.extend(args.sink.then(|| "--sink".to_owned()));
        words.extend(args.verbatim.then(|| "--verbatim".to_owned()));
        words.extend(args.failed.then(|| "--failed".to_owned()));
        words.extend(args.only.iter().map(|id| format!("--only {}", quoted(&format!("task={id}")))));
        words.extend(args.key_env.iter().map(|name| format!("--key-env {}", quoted(name))));
        words.push(format!("--retry {}", quoted(&args.retry)));
        words.push(format!("--speed {}", args.speed));
        words.extend(connection(&args.connect));
        Self::Whole(words.join(" "))
    }

    /// The command; if the receiver failed a task and can fail it alone, for that task only.
    pub(super) fn command(&self, loaded: &Loaded, summary: &Summary) -> String {
        self.command_of(loaded, summary.first_failed_task().filter(|_| summary.exit() == Exit::ReceiverFailed))
    }

    /// The commands: one for each of the first tasks that failed, if they can fail alone.
    pub(super) fn commands(&self, loaded: &Loaded, summary: &Summary) -> Vec<String> {
        let failed = summary.failed_tasks().iter().filter(|_| summary.exit() == Exit::ReceiverFailed);
        let commands = failed.map(|(number, id)| self.command_of(loaded, Some((*number, id))));
        let mut commands: Vec<_> = commands.collect();
        commands.dedup();
        if commands.is_empty() { vec![self.command(loaded, summary)] } else { commands }
    }

    /// The command; of this task, by its number and id, only, if it can fail alone.
    pub(super) fn command_of(&self, loaded: &Loaded, failed: Option<(u64, &str)>) -> String {
        let (words, alone, epoch_is_typed) = match self {
            Self::Whole(command) => return command.clone(),
            Self::Run { words, alone, epoch_is_typed } => (words, *alone, *epoch_is_typed),
        };
        let mut command = format!("pullpush run {} --seed {}", name(loaded), loaded.plan.seed());
        // What cannot be typed is not printed; the number selects it, too.
        let typed = |(number, id): (u64, &str)| if escaped(id) == id { id.to_owned() } else { number.to_string() };
        if let Some(task) = failed.filter(|_| alone).map(typed).or_else(|| loaded.only.clone()) {
            command.push_str(&format!(" --only {}", quoted(&format!("task={task}"))));
        }
        if !words.is_empty() {
            command.push_str(&format!(" {words}"));
        }
        // Stamps of another time are other bytes.
        let stamped = !loaded.is_epoch_fixed && loaded.plan.scenario().payload.stamps == Stamps::Virtual;
        if epoch_is_typed || stamped {
            command.push_str(&format!(" --epoch {}", loaded.epoch.to_string().replace(".000Z", "Z")));
        }
        command
    }
}

/// The scenario's file as it is typed.
pub(super) fn name(loaded: &Loaded) -> String {
    let path = loaded.source.as_ref().and_then(Source::path);
    path.map_or_else(|| quoted(&loaded.name), quoted_file)
}

/// What is typed about connections.
pub(super) fn connection(args: &ConnectArgs) -> impl Iterator<Item = String> {
    let allow_remote = args.allow_remote.then(|| "--allow-remote".to_owned());
    let insecure = args.insecure.then(|| "--insecure".to_owned());
    let cacert = args.cacert.as_ref().map(|path| format!("--cacert {}", quoted_file(path)));
    [allow_remote, insecure, cacert].into_iter().flatten()
}

/// A key is not printed, whoever typed it; nor is a password.
pub(super) fn unless_key(set: &str) -> String {
    let Some((path, value)) = set.split_once('=') else { return blot_override(set) };
    let shown = format!("{path}={}", without_quoted_passwords(value));
    // What is not hidden by this is not shown at all.
    if blot_override(&shown) == shown { shown } else { format!("{path}=…") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_printed() {
        for (set, shown) in [
            ("payload.key=secret", "payload.key=…"),
            ("payload={ key = \"secret\" }", "payload=…"),
            ("payload.key_env=NAME", "payload.key_env=NAME"),
            ("task.count=20", "task.count=20"),
            ("receiver.url=\"http://u:p@h/\"", "receiver.url=\"http://***@h/\""),
        ] {
            assert_eq!(unless_key(set), shown);
        }
    }
}
