//! What a picture keeps where there is little room.

use std::sync::Arc;

use serde_json::{Value, json, to_value};

use super::*;
use crate::report::summary::Summary;
use crate::scenario::expect::Answer;
use crate::scenario::fault::{AttemptFaults, Faults};

fn attempt(number: u64) -> event::Attempt {
    let subject = Subject {
        task: number,
        task_id: format!("task-{number}"),
        number: 1,
        event: "TaskStart".to_owned(),
        callback: "TaskStart".to_owned(),
        due_at: UnixMillis(1_000 + number),
        incident: None,
        faults: Faults::default(),
        to: None,
        expect: None,
    };
    let (due, sent) = (Duration::from_millis(number), Duration::from_millis(number + 1));
    event::Attempt {
        subject: Arc::new(subject),
        number: 1,
        duplicate: None,
        attempt_faults: AttemptFaults::default(),
        due_at: UnixMillis(1_000 + number),
        sent_at: UnixMillis(1_001 + number),
        due,
        sent,
        resent_after: None,
    }
}

/// Attempt `tries` of the only delivery of task `number` meets a status.
fn deliver(picture: &mut Picture, number: u64, tries: u32, status: u16) {
    let attempt = event::Attempt { number: tries, ..attempt(number) };
    let body = Bytes::from(format!("{{\"number\":{number}}}"));
    picture.take(&Event::Sent { attempt: attempt.clone(), url: "http://u:p@h/".to_owned(), body });
    let outcome = Outcome::Answered(Answer::new(status, Bytes::from_static(b"so so")));
    let (done, done_at) = (Duration::from_millis(number + 3), UnixMillis(1_003 + number));
    picture.take(&Event::AttemptFinished { attempt, done, done_at, outcome, retry_in: None });
}

fn end(picture: &mut Picture, number: u64, end: End) {
    picture.take(&Event::Ended { subject: attempt(number).subject, end });
}

fn complain(picture: &mut Picture, number: u64) {
    let about = Topic::Delivery(attempt(number).subject);
    picture.complain(&Complaint { about, text: "not acknowledged".to_owned(), answer: None });
}

fn picture(room: Room) -> Picture {
    let (name, to) = ("a.toml".to_owned(), "http://u:p@h/".to_owned());
    Picture::new(Facts { name, seed: 7, epoch: UnixMillis(1_000), speed: Some(1.0), to }, room)
}

fn finish(picture: Picture) -> Value {
    let again = |task| format!("again {task:?}");
    to_value(picture.finish(Summary::new(7).to_json(), again).0).unwrap()
}

#[test]
fn a_failure_is_shown_where_others_have_no_room_any_more() {
    let mut picture = picture(Room { deliveries: 1, failed_deliveries: 1, ..Room::default() });
    for number in 1..=3 {
        let status = if number == 3 { 503 } else { 200 };
        deliver(&mut picture, number, if number == 3 { 13 } else { 1 }, status);
        end(&mut picture, number, if number == 3 { End::GivenUp } else { End::Acknowledged });
    }
    complain(&mut picture, 3);
    let page = finish(picture);
    assert_eq!(page["left_out"], json!({ "deliveries": 1 }));
    let failed = &page["deliveries"][1];
    assert_eq!(failed["end"], "given up");
    assert_eq!(failed["attempts_left_out"], 12);
    let met = json!({ "number": 13, "at_ms": 3, "due_us": 3000, "sent_us": 4000, "done_us": 6000, "status": 503 });
    let shown = failed["attempts"][0].as_object().unwrap();
    assert!(met.as_object().unwrap().iter().all(|(key, value)| shown[key] == *value), "{shown:?}");
    assert_eq!(page["failures"][0]["delivery"], 1);
    let task = &page["tasks"][page["failures"][0]["task"].as_u64().unwrap() as usize];
    assert_eq!(page["words"][task["again"].as_u64().unwrap() as usize], "again Some(3)");
    assert_eq!(page["words"][failed["body"]["pieces"][0].as_u64().unwrap() as usize], "{\"number\":3}");
    assert_eq!(page["words"][failed["url"].as_u64().unwrap() as usize], "http://***@h/");
}

#[test]
fn of_many_attempts_the_first_and_the_last_are_shown() {
    let mut picture = picture(Room::default());
    for tries in 1..=120 {
        deliver(&mut picture, 1, tries, 500);
    }
    end(&mut picture, 1, End::GivenUp);
    let page = finish(picture);
    let numbers: Vec<_> =
        page["deliveries"][0]["attempts"].as_array().unwrap().iter().map(|one| &one["number"]).collect();
    assert_eq!((numbers.len(), numbers[98], numbers[99]), (100, &json!(99), &json!(120)));
    assert_eq!(page["deliveries"][0]["attempts_left_out"], 20);
    assert_eq!(page["left_out"]["attempts"], 20);
}

#[test]
fn what_is_cut_off_is_shown_as_far_as_it_came() {
    let mut picture = picture(Room::default());
    let body = Bytes::from_static(b"{}");
    picture.take(&Event::Sent { attempt: attempt(1), url: String::new(), body });
    end(&mut picture, 1, End::Interrupted);
    let page = finish(picture);
    let delivery = &page["deliveries"][0];
    assert_eq!(delivery["attempts"], json!([{ "number": 1, "at_ms": 1, "due_us": 1000, "sent_us": 2000 }]));
    assert_eq!(page["words"][delivery["body"]["pieces"][0].as_u64().unwrap() as usize], "{}");
}
