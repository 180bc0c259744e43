//! A recorded body with the times of a new attempt: everything else stays as it was recorded.

use serde_json::{Map, Value};

use super::moment::Moment;
use super::payload::Payload;

/// The body with its stamps told anew, and signed anew if it was signed and there is a key.
///
/// What is no JSON object stays as it is, so does a `msg` that is none. A number that was a string stays one.
pub fn restamp(body: &[u8], payload: &Payload, moment: Moment) -> Vec<u8> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { return body.to_vec() };
    set(&mut fields, "event_time", moment.event_time(payload));
    if let (Some(key), true) = (&payload.key, fields.contains_key("sign")) {
        let t = moment.attempted.plus(payload.sign_for).seconds();
        set(&mut fields, "t", t);
        fields.insert("sign".to_owned(), key.sign(t).into());
    }
    let msg = fields.get("msg").and_then(Value::as_str).and_then(|msg| serde_json::from_str(msg).ok());
    if let Some(Value::Object(mut msg)) = msg {
        for key in ["task_start_time", "task_exit_time"] {
            set(&mut msg, key, moment.happened.0);
        }
        fields.insert("msg".to_owned(), Value::Object(msg).to_string().into());
    }
    Value::Object(fields).to_string().into_bytes()
}

/// Gives a field that is there a new number, in the type that it has.
fn set(fields: &mut Map<String, Value>, key: &str, number: u64) {
    match fields.get_mut(key) {
        Some(value @ Value::Number(_)) => *value = number.into(),
        Some(value @ Value::String(_)) => *value = number.to_string().into(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::sign::Key;
    use crate::time::UnixMillis;

    const NOW: Moment = Moment { happened: UnixMillis(1_700_000_001_500), ..Moment::at(UnixMillis(1_700_000_061_000)) };

    fn again(body: &str, payload: &Payload) -> String {
        String::from_utf8(restamp(body.as_bytes(), payload, NOW)).unwrap()
    }

    #[test]
    fn times_are_new_and_nothing_else_is() {
        let body =
            r#"{"appid":4,"event_time":"1","msg":"{\"message\":\"a/b\",\"code\":-22,\"task_exit_time\":2}","x":"y"}"#;
        assert_eq!(
            again(body, &Payload::default()),
            r#"{"appid":4,"event_time":"1700000001","msg":"{\"message\":\"a/b\",\"code\":-22,\"task_exit_time\":1700000001500}","x":"y"}"#
        );
        for untouched in ["not json", r#"{"msg":"not json","sign":"ab","t":1}"#, "[1]", r#"{"msg":"{}"}"#] {
            assert_eq!(again(untouched, &Payload::default()), untouched);
        }
    }

    #[test]
    fn what_was_signed_is_signed_again() {
        let key = Key::new("testkey").unwrap();
        let payload = Payload { key: Some(key.clone()), ..Payload::default() };
        let t = 1_700_000_661;
        assert_eq!(again(r#"{"sign":"old","t":1}"#, &payload), format!(r#"{{"sign":"{}","t":{t}}}"#, key.sign(t)));
        assert_eq!(again(r#"{"appid":4}"#, &payload), r#"{"appid":4}"#);
    }
}
