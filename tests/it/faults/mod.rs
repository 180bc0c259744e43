//! Faults: what the plan says of them, what the receiver sees of them, what comes of it.

mod plan;
mod properties;
mod spoilt;
mod windows;
mod wire;

use std::time::Duration;

use pullpush::engine::transport::Request;
use pullpush::engine::transport::memory::Reply;
use serde_json::Value;

use crate::support::{EPOCH, Run, at_once, planned, run};

/// TaskStart at 0 s, VodSourceFileStart at 1 s, VodSourceFileFinish and TaskExit at 11 s.
const LIST: &str = "
[[task]]
source = 'vod'
start_gap = '1s'
files = [{ url = 'http://media.test/1.m3u8', duration = '10s' }]
";

fn faults(keys: &str) -> String {
    format!("[faults]\n{keys}\n{LIST}")
}

/// A task of one step.
fn step(keys: &str) -> String {
    format!("[[task]]\n[[task.step]]\nevent = 'TaskStart'\n{keys}\n")
}

fn taken(_: u32, _: &Request) -> Reply {
    at_once(200)
}

/// Every request takes a second.
fn slow(_: u32, _: &Request) -> Reply {
    Reply::status(200, Duration::from_secs(1))
}

fn json(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// The requests of a run that are all taken.
fn requests(text: &str) -> Vec<Request> {
    let mut seen = Vec::new();
    run(text, |_, request| {
        seen.push(request.clone());
        at_once(200)
    })
    .play();
    seen
}

/// The line about faults of the summary.
fn audit<F: FnMut(u32, &Request) -> Reply>(run: Run<F>) -> String {
    let text = anstream::adapter::strip_str(&run.judged().1.to_text()).to_string();
    let line = text.lines().find_map(|line| line.strip_prefix("faults        "));
    line.unwrap_or_default().to_owned()
}

#[test]
fn nothing_befalls_whom_nothing_is_said_about() {
    let plain = run(LIST, taken).play();
    for keys in ["", "drop = 0", "drop = 0.0\ndelay = { chance = 0, by = '1s' }\ncorrupt = { chance = 0 }"] {
        assert_eq!(run(&faults(keys), taken).play(), plain);
    }
    assert_eq!(audit(run(LIST, taken)), "");
}

#[test]
fn what_is_dropped_is_never_sent_and_ends_so() {
    let text = faults("drop = 1\nevents = ['VodSourceFileStart', 'VodSourceFileFinish']");
    let told = "0 TaskStart #1.1.1, #1.2 dropped, #1.3 dropped, 11 TaskExit 0 #1.4.1";
    assert_eq!(run(&text, taken).story(), told);

    let (complaints, summary) = run(&faults("drop = 1"), taken).judged();
    let told = summary.to_json();
    assert_eq!((complaints.len(), told.planned, told.dropped, told.attempts), (0, 4, 4, 0));
}

#[test]
fn a_dropped_delivery_holds_up_nobody() {
    let steps = "
[[task]]
[[task.step]]
event = 'TaskStart'
[[task.step]]
after_answer = '2s'
event = 'TaskAlarm'
fault = 'drop'
[[task.step]]
after_answer = '3s'
event = 'TaskExit'
";
    assert_eq!(run(steps, slow).story(), "0 TaskStart #1.1.1, #1.2 dropped, 6 TaskExit 0 #1.3.1");
}

#[test]
fn a_duplicate_comes_after_its_delivery_and_waits_its_turn() {
    let text = faults("duplicate = { chance = 1, after = '300ms' }");
    assert_eq!(
        run(&text, taken).story(),
        "0 TaskStart #1.1.1, 0.3 TaskStart #1.1.1 again, 1 FileStart [0] #1.2.1, 1.3 FileStart [0] #1.2.1 again, \
         11 FileFinish [0] #1.3.1, 11 TaskExit 0 #1.4.1, \
         11.3 FileFinish [0] #1.3.1 again, 11.3 TaskExit 0 #1.4.1 again"
    );
    assert_eq!(
        run(&text, slow).story(),
        "0 TaskStart #1.1.1, 1 TaskStart #1.1.1 again, 2 FileStart [0] #1.2.1, 3 FileStart [0] #1.2.1 again, \
         11 FileFinish [0] #1.3.1, 12 TaskExit 0 #1.4.1, 13 FileFinish [0] #1.3.1 again, 14 TaskExit 0 #1.4.1 again"
    );
    let free = format!("[receiver]\nordering = 'free'\n{text}");
    assert_eq!(run(&free, slow).story(), run(&text, taken).story());
}

#[test]
fn a_duplicate_belongs_to_its_delivery_and_is_one_attempt() {
    let text = faults("duplicate = { chance = 1 }\nevents = ['TaskExit']");
    // The fifth request is the duplicate: it is refused, and nobody sends it again.
    let (complaints, summary) = run(&text, |request, _| at_once(if request == 5 { 500 } else { 200 })).judged();
    let told = summary.to_json();
    assert_eq!((told.planned, told.acknowledged, told.attempts), (4, 4, 5));
    let [complaint] = &complaints[..] else { panic!("{complaints:?}") };
    assert!(complaint.ends_with("  #4: duplicate: expected status 200, got 500"), "{complaint}");
    assert_eq!(planned(&text).count(usize::MAX), 4);
}

#[test]
fn a_duplicate_is_one_whether_retries_go_before_it_or_not() {
    let refused = |request, _: &Request| at_once(if request < 3 { 500 } else { 200 });
    for (ordering, story) in [
        ("strict", "0 TaskStart #1.1.1, 5 TaskStart #1.1.2, 10 TaskStart #1.1.3, 10 TaskStart #1.1.1 again"),
        // It takes its turn as a first attempt does, and overtakes retries.
        ("first-attempt", "0 TaskStart #1.1.1, 0.3 TaskStart #1.1.1 again, 5 TaskStart #1.1.2"),
        ("free", "0 TaskStart #1.1.1, 0.3 TaskStart #1.1.1 again, 5 TaskStart #1.1.2"),
    ] {
        let text =
            format!("[receiver]\nretry = ['5s', '5s']\nordering = '{ordering}'\n{}", step("fault = 'duplicate'"));
        assert_eq!(run(&text, refused).story(), story, "{ordering}");
    }
}

/// A signed task whose second step is due two seconds after the first was answered, and comes twice.
fn twice(sends: &str, stamps: &str) -> String {
    format!(
        "
payload = {{ profile = 'complete', key = 'testkey', stamps = '{stamps}' }}
[[task]]
[[task.step]]
event = 'TaskStart'
[[task.step]]
after_answer = '2s'
event = 'TaskStart'
fault = {{ duplicate = {{ after = '90s', sends = '{sends}' }} }}
"
    )
}

#[test]
fn the_same_bytes_are_the_same_bytes_whatever_the_stamps() {
    for stamps in ["virtual", "real"] {
        let seen = requests(&twice("same-bytes", stamps));
        let [first, second, again] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(second, again);
        assert_ne!(first.body, second.body);
    }
}

#[test]
fn another_attempt_is_stamped_and_signed_anew_but_happened_when_the_first_did() {
    for stamps in ["virtual", "real"] {
        let mut seen = Vec::new();
        // The first answer takes five seconds: the plan cannot know when what follows happens.
        run(&twice("new-attempt", stamps), |request, sent| {
            seen.push(json(sent));
            Reply::status(200, Duration::from_secs(if request == 1 { 5 } else { 0 }))
        })
        .play();
        for (body, seconds) in seen.iter().zip([0, 7, 97]) {
            let (happened, sent) = (EPOCH.seconds() + seconds.min(7), EPOCH.seconds() + seconds);
            assert_eq!(
                (&body["event_time"], &body["t"]),
                (&Value::from(happened.to_string()), &Value::from(sent + 600))
            );
        }
        assert_eq!(seen[2]["msg"], seen[1]["msg"]);
        assert_eq!(seen[1]["msg"], format!("{{\"task_start_time\":{}}}", EPOCH.0 + 7000));
        assert_ne!(seen[2]["sign"], seen[1]["sign"]);
    }
}

#[test]
fn what_is_delayed_is_overtaken_and_tells_when_it_happened() {
    let text = format!(
        "payload.profile = 'doc-2024'\n{}",
        faults("delay = { chance = 1, by = '5s' }\nevents = ['TaskStart', 'TaskExit']")
    );
    assert_eq!(
        run(&text, taken).story(),
        "1 FileStart [0] #1.2.1, 5 TaskStart #1.1.1, 11 FileFinish [0] #1.3.1, 16 TaskExit 0 #1.4.1"
    );
    // In order it is not overtaken for nothing: one request is under way at a time, in the new sequence.
    let three = |_, _: &Request| Reply::status(200, Duration::from_secs(3));
    assert_eq!(
        run(&faults("delay = { chance = 1, by = '2s' }\nevents = ['TaskStart']"), three).story(),
        "1 FileStart [0] #1.2.1, 4 TaskStart #1.1.1, 11 FileFinish [0] #1.3.1, 14 TaskExit 0 #1.4.1"
    );
    let late = json(&requests(&text)[1]);
    assert_eq!(late["msg"], format!("{{\"task_start_time\":{}}}", EPOCH.0));
    assert_eq!(late["event_time"], EPOCH.seconds().to_string());
}

#[test]
fn a_delay_is_drawn_between_its_bounds() {
    let text = "[faults]\ndelay = { chance = 1, by = '1s..3s' }\n[[task]]\ncount = 200\nsource = 'live'\n\
                url = 'rtmp://o.test/a'\nto_url = 'rtmp://p.test/{n}'\nend = '1h'\n";
    let delays: Vec<_> = planned(text).deliveries().map(|it| it.offset.minus(it.happened).0).collect();
    assert!(delays.iter().all(|delay| (1000..=3000).contains(delay)));
    let mean = delays.iter().sum::<u64>() / 400;
    assert!((1900..2100).contains(&mean), "{mean}");
}

#[test]
fn steps_keep_their_distances_when_one_of_them_is_late() {
    let steps = "
[receiver]
ordering = 'free'
[[task]]
[[task.step]]
event = 'TaskStart'
[[task.step]]
after_answer = '2s'
event = 'TaskAlarm'
fault = { delay = { by = '4s' } }
[[task.step]]
after = '1s'
event = 'ResetTaskConfig'
fault = 'duplicate'
[[task.step]]
after = '8s'
event = 'TaskExit'
";
    // Planned: 0, 6 instead of 2, 3 and 3.3, 11. The answer to the first takes ten seconds, and #3 hangs on what goes
    // before it: it comes three seconds after #1 was sent, and everything behind it keeps its distance from that.
    let first_slow = |request, _: &Request| Reply::status(200, Duration::from_secs(if request == 1 { 10 } else { 0 }));
    assert_eq!(
        run(steps, first_slow).story(),
        "0 TaskStart #1.1.1, 3 ResetTaskConfig #1.3.1, 3.3 ResetTaskConfig #1.3.1 again, \
         6 TaskAlarm PullFileFailed #1.2.1, 11 TaskExit 0 #1.4.1"
    );
    // Where nothing comes between, what waits for an answer waits for it and then for its delay.
    let two = "
[[task]]
[[task.step]]
event = 'TaskStart'
[[task.step]]
after_answer = '2s'
event = 'TaskExit'
fault = { delay = { by = '4s' }, duplicate = {} }
";
    for ordering in ["first-attempt", "strict", "free"] {
        let text = format!("receiver.ordering = '{ordering}'\n{two}");
        let mut told = Vec::new();
        let late = run(&text, |request, sent| {
            told.push(json(sent)["msg"].clone());
            first_slow(request, sent)
        });
        assert_eq!(late.story(), "0 TaskStart #1.1.1, 16 TaskExit 0 #1.2.1, 16.3 TaskExit 0 #1.2.1 again");
        // It happened when it would have been sent.
        let exit = told[1].as_str().unwrap();
        assert!(exit.ends_with(&format!("\"task_exit_time\":{}}}", EPOCH.0 + 12_000)), "{exit}");
    }
}

#[test]
fn an_endless_task_whose_deliveries_are_all_late_is_made_bit_by_bit() {
    // A billion rounds: who makes them all to find the first never comes back.
    let text = format!("{}loops = 1_000_000_000\n", faults("delay = { chance = 1, by = '1s' }"));
    let first: Vec<_> = planned(&text).deliveries().take(4).map(|it| (it.number, it.offset.0)).collect();
    assert_eq!(first, [(1, 1000), (2, 2000), (3, 12_000), (4, 12_000)]);
}

#[test]
fn the_faults_of_a_task_go_before_those_of_all() {
    let text = "
[faults]
drop = 1
delay = { chance = 1, by = '2s' }
[[task]]
[[task.step]]
event = 'TaskStart'
[[task]]
faults.drop = 0
[[task.step]]
event = 'TaskStart'
[[task]]
[task.faults]
drop = 0
delay = { chance = 1, by = '3s' }
[[task.step]]
event = 'TaskStart'
[[task.step]]
event = 'TaskExit'
fault = 'duplicate'
";
    // Task 1: dropped. Task 2: delayed as all are. Task 3: as it says; its second step has faults of its own alone.
    assert_eq!(
        run(text, taken).story(),
        "#1.1 dropped, 0 TaskExit 0 #3.2.1, 0.3 TaskExit 0 #3.2.1 again, 2 TaskStart #2.1.1, 3 TaskStart #3.1.1"
    );
}

#[test]
fn faults_of_some_callbacks_spare_the_others_and_what_no_document_knows() {
    let text = "
[faults]
drop = 1
events = ['TaskStart']
[[task]]
[[task.step]]
event = 'TaskStart'
[[task.step]]
event = 'TaskUnheardOf'
[[task]]
[task.faults]
events = ['TaskExit']
[[task.step]]
event = 'TaskStart'
[[task.step]]
event = 'TaskExit'
";
    assert_eq!(run(text, taken).story(), "#1.1 dropped, 0 TaskUnheardOf #1.2.1, 0 TaskStart #2.1.1, #2.2 dropped");
}

#[test]
fn the_summary_audits_what_was_drawn_and_what_was_done() {
    assert_eq!(audit(run(&faults("drop = 1"), taken)), "drop ×4");
    assert_eq!(
        audit(run(&faults("duplicate = { chance = 1 }\ncorrupt = { chance = 1 }"), taken)),
        "duplicate ×4, corrupt ×4"
    );
    // What is dropped is not delayed; and a run that is stopped leaves things undone.
    assert_eq!(audit(run(&faults("drop = 1\ndelay = { chance = 1, by = '1s' }"), taken)), "drop ×4, delay ×4 (0 done)");
    let mut stopped = run(&faults("duplicate = { chance = 1, after = '2s' }"), taken);
    stopped.stop_after = Some(Duration::from_millis(2500));
    assert_eq!(audit(stopped), "duplicate ×2 (1 done)");
}
