//! The result of a load run: on standard output, and in files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use md5::{Digest, Md5};

use super::super::github;
use super::super::loaded::{Loaded, unreadable};
use super::super::output::{Output, annotate, note};
use super::super::runner;
use crate::cli::args::{ListFormat, LoadArgs};
use crate::engine::load::Load;
use crate::engine::measure::Measurement;
use crate::exit_code::{Exit, Failure};
use crate::report::github::Annotation;
use crate::report::load::{LoadHeader, LoadReport};
use crate::report::markdown::Page;
use crate::report::ndjson::json;
use crate::scenario::Source;
use crate::scenario::load::{Rate, Unit};
use crate::text;
use crate::time::micros;

/// What the load is about.
///
/// # Errors
/// [`Failure`] if the scenario file is gone.
pub(super) fn header(args: &LoadArgs, loaded: &Loaded, load: &Load) -> Result<LoadHeader, Failure> {
    let source = Source::read(&args.file).map_err(unreadable)?;
    let mut hash = Md5::new().chain_update(source.text());
    for set in args.scenario.set.iter().chain(&args.load.overrides()) {
        hash = hash.chain_update([0]).chain_update(set);
    }
    let only = args.scenario.only.as_deref().unwrap_or_default();
    hash = hash.chain_update(format!("\0{only}\0{}\0{}", load.speed, load.max_requests));
    let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(LoadHeader {
        scenario: loaded.name.clone(),
        scenario_hash: hash,
        seed: loaded.plan.seed(),
        offered: offered(load),
        saturating: load.spec.rate == Rate::Max,
        late_after_us: micros(load.spec.late_after),
        thresholds: load.spec.thresholds.iter().map(ToString::to_string).collect(),
    })
}

/// `500 callbacks a second for 10s`
fn offered(load: &Load) -> String {
    let unit = if load.spec.unit == Unit::Task { "tasks" } else { "callbacks" };
    let duration = humantime::format_duration(load.spec.duration);
    match (load.spec.rate, load.spec.stages.last()) {
        (_, Some(last)) => format!("{unit} in stages to {} a second, {duration} in all", last.rate),
        (Rate::PerSecond(rate), None) => format!("{rate} {unit} a second for {duration}"),
        (Rate::Max, None) => {
            format!("as many {unit} as are answered, {} at once, for {duration}", load.spec.max_in_flight)
        }
    }
}

/// Writes the result everywhere it was asked for; gives the exit.
///
/// # Errors
/// [`Failure`] if something could not be written.
pub(super) fn finish(
    args: &LoadArgs,
    header: LoadHeader,
    (loaded, load): (&Loaded, &Load),
    measured: &Measurement,
) -> Result<Exit, Failure> {
    let report = LoadReport::new(header, vec![load.shard.to_string()], measured);
    let shown = show(&report, args.format);
    let place = loaded.source.as_ref().and_then(|source| source.places().load);
    tell_github(&report, |title, message| Annotation { place, ..github::error_in(loaded, title, message) });
    let written = args.report.as_deref().map_or(Ok(()), |path| write(path, &json(&report)));
    let logged = args.hdr.as_deref().map_or(Ok(()), |path| log(path, measured));
    shown.and(written).and(logged)?;
    if !measured.adds_up() {
        return Err(Failure::could_not_run("the numbers do not add up: a worker failed; please report this"));
    }
    Ok(report.exit())
}

/// Writes a report to standard output.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn show(report: &LoadReport, format: ListFormat) -> Result<(), Failure> {
    let output = match format {
        ListFormat::Human => Output::for_people(),
        ListFormat::Json => Output::for_programs(),
    };
    output.push(&match format {
        ListFormat::Human => report.to_text(),
        ListFormat::Json => json(report),
    });
    output.finish()
}

/// The result in a step of GitHub Actions; `annotation` makes one of a title and a message.
pub(super) fn tell_github(report: &LoadReport, annotation: impl Fn(&str, String) -> Annotation) {
    if runner::is_here() {
        let failures = report.failures().into_iter();
        annotate(failures.map(|(title, message)| annotation(title, message)).collect(), 0);
        let mut page = Page::new("pullpush load");
        page.lines(&report.to_text());
        github::summarise(page);
    }
}

/// Writes a file.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::could_not_run(format!("cannot write {}: {error}", text::file(path))))?;
    note(&format!("written: {}", text::file(path)));
    Ok(())
}

/// Writes the latencies as an HdrHistogram log: one interval, a tag for each callback and for each part of the start delay.
fn log(path: &Path, measured: &Measurement) -> Result<(), Failure> {
    let cannot = |why: String| Failure::could_not_run(format!("cannot write {}: {why}", text::file(path)));
    let file = File::create(path).map_err(|error| cannot(error.to_string()))?;
    let mut file = BufWriter::new(file);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("pullpush load: microseconds from due to done")
        .add_comment("permit_wait: from due to a free permit; lateness: from then to sent")
        .with_max_value_divisor(1000.0)
        .begin_log_with(&mut file, &mut serializer)
        .map_err(|error| cannot(error.to_string()))?;
    let all = measured.corrected_all();
    let parts = [("permit_wait", &measured.permit_wait), ("lateness", &measured.lateness)];
    let tagged = measured.corrected.iter().map(|(event, histogram)| (event.as_str(), histogram)).chain(parts);
    let tagged = tagged.map(|(tag, histogram)| (Tag::new(tag), histogram));
    for (tag, histogram) in [(None, &all)].into_iter().chain(tagged) {
        log.write_histogram(histogram, std::time::Duration::ZERO, measured.answering(), tag)
            .map_err(|error| cannot(format!("{error:?}")))?;
    }
    file.flush().map_err(|error| cannot(error.to_string()))?;
    note(&format!("written: {}", text::file(path)));
    Ok(())
}
