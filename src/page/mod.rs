//! What the page of a report and the page of the sink have in common: scripts, colours, and how they become one file.

mod bundle;

pub use bundle::Module;
pub(crate) use bundle::modules;

use crate::text::is_obeyed;

/// The scripts that both use.
const SHARED: &[Module] =
    &modules!["page/element.js", "page/events.js", "page/json.js", "page/keys.js", "page/text.js"];
/// The colours of both, in light and dark.
pub const STYLE: &str = include_str!("page.css");

/// The script of a page, of whose modules the first is the one that begins. Each page has a test that it can be made.
pub fn script(modules: &[Module]) -> String {
    let script = bundle::bundle(&[modules, SHARED].concat());
    script.unwrap_or_else(|wrong| format!("throw new Error({});\n", serde_json::Value::from(wrong)))
}

/// The same JSON without anything at which a browser would end, or begin, an element, and an editor turn the text around.
pub fn inside_a_script(json: &str) -> String {
    let mut written = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter == '<' || is_obeyed(letter) {
            written.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
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
    fn a_script_that_cannot_be_made_says_why() {
        let lost = Module { path: "a.js", text: "import { \"b\" } from './b.js';" };
        assert!(script(&[lost]).starts_with("throw new Error(\"a.js: "));
    }
}
