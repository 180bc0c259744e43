//! A page that shows a run, or a plan, as lanes on a time axis: one file that needs nothing else.

mod model;
mod picture;
mod planned;
mod sheet;
mod words;

pub use model::{Drawn, Kind};
pub use picture::{Facts, Picture};
pub use planned::PlanPicture;
pub use words::Room;

use super::ndjson::SCHEMA_VERSION;
use crate::callback;
use crate::page::{self, Module, modules};
use crate::text::without_passwords_of_urls;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The first is the one that begins.
const SCRIPTS: &[Module] = &modules![
    "report/html/page.js",
    "report/html/axis.js",
    "report/html/chart.js",
    "report/html/details.js",
    "report/html/failures.js",
    "report/html/glyphs.js",
    "report/html/input.js",
    "report/html/lanes.js",
    "report/html/model.js",
    "report/html/numbers.js",
    "report/html/overview.js",
    "report/html/painter.js",
    "report/html/rows.js",
    "report/html/time.js",
];

/// The page of some scenarios.
pub fn page(kind: Kind, scenarios: &[Drawn]) -> String {
    let model = model::Page { schema_version: SCHEMA_VERSION, version: env!("CARGO_PKG_VERSION"), kind, scenarios };
    // Structs with string keys, written to memory, cannot fail.
    let model = serde_json::to_string(&model).unwrap_or_default();
    // The model last: what it says is not looked through for places to fill.
    let model = without_passwords_of_urls(&model);
    PAGE.replace("/* style */", &[page::STYLE, STYLE].concat())
        .replace("/* script */", &page::script(SCRIPTS))
        .replace("/* events */", &callback::pages::events().to_string())
        .replacen("/* model */", &page::inside_a_script(&model), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_no_other_file() {
        // The name of SVG's elements is no address.
        let page = page(Kind::Run, &[]).replace("http://www.w3.org/2000/svg", "");
        for sign in ["http:", "https:", " src=", "@import", "url("] {
            assert!(!page.contains(sign), "{sign}");
        }
        assert!(!page.contains("throw new Error"), "the bundler made no script");
        assert!(!["style", "script", "events", "model"].iter().any(|place| page.contains(&format!("/* {place} */"))));
    }
}
