//! `[load]`

use std::str::FromStr;
use std::time::Duration;

use toml::de::DeValue;

use super::size::Sizes;
use crate::scenario::duration;
use crate::scenario::load::threshold::Threshold;
use crate::scenario::load::{Arrivals, LoadSpec, OnSaturation, Rate, Stage, Unit};
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section, integer_of};

/// The longest load: whoever wants more repeats it.
const MAX_DURATION: Duration = Duration::from_secs(24 * 3600);
/// The most arrivals a second.
const MAX_RATE: f64 = 10_000_000.0;
/// The most requests on their way at once.
const MAX_IN_FLIGHT: i64 = 1_000_000;
/// The most tasks that are interleaved.
const MAX_TASKS: i64 = 10_000_000;
/// Enough for a rate of many callbacks a second, few enough that short loads reach the end of a task; divisible by most numbers
/// of shards.
const DEFAULT_TASKS: u64 = 120;
/// How long a load is that says nothing about it.
const DEFAULT_DURATION: Duration = Duration::from_secs(10);

/// `[load]`, if it is there.
pub(super) fn read(root: &mut Section<'_>, sizes: &Sizes) -> Option<LoadSpec> {
    let mut table = root.section("load", "[load]")?;
    let rate = rate(&mut table);
    let stages = stages(&mut table);
    let duration = length(&mut table, &stages);
    if table.key_span("rate").is_none() && table.key_span("stages").is_none() {
        table.add(
            Problem::error(table.span.clone(), "this load has no `rate`")
                .help("write rate = 500 (a second), rate = \"max\", or stages = \"30s@50,1m@200\""),
        );
    }
    if let (Some(Rate::Max), Some(span)) = (rate, table.key_span("stages")) {
        table.add(Problem::error(span, "`stages` mean nothing beside rate = \"max\"").help("keep one of them"));
    }
    let is_nothing = !stages.is_empty() && stages.iter().all(|stage| stage.rate == 0.0);
    if let (true, None, Some(span)) = (is_nothing, table.key_span("rate"), table.key_span("stages")) {
        table.add(
            Problem::error(span, "in these stages nothing arrives")
                .help("the number behind @ is the rate at a stage's end: \"30s@50\""),
        );
    }
    let millis =
        |length: Option<At<crate::time::Millis>>, default| length.map_or(default, |length| length.value.to_duration());
    let spec = LoadSpec {
        unit: unit(&mut table, rate),
        rate: rate.unwrap_or(Rate::PerSecond(0.0)),
        stages,
        duration,
        arrivals: table.one_of("arrivals", &Arrivals::ALL).map_or(Arrivals::Constant, |word| word.value),
        max_in_flight: positive(&mut table, "max_in_flight", MAX_IN_FLIGHT).unwrap_or(match rate {
            Some(Rate::Max) => 64,
            _ => 1000,
        }),
        on_saturation: table.one_of("on_saturation", &OnSaturation::ALL).map_or(OnSaturation::Drop, |word| word.value),
        warm_up: millis(table.duration("warm_up"), Duration::ZERO),
        thresholds: thresholds(&mut table),
        late_after: millis(table.duration("late_after"), Duration::from_millis(10)),
        tasks: positive(&mut table, "tasks", MAX_TASKS).unwrap_or(DEFAULT_TASKS),
    };
    if spec.warm_up >= spec.duration && spec.warm_up > Duration::ZERO {
        let span = table.key_span("warm_up").unwrap_or_default();
        table.add(Problem::error(span, "the warm-up is as long as the load: nothing would be measured"));
    }
    sizes.report_load(&spec, &table);
    table.finish();
    Some(spec)
}

fn unit(table: &mut Section<'_>, rate: Option<Rate>) -> Unit {
    let Some(unit) = table.one_of("unit", &Unit::ALL) else { return Unit::Callback };
    if (rate, unit.value) == (Some(Rate::Max), Unit::Task) {
        table.add(
            Problem::error(unit.span, "rate = \"max\" is of single callbacks")
                .help("take `unit` out, or give the tasks a rate"),
        );
    }
    unit.value
}

fn positive(table: &mut Section<'_>, key: &'static str, most: i64) -> Option<u64> {
    table.integer(key, 1..=most).map(|number| number.value.cast_unsigned())
}

fn rate(table: &mut Section<'_>) -> Option<Rate> {
    let value = table.get("rate")?;
    let number = match value.get_ref() {
        DeValue::String(word) if word == "max" => return Some(Rate::Max),
        DeValue::String(text) => text.parse().ok(),
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        other => integer_of(other).map(|number| number as f64),
    };
    match number {
        Some(rate) if rate > 0.0 && rate <= MAX_RATE => Some(Rate::PerSecond(rate)),
        _ => {
            table.add(
                Problem::error(value.span(), "`rate` must be more than 0 and at most 10 million a second, or \"max\"")
                    .help("write rate = 500, or rate = \"max\" for as many as the receiver answers"),
            );
            None
        }
    }
}

fn length(table: &mut Section<'_>, stages: &[Stage]) -> Duration {
    let sum: Duration = stages.iter().map(|stage| stage.length).sum();
    let Some(given) = table.duration("duration") else {
        return if stages.is_empty() { DEFAULT_DURATION } else { sum };
    };
    let problem = if !stages.is_empty() {
        Problem::error(given.span, "`stages` say how long the load is").help("take `duration` out")
    } else if given.value.0 == 0 || given.value.to_duration() > MAX_DURATION {
        Problem::error(given.span, "`duration` must be from 1ms to 24h")
    } else {
        return given.value.to_duration();
    };
    table.add(problem);
    DEFAULT_DURATION
}

fn stages(table: &mut Section<'_>) -> Vec<Stage> {
    let Some(text) = table.string("stages") else { return Vec::new() };
    let stages: Result<Vec<Stage>, &str> = text.value.split(',').map(|text| stage(text).ok_or(text.trim())).collect();
    match stages {
        Ok(stages) if stages.iter().map(|stage| stage.length).sum::<Duration>() <= MAX_DURATION => stages,
        Ok(_) => {
            table.add(Problem::error(text.span, "the stages are longer than 24h together"));
            Vec::new()
        }
        Err(bad) => {
            table.add(Problem::error(text.span, format!("`{bad}` is not a stage")).help(
                "write a length and the rate at its end for each: \"30s@50,1m@200\" goes to 50 a second, then to 200",
            ));
            Vec::new()
        }
    }
}

fn stage(text: &str) -> Option<Stage> {
    let (length, rate) = text.trim().split_once('@')?;
    let length = duration::parse(length.trim()).ok()?.to_duration();
    let length = Some(length).filter(|length| (Duration::from_millis(1)..=MAX_DURATION).contains(length))?;
    let rate = rate.trim().parse().ok().filter(|rate| (0.0..=MAX_RATE).contains(rate))?;
    Some(Stage { length, rate })
}

fn thresholds(table: &mut Section<'_>) -> Vec<Threshold> {
    const MOST: usize = 100;
    let Some(items) = table.array("thresholds", MOST) else { return Vec::new() };
    let mut thresholds = Vec::new();
    for item in items.value {
        let Some(text) = item.get_ref().as_str() else {
            table.add(
                Problem::error(item.span(), "a threshold is a string").help("write \"p99<250ms\" or \"errors<1%\""),
            );
            continue;
        };
        match Threshold::from_str(text) {
            Ok(threshold) => thresholds.push(threshold),
            Err(why) => table.add(Problem::error(item.span(), why)),
        }
    }
    thresholds
}
