//! One body for each complaint, and the published samples, about which there is none.

use serde_json::json;

use super::*;
use crate::callback::body::{Sender, encode};
use crate::callback::codes::Exit;
use crate::callback::moment::Moment;
use crate::callback::payload::{JsonType, Payload, Profile};
use crate::callback::{Alarm, Callback};

const NOW: UnixMillis = UnixMillis(1_703_732_078_999);

/// What is said about a body, without a key.
fn complaints(body: &[u8]) -> Vec<String> {
    judge(body, None, NOW).complaints.iter().map(ToString::to_string).collect()
}

/// A good body of `event`, with `changes` laid over it; `null` removes a field.
fn body(event: &str, msg: &Value, changes: &Value) -> Vec<u8> {
    let mut body = json!({
        "appid": 4, "callback_event": event, "event_type": 314, "interface": "general_callback",
        "msg": msg.to_string(), "product_name": "pullpush", "source_urls": "[\"http://a.test/1\"]\n",
        "task_id": "7",
    });
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => body.as_object_mut().unwrap().remove(field),
            value => body.as_object_mut().unwrap().insert(field.clone(), value.clone()),
        };
    }
    body.to_string().into_bytes()
}

#[test]
fn the_published_samples_are_fine() {
    let samples: [(&[u8], Seen); 4] = [
        (
            include_bytes!("../../../tests/samples/TaskStart.json"),
            Seen {
                callback_event: Some("TaskStart".into()),
                task_id: Some("118148".into()),
                msg: Some(r#"{"task_start_time":0}"#.into()),
                ..Seen::default()
            },
        ),
        (
            include_bytes!("../../../tests/samples/VodSourceFileStart.json"),
            Seen {
                callback_event: Some("VodSourceFileStart".into()),
                task_id: Some("118145".into()),
                index: Some(0),
                ..Seen::default()
            },
        ),
        (
            include_bytes!("../../../tests/samples/VodSourceFileFinish.json"),
            Seen {
                callback_event: Some("VodSourceFileFinish".into()),
                task_id: Some("118145".into()),
                index: Some(0),
                ..Seen::default()
            },
        ),
        (
            include_bytes!("../../../tests/samples/TaskExit.json"),
            Seen { callback_event: Some("TaskExit".into()), code: Some(-22), ..Seen::default() },
        ),
    ];
    for (sample, mut wanted) in samples {
        let Verdict { seen, complaints } = judge(sample, None, NOW);
        assert_eq!(complaints, []);
        assert_eq!(seen.source_urls.as_ref().map(Vec::len), Some(1));
        wanted.event_type = Some(314);
        wanted.source_urls.clone_from(&seen.source_urls);
        wanted.msg = wanted.msg.or_else(|| seen.msg.clone());
        assert_eq!(seen, wanted);
    }
}

#[test]
fn what_is_no_json_object_is_told_apart() {
    for (body, complaint) in [
        (&b"{\"a\":\"\xff\"}"[..], "the body is not UTF-8: the first wrong byte is at offset 6"),
        (b"", "the body is not JSON: EOF while parsing a value at line 1 column 0"),
        (b"hello", "the body is not JSON: expected value at line 1 column 1"),
        (b"{} {}", "the body is not JSON: trailing characters at line 1 column 4"),
        (b"[]", "the body should be a JSON object, but is an array"),
        (b"314", "the body should be a JSON object, but is 314"),
    ] {
        assert_eq!(complaints(body), [complaint]);
    }
    assert!(complaints(&[b'['; 100_000])[0].starts_with("the body is not JSON: recursion limit exceeded"));
}

#[test]
fn every_field_of_the_body_is_checked() {
    for (changes, complaint) in [
        (json!({ "appid": null }), "`appid` is missing"),
        (json!({ "appid": "4" }), "`appid` should be a number, but is \"4\""),
        (json!({ "callback_event": null }), "`callback_event` is missing"),
        (json!({ "callback_event": 314 }), "`callback_event` should be a string, but is 314"),
        (json!({ "callback_event": "Task\nStop" }), "`callback_event` \"Task\\nStop\" is not one the documents name"),
        (json!({ "callback_url": 1 }), "`callback_url` should be a string, but is 1"),
        (json!({ "event_time": "today" }), "`event_time` should be a whole number, but is \"today\""),
        (json!({ "event_type": null }), "`event_type` is missing"),
        (json!({ "event_type": 0 }), "`event_type` should be 314, but is 0"),
        (json!({ "event_type": "314" }), "`event_type` should be 314, but is \"314\""),
        (json!({ "interface": "callback" }), "`interface` should be \"general_callback\", but is \"callback\""),
        (json!({ "msg": null }), "`msg` is missing"),
        (json!({ "msg": {} }), "`msg` should be a string holding JSON, but is an object"),
        (
            json!({ "msg": "{" }),
            "`msg` is a string, but what it holds is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (json!({ "msg": "[]" }), "`msg` should hold an object, but holds an array"),
        (json!({ "product_name": "live" }), "`product_name` should be \"pullpush\", but is \"live\""),
        (json!({ "source_urls": null }), "`source_urls` is missing"),
        (json!({ "source_urls": [] }), "`source_urls` should be a string holding JSON, but is an array"),
        (
            json!({ "source_urls": "http://a.test/1" }),
            "`source_urls` is a string, but what it holds is not JSON: expected value at line 1 column 1",
        ),
        (json!({ "source_urls": "[1]" }), "`source_urls` should hold an array of strings, but holds an array"),
        (json!({ "stream_id": 1 }), "`stream_id` should be a string, but is 1"),
        (json!({ "task_id": 7 }), "`task_id` should be a string, but is 7"),
        (json!({ "to_url": [] }), "`to_url` should be a string, but is an array"),
    ] {
        assert_eq!(complaints(&body("TaskStart", &json!({ "task_start_time": 0 }), &changes)), [complaint]);
    }
}

#[test]
fn msg_has_what_its_event_needs() {
    let file = json!({ "url": "u", "index": 0, "duration": 1.5 });
    let exit = json!({ "message": "", "code": 0, "task_exit_time": 0 });
    for (event, msg, expected) in [
        ("TaskStart", json!({}), &["`msg.task_start_time` is missing"][..]),
        ("TaskStart", json!({ "task_start_time": "0" }), &["`msg.task_start_time` should be a number, but is \"0\""]),
        ("VodSourceFileStart", file.clone(), &[]),
        ("VodSourceFileFinish", file, &[]),
        (
            "VodSourceFileFinish",
            json!({ "index": "one" }),
            &[
                "`msg.url` is missing",
                "`msg.index` should be a whole number, but is \"one\"",
                "`msg.duration` is missing",
            ],
        ),
        ("TaskExit", exit, &[]),
        (
            "TaskExit",
            json!({ "task_start_time": 0 }),
            &["`msg.message` is missing", "`msg.code` is missing", "`msg.task_exit_time` is missing"],
        ),
        ("TaskAlarm", json!({ "type": "FileEndEarly" }), &[]),
        ("TaskAlarm", json!({ "AlarmType": "FileEndEarly" }), &[]),
        ("TaskAlarm", json!({}), &["`msg.type` is missing"]),
        ("ResetTaskConfig", json!({}), &[]),
    ] {
        assert_eq!(complaints(&body(event, &msg, &json!({}))), expected, "{event} {msg}");
    }
}

#[test]
fn numbers_may_be_strings_where_the_documents_disagree() {
    let msg = json!({ "url": "u", "index": "2", "duration": 1 });
    let verdict = judge(&body("VodSourceFileStart", &msg, &json!({ "event_time": 1 })), None, NOW);
    assert_eq!((verdict.complaints, verdict.seen.index), (vec![], Some(2)));
    let msg = json!({ "message": "", "code": "-22", "task_exit_time": 1 });
    let verdict = judge(&body("TaskExit", &msg, &json!({ "event_time": "1712893433" })), None, NOW);
    assert_eq!((verdict.complaints, verdict.seen.code), (vec![], Some(-22)));
}

#[test]
fn a_key_demands_a_signature_in_force() {
    use Complaint::{Expired, NotSigned, WrongSignature};
    // The published vector; it expires with the second that NOW is in.
    let (t, sign) = (1_703_732_078_u64, "7e686adf6045c49cee873dc7d8eb05af");
    let key = Key::new("testkey").unwrap();
    let old = key.sign(t - 1);
    for (changes, expected) in [
        (json!({ "t": t, "sign": sign }), vec![]),
        (json!({ "t": t.to_string(), "sign": sign }), vec![]),
        (json!({}), vec![NotSigned("t"), NotSigned("sign")]),
        (json!({ "t": t }), vec![NotSigned("sign")]),
        (json!({ "t": t + 1, "sign": sign }), vec![WrongSignature]),
        (json!({ "t": "soon", "sign": sign }), vec![WrongSignature]),
        (json!({ "t": t, "sign": 5 }), vec![WrongSignature]),
        (json!({ "t": t - 1, "sign": old }), vec![Expired { t: t - 1, now: t }]),
    ] {
        let body = body("TaskStart", &json!({ "task_start_time": 0 }), &changes);
        assert_eq!(judge(&body, Some(&key), NOW).complaints, expected, "{changes}");
        assert_eq!(judge(&body, None, NOW).complaints, [], "{changes}");
    }
}

#[test]
fn what_pullpush_sends_by_itself_is_fine() {
    let sender = Sender {
        copy: 1,
        app_id: 4,
        task_id: "7".into(),
        stream_id: "s".into(),
        to_url: "t".into(),
        callback_url: "c".into(),
        source_urls: vec!["u".into()],
        file_duration_s: 1,
    };
    let callbacks = [
        Callback::TaskStart,
        Callback::VodSourceFileStart { index: 0 },
        Callback::VodSourceFileFinish { index: 0 },
        Callback::TaskExit(Exit::new(-22, "write packet error.")),
        Callback::TaskAlarm(Alarm::FileEndEarly),
        Callback::ResetTaskConfig,
    ];
    let key = Key::new("testkey").unwrap();
    let moment = Moment::at(NOW);
    for (_, profile) in Profile::ALL {
        for json_type in [JsonType::Number, JsonType::String] {
            let payload = Payload {
                profile,
                key: Some(key.clone()),
                index_as: json_type,
                code_as: json_type,
                event_time_as: json_type,
                t_as: json_type,
                ..Payload::default()
            };
            for callback in &callbacks {
                let verdict = judge(&encode(callback, &sender, &payload, moment, None, None), Some(&key), NOW);
                assert_eq!(verdict.complaints, [], "{callback} {payload:?}");
                assert_eq!(verdict.seen.kind(), callback.kind());
            }
        }
    }
}

#[test]
fn what_is_refused_and_how() {
    let unsigned = Complaint::NotSigned("t");
    let missing = Complaint::Missing("msg");
    let unknown = Complaint::UnknownEvent("x".into());
    for (complaints, refusal) in [
        (vec![], None),
        (vec![unknown.clone()], None),
        (vec![unknown, missing.clone()], Some((400, &missing))),
        (vec![missing.clone(), unsigned.clone()], Some((403, &unsigned))),
        (vec![Complaint::TooLarge], Some((413, &Complaint::TooLarge))),
    ] {
        assert_eq!(Verdict { complaints, ..Verdict::default() }.refusal(), refusal);
    }
}
