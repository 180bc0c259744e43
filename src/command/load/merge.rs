//! `pullpush merge`: the results of several machines as one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::result::{show, write};
use crate::cli::MergeArgs;
use crate::error::{Exit, Failure};
use crate::measure::Measurement;
use crate::report::load::LoadReport;
use crate::report::ndjson::{SCHEMA_VERSION, json};

/// No result is larger.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Adds results up, exactly, and judges the thresholds once.
///
/// # Errors
/// [`Failure`] if a file is no result, or they are not of the same load.
pub(in crate::command) fn merge(args: &MergeArgs) -> Result<Exit, Failure> {
    let reports = args.files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = reports.first() else { return Ok(Exit::NothingSelected) };
    let mut sum = Measurement::default();
    let mut shards: Vec<String> = Vec::new();
    for (report, path) in reports.iter().zip(&args.files) {
        let refuse = |why: String| Failure::usage(format!("{} cannot be added: {why}", path.display()));
        if report.header != first.header {
            return Err(refuse(difference(report, first)));
        }
        if let Some(twice) = report.shards.iter().find(|shard| shards.contains(shard)) {
            return Err(refuse(format!("shard {twice} is there already")));
        }
        shards.extend(report.shards.iter().cloned());
        sum.add(&report.measurement().map_err(refuse)?);
    }
    let report = LoadReport::new(first.header.clone(), shards, &sum);
    show(&report, args.format)?;
    if let Some(path) = &args.report {
        write(path, &json(&report))?;
    }
    Ok(report.exit())
}

fn read(path: &Path) -> Result<LoadReport, Failure> {
    let cannot = |why: String| Failure::usage(format!("{}: {why}", path.display()));
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

fn difference(report: &LoadReport, first: &LoadReport) -> String {
    let (other, own) = (&report.header, &first.header);
    if other.seed != own.seed {
        return format!("its seed is {}, the first file's is {}", other.seed, own.seed);
    }
    if other.scenario_hash != own.scenario_hash {
        return "it is of another scenario, or other values were set".to_owned();
    }
    "it is of another load".to_owned()
}
