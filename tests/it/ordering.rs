//! What the next callback of a task waits for, in every order, and what goes out next where nothing waits for its time.

use std::time::Duration;

use pullpush::engine::event::{End, Event};
use pullpush::engine::pace::Speed;
use pullpush::engine::player::Rest;
use pullpush::engine::transport::Request;
use pullpush::engine::transport::memory::Reply;
use pullpush::report::{log, ndjson};

use crate::support::{Run, at_once, planned, run, story};

/// TaskStart at 0 s, VodSourceFileStart at 2 s, VodSourceFileFinish and TaskExit at 602 s.
const FILM: &str = "
[[task]]
source = 'vod'
start_gap = '2s'
files = [{ url = 'http://media.test/1.m3u8', duration = '10m' }]
";

fn ordered(ordering: &str, rest: &str) -> String {
    format!("receiver.ordering = '{ordering}'\n{rest}")
}

/// Answers 500 to the first `failing` attempts that tell of `event`, 200 to everything else.
fn fails(event: &'static str, failing: u32) -> impl FnMut(u32, &Request) -> Reply {
    let mut failed = 0;
    move |_, request| {
        let tells = String::from_utf8_lossy(&request.body).contains(event);
        failed += u32::from(tells);
        at_once(if tells && failed <= failing { 500 } else { 200 })
    }
}

fn silent(_: u32, _: &Request) -> Reply {
    Reply::silence()
}

/// A run at full speed.
fn fast<F: FnMut(u32, &Request) -> Reply>(text: &str, receiver: F) -> Run<F> {
    Run { speed: Speed::Max, ..run(text, receiver) }
}

/// `task.delivery.attempt` of everything sent, in order.
fn sent(events: &[Event]) -> Vec<String> {
    let sent = events.iter().filter_map(|event| match event {
        Event::Sent { attempt, .. } => {
            let again = if attempt.duplicate.is_some() { " again" } else { "" };
            Some(format!("{}.{}.{}{again}", attempt.subject.task, attempt.subject.number, attempt.number))
        }
        _ => None,
    });
    sent.collect()
}

#[test]
fn a_start_that_fails_three_times_does_not_hold_up_its_file() {
    let told = "0 TaskStart #1.1.1, 2 FileStart [0] #1.2.1, 60 TaskStart #1.1.2, 120 TaskStart #1.1.3, 180 TaskStart #1.1.4, \
                602 FileFinish [0] #1.3.1, 602 TaskExit 0 #1.4.1";
    assert_eq!(run(FILM, fails("TaskStart", 3)).story(), told);
    assert_eq!(run(&ordered("first-attempt", FILM), fails("TaskStart", 3)).story(), told);
    assert_eq!(run(&ordered("free", FILM), fails("TaskStart", 3)).story(), told);
    assert_eq!(
        run(&ordered("strict", FILM), fails("TaskStart", 3)).story(),
        "0 TaskStart #1.1.1, 60 TaskStart #1.1.2, 120 TaskStart #1.1.3, 180 TaskStart #1.1.4, 180 FileStart [0] #1.2.1, \
         602 FileFinish [0] #1.3.1, 602 TaskExit 0 #1.4.1"
    );
}

#[test]
fn a_first_attempt_waits_until_it_is_known_what_came_of_the_one_before() {
    let slow = |_, _: &Request| Reply::status(200, Duration::from_secs(5));
    let story = |ordering| run(&ordered(ordering, FILM), slow).story();
    let waits = "0 TaskStart #1.1.1, 5 FileStart [0] #1.2.1, 602 FileFinish [0] #1.3.1, 607 TaskExit 0 #1.4.1";
    assert_eq!((story("first-attempt"), story("strict")), (waits.to_owned(), waits.to_owned()));
    let free = "0 TaskStart #1.1.1, 2 FileStart [0] #1.2.1, 602 FileFinish [0] #1.3.1, 602 TaskExit 0 #1.4.1";
    assert_eq!(story("free"), free);
    // Silence, too, is known after the timeout.
    let silent_first = |request, sent: &Request| if request == 1 { Reply::silence() } else { slow(request, sent) };
    assert_eq!(
        run(FILM, silent_first).story(),
        "0 TaskStart #1.1.1, 20 FileStart [0] #1.2.1, 80 TaskStart #1.1.2, 602 FileFinish [0] #1.3.1, 607 TaskExit 0 #1.4.1"
    );
}

#[test]
fn a_step_that_waits_for_an_answer_waits_for_the_end_of_the_one_before() {
    let steps = "
[[task]]
[[task.step]]
event = 'TaskStart'
[[task.step]]
after_answer = '2s'
event = 'ResetTaskConfig'
[[task.step]]
after = '1s'
event = 'TaskExit'
";
    let told = "0 TaskStart #1.1.1, 60 TaskStart #1.1.2, 62 ResetTaskConfig #1.2.1, 63 TaskExit 0 #1.3.1";
    for ordering in ["first-attempt", "strict", "free"] {
        assert_eq!(run(&ordered(ordering, steps), fails("TaskStart", 1)).story(), told, "{ordering}");
    }
    // What comes after a step is so long after its first attempt.
    let told = "0 TaskStart #1.1.1, 2 ResetTaskConfig #1.2.1, 3 TaskExit 0 #1.3.1, 62 ResetTaskConfig #1.2.2";
    assert_eq!(run(steps, fails("ResetTaskConfig", 1)).story(), told);
}

#[test]
fn a_late_or_lost_callback_holds_up_nobody_and_its_retries_are_overtaken() {
    let late = "faults = { delay = { chance = 1, by = '3s' }, events = ['TaskStart'] }\n";
    assert_eq!(
        run(&format!("{late}{FILM}"), fails("TaskStart", 1)).story(),
        "2 FileStart [0] #1.2.1, 3 TaskStart #1.1.1, 63 TaskStart #1.1.2, 602 FileFinish [0] #1.3.1, 602 TaskExit 0 #1.4.1"
    );
    let lost = "faults = { drop = 1, events = ['TaskStart'] }\n";
    assert_eq!(
        run(&format!("{lost}{FILM}"), fails("VodSourceFileStart", 1)).story(),
        "#1.1 dropped, 2 FileStart [0] #1.2.1, 62 FileStart [0] #1.2.2, 602 FileFinish [0] #1.3.1, 602 TaskExit 0 #1.4.1"
    );
}

#[test]
fn a_duplicate_takes_its_turn_and_overtakes_the_retries_of_its_delivery() {
    let twice = "faults = { duplicate = { chance = 1, after = '1s' }, events = ['TaskStart'] }\n";
    assert_eq!(
        run(&format!("{twice}{FILM}"), fails("TaskStart", 1)).story(),
        "0 TaskStart #1.1.1, 1 TaskStart #1.1.1 again, 2 FileStart [0] #1.2.1, 60 TaskStart #1.1.2, \
         602 FileFinish [0] #1.3.1, 602 TaskExit 0 #1.4.1"
    );
}

/// The paths that are asked, between what is sent.
fn with_probes(events: &[Event]) -> String {
    let told = events.iter().filter_map(|event| match event {
        Event::Sent { attempt, .. } => {
            Some(format!("{} {}.{}", attempt.sent.as_secs_f64(), attempt.subject.number, attempt.number))
        }
        Event::Probed { probe, at, .. } => Some(format!("{} {}", at.as_secs_f64(), probe.url)),
        _ => None,
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Asked after the TaskStart, after the last callback of the task, in the tenth second and at the end.
const ASKS: &str = "
[[probe]]
after = 'TaskStart'
get = '/started'
[[probe]]
after = 'TaskExit'
get = '/over'
[[probe]]
at = '10s'
get = '/now'
[[probe]]
after = 'end'
get = '/end'
";

#[test]
fn a_probe_is_asked_when_its_callback_is_through_and_the_next_one_waits_for_it_unless_it_is_overtaken() {
    let text = format!("{ASKS}{FILM}");
    // Every answer takes a second, those to probes, too.
    let slow = |_, _: &Request| Reply::status(200, Duration::from_secs(1));
    assert_eq!(
        with_probes(&run(&text, slow).play().0),
        "0 1.1, 2 /started, 2 2.1, 11 /now, 602 3.1, 603 4.1, 605 /over, 606 /end"
    );
    // A TaskExit that is through is not the end while a retry of the task is to come.
    let mut starts = fails("TaskStart", 12);
    let events = run(&text, move |n, sent: &Request| starts(n, sent)).play().0;
    let told = with_probes(&events);
    assert!(told.starts_with("0 1.1, 2 2.1, 10 /now, 60 1.2, "), "{told}");
    assert!(told.ends_with("602 3.1, 602 4.1, 660 1.12, 720 1.13, 720 /started, 720 /over, 720 /end"), "{told}");
}

#[test]
fn at_full_speed_retries_keep_their_place_in_scenario_time() {
    let text = format!("receiver.retry = ['5m', '5m']\n{FILM}");
    let order = |text: &str, failing| sent(&fast(text, fails("TaskStart", failing)).play().0);
    assert_eq!(order(&text, 1), ["1.1.1", "1.2.1", "1.1.2", "1.3.1", "1.4.1"]);
    assert_eq!(order(&text, 2), ["1.1.1", "1.2.1", "1.1.2", "1.1.3", "1.3.1", "1.4.1"]);
    // At the same time the older one goes first.
    let tie = text.replace("'5m', '5m'", "'2s'");
    assert_eq!(order(&tie, 1), ["1.1.1", "1.1.2", "1.2.1", "1.3.1", "1.4.1"]);
    // A probe in the middle of it sees what had been sent by then.
    let text = format!("probe = [{{ at = '4m', get = '/now' }}]\n{text}");
    assert_eq!(with_probes(&fast(&text, fails("TaskStart", 1)).play().0), "0 1.1, 0 2.1, 0 /now, 0 1.2, 0 3.1, 0 4.1");
}

/// Shows that overlap, with retries between, duplicates and delays; what each request takes is up to the receiver.
const EVENING: &str = "
receiver.retry = ['500ms', '7s', '3m']
faults = { delay = { chance = 0.3, by = '0s..40s' }, duplicate = { chance = 0.3, after = '2s' }, drop = 0.1 }
[[task]]
count = 12
spacing = '700ms'
source = 'vod'
loops = 3
files = [{ url = 'http://media.test/1.m3u8', duration = '4s' }, { url = 'http://media.test/2.m3u8', duration = '9s' }]
";

#[test]
fn at_full_speed_the_order_does_not_hang_on_how_long_answers_take() {
    let planned: Vec<_> = planned(EVENING)
        .deliveries()
        .filter(|it| !it.faults.dropped)
        .map(|it| format!("{}.{}.1{}", it.task.number, it.number, if it.is_duplicate() { " again" } else { "" }))
        .collect();
    let mut orders = Vec::new();
    for (lanes, slowness) in [(1, 0), (1000, 0), (1000, 7), (1000, 13), (3, 11)] {
        // Whether a callback is refused hangs on its bytes alone, how long that takes on anything.
        let moody = |request: u32, sent: &Request| {
            let sum: u32 = sent.body.iter().map(|byte| u32::from(*byte)).sum();
            let after = Duration::from_millis(u64::from((request * 7919) % 17 * slowness));
            Reply::status(if sum.is_multiple_of(3) { 500 } else { 200 }, after)
        };
        let run = Run { max_in_flight: lanes, ..fast(EVENING, moody) };
        let (events, rest) = run.play();
        assert_eq!(rest, Rest { not_started: 0, at_least: false, ..rest });
        let order = sent(&events);
        let firsts: Vec<_> = order.iter().filter(|sent| sent.split(['.', ' ']).nth(2) == Some("1")).cloned().collect();
        assert_eq!(firsts, planned);
        orders.push(order);
    }
    assert!(orders[0].len() > planned.len() + 20, "{}", orders[0].len());
    assert!(orders.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn at_full_speed_tasks_overlap_and_a_task_does_not_overlap_with_itself() {
    let text = "receiver.retry = ['1s']\n[[task]]\ncount = 3\nsource = 'live'\nurl = 'rtmp://o.test/a'\nend = '5s'\n";
    let slow = |request, _: &Request| Reply::status(if request <= 3 { 500 } else { 200 }, Duration::from_secs(1));
    let events = fast(text, slow).play().0;
    let told = "0 TaskStart #1.1.1, 0 TaskStart #2.1.1, 0 TaskStart #3.1.1, \
                1 TaskStart #1.1.2, 1 TaskStart #2.1.2, 1 TaskStart #3.1.2, \
                2 TaskExit 0 #1.2.1, 2 TaskExit 0 #2.2.1, 2 TaskExit 0 #3.2.1";
    assert_eq!(story(&events), told);
}

#[test]
fn a_stop_ends_what_waits_for_a_retry_at_once_and_counts_what_was_not_begun() {
    let mut stopped = run(FILM, |_, _| at_once(500));
    stopped.stop_after = Some(Duration::from_secs(70));
    let (events, rest) = stopped.play();
    let ended: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Ended { subject, end: End::Interrupted } => Some(subject.number),
            _ => None,
        })
        .collect();
    assert_eq!((ended, rest.not_started), (vec![1, 2], 2));
}

#[test]
fn a_receiver_that_hangs_through_a_long_task_leaves_few_deliveries_open() {
    let text = "[[task]]\nsource = 'vod'\nloops = -1\nend = '3d'\nfiles = [{ url = 'http://media.test/1', duration = '10s' }]\n";
    let (mut open, mut most) = (0_i32, 0);
    let (events, _) = run(text, silent).play();
    for event in &events {
        match event {
            Event::Sent { attempt, .. } if attempt.number == 1 => open += 1,
            Event::Ended { .. } => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    // One first attempt every 20 s, and each is over after 13 timeouts and 12 minutes.
    assert!((45..60).contains(&most), "{most}");
    assert!(!events.iter().any(|event| matches!(event, Event::HeldUp { .. })));
}

/// One callback a second.
const MANY: &str = "
receiver.retry = ['1h']
[[task]]
count = 10
spacing = '1s'
[[task.step]]
event = 'TaskStart'
";

#[test]
fn a_bound_on_what_is_not_over_holds_up_the_rest_and_says_so() {
    for (speed, at) in [(Speed::REAL, 4), (Speed::Max, 0)] {
        let (events, rest) = Run { max_unfinished: 4, speed, ..run(MANY, |_, _| at_once(500)) }.play();
        assert_eq!(rest.not_started, 0);
        let held: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::HeldUp { at, unfinished } => Some((at.as_secs(), *unfinished)),
                _ => None,
            })
            .collect();
        assert_eq!(held, [(at, 4)], "{speed}");
        let held = events.iter().find(|event| matches!(event, Event::HeldUp { .. })).unwrap();
        let said = anstream::adapter::strip_str(&log::line(held)).to_string();
        assert!(said.contains("!   held up: 4 callbacks wait for their next attempts, and no other begins "), "{said}");
        let at_us = at * 1_000_000;
        let object = format!("{{\"schema_version\":1,\"event\":\"held_up\",\"at_us\":{at_us},\"unfinished\":4}}\n");
        assert_eq!(ndjson::line(held), object);
        let order = sent(&events);
        assert_eq!(order[..6], ["1.1.1", "2.1.1", "3.1.1", "4.1.1", "1.1.2", "5.1.1"], "{speed}");
        assert_eq!(order.len(), 20);
    }
    // Where it is not reached, or nothing has to wait for it, nothing is said.
    let (events, _) = Run { max_unfinished: 10, ..run(MANY, |_, _| at_once(500)) }.play();
    assert!(!events.iter().any(|event| matches!(event, Event::HeldUp { .. })));
}
