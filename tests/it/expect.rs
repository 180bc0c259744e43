//! Expectations: what the judge says of a receiver, run by run.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use pullpush::engine::transport::memory::Reply;
use pullpush::engine::transport::{FailureKind, Outcome, Request};
use pullpush::exit_code::Exit;
use pullpush::scenario::expect::Answer;

use crate::support::{at_once, run};

/// One callback, and no second try unless a test says so.
fn one(keys: &str) -> String {
    format!("receiver.retry = 'none'\n{keys}\n[[task]]\ntask_id = '7'\n[[task.step]]\nevent = 'TaskStart'\n")
}

fn answer(status: u16, body: &str) -> Reply {
    let mut answer = Answer::new(status, body.to_owned().into());
    answer.headers.insert("X-Stage", "test".parse().unwrap());
    answer.headers.append("X-Stage", "second".parse().unwrap());
    Reply { after: Some(Duration::from_millis(1500)), outcome: Outcome::Answered(answer) }
}

/// What is said of the callback, without its name before it.
#[track_caller]
fn told(text: &str, mut receiver: impl FnMut(u32, &Request) -> Reply) -> Vec<String> {
    let (told, summary) = run(text, &mut receiver).judged();
    assert_eq!(summary.exit() as u8, u8::from(!told.is_empty()));
    told.iter().map(|told| told.strip_prefix("TaskStart  task=7  #1: ").unwrap().to_owned()).collect()
}

#[test]
fn what_this_machine_could_not_send_is_not_the_receivers_failure() {
    let text = one("").replace("'none'", "['1s']");
    let exhausted = |_| Reply { after: Some(Duration::ZERO), outcome: Outcome::failed(FailureKind::Exhausted, "no") };
    for (tries, exit) in [(1, Exit::Success), (2, Exit::CouldNotRun)] {
        let receiver = |n, _: &Request| if n <= tries { exhausted(n) } else { at_once(200) };
        assert_eq!(run(&text, receiver).judged().1.exit(), exit);
    }
}

#[test]
fn each_key_is_met_or_not() {
    let body = r#"{"code":0,"state":{"files":[{"index":0},{"index":1}]},"note":null}"#;
    for (keys, complaint) in [
        ("status = 200", ""),
        ("status = [500, '2xx']", ""),
        ("status = ['4xx', 200, 201]", ""),
        ("within = '1500ms'", ""),
        ("within = '1499ms'", "expected an answer within 1s 499ms, it took 1500ms"),
        ("body = {}", ""),
        ("body = { code = 0, state = {} }", ""),
        ("body = { code = 0.0 }", ""),
        ("body = { code = 1 }", "body: code: expected 1, got 0"),
        ("body = { code = '0' }", r#"body: code: expected "0", got 0"#),
        ("body = { state = { files = [{ index = 0 }, {}] } }", ""),
        (
            "body = { state = { files = [{ index = 0 }, { index = 2 }] } }",
            "body: state.files[1].index: expected 2, got 1",
        ),
        ("body = { state = { files = [{}] } }", "body: state.files: expected 1 items, got 2"),
        ("body = { more = [1] }", "body: more: expected [1], there is none"),
        ("json = { '/code' = 0, '/state/files/1' = { index = 1 }, '' = { code = 0 } }", ""),
        ("json = { '/state/files/2/index' = 0 }", "/state/files/2/index: expected 0, there is none"),
        ("json = { '/state/files/1/index' = 0 }", "/state/files/1/index: expected 0, got 1"),
        ("headers = { x-stage = 'test' }", ""),
        ("headers = { X-Stage = 'second' }", ""),
        ("headers = { X-Stage = 'third' }", r#"header X-Stage: expected "third", got "test""#),
        ("headers = { X-Other = 'a' }", r#"header X-Other: expected "a", there is none"#),
    ] {
        let complaints = told(&one(&format!("[expect]\n{keys}")), |_, _| answer(200, body));
        assert_eq!(complaints.join("; "), complaint, "{keys}");
    }
}

#[test]
fn a_body_that_is_no_json_is_told_of() {
    for (body, keys, complaint) in [
        ("", "body = { code = 0 }", r#"body: expected {"code":0}, got nothing"#),
        ("oops\n", "body = { code = 0 }", r#"body: expected {"code":0}, got no JSON: oops"#),
        ("[]", "body = { code = 0 }", r#"body: expected {"code":0}, got []"#),
        ("{", "json = { '/code' = 0 }", "body: expected JSON, got no JSON: {"),
    ] {
        assert_eq!(told(&one(&format!("expect.{keys}")), |_, _| answer(200, body)), [complaint]);
    }
}

#[test]
fn without_a_word_every_callback_has_to_be_acknowledged() {
    assert_eq!(told(&one(""), |_, _| at_once(204)), ["not acknowledged: status 204"]);
    let silent = told(&one(""), |_, _| Reply::silence());
    assert_eq!(silent, ["not acknowledged: timeout: no answer within 20s"]);
    let text = one("").replace("'none'", "['1s', '1s']");
    assert_eq!(told(&text, |_, _| at_once(500)), ["not acknowledged after 3 attempts: status 500"]);
    // What a retry mends is mended.
    assert_eq!(told(&text, |request, _| at_once(if request < 3 { 500 } else { 200 })), [""; 0]);
}

#[test]
fn a_status_that_is_demanded_is_demanded_of_every_attempt() {
    let text = one("expect.status = 200").replace("'none'", "['1s', '1s']");
    assert_eq!(
        told(&text, |request, _| at_once(if request < 3 { 500 } else { 200 })),
        ["expected status 200, got 500", "expected status 200, got 500"]
    );
}

#[test]
fn an_answer_that_never_comes_is_not_within_its_time() {
    let text = one("expect.within = '2s'").replace("'none'", "['1s']");
    let late = |request, _: &Request| if request == 1 { Reply::silence() } else { at_once(200) };
    assert_eq!(told(&text, late), ["expected an answer within 2s, got none: timeout: no answer within 20s"]);
    // What breaks off at once is not late.
    let reset = |request, _: &Request| match request {
        1 => Reply { after: Some(Duration::ZERO), outcome: Outcome::failed(FailureKind::Reset, "cut") },
        _ => at_once(200),
    };
    assert_eq!(told(&text, reset), [""; 0]);
}

#[test]
fn what_is_to_be_refused_need_not_be_delivered() {
    assert_eq!(told(&one("expect.status = '4xx'"), |_, _| at_once(400)), [""; 0]);
    assert_eq!(told(&one("expect.delivered = false"), |_, _| at_once(500)), [""; 0]);
    assert_eq!(told(&one("expect.status = ['4xx', 200]"), |_, _| at_once(400)), ["not acknowledged: status 400"]);
    assert_eq!(
        told(&one("expect.delivered = true"), |_, _| at_once(500)),
        ["not acknowledged: status 500"],
        "as without a word"
    );
}

#[test]
fn a_step_expects_for_itself() {
    let steps = "
receiver.retry = 'none'
[expect]
status = 200
within = '1s'
delivered = true
[[task]]
task_id = '7'
[[task.step]]
event = 'TaskStart'
expect = { status = 409 }
[[task.step]]
event = 'TaskExit'
";
    let slow = |status| move |_, _: &Request| Reply::status(status, Duration::from_millis(1100));
    let late = "expected an answer within 1s, it took 1100ms";
    assert_eq!(
        run(steps, slow(200)).judged().0,
        ["TaskStart  task=7  #1: expected status 409, got 200", &format!("TaskExit 0  task=7  #2: {late}")]
    );
    assert_eq!(
        run(steps, slow(409)).judged().0,
        [
            "TaskExit 0  task=7  #2: expected status 200, got 409",
            &format!("TaskExit 0  task=7  #2: {late}"),
            "TaskExit 0  task=7  #2: not acknowledged: status 409"
        ]
    );
}

/// One callback, spoilt on purpose.
fn spoilt(keys: &str, fault: &str) -> String {
    format!("{}fault = {fault}\n", one(&format!("payload.key = 'testkey'\n{keys}")))
}

#[test]
fn spoilt_attempts_are_to_be_refused_by_default() {
    let ok = ["'truncated'", "'not-json'", "'msg-not-json'", "'wrong-type'", "'missing-field'", "'bad-utf8'"]
        .map(|fault| (fault, "4xx"))
        .into_iter()
        .chain(["wrong", "expired", "missing"].map(|_| ("{ signature = {} }", "4xx")))
        .chain(["'unknown-event'", "'huge'", "'wrong-content-type'"].map(|fault| (fault, "200 or 4xx")));
    for (fault, expected) in ok {
        for (status, taken) in [(200, expected.contains("200")), (400, true), (413, true), (500, false), (302, false)] {
            let complaints = told(&spoilt("", fault), |_, _| at_once(status));
            let right = format!("expected status {expected}, got {status} (");
            assert_eq!(complaints.is_empty(), taken, "{fault}: {complaints:?}");
            assert!(complaints.iter().all(|complaint| complaint.starts_with(&right)), "{fault}: {complaints:?}");
        }
    }
    assert_eq!(
        told(&spoilt("", "'truncated'"), |_, _| Reply::silence()),
        ["expected status 4xx, got no answer: timeout: no answer within 20s (corrupt: truncated)"]
    );
}

#[test]
fn two_faults_at_once_are_refused_if_one_of_them_is_to_be() {
    let both = "{ corrupt = { kinds = ['huge'] }, signature = { kinds = ['wrong'] } }";
    assert_eq!(
        told(&spoilt("", both), |_, _| at_once(200)),
        ["expected status 4xx, got 200 (corrupt: huge, signature: wrong)"]
    );
}

#[test]
fn what_is_refused_can_be_said() {
    let keys = "[expect]\nstatus = 200\n[expect.refused]\nstatus = 422\nwithin = '1s'\nbody = { code = 422 }\n";
    let text = spoilt(keys, "'truncated'").replace("'none'", "['1s']");
    assert_eq!(
        told(&text, |request, _| if request == 1 { answer(422, "{\"code\":422}") } else { at_once(200) }),
        ["expected an answer within 1s, it took 1500ms (corrupt: truncated)"]
    );
    // Without a status in it the default stays.
    let text = spoilt("expect.refused.within = '2s'", "'truncated'");
    assert_eq!(told(&text, |_, _| answer(200, "")), ["expected status 4xx, got 200 (corrupt: truncated)"]);
}

#[test]
fn a_step_with_a_fault_expects_of_the_spoilt_attempt_only() {
    let text = format!("{}expect = {{ status = 400 }}\n", spoilt("", "'truncated'").replace("'none'", "['1s']"));
    let first = |status| move |request, _: &Request| at_once(if request == 1 { status } else { 200 });
    assert_eq!(told(&text, first(400)), [""; 0]);
    assert_eq!(told(&text, first(404)), ["expected status 400, got 404 (corrupt: truncated)"]);
    // The retry is as good as any.
    assert_eq!(told(&text, |_, _| at_once(400)), ["not acknowledged after 2 attempts: status 400"]);
    // Of what is cut off no answer can be expected: then it is about the retry.
    let cut = text.replace("'truncated'", "'reset'");
    assert_eq!(told(&cut, first(200)), ["expected status 400, got 200"]);
}

#[test]
fn what_is_cut_off_by_us_is_nobodys_fault() {
    for fault in ["'cut-body'", "'reset'"] {
        let keys = "[expect]\nstatus = 200\nwithin = '1ms'\n";
        assert_eq!(told(&spoilt(keys, fault), |_, _| at_once(500)), [""; 0]);
    }
}

fn twice(keys: &str, fault: &str) -> String {
    spoilt(&format!("[expect]\nsame_answer_on_duplicate = true\n{keys}"), fault).replace("'none'", "['1s']")
}

/// Answers that follow one another.
fn answers<const N: usize>(all: [(u16, &'static str); N]) -> impl FnMut(u32, &Request) -> Reply {
    move |request, _| {
        let (status, body) = all[request as usize - 1];
        answer(status, body)
    }
}

#[test]
fn a_duplicate_gets_the_same_answer() {
    let text = twice("", "'duplicate'");
    assert_eq!(told(&text, answers([(200, "a"), (200, "a")])), [""; 0]);
    assert_eq!(
        told(&text, answers([(200, "a"), (200, "b")])),
        ["duplicate: expected the same answer as the first got, 200 a, got 200 b"]
    );
    assert_eq!(
        told(&text, answers([(200, "a"), (409, "")])),
        [
            "duplicate: expected status 200, got 409",
            "duplicate: expected the same answer as the first got, 200 a, got 409"
        ]
    );
    // Unless it says so, it has only to be taken.
    let text = text.replace("same_answer_on_duplicate = true", "");
    assert_eq!(told(&text, answers([(200, "a"), (200, "b")])), [""; 0]);
    assert_eq!(told(&text, answers([(200, "a"), (409, "")])), ["duplicate: expected status 200, got 409"]);
}

#[test]
fn a_duplicate_is_compared_with_the_attempt_that_was_taken_or_spoilt_as_it_is() {
    for sends in ["same-bytes", "new-attempt"] {
        let text = twice("", &format!("{{ duplicate = {{ sends = '{sends}' }} }}"));
        assert_eq!(told(&text, answers([(500, "oops"), (200, "a"), (200, "a")])), [""; 0], "{sends}");
        assert_eq!(told(&text, answers([(500, "oops"), (200, "a"), (200, "b")])).len(), 1, "{sends}");
    }
    let spoilt =
        |sends| twice("", &format!("{{ corrupt = {{ kinds = ['truncated'] }}, duplicate = {{ sends = '{sends}' }} }}"));
    assert_eq!(told(&spoilt("same-bytes"), answers([(400, "bad"), (400, "bad"), (200, "a")])), [""; 0]);
    assert_eq!(
        told(&spoilt("same-bytes"), answers([(400, "bad"), (400, "worse"), (200, "a")])),
        ["duplicate: expected the same answer as the first got, 400 bad, got 400 worse"]
    );
    assert_eq!(told(&spoilt("new-attempt"), answers([(400, "bad"), (200, "a"), (200, "a")])), [""; 0]);
}

/// Under the default order it comes before the retry of its delivery, which brings the callback anyway.
#[test]
fn a_duplicate_of_what_was_refused_is_no_more_than_another_attempt() {
    for sends in ["same-bytes", "new-attempt"] {
        let text = twice("", &format!("{{ duplicate = {{ sends = '{sends}' }} }}"));
        assert_eq!(told(&text, answers([(500, "oops"), (503, "no"), (200, "a")])), [""; 0], "{sends}");
        let given_up = ["not acknowledged after 2 attempts: status 500"];
        assert_eq!(told(&text, answers([(500, "oops"), (503, "no"), (500, "a")])), given_up, "{sends}");
        // What is said about every answer holds for these, too.
        let text = text.replacen("[expect]", "[expect]\nstatus = 200", 1);
        assert_eq!(told(&text, answers([(500, "oops"), (503, "no"), (200, "a")])).len(), 2, "{sends}");
    }
}

#[test]
fn a_duplicate_may_be_answered_first() {
    let text = format!("receiver.ordering = 'free'\n{}", twice("", "'duplicate'"));
    let overtaken = |second: &'static str| {
        move |request: u32, _: &Request| Reply {
            after: Some(Duration::from_secs(if request == 1 { 5 } else { 0 })),
            ..answer(200, if request == 1 { "a" } else { second })
        }
    };
    assert_eq!(told(&text, overtaken("a")), [""; 0]);
    assert_eq!(told(&text, overtaken("b")), ["duplicate: expected the same answer as the first got, 200 a, got 200 b"]);
}

#[test]
fn nobody_sends_a_duplicate_again() {
    let text = one("").replace("'none'", "['1s']") + "fault = 'duplicate'\n";
    let reset = |request, _: &Request| match request {
        2 => Reply { after: Some(Duration::ZERO), outcome: Outcome::failed(FailureKind::Reset, "cut") },
        _ => at_once(200),
    };
    assert_eq!(told(&text, reset), ["duplicate: reset: cut"]);
}

/// What the program says of `text`, a scenario, in virtual time with `flags`: the failures, the way to do it again, the exit.
fn said(name: &str, text: &str, flags: &[&str]) -> (Vec<String>, String, i32) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    fs::write(&path, format!("version = 1\npayload.epoch = \"2026-01-01T00:00:00Z\"\n{text}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullpush"));
    command.env_clear().arg("run").arg(&path).args(["--virtual", "--seed", "42"]).args(flags);
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let failures = out.lines().filter(|line| line.starts_with("failed  ") || line.contains("  !   "));
    let failures = failures.map(|line| line.trim_start().to_owned()).collect();
    (failures, err.replace(path.to_str().unwrap(), "FILE"), output.status.code().unwrap())
}

#[test]
fn what_is_not_met_is_told_twice_and_is_exit_1() {
    let text = one("expect.status = 200").replace("'none'", "['1s']");
    assert_eq!(said("not-met", &text, &[]), (vec![], String::new(), 0));
    let complaint = "expected status 200, got 503";
    // Where it happens, and at the end. The first requests of one task are not the first of all.
    assert_eq!(
        said("not-met", &text, &["--fail-first", "1", "--status", "503"]),
        (
            vec![
                format!("!   {complaint}"),
                // With the receiver's own words.
                format!(
                    "failed  TaskStart  task=7  #1: {complaint}; answer: {}",
                    r#"{"code":503,"message":"failing on purpose"}"#
                ),
            ],
            "again: pullpush run FILE --seed 42 --virtual --fail-first 1 --status 503\n".to_owned(),
            1
        )
    );
    let again = "again: pullpush run FILE --seed 42 --only task=7 --virtual --status 404\n";
    let (failures, err, code) = said("not-met", &text, &["--status", "404"]);
    assert_eq!((failures.len(), err.as_str(), code), (6, again, 1));
    // The first of them can be the last thing that is sent.
    let (failures, _, code) = said("not-met", &text, &["--status", "404", "--fail-fast"]);
    assert_eq!((failures.len(), code), (2, 1));
}

#[test]
fn a_spoilt_attempt_that_is_taken_is_exit_1() {
    let text = one("").replace("'none'", "['1s']") + "fault = 'truncated'\n";
    assert_eq!(said("taken", &text, &[]), (vec![], String::new(), 0));
    let (failures, _, code) = said("taken", &text, &["--status", "200"]);
    assert_eq!(
        (failures.last().unwrap().as_str(), code),
        ("failed  TaskStart  task=7  #1: expected status 4xx, got 200 (corrupt: truncated)", 1)
    );
}
