//! `exit` and `exits`: a name of the table, a number, or code and message.

use toml::de::DeValue;

use crate::callback::codes::{self, CODES, Exit};
use crate::scenario::problem::{Problem, did_you_mean};
use crate::scenario::section::{At, Section, Value, integer_of};

/// The most exits to draw from.
const MAX_EXITS: usize = 100;

/// `exit`, if it is there.
pub(super) fn one(section: &mut Section<'_>) -> Option<At<Exit>> {
    let value = section.get("exit")?;
    let exit = exit_of(section, value)?;
    Some(At { value: exit, span: value.span() })
}

/// `exits`, if it is there: exits with weights.
pub(super) fn weighted(section: &mut Section<'_>) -> Option<At<Vec<(Exit, u32)>>> {
    let items = section.array("exits", MAX_EXITS)?;
    if items.value.is_empty() {
        section.add(Problem::error(items.span, "`exits` is empty: there is nothing to draw"));
        return None;
    }
    let mut exits = Vec::new();
    for item in items.value {
        let Some(mut row) = section.section_of("exits", "an item of `exits`", item) else { continue };
        let weight = row.integer("weight", 1..=1_000_000).map_or(1, |weight| weight.value as u32);
        match one(&mut row) {
            Some(exit) => exits.push((exit.value, weight)),
            None if row.key_span("exit").is_none() => row.add(
                Problem::error(item.span(), "this item of `exits` has no `exit`")
                    .help("write { exit = \"EIO\", weight = 3 }"),
            ),
            None => {}
        }
        row.finish();
    }
    Some(At { value: exits, span: items.span })
}

fn exit_of<'a>(section: &Section<'a>, value: &'a Value<'a>) -> Option<Exit> {
    match value.get_ref() {
        DeValue::String(name) => match codes::by_name(name) {
            Some(code) => Some(code.exit()),
            None => {
                let problem = Problem::error(value.span(), format!("no exit code is called `{name}`"));
                section.add(match did_you_mean(name, CODES.iter().map(|code| code.name)) {
                    Some(known) => problem.label(format!("did you mean `{known}`?")),
                    None => problem.help("`pullpush codes` lists them; a number or { code, message } works too"),
                });
                None
            }
        },
        DeValue::Integer(_) => {
            let Some(code) = integer_of(value.get_ref()) else {
                section.add(Problem::error(value.span(), "an exit code has at most 64 bits"));
                return None;
            };
            Some(codes::by_number(code).map_or_else(|| Exit::new(code, ""), |known| known.exit()))
        }
        DeValue::Table(_) => {
            let mut table = section.section_of("exit", "`exit`", value)?;
            let code = table.integer("code", i64::MIN..=i64::MAX).map_or(0, |code| code.value);
            let message = table.text("message");
            table.finish();
            let known = codes::by_number(code).map_or("", |known| known.message);
            Some(Exit::new(code, message.as_deref().unwrap_or(known)))
        }
        _ => {
            section.wrong_type("`exit`", value, "a name, a number or { code, message }");
            None
        }
    }
}
