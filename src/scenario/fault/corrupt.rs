//! Damages a body.

use serde_json::{Map, Value};

use super::Corruption;

/// How long the field is that makes a body huge, in bytes.
pub(super) const HUGE: usize = 1024 * 1024;

/// The body as it arrives, damaged; where there is nothing to damage in this way, cut.
pub(super) fn corrupt(body: Vec<u8>, how: Corruption) -> Vec<u8> {
    match how {
        Corruption::WrongContentType => body,
        Corruption::Truncated => cut(body),
        Corruption::NotJson if body.contains(&b'"') => {
            body.into_iter().map(|byte| if byte == b'"' { b'\'' } else { byte }).collect()
        }
        Corruption::NotJson => cut(body),
        Corruption::BadUtf8 => not_utf8(body),
        Corruption::MsgNotJson => edit(body, |fields| match fields.get_mut("msg") {
            Some(Value::String(msg)) => msg.pop().is_some(),
            _ => false,
        }),
        Corruption::WrongType => edit(body, |fields| {
            fields.insert("callback_event".to_owned(), Value::from(314));
            true
        }),
        Corruption::MissingField => edit(body, |fields| fields.shift_remove("callback_event").is_some()),
        Corruption::UnknownEvent => edit(body, |fields| {
            fields.insert("callback_event".to_owned(), Value::from("TaskUnheardOf"));
            true
        }),
        Corruption::Huge => edit(body, |fields| {
            fields.insert("padding".to_owned(), Value::from("x".repeat(HUGE)));
            fields.sort_keys();
            true
        }),
    }
}

fn cut(mut body: Vec<u8>) -> Vec<u8> {
    body.truncate(body.len() / 2);
    body
}

/// The object that `body` holds after `change`, which says whether it could do anything.
fn edit(body: Vec<u8>, change: impl FnOnce(&mut Map<String, Value>) -> bool) -> Vec<u8> {
    let fields = serde_json::from_slice(&body).ok();
    let changed = fields.and_then(|mut fields| change(&mut fields).then_some(fields));
    changed.map_or_else(|| cut(body), |fields| Value::Object(fields).to_string().into_bytes())
}

/// A byte that begins no character, inside the first string value.
fn not_utf8(mut body: Vec<u8>) -> Vec<u8> {
    let place = body.windows(2).position(|pair| pair == b":\"").map_or(body.len(), |colon| colon + 2);
    body.insert(place, 0xff);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"appid":4,"callback_event":"TaskStart","msg":"{\"task_start_time\":0}"}"#;

    fn corrupted(how: Corruption) -> String {
        String::from_utf8_lossy(&corrupt(BODY.as_bytes().to_vec(), how)).into_owned()
    }

    #[test]
    fn each_kind_breaks_what_it_says() {
        for (how, body) in [
            (Corruption::Truncated, r#"{"appid":4,"callback_event":"TaskSta"#),
            (Corruption::NotJson, r"{'appid':4,'callback_event':'TaskStart','msg':'{\'task_start_time\':0}'}"),
            (Corruption::MsgNotJson, r#"{"appid":4,"callback_event":"TaskStart","msg":"{\"task_start_time\":0"}"#),
            (Corruption::WrongType, r#"{"appid":4,"callback_event":314,"msg":"{\"task_start_time\":0}"}"#),
            (Corruption::MissingField, r#"{"appid":4,"msg":"{\"task_start_time\":0}"}"#),
            (
                Corruption::UnknownEvent,
                r#"{"appid":4,"callback_event":"TaskUnheardOf","msg":"{\"task_start_time\":0}"}"#,
            ),
            (
                Corruption::BadUtf8,
                "{\"appid\":4,\"callback_event\":\"\u{fffd}TaskStart\",\"msg\":\"{\\\"task_start_time\\\":0}\"}",
            ),
            (Corruption::WrongContentType, BODY),
        ] {
            assert_eq!(corrupted(how), body, "{}", how.name());
        }
        assert!(corrupted(Corruption::Huge).len() > HUGE);
    }

    #[test]
    fn what_cannot_be_damaged_so_is_cut() {
        for (body, how) in [
            ("abcd", Corruption::WrongType),
            ("[[]]", Corruption::NotJson),
            (r#"{"a":1}"#, Corruption::MissingField),
            (r#"{"msg":5}"#, Corruption::MsgNotJson),
        ] {
            assert_eq!(corrupt(body.into(), how), body.as_bytes()[..body.len() / 2], "{body}");
        }
        assert!(std::str::from_utf8(&corrupt(b"abcd".to_vec(), Corruption::BadUtf8)).is_err());
    }
}
