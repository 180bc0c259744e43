//! `[expect]`, `[expect.refused]`, the `expect` of a step, and what a probe expects.

use toml::de::DeValue;

use super::json::object;
use super::receiver::HEADER_NAME;
use crate::scenario::expect::{Expectation, Expectations, StatusClass, Statuses};
use crate::scenario::problem::Problem;
use crate::scenario::section::{Section, Value, integer_of};
use crate::time::Millis;

/// The most statuses of a list.
const MAX_STATUSES: usize = 100;
/// The most headers of an expectation.
const MAX_HEADERS: usize = 100;

/// `[expect]`, if it is there.
pub(super) fn read(section: &mut Section<'_>) -> Expectations {
    let Some(mut table) = section.section("expect", "[expect]") else { return Expectations::default() };
    let expectations = Expectations {
        intact: expectation(&mut table),
        refused: table.section("refused", "[expect.refused]").map(whole),
        delivered: table.truth("delivered"),
        same_answer_on_duplicate: table.truth("same_answer_on_duplicate").unwrap_or(false),
    };
    let never_200 = expectations.intact.status.as_ref().is_some_and(|statuses| !statuses.contain(200));
    if let Some(span) = table.key_span("delivered").filter(|_| never_200 && expectations.delivered == Some(true)) {
        table.add(
            Problem::error(span, "what is not answered with 200 is never delivered")
                .help("put 200 into `status`, or take one of them out"),
        );
    }
    table.finish();
    expectations
}

/// The `expect` of a step, if it is there.
pub(super) fn of_step(section: &mut Section<'_>) -> Option<Expectation> {
    section.section("expect", "`expect`").map(whole)
}

fn whole(mut table: Section<'_>) -> Expectation {
    let expectation = expectation(&mut table);
    table.finish();
    expectation
}

/// The keys that every expectation has.
pub(super) fn expectation(table: &mut Section<'_>) -> Expectation {
    Expectation {
        status: statuses(table),
        within: table.duration("within").and_then(|within| {
            if within.value == Millis::ZERO {
                table.add(Problem::error(within.span, "no answer comes within no time").help("write within = \"2s\""));
                return None;
            }
            Some(within.value.to_duration())
        }),
        body: object(table, "body", "fields that the answer's JSON holds at least").map(Into::into),
        json: places(table),
        headers: headers(table),
    }
}

/// `json`: single places of the answer by JSON pointer.
fn places(table: &mut Section<'_>) -> Vec<(String, serde_json::Value)> {
    let Some(places) = object(table, "json", "places in the answer, such as { \"/files/0/state\" = \"played\" }")
    else {
        return Vec::new();
    };
    let keys =
        table.get("json").and_then(|places| places.get_ref().as_table()).into_iter().flat_map(|keys| keys.keys());
    for wrong in keys.filter(|pointer| !pointer.get_ref().is_empty() && !pointer.get_ref().starts_with('/')) {
        table.add(
            Problem::error(wrong.span(), format!("`{}` is no JSON pointer", wrong.get_ref()))
                .help("a place is written \"/files/0/state\""),
        );
    }
    places.into_iter().collect()
}

fn statuses(table: &mut Section<'_>) -> Option<Statuses> {
    let value = table.get("status")?;
    match value.get_ref() {
        DeValue::Array(items) if items.is_empty() || items.len() > MAX_STATUSES => {
            table.add(Problem::error(value.span(), format!("`status` lists 1 to {MAX_STATUSES} statuses")));
            None
        }
        // Collected before it is looked at: each item tells its own problem.
        DeValue::Array(items) => {
            let items = items.iter().map(|item| status(table, item)).collect::<Vec<_>>();
            Some(Statuses::new(items.into_iter().collect::<Option<_>>()?))
        }
        _ => status(table, value).map(|class| Statuses::new(vec![class])),
    }
}

fn status(table: &Section<'_>, value: &Value<'_>) -> Option<StatusClass> {
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        number => integer_of(number).map_or_else(String::new, |number| number.to_string()),
    };
    let class = StatusClass::parse(&text);
    if class.is_none() {
        table.add(
            Problem::error(value.span(), "`status` is an HTTP status from 100 to 599, or a class of them")
                .help("write 200, \"4xx\" or [200, \"4xx\"]"),
        );
    }
    class
}

fn headers(table: &mut Section<'_>) -> Vec<(String, String)> {
    let Some(fields) = table.section("headers", "`headers`") else { return Vec::new() };
    let all = fields.strings(MAX_HEADERS);
    let valid = |name: &str| reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok();
    all.into_iter()
        .filter_map(|(name, value)| {
            if !valid(name.value) {
                let problem = Problem::error(name.span, format!("`{}` cannot be the name of a header", name.value));
                table.add(problem.help(HEADER_NAME));
                return None;
            }
            Some((name.value.to_owned(), value.value.to_owned()))
        })
        .collect()
}
