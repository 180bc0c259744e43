//! When and how often the player sends, in virtual time against a scripted receiver.

use std::time::Duration;

use pullpush::engine::event::{End, Event};
use pullpush::engine::outputs::Outputs;
use pullpush::engine::pace::Speed;
use pullpush::engine::player::Rest;
use pullpush::engine::transport::memory::Reply;
use pullpush::engine::transport::{FailureKind, Outcome, Request};
use pullpush::engine::writer::Writer;

use crate::support::{EPOCH, Run, at_once, run};

impl<F: FnMut(u32, &Request) -> Reply> Run<F> {
    /// `offset #task.delivery.attempt` of everything sent, offsets in seconds.
    fn sent(self) -> String {
        let (events, _) = self.play();
        let sent = events.iter().filter_map(|event| match event {
            Event::Sent { attempt, .. } => Some(format!(
                "{} #{}.{}.{}",
                attempt.sent.as_secs_f64(),
                attempt.subject.task,
                attempt.subject.number,
                attempt.number
            )),
            _ => None,
        });
        sent.collect::<Vec<_>>().join(", ")
    }
}

/// Two callbacks, ten seconds apart.
const TWO: &str = "[[task]]\nsource = 'live'\nurl = 'rtmp://o.test/a'\nend = '10s'\n";

fn with_receiver(keys: &str) -> String {
    format!("[receiver]\n{keys}\n{TWO}")
}

#[test]
fn callbacks_go_out_when_the_plan_says() {
    assert_eq!(run(TWO, |_, _| at_once(200)).sent(), "0 #1.1.1, 10 #1.2.1");
}

#[test]
fn the_documented_retries_are_twelve_one_a_minute() {
    let sent = run("[[task]]\n[[task.step]]\nevent = 'TaskStart'\n", |_, _| at_once(500)).sent();
    let expected = (0..13).map(|attempt| format!("{} #1.1.{}", attempt * 60, attempt + 1)).collect::<Vec<_>>();
    assert_eq!(sent, expected.join(", "));
}

#[test]
fn only_200_is_success() {
    for status in [201, 202, 204, 301, 400, 404, 500, 503] {
        let (events, _) = run(&with_receiver("retry = 'none'"), |_, _| at_once(status)).play();
        let given_up = |event: &&Event| matches!(event, Event::Ended { end: End::GivenUp, .. });
        assert_eq!(events.iter().filter(given_up).count(), 2, "{status}");
    }
}

#[test]
fn every_form_of_retry() {
    let first_fails = |retry: &str| {
        let steps = "[[task]]\n[[task.step]]\nevent = 'TaskStart'\n";
        run(&format!("[receiver]\nretry = {retry}\n{steps}"), |_, _| at_once(500)).sent()
    };
    assert_eq!(first_fails("'none'"), "0 #1.1.1");
    assert_eq!(first_fails("{ times = 2, every = '5s' }"), "0 #1.1.1, 5 #1.1.2, 10 #1.1.3");
    assert_eq!(first_fails("['1s', '5s']"), "0 #1.1.1, 1 #1.1.2, 6 #1.1.3");
    assert_eq!(first_fails("[]"), "0 #1.1.1");
}

#[test]
fn retries_end_when_the_receiver_recovers() {
    let recovers = |request, _: &Request| at_once(if request <= 2 { 503 } else { 200 });
    assert_eq!(
        run(&with_receiver("retry = ['1s', '1s', '1s']"), recovers).sent(),
        "0 #1.1.1, 1 #1.1.2, 2 #1.1.3, 10 #1.2.1"
    );
}

#[test]
fn waiting_for_the_order_is_not_lateness() {
    let (events, _) =
        run(&with_receiver("ordering = 'strict'"), |request, _| at_once(if request == 1 { 500 } else { 200 })).play();
    let delays = events.iter().filter_map(|event| match event {
        Event::Sent { attempt, .. } => Some(attempt.start_delay()),
        _ => None,
    });
    assert_eq!(delays.max(), Some(Duration::ZERO));
}

#[test]
fn silence_ends_with_the_timeout() {
    let (events, _) = run(&with_receiver("retry = 'none'"), |_, _| Reply::silence()).play();
    let met = events.iter().find_map(|event| match event {
        Event::AttemptFinished { outcome: Outcome::Failed(failure), done, .. } => Some((failure.kind, *done)),
        _ => None,
    });
    assert_eq!(met, Some((FailureKind::Timeout, Duration::from_secs(20))));
}

#[test]
fn speed_scales_the_schedule_and_the_retry_pauses_but_no_timeout() {
    let mut fast = run(&with_receiver(""), |request, _| if request == 1 { Reply::silence() } else { at_once(200) });
    fast.speed = Speed::Times(10.0);
    // 20 s of timeout are 200 s of scenario time; the minute after them takes 6 s.
    assert_eq!(fast.sent(), "0 #1.1.1, 20 #1.2.1, 26 #1.1.2");
}

#[test]
fn full_speed_never_waits() {
    for (ordering, sent) in [
        ("strict", "0 #1.1.1, 0 #1.1.2, 0 #1.1.3, 0 #1.1.4, 0 #1.2.1"),
        ("first-attempt", "0 #1.1.1, 0 #1.2.1, 0 #1.1.2, 0 #1.2.2, 0 #1.1.3"),
        ("free", "0 #1.1.1, 0 #1.2.1, 0 #1.1.2, 0 #1.2.2, 0 #1.1.3"),
    ] {
        let fails = |request, _: &Request| at_once(if request <= 3 { 500 } else { 200 });
        let mut fast = run(&with_receiver(&format!("ordering = '{ordering}'")), fails);
        fast.speed = Speed::Max;
        assert_eq!(fast.sent(), sent, "{ordering}");
    }
}

#[test]
fn a_step_can_wait_for_the_answer_before_it_even_where_order_is_free() {
    let steps = "
[receiver]
ordering = 'free'
[[task]]
[[task.step]]
event = 'TaskStart'
[[task.step]]
after_answer = '2s'
event = 'TaskExit'
[[task.step]]
after = '1s'
event = 'TaskStart'
[[task.step]]
at = '30s'
event = 'TaskExit'
";
    let slow = |_, _: &Request| Reply::status(200, Duration::from_secs(5));
    assert_eq!(run(steps, slow).sent(), "0 #1.1.1, 7 #1.2.1, 8 #1.3.1, 30 #1.4.1");
}

#[test]
fn many_tasks_go_on_while_one_waits() {
    let text = format!("{TWO}count = 3\nspacing = '1s'\n");
    let slow_first = |request, _: &Request| if request == 1 { Reply::silence() } else { at_once(200) };
    assert_eq!(
        run(&text, slow_first).sent(),
        "0 #1.1.1, 1 #2.1.1, 2 #3.1.1, 11 #2.2.1, 12 #3.2.1, 20 #1.2.1, 80 #1.1.2"
    );
}

#[test]
fn no_more_requests_are_on_their_way_than_allowed() {
    let text = "[[task]]\ncount = 3\n[[task.step]]\nevent = 'TaskStart'\n";
    let mut narrow = run(text, |_, _| Reply::status(200, Duration::from_secs(1)));
    narrow.max_in_flight = 1;
    assert_eq!(narrow.sent(), "0 #1.1.1, 1 #2.1.1, 2 #3.1.1");
}

#[test]
fn a_retry_is_stamped_and_signed_anew_but_what_happened_stays() {
    let mut bodies = Vec::new();
    let text = "
[receiver]
retry = ['1m']
[payload]
profile = 'complete'
key = 'testkey'
[[task]]
start = '5s'
[[task.step]]
event = 'TaskStart'
";
    run(text, |_, request| {
        bodies.push(serde_json::from_slice::<serde_json::Value>(&request.body).unwrap());
        at_once(500)
    })
    .play();
    let [first, second] = &bodies[..] else { panic!("{bodies:?}") };
    for (body, seconds) in [(first, 5), (second, 65)] {
        let at = EPOCH.seconds() + seconds;
        assert_eq!(body["event_time"], (EPOCH.seconds() + 5).to_string());
        assert_eq!(body["t"], at + 600);
        assert_eq!(body["msg"], format!("{{\"task_start_time\":{}}}", EPOCH.0 + 5000));
    }
    assert_ne!(first["sign"], second["sign"]);
}

/// `event_time` and `t` of three attempts, a minute apart, at this speed.
fn stamps_of_attempts(payload: &str, speed: Speed) -> Vec<(u64, u64)> {
    let mut seen = Vec::new();
    let text = format!(
        "[receiver]\nretry = ['1m', '1m']\n[payload]\nprofile = 'complete'\nkey = 'testkey'\nevent_time_as = 'number'\n{payload}\n\
         [[task]]\nstart = '10s'\n[[task.step]]\nevent = 'TaskStart'\nfault = {{ delay = {{ by = '20s' }} }}\n"
    );
    let mut run = run(&text, |_, request| {
        let body = serde_json::from_slice::<serde_json::Value>(&request.body).unwrap();
        let since = |field: &str| body[field].as_u64().unwrap().wrapping_sub(EPOCH.seconds());
        seen.push((since("event_time"), since("t")));
        Reply::status(500, Duration::from_secs(2))
    });
    run.speed = speed;
    run.play();
    seen
}

#[test]
fn an_event_has_one_time_in_all_its_attempts() {
    let (at_event, at_attempt) = ("event_time_at = 'event'", "event_time_at = 'attempt'");
    let (once, tenfold) = (Speed::Times(1.0), Speed::Times(10.0));
    // Answers take two seconds of the clock, whatever the speed.
    assert_eq!(stamps_of_attempts("", once), [(10, 630), (10, 692), (10, 754)]);
    assert_eq!(stamps_of_attempts(at_event, once), stamps_of_attempts("", once));
    assert_eq!(stamps_of_attempts(at_attempt, once), [(30, 630), (92, 692), (154, 754)]);
    // On the real clock scenario time runs ten times as fast; the event's time is the planned one all the same.
    assert_eq!(stamps_of_attempts("stamps = 'real'", tenfold), [(1, 603), (1, 611), (1, 619)]);
    assert_eq!(
        stamps_of_attempts(&format!("stamps = 'real'\n{at_attempt}"), tenfold),
        [(3, 603), (11, 611), (19, 619)]
    );
    // Where nothing waits it happened as long before its first attempt as it was held up.
    let at_full_speed = stamps_of_attempts("stamps = 'real'", Speed::Max);
    let event_times: Vec<_> = at_full_speed.iter().map(|(event_time, _)| *event_time).collect();
    assert_eq!(event_times, [event_times[0]; 3]);
}

#[test]
fn real_stamps_are_the_time_of_day() {
    let mut seen = Vec::new();
    let text = format!("[payload]\nstamps = 'real'\nprofile = 'doc-2024'\n{TWO}");
    let mut fast = run(&text, |_, request| {
        let body = serde_json::from_slice::<serde_json::Value>(&request.body).unwrap();
        seen.push(format!("{} {}", body["event_time"], body["msg"]));
        at_once(200)
    });
    fast.speed = Speed::Times(10.0);
    fast.play();
    // Ten seconds of scenario time are one of the clock.
    assert_eq!(
        seen,
        [
            r#""1767225600" "{\"task_start_time\":1767225600000}""#,
            r#""1767225601" "{\"message\":\"\",\"code\":0,\"task_exit_time\":1767225601000}""#,
        ]
    );
}

#[test]
fn a_stop_cancels_waiting_at_once_and_counts_what_is_left() {
    let text = format!("{TWO}count = 3\nspacing = '1s'\n");
    let mut stopped = run(&text, |_, _| at_once(200));
    stopped.stop_after = Some(Duration::from_millis(1500));
    let (events, rest) = stopped.play();
    let sent = events.iter().filter(|event| matches!(event, Event::Sent { .. })).count();
    assert_eq!((sent, rest), (2, Rest { not_started: 4, at_least: false, stopped: Duration::ZERO }));
}

/// A reader that reads on once it is told to.
struct Reader(std::sync::mpsc::Receiver<()>);

impl std::io::Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Told or gone: it reads on.
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_time_that_a_full_output_stops_it_is_in_no_other_figure() {
    let (reads, reader) = std::sync::mpsc::channel();
    let output = Writer::new(Reader(reader));
    let mut stopped = run(
        "[receiver]\nretry = 'none'\n[[task]]\nsource = 'live'\nurl = 'rtmp://o.test/a'\nend = '10s'\ncount = 3\nspacing = '2s'\n",
        {
            let output = output.clone();
            let mut reads = Some(reads);
            move |request, _| {
                // After the first nobody reads, and that answer takes three seconds; then somebody does.
                match request {
                    1 => output.push(&" ".repeat(pullpush::engine::writer::FULL)),
                    _ => drop(reads.take()),
                }
                Reply::status(200, Duration::from_secs(3))
            }
        },
    );
    stopped.outputs = Outputs { complete: vec![output], journal: None };
    stopped.stop_after = Some(Duration::from_secs(60));
    let (events, rest) = stopped.play();
    let sent = events.iter().filter(|event| matches!(event, Event::Sent { .. })).count();
    let took = events.iter().filter_map(|event| match event {
        Event::AttemptFinished { attempt, done, .. } => Some(*done - attempt.sent),
        _ => None,
    });
    // It stands still from when the second is due; what was on its way took as long as it did.
    assert_eq!((sent, rest.not_started, rest.stopped), (1, 5, Duration::from_secs(58)));
    assert_eq!(took.collect::<Vec<_>>(), [Duration::from_secs(3)]);
}

#[test]
fn a_stop_lets_what_is_on_its_way_end_and_gives_up_retries() {
    let mut stopped = run(&with_receiver(""), |_, _| Reply::status(500, Duration::from_secs(5)));
    stopped.stop_after = Some(Duration::from_secs(2));
    let (events, rest) = stopped.play();
    let [Event::Sent { .. }, Event::AttemptFinished { done, .. }, Event::Ended { end: End::Interrupted, .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((done.as_secs(), rest.not_started), (5, 1));
}

#[test]
fn a_second_stop_leaves_what_is_on_its_way() {
    let mut stopped = run(&with_receiver(""), |_, _| Reply::status(200, Duration::from_secs(15)));
    stopped.stop_after = Some(Duration::from_secs(2));
    stopped.abandon_after = Some(Duration::from_secs(3));
    let (events, rest) = stopped.play();
    assert!(matches!(&events[..], [Event::Sent { .. }, Event::Ended { end: End::Interrupted, .. }]), "{events:?}");
    assert_eq!(rest.not_started, 1);
}

#[test]
fn an_address_that_is_forbidden_is_not_tried_again() {
    let forbidden = |_, _: &Request| Reply {
        after: Some(Duration::ZERO),
        outcome: Outcome::failed(FailureKind::Forbidden, "a public address"),
    };
    assert_eq!(run(&with_receiver(""), forbidden).sent(), "0 #1.1.1, 10 #1.2.1");
}
