//! `pullpush merge`: the results of several machines as one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::super::files::Files;
use super::super::output::note;
use super::result::{show, tell_github, write};
use crate::cli::args::MergeArgs;
use crate::engine::measure::Measurement;
use crate::exit_code::{Exit, Failure};
use crate::report::github::Annotation;
use crate::report::load::{LoadHeader, LoadReport};
use crate::report::ndjson::{SCHEMA_VERSION, json};
use crate::report::style::NOTE;
use crate::scenario::load::Shard;
use crate::text;

/// No result is larger.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Adds results up, exactly, and judges the thresholds once.
///
/// # Errors
/// [`Failure`] if a file is no result, or they are not of the same load.
pub(in crate::cli::command) fn merge(args: &MergeArgs) -> Result<Exit, Failure> {
    let mut files = Files::default();
    args.files.iter().for_each(|path| files.reads("the part", path));
    files.writes("--report", args.report.as_deref())?;
    let reports = args.files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = reports.first() else { return Ok(Exit::NothingSelected) };
    let mut sum = Measurement::default();
    let mut shards: Vec<Shard> = Vec::new();
    for (report, path) in reports.iter().zip(&args.files) {
        let refuse = |why: String| Failure::usage(format!("{} cannot be added: {why}", text::file(path)));
        if let Some(difference) = difference(&report.header, &first.header) {
            return Err(refuse(difference));
        }
        if report.shards.is_empty() {
            return Err(refuse("it names no shard".to_owned()));
        }
        for shard in &report.shards {
            let shard: Shard = shard.parse().map_err(refuse)?;
            match shards.first() {
                Some(first) if first.count != shard.count => {
                    return Err(refuse(format!("it is shard {shard}, the first file has shard {first}")));
                }
                _ if shards.contains(&shard) => return Err(refuse(format!("shard {shard} is there already"))),
                _ => shards.push(shard),
            }
        }
        let measured = report.measurement().map_err(refuse)?;
        if let Some(overflow) = sum.overflow(&measured) {
            return Err(refuse(overflow));
        }
        sum.add(&measured);
    }
    shards.sort_unstable_by_key(|shard| shard.index);
    let count = shards.first().map_or(0, |shard| shard.count);
    if shards.len() as u64 != count {
        note(&format!("{NOTE}note{NOTE:#}: {} of {count} shards are here: this is not the whole load", shards.len()));
    }
    let shards = shards.iter().map(ToString::to_string).collect();
    let report = LoadReport::new(first.header.clone(), shards, &sum);
    show(&report, args.format)?;
    tell_github(&report, |title, message| Annotation::error(title, message));
    if let Some(path) = &args.report {
        write(path, &json(&report))?;
    }
    Ok(report.exit())
}

fn read(path: &Path) -> Result<LoadReport, Failure> {
    let cannot = |why: String| Failure::usage(format!("{}: {why}", text::file(path)));
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
        .map_err(|error| cannot(format!("cannot be read: {error}")))?;
    let report: LoadReport = serde_json::from_str(&text)
        .map_err(|error| cannot(format!("is no result of pullpush load --report json=FILE: {error}")))?;
    if report.schema_version == SCHEMA_VERSION {
        Ok(report)
    } else {
        Err(cannot(format!("has schema version {}, this pullpush writes {SCHEMA_VERSION}", report.schema_version)))
    }
}

/// Why two results are not of the same load. The file may lie in another folder.
fn difference(other: &LoadHeader, first: &LoadHeader) -> Option<String> {
    if other.seed != first.seed {
        return Some(format!("its seed is {}, the first file's is {}", other.seed, first.seed));
    }
    if other.scenario_hash != first.scenario_hash {
        return Some("it is of another scenario, or other values were set".to_owned());
    }
    let same = LoadHeader { scenario: first.scenario.clone(), ..other.clone() };
    (same != *first).then(|| "it is of another load".to_owned())
}
