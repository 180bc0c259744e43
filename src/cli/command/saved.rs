//! Scenario files that pullpush writes.

use std::fmt::Display;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::again::{connection, quoted, quoted_file, unless_key};
use super::loaded::Loaded;
use super::output::note;
use crate::cli::args::ExploreArgs;
use crate::exit_code::Failure;
use crate::scenario::{Ordering, Scenario, Source};
use crate::study::explore::write::{WRITTEN_ANEW, Written, write};
use crate::text::{self, without_passwords};

/// How every written file begins: only such files are written over.
const MARK: &str = "# Found by pullpush";

/// Makes sure that a file can be written to `path`, before anything is found.
///
/// # Errors
/// [`Failure`] if there is a file that pullpush did not write, or no place for one.
pub(super) fn make_sure(path: &Path) -> Result<(), Failure> {
    match head(path) {
        Ok(Some(head)) if head != MARK.as_bytes() => {
            Err(cannot(path, "there is such a file, and pullpush did not write it; name another with --save"))
        }
        Ok(Some(_)) => Ok(()),
        Ok(None) if path.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir()) => Ok(()),
        Ok(None) => Err(cannot(path, "there is no such folder")),
        Err(error) => Err(cannot(path, error)),
    }
}

/// The beginning of a file, as long as [`MARK`] if there is so much; nothing if there is no file.
fn head(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut head = Vec::new();
    file.take(MARK.len() as u64).read_to_end(&mut head)?;
    Ok(Some(head))
}

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
    let original = Source::read(&args.file).map_err(|error| cannot(path, error))?;
    let Written { text, key_env } = write(original.text(), script, remarks).map_err(|error| cannot(path, error))?;
    make_sure(path)?;
    fs::write(path, text).map_err(|error| cannot(path, error))?;
    note(&format!("written: {}", text::file(path)));
    let key = key_env.map_or(String::new(), |name| format!("{name}=… "));
    note(&format!("again: {}", command(path, &key, args, loaded, script)));
    Ok(())
}

/// Why nothing was written.
pub(super) fn cannot(path: &Path, why: impl Display) -> Failure {
    Failure::could_not_run(format!("cannot write {}: {why}", text::file(path)))
}

/// The command that plays the file, after `key`. What the file says already is left out.
fn command(path: &Path, key: &str, args: &ExploreArgs, loaded: &Loaded, script: &Scenario) -> String {
    let mut words = Vec::new();
    words.extend(args.reset_cmd.iter().map(|command| match command.contains([';', '&', '|', '#', '\n']) {
        true => format!("({command}\n) &&"),
        false => format!("{command} &&"),
    }));
    words.extend(args.reset_url.iter().map(|url| format!("curl -fsS -X POST {} &&", quoted(&without_passwords(url)))));
    words.push(format!("{key}pullpush run {}", quoted_file(path)));
    words.extend(args.scenario.to.iter().map(|to| format!("--to {}", quoted(&without_passwords(to)))));
    let sets = args.scenario.set.iter().filter(|set| {
        let key = set.split(['.', '=']).next().unwrap_or_default().trim();
        !WRITTEN_ANEW.contains(&key)
    });
    words.extend(sets.map(|set| format!("--set {}", quoted(&unless_key(set)))));
    words.push(format!("--epoch {}", loaded.epoch));
    // Where requests may overlap at full speed, they would: in the search they did not.
    let in_order = script.tasks.len() == 1 && script.receiver.ordering != Ordering::Free;
    words.push(if in_order { "--speed max" } else { "--speed 60x" }.to_owned());
    words.extend(connection(&args.connect));
    words.join(" ")
}
