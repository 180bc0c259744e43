//! Scenario files that pullpush writes.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::again::{connection, quoted};
use super::loaded::Loaded;
use super::output::note;
use crate::cli::ExploreArgs;
use crate::error::Failure;
use crate::explore::write::write;
use crate::scenario::{Ordering, Scenario, Source, blot};

/// How every written file begins: only such files are written over.
const MARK: &str = "# Found by pullpush";

/// Writes `script` to `path`, and says how to play it.
///
/// # Errors
/// [`Failure`] if it cannot be written, or there is a file that pullpush did not write.
pub(super) fn save(
    path: &Path,
    args: &ExploreArgs,
    loaded: &Loaded,
    script: &Scenario,
    remarks: &[String],
) -> Result<(), Failure> {
    let cannot = |why: String| Failure::could_not_run(format!("cannot write {}: {why}", path.display()));
    let original = Source::read(&args.file).map_err(|error| cannot(error.to_string()))?;
    let text = write(original.text(), script, remarks).map_err(|error| cannot(error.to_string()))?;
    if !may_be_written(path).map_err(|error| cannot(error.to_string()))? {
        return Err(cannot("there is such a file, and pullpush did not write it; name another with --save".to_owned()));
    }
    fs::write(path, text).map_err(|error| cannot(error.to_string()))?;
    note(&format!("written: {}", path.display()));
    note(&format!("again: {}", command(path, args, loaded, script)));
    Ok(())
}

fn may_be_written(path: &Path) -> std::io::Result<bool> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut head = vec![0; MARK.len()];
    Ok(file.read_exact(&mut head).is_ok() && head == MARK.as_bytes())
}

/// The command that plays the file. Overrides of tasks and faults are in it already.
fn command(path: &Path, args: &ExploreArgs, loaded: &Loaded, script: &Scenario) -> String {
    // A name that begins with a dash would be read as a flag.
    let path = path.display().to_string();
    let here = if path.starts_with('-') { "./" } else { "" };
    let mut words = Vec::new();
    words.extend(args.reset_cmd.iter().map(|command| format!("{command} &&")));
    words.extend(args.reset_url.iter().map(|url| format!("curl -fsS -X POST {} &&", quoted(url))));
    words.push(format!("pullpush run {}", quoted(&format!("{here}{path}"))));
    words.extend(args.scenario.to.iter().map(|to| format!("--to {}", quoted(to))));
    let settled = |set: &&String| ["task.", "faults."].iter().any(|key| set.trim_start().starts_with(key));
    let sets = args.scenario.set.iter().filter(|set| !settled(set));
    words.extend(sets.map(|set| format!("--set {}", quoted(&blot(set)))));
    words.push(format!("--epoch {}", loaded.epoch));
    // Where requests may overlap at full speed, they would: in the search they did not.
    let in_order = script.tasks.len() == 1 && script.receiver.ordering == Ordering::Strict;
    words.push(if in_order { "--speed max" } else { "--speed 60x" }.to_owned());
    words.extend(connection(&args.connect));
    words.join(" ")
}
