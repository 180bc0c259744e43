//! Attempts that are spoilt on purpose: what the receiver sees, and that what follows is intact.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pullpush::callback::sign::Key;
use pullpush::engine::event::{End, Event};
use pullpush::engine::transport::memory::Reply;
use pullpush::engine::transport::{FailureKind, Outcome, Request};
use pullpush::plan::Plan;
use pullpush::scenario::Source;
use pullpush::scenario::fault::{BadConnection, Corruption};
use pullpush::sink::judge::judge;
use pullpush::time::{Millis, UnixMillis};

use super::{faults, json, slow, step, taken};
use crate::support::{EPOCH, Run, at_once, run, story, valid};

const SIGNED: &str = "payload = { key = 'testkey', profile = 'complete' }";

/// What the built-in receiver finds wrong with a body that it gets at `at`.
fn wrong(body: &[u8], at: UnixMillis, key: Option<&str>) -> Vec<&'static str> {
    let key = key.map(|key| Key::new(key).unwrap());
    judge(body, key.as_ref(), at).complaints.iter().map(|complaint| complaint.word()).collect()
}

/// The two attempts of a step with a fault: the first is refused, the second taken.
fn attempts(head: &str, fault: &str) -> [Request; 2] {
    let mut seen = Vec::new();
    run(&format!("{head}\n{}", step(&format!("fault = {fault}"))), |request, sent| {
        seen.push(sent.clone());
        at_once(if request == 1 { 400 } else { 200 })
    })
    .play();
    seen.try_into().unwrap()
}

#[test]
fn each_corruption_is_seen_and_the_retry_is_intact() {
    let expected: [(Corruption, &[&str]); 9] = [
        (Corruption::Truncated, &["not-json"]),
        (Corruption::NotJson, &["not-json"]),
        (Corruption::MsgNotJson, &["holds-no-json"]),
        (Corruption::WrongType, &["wrong"]),
        (Corruption::MissingField, &["missing"]),
        (Corruption::UnknownEvent, &["unknown-event"]),
        (Corruption::Huge, &[]),
        (Corruption::BadUtf8, &["not-utf8"]),
        (Corruption::WrongContentType, &[]),
    ];
    assert_eq!(expected.map(|(how, _)| how), Corruption::ALL.map(|(_, how)| how));
    let [intact, _] = attempts(SIGNED, "{}");
    for (how, words) in expected {
        let [spoilt, retry] = attempts(SIGNED, &format!("'{}'", how.name()));
        assert_eq!(wrong(&spoilt.body, EPOCH, Some("testkey")), words, "{}", how.name());
        let in_a_minute = EPOCH.plus(Millis::from_secs(60));
        assert_eq!(wrong(&retry.body, in_a_minute, Some("testkey")), [""; 0], "{}", how.name());
        assert_ne!(json(&retry)["sign"], json(&intact)["sign"], "signed a minute later");
        assert_eq!(spoilt.body == intact.body, how == Corruption::WrongContentType, "{}", how.name());
        assert_eq!(spoilt.body.len() > 1024 * 1024, how == Corruption::Huge, "{}", how.name());
        let plain = (how == Corruption::WrongContentType).then_some("text/plain");
        assert_eq!((spoilt.content_type, retry.content_type), (plain, None), "{}", how.name());
    }
}

#[test]
fn each_bad_signature_is_seen_and_the_retry_is_signed_well() {
    for (kind, words) in
        [("wrong", &["wrong-signature"][..]), ("expired", &["expired"]), ("missing", &["not-signed", "not-signed"])]
    {
        let [spoilt, retry] = attempts(SIGNED, &format!("{{ signature = {{ kinds = ['{kind}'] }} }}"));
        assert_eq!(wrong(&spoilt.body, EPOCH, Some("testkey")), words, "{kind}");
        // Nothing else is wrong with it.
        assert_eq!(wrong(&spoilt.body, EPOCH, None), [""; 0], "{kind}");
        assert_eq!(wrong(&retry.body, EPOCH.plus(Millis::from_secs(60)), Some("testkey")), [""; 0], "{kind}");
        assert_eq!(json(&retry)["t"], EPOCH.seconds() + 660, "{kind}");
    }
}

#[test]
fn an_expired_signature_is_right_but_past() {
    let [spoilt, _] = attempts(SIGNED, "{ signature = { kinds = ['expired'] } }");
    let body = json(&spoilt);
    let t = body["t"].as_u64().unwrap();
    assert_eq!(t, EPOCH.seconds() - 600);
    assert!(Key::new("testkey").unwrap().verify(t, body["sign"].as_str().unwrap()));
}

#[test]
fn a_body_that_is_sent_as_it_is_has_no_signature_to_be_wrong() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("raw.json"), r#"{"raw":true}"#).unwrap();
    let file = folder.join("raw.toml");
    let text = step("body_file = 'raw.json'");
    fs::write(&file, format!("version = 1\n{SIGNED}\nfaults.signature = {{ chance = 1 }}\n{text}")).unwrap();
    let plan = Plan::new(valid(Source::read(&file).unwrap()), 42);
    let (events, _) = Run::of(plan, taken).play();
    let Event::Sent { attempt, body, .. } = &events[0] else { panic!("{events:?}") };
    assert!(attempt.subject.faults.is_clear() && &body[..] == br#"{"raw":true}"#);
}

/// The two requests of a delivery that is spoilt in every way and comes twice.
fn spoilt_twice(sends: &str) -> [Request; 2] {
    let text = step(&format!(
        "fault = {{ duplicate = {{ sends = '{sends}' }}, corrupt = {{ kinds = ['wrong-content-type'] }}, \
         signature = {{ kinds = ['wrong'] }}, connection = {{ kinds = ['no-keep-alive'] }} }}"
    ));
    super::requests(&format!("{SIGNED}\n{text}")).try_into().unwrap()
}

#[test]
fn the_same_bytes_of_a_spoilt_attempt_are_as_bad_on_a_good_connection() {
    let [first, again] = spoilt_twice("same-bytes");
    assert_eq!((first.connection, again.connection), (Some(BadConnection::NoKeepAlive), None));
    assert_eq!(Request { connection: None, ..first }, again);
    assert_eq!(
        (again.content_type, wrong(&again.body, EPOCH, Some("testkey"))),
        (Some("text/plain"), vec!["wrong-signature"])
    );
}

#[test]
fn a_new_attempt_of_a_spoilt_one_is_intact() {
    let [_, again] = spoilt_twice("new-attempt");
    assert_eq!((again.connection, again.content_type), (None, None));
    assert_eq!(wrong(&again.body, EPOCH, Some("testkey")), [""; 0]);
}

#[test]
fn a_delivery_whose_last_attempt_was_spoilt_ends_so_and_that_is_no_failure() {
    for fault in ["'truncated'", "'cut-body'", "'reset'", "'wrong-content-type'"] {
        let text = format!("receiver.retry = 'none'\n{}", step(&format!("fault = {fault}")));
        let (complaints, summary) = run(&text, |_, _| at_once(400)).judged();
        let told = summary.to_json();
        assert_eq!((complaints.len(), told.spoilt, told.given_up, told.attempts), (0, 1, 0, 1), "{fault}");
        assert_eq!(summary.exit() as u8, 0, "{fault}");
    }
    // What is taken all the same is acknowledged.
    let text = format!("receiver.retry = 'none'\n{}", step("fault = 'huge'"));
    assert_eq!(run(&text, taken).judged().1.to_json().acknowledged, 1);
    // And what is refused intact after it is given up.
    let text = format!("receiver.retry = ['1s']\n{}", step("fault = 'truncated'"));
    assert_eq!(run(&text, |_, _| at_once(400)).story(), "0 TaskStart #1.1.1, 1 TaskStart #1.1.2, #1.1 given up");
}

/// What the first attempt of a step with a bad connection met, and when; and the manners that the receiver saw.
fn first_met(kind: &str) -> (Outcome, Duration, Vec<Option<BadConnection>>) {
    let mut seen = Vec::new();
    let (events, _) = run(&step(&format!("fault = '{kind}'")), |request, sent| {
        seen.push(sent.connection);
        slow(request, sent)
    })
    .play();
    let met = events.iter().find_map(|event| match event {
        Event::AttemptFinished { outcome, done, .. } => Some((outcome.clone(), *done)),
        _ => None,
    });
    let ended = events.iter().any(|event| matches!(event, Event::Ended { end: End::Acknowledged, .. }));
    assert!(ended, "{events:?}");
    let (outcome, done) = met.unwrap();
    (outcome, done, seen)
}

#[test]
fn bad_connections_in_virtual_time() {
    assert_eq!(BadConnection::ALL.len(), 4);
    let second = Duration::from_secs(1);
    let answered = Reply::status(200, second).outcome;
    let cut = Outcome::failed(FailureKind::OnPurpose, "in the middle of the body");
    assert_eq!(first_met("no-keep-alive"), (answered.clone(), second, vec![Some(BadConnection::NoKeepAlive)]));
    // The body takes two seconds before the receiver has it.
    assert_eq!(first_met("slow-body"), (answered, 3 * second, vec![Some(BadConnection::SlowBody)]));
    // Only the retry comes to its end.
    for kind in ["cut-body", "reset"] {
        assert_eq!(first_met(kind), (cut.clone(), Duration::from_millis(200), vec![None]), "{kind}");
    }
}

#[test]
fn a_slow_body_takes_no_time_from_the_receiver() {
    let text = |within| format!("receiver.timeout = '1s'\nexpect.within = '{within}'\n{}", step("fault = 'slow-body'"));
    let receiver = |_, _: &Request| Reply::status(200, Duration::from_millis(900));
    assert_eq!(run(&text("950ms"), receiver).judged().0, [""; 0]);
    let told = run(&text("800ms"), receiver).judged().0;
    assert!(told.len() == 1 && told[0].ends_with("expected an answer within 800ms, it took 900ms"), "{told:?}");
}

#[test]
fn several_faults_at_once_are_all_done() {
    let text = format!(
        "{SIGNED}\nreceiver.retry = ['1s']\n{}",
        faults(
            "delay = { chance = 1, by = '1s' }\nduplicate = { chance = 1 }\ncorrupt = { chance = 1, kinds = ['missing-field'] }\n\
             signature = { chance = 1, kinds = ['wrong'] }\nconnection = { chance = 1, kinds = ['slow-body'] }\n\
             events = ['TaskStart']"
        )
    );
    let mut seen = Vec::new();
    let (events, _) = run(&text, |request, sent| {
        seen.push((sent.connection, wrong(&sent.body, EPOCH, Some("testkey"))));
        at_once(if request == 1 { 403 } else { 200 })
    })
    .play();
    let bad = vec!["missing", "wrong-signature"];
    assert_eq!(
        seen[..4],
        [
            (Some(BadConnection::SlowBody), bad.clone()), // the first attempt
            (None, vec![]),                               // VodSourceFileStart, due in the meantime
            (None, bad),                                  // the same bytes once more
            (None, vec![]),                               // the retry
        ]
    );
    // Two seconds for the body, then what had to wait; one second until the retry.
    let told = "1 TaskStart #1.1.1, 3 FileStart [0] #1.2.1, 3 TaskStart #1.1.1 again, 4 TaskStart #1.1.2, ";
    assert!(story(&events).starts_with(told), "{}", story(&events));
}
