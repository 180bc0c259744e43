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
use crate::shown::{is_obeyed, without_passwords_of_urls};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// In the order in which they need each other.
const SCRIPTS: [&str; 15] = [
    include_str!("element.js"),
    include_str!("time.js"),
    include_str!("model.js"),
    include_str!("axis.js"),
    include_str!("glyphs.js"),
    include_str!("stacks.js"),
    include_str!("painter.js"),
    include_str!("hand.js"),
    include_str!("lanes.js"),
    include_str!("overview.js"),
    include_str!("details.js"),
    include_str!("failures.js"),
    include_str!("numbers.js"),
    include_str!("chart.js"),
    include_str!("page.js"),
];

/// The page of some scenarios.
pub fn page(kind: Kind, scenarios: &[Drawn]) -> String {
    let model = model::Page { schema_version: SCHEMA_VERSION, version: env!("CARGO_PKG_VERSION"), kind, scenarios };
    // Structs with string keys, written to memory, cannot fail.
    let model = serde_json::to_string(&model).unwrap_or_default();
    // The model last: what it says is not looked through for places to fill.
    let model = without_passwords_of_urls(&model);
    let page = PAGE.replace("/* style */", STYLE).replace("/* script */", &SCRIPTS.join("\n"));
    page.replacen("/* model */", &inside_a_script(&model), 1)
}

/// The same JSON without anything at which a browser would end, or begin, an element, and an editor turn the text around.
fn inside_a_script(json: &str) -> String {
    let mut written = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter == '<' || is_obeyed(letter) {
            let units =
                letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            written.push_str(&units);
        } else {
            written.push(letter);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_inside_its_element() {
        let hostile = serde_json::to_string("</script><!--\u{2028}\u{1fffe}\\</ScRiPt>").unwrap();
        let inside = inside_a_script(&hostile);
        assert!(!inside.contains(['<', '\u{2028}', '\u{1fffe}']), "{inside}");
        assert_eq!(serde_json::from_str::<String>(&inside).unwrap(), "</script><!--\u{2028}\u{1fffe}\\</ScRiPt>");
    }

    #[test]
    fn a_page_names_no_other_file() {
        // The name of SVG's elements is no address.
        let page = page(Kind::Run, &[]).replace("http://www.w3.org/2000/svg", "");
        for sign in ["http:", "https:", " src=", "@import", "url("] {
            assert!(!page.contains(sign), "{sign}");
        }
        assert!(!["style", "script", "model"].iter().any(|place| page.contains(&format!("/* {place} */"))));
    }
}
