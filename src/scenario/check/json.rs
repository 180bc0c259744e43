//! TOML → JSON.

use serde_json::{Map, Number, Value as Json};
use toml::de::DeValue;

use crate::scenario::problem::Problem;
use crate::scenario::section::{Section, Value, integer_of};

/// The object that `key` holds, if it is there; `what` it is, for whoever wrote something else.
pub(super) fn object(section: &mut Section<'_>, key: &'static str, what: &str) -> Option<Map<String, Json>> {
    let value = section.get(key)?;
    match json(section, value)? {
        Json::Object(fields) => Some(fields),
        _ => {
            section.add(Problem::error(value.span(), format!("`{key}` must be a table: {what}")));
            None
        }
    }
}

/// Dates become strings.
fn json(section: &Section<'_>, value: &Value<'_>) -> Option<Json> {
    let refuse = |why: &str| {
        section.add(Problem::error(value.span(), why));
        None
    };
    Some(match value.get_ref() {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Boolean(truth) => Json::from(*truth),
        DeValue::Datetime(date) => Json::from(date.to_string()),
        DeValue::Integer(_) => match integer_of(value.get_ref()) {
            Some(number) => Json::from(number),
            None => return refuse("a whole number has at most 64 bits"),
        },
        DeValue::Float(number) => match number.as_str().replace('_', "").parse().ok().and_then(Number::from_f64) {
            Some(number) => Json::Number(number),
            None => return refuse("JSON has no such number"),
        },
        // Collected before it is looked at: each item tells its own problem.
        DeValue::Array(items) => {
            let items = items.iter().map(|item| json(section, item)).collect::<Vec<_>>();
            Json::Array(items.into_iter().collect::<Option<_>>()?)
        }
        DeValue::Table(fields) => {
            let field = |(key, value): (&toml::Spanned<_>, _)| {
                let key: &std::borrow::Cow<'_, str> = key.get_ref();
                json(section, value).map(|value| (key.to_string(), value))
            };
            let fields = fields.iter().map(field).collect::<Vec<_>>();
            Json::Object(fields.into_iter().collect::<Option<_>>()?)
        }
    })
}
