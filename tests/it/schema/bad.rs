//! The bad scenarios of `tests/bad`: mistakes of shape are the schema's business, too.

use std::fs;
use std::path::Path;

use snapbox::{Data, assert_data_eq};

use super::corpus::{files, json};
use super::{errors, validate};

/// What becomes of each is written down in `tests/schema/bad.txt`: refused, or what the schema does not see.
#[test]
fn mistakes_of_shape_are_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut lines = Vec::new();
    for path in files(&root.join("bad")) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Some(instance) = fs::read_to_string(&path).ok().and_then(|text| json(&text)) else { continue };
        let errors = errors(&instance);
        if errors.is_empty() {
            assert_eq!(validate(&instance), Ok(()), "{name}");
            continue;
        }
        match validate(&instance) {
            Err(_) => lines.push(format!("{name}: refused")),
            Ok(()) => lines.extend(errors.into_iter().map(|(message, _)| format!("{name}: not seen: {message}"))),
        }
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_data_eq!(Data::text(text).raw(), Data::read_from(&root.join("schema/bad.txt"), None).raw());
}
