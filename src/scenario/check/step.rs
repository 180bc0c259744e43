//! `[[task.step]]`

use std::sync::Arc;

use bytes::Bytes;

use super::faults::Context;
use super::json::object;
use super::{expect, faults};
use crate::callback::Kind;
use crate::callback::decoded::decode;
use crate::callback::overlay::Overlay;
use crate::scenario::problem::{Problem, did_you_mean};
use crate::scenario::section::{Section, list};
use crate::scenario::source::Source;
use crate::scenario::task::{File, Step, When};
use crate::time::Millis;

/// The most steps of a task.
const MAX_STEPS: usize = 10_000;

pub(super) fn read_all(section: &mut Section<'_>, source: &Source, files: &[File], context: Context) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut last_at = Millis::ZERO;
    for table in section.sections("step", "[[task.step]]", MAX_STEPS) {
        steps.extend(read(table, source, files, context, &mut last_at));
    }
    if let Some(none) = section.get("step").filter(|steps| steps.get_ref().as_array().is_some_and(|all| all.is_empty()))
    {
        section.add(Problem::error(none.span(), "this task has no steps: it would send nothing"));
    }
    steps
}

fn read(
    mut section: Section<'_>,
    source: &Source,
    files: &[File],
    context: Context,
    last_at: &mut Millis,
) -> Option<Step> {
    let event = section.string("event");
    if section.key_span("event").is_none() {
        section
            .add(Problem::error(section.span.clone(), "this step has no `event`").help("write event = \"TaskStart\""));
    }
    let when = when(&mut section, last_at);
    let overlay = Overlay {
        msg: object(&mut section, "msg", "fields to lay over the default").unwrap_or_default(),
        body: object(&mut section, "body", "fields to lay over the default").unwrap_or_default(),
        raw: body_file(&mut section, source),
        restamp: false,
        late: Millis::ZERO,
    };
    let faults = faults::of_step(&mut section, context);
    for (key, fields) in [("msg", &overlay.msg), ("body", &overlay.body)] {
        let texts = fields.values().filter_map(serde_json::Value::as_str);
        texts.for_each(|text| section.warn_of_placeholders(key, text, &section.key_span(key).unwrap_or_default()));
    }
    if let Some(span) = section.key_span("fault").filter(|_| overlay.raw.is_some() && faults.signature.is_some()) {
        section.add(
            Problem::error(span, "a `body_file` is sent as it is: it has no signature that could be wrong")
                .help("take the signature fault out, or write the bad signature into the file"),
        );
    }
    let expect = expect::of_step(&mut section);
    let event = event?;
    if Kind::by_name(event.value).is_none() {
        let problem = Problem::warning(event.span.clone(), "no document knows this callback");
        section.add(match did_you_mean(event.value, Kind::ALL.map(Kind::name)) {
            Some(known) => problem.label(format!("did you mean `{known}`?")),
            None => problem
                .label("it is sent as it is")
                .help(format!("those it knows are {}", list(Kind::ALL.map(Kind::name)))),
        });
    }
    let callback = decode(event.value, &overlay.msg, files.len());
    let faults = section.key_span("fault").map(|_| Arc::new(faults));
    section.finish();
    Some(Step { when, callback, overlay: Arc::new(overlay), faults, expect: expect.map(Arc::new) })
}

fn when(section: &mut Section<'_>, last_at: &mut Millis) -> When {
    let at = section.duration("at");
    let after = section.duration("after");
    let after_answer = section.duration("after_answer");
    let given = [&at, &after, &after_answer].into_iter().flatten().collect::<Vec<_>>();
    if let [_, second, ..] = given.as_slice() {
        section.add(
            Problem::error(second.span.clone(), "a step has one time")
                .help("keep one of `at`, `after` and `after_answer`"),
        );
    }
    if let Some(at) = at {
        if at.value < *last_at {
            section.add(Problem::error(at.span, "this step comes before the one above it").help("put steps in order"));
        }
        *last_at = at.value;
        return When::At(at.value);
    }
    let when = match after_answer {
        Some(pause) => When::AfterAnswer(pause.value),
        None => When::AfterSent(after.map_or(Millis::ZERO, |pause| pause.value)),
    };
    if let When::AfterAnswer(pause) | When::AfterSent(pause) = when {
        *last_at = last_at.plus(pause);
    }
    when
}

fn body_file(section: &mut Section<'_>, source: &Source) -> Option<Bytes> {
    let path = section.string("body_file")?;
    for key in ["msg", "body"] {
        if let Some(span) = section.key_span(key) {
            section.add(Problem::error(span, format!("`{key}` means nothing beside `body_file`")).help("take it out"));
        }
    }
    match source.read_beside(path.value) {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            section.add(
                Problem::error(path.span, format!("cannot read `body_file`: {error}"))
                    .help("the path counts from the scenario file's folder"),
            );
            None
        }
    }
}
