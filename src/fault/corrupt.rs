//! Damages a body.

use serde_json::{Map, Value};

use super::Corruption;

/// How long the field is that makes a body huge, in bytes.
const HUGE: usize = 1024 * 1024;

/// The body as it arrives, damaged; a body that is no JSON object already can only be cut.
pub(super) fn corrupt(body: Vec<u8>, how: Corruption) -> Vec<u8> {
    match how {
        Corruption::WrongContentType => body,
        Corruption::Truncated => cut(body),
        Corruption::NotJson => body.into_iter().map(|byte| if byte == b'"' { b'\'' } else { byte }).collect(),
        Corruption::BadUtf8 => not_utf8(body),
        Corruption::MsgNotJson => edit(body, |fields| {
            if let Some(Value::String(msg)) = fields.get_mut("msg") {
                msg.pop();
            }
        }),
        Corruption::WrongType => edit(body, |fields| {
            fields.insert("callback_event".to_owned(), Value::from(314));
        }),
        Corruption::MissingField => edit(body, |fields| {
            fields.shift_remove("callback_event");
        }),
        Corruption::UnknownEvent => edit(body, |fields| {
            fields.insert("callback_event".to_owned(), Value::from("TaskUnheardOf"));
        }),
        Corruption::Huge => edit(body, |fields| {
            fields.insert("padding".to_owned(), Value::from("x".repeat(HUGE)));
            fields.sort_keys();
        }),
    }
}

fn cut(mut body: Vec<u8>) -> Vec<u8> {
    body.truncate(body.len() / 2);
    body
}

fn edit(body: Vec<u8>, change: impl FnOnce(&mut Map<String, Value>)) -> Vec<u8> {
    match serde_json::from_slice(&body) {
        Ok(Value::Object(mut fields)) => {
            change(&mut fields);
            Value::Object(fields).to_string().into_bytes()
        }
        _ => cut(body),
    }
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
    fn what_is_no_json_is_cut() {
        assert_eq!(corrupt(b"abcd".to_vec(), Corruption::WrongType), b"ab");
        assert!(std::str::from_utf8(&corrupt(b"abcd".to_vec(), Corruption::BadUtf8)).is_err());
    }
}
