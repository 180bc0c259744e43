//! Probes: when they are asked, what they ask, and what is said of the answers.

mod real;

use std::time::Duration;

use pullpush::engine::event::Event;
use pullpush::engine::pace::Speed;
use pullpush::engine::transport::memory::Reply;
use pullpush::engine::transport::{FailureKind, Outcome, Request};
use pullpush::scenario::expect::Answer;
use reqwest::Method;

use crate::support::{Run, at_once, run};

/// Two tasks, the second half a second after the first; FileStart after 1 s, Finish and Exit after 11 s.
const TWO: &str = "
[[task]]
count = 2
spacing = '500ms'
task_id = '10{n}'
to_url = 'rtmp://p.test/live/show-{n}'
source = 'vod'
start_gap = '1s'
files = [{ url = 'http://media.test/{n}.m3u8', duration = '10s' }]
";

fn probe(keys: &str) -> String {
    format!("[[probe]]\n{keys}\n")
}

fn state(status: u16, body: &str) -> Reply {
    Reply { after: Some(Duration::ZERO), outcome: Outcome::Answered(Answer::new(status, body.to_owned().into())) }
}

/// `seconds callback #task.delivery`, `seconds ? path` and where it matters `!` for a failure, in the order things happen.
fn order(events: &[Event]) -> String {
    let told = events.iter().filter_map(|event| match event {
        Event::Sent { attempt, .. } => {
            let (sent, subject) = (attempt.sent.as_secs_f64(), &attempt.subject);
            Some(format!("{sent} {} #{}.{}", subject.event.replace("VodSource", ""), subject.task, subject.number))
        }
        Event::Probed { url, at, complaints, .. } => {
            let path = url.strip_prefix("http://receiver.test").unwrap_or(url);
            Some(format!("{} ? {path}{}", at.as_secs_f64(), if complaints.is_empty() { "" } else { " !" }))
        }
        _ => None,
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The order of things of one task with probes, if every answer takes a second.
fn alone(probes: &str, speed: Speed) -> String {
    let mut run =
        run(&format!("{probes}{}", TWO.replace("count = 2", "")), |_, _| Reply::status(200, Duration::from_secs(1)));
    run.speed = speed;
    order(&run.play().0)
}

#[test]
fn after_each_kind_of_callback_and_before_the_next() {
    let start = probe("after = 'TaskStart'\nget = '/s'");
    let finish = probe("after = 'VodSourceFileFinish'\nget = '/f'");
    let exit = probe("after = 'TaskExit'\nget = '/e'");
    let end = probe("after = 'end'\nget = '/end'");
    // TaskStart until 1, its probe until 2, and so the first file a second late.
    assert_eq!(
        alone(&[&*end, &exit, &finish, &start].concat(), Speed::REAL),
        "0 TaskStart #1.1, 2 ? /s, 2 FileStart #1.2, 11 FileFinish #1.3, 13 ? /f, 13 TaskExit #1.4, 15 ? /e, 16 ? /end"
    );
    assert_eq!(
        alone(&[&*end, &exit, &finish, &start].concat(), Speed::Max),
        "0 TaskStart #1.1, 2 ? /s, 2 FileStart #1.2, 3 FileFinish #1.3, 5 ? /f, 5 TaskExit #1.4, 7 ? /e, 8 ? /end"
    );
}

#[test]
fn two_of_a_time_are_asked_in_order_of_the_file() {
    let text = [probe("after = 'TaskStart'\nget = '/b'"), probe("after = 'TaskStart'\nget = '/a'")].concat();
    assert!(alone(&text, Speed::REAL).starts_with("0 TaskStart #1.1, 2 ? /b, 3 ? /a, 3 FileStart #1.2, "));
}

#[test]
fn the_final_exit_is_the_last_and_no_other() {
    let text = format!(
        "{}[[task]]\nsource = 'live'\nurl = 'rtmp://o.test/a'\nend = '1m'\n\
         [[task.incident]]\nkind = 'push-broken'\nat = '10s'\nlasts = '5s'\n",
        probe("after = 'TaskExit'\nget = '/e'")
    );
    let (events, _) = run(&text, |_, _| at_once(200)).play();
    assert_eq!(order(&events), "0 TaskStart #1.1, 10 TaskExit #1.2, 20 TaskStart #1.3, 60 TaskExit #1.4, 60 ? /e");
    // Also where the last that comes is something else.
    for (fault, told) in [
        ("fault = 'duplicate'", "0 TaskStart #1.1, 0 TaskExit #1.2, 0.3 TaskExit #1.2, 0.3 ? /e"),
        ("fault = { delay = { by = '9s' } }", "0 TaskStart #1.1, 9 TaskExit #1.2, 9 ? /e"),
        ("fault = 'drop'", "0 TaskStart #1.1, 0 ? /e"),
        (
            "[[task.step]]\nevent = 'TaskStart'\nafter = '1s'",
            "0 TaskStart #1.1, 0 TaskExit #1.2, 1 TaskStart #1.3, 1 ? /e",
        ),
    ] {
        let steps =
            format!("[[task]]\n[[task.step]]\nevent = 'TaskStart'\n[[task.step]]\nevent = 'TaskExit'\n{fault}\n");
        let (events, _) = run(&(probe("after = 'TaskExit'\nget = '/e'") + &steps), |_, _| at_once(200)).play();
        assert_eq!(order(&events), told);
    }
}

#[test]
fn the_final_exit_is_not_final_while_something_else_is_under_way() {
    let probe = probe("after = 'TaskExit'\nget = '/e'");
    let steps = "[[task]]\n[[task.step]]\nevent = 'TaskStart'\n[[task.step]]\nevent = 'TaskExit'\nafter = '1s'\n";
    let told = |first: u64| {
        let text = format!("[receiver]\nordering = 'free'\n{probe}{steps}");
        let slow = |number, _: &Request| Reply::status(200, Duration::from_secs(if number == 1 { first } else { 2 }));
        order(&run(&text, slow).play().0)
    };
    assert_eq!(told(10), "0 TaskStart #1.1, 1 TaskExit #1.2, 12 ? /e");
    assert_eq!(told(0), "0 TaskStart #1.1, 1 TaskExit #1.2, 5 ? /e");
}

#[test]
fn what_never_came_is_not_asked_about_and_what_came_twice_once() {
    let steps = |fault: &str| {
        format!(
            "{}[[task]]\n[[task.step]]\nevent = 'TaskStart'\nfault = '{fault}'\n",
            probe("after = 'TaskStart'\nget = '/s'")
        )
    };
    let told = |fault| order(&run(&steps(fault), |_, _| at_once(200)).play().0);
    assert_eq!(told("drop"), "");
    assert_eq!(told("duplicate"), "0 TaskStart #1.1, 0 ? /s, 0.3 TaskStart #1.1");
}

#[test]
fn at_a_time_every_task_is_asked_about_and_callbacks_do_not_wait() {
    let text = format!("{}{TWO}", probe("at = '700ms'\nget = '/tasks/{task_id}'"));
    let slow_probe = |_, request: &Request| match request.method {
        Method::GET => Reply::status(200, Duration::from_secs(2)),
        _ => at_once(200),
    };
    let (events, _) = run(&text, slow_probe).play();
    assert_eq!(
        order(&events),
        "0 TaskStart #1.1, 0.5 TaskStart #2.1, 1 FileStart #1.2, 1.5 FileStart #2.2, \
         2.7 ? /tasks/101, 4.7 ? /tasks/102, \
         11 FileFinish #1.3, 11 TaskExit #1.4, 11.5 FileFinish #2.3, 11.5 TaskExit #2.4"
    );
    // At full speed nothing has a time, and what the plan has before it goes before it.
    let mut fast = run(&text, slow_probe);
    fast.speed = Speed::Max;
    assert_eq!(
        order(&fast.play().0),
        "0 TaskStart #1.1, 0 TaskStart #2.1, 2 ? /tasks/101, 4 ? /tasks/102, \
         4 FileStart #1.2, 4 FileStart #2.2, 4 FileFinish #1.3, 4 TaskExit #1.4, 4 FileFinish #2.3, 4 TaskExit #2.4"
    );
}

#[test]
fn a_time_after_everything_is_waited_for() {
    let text = format!("{}{}", probe("at = '1m'\nget = '/late'"), TWO.replace("count = 2", ""));
    let told = |speed| {
        let mut run = run(&text, |_, _| at_once(200));
        run.speed = speed;
        order(&run.play().0)
    };
    assert!(told(Speed::REAL).ends_with("11 TaskExit #1.4, 60 ? /late"));
    assert!(told(Speed::Times(10.0)).ends_with("1.1 TaskExit #1.4, 6 ? /late"));
    assert!(told(Speed::Max).ends_with("0 TaskExit #1.4, 0 ? /late"));
}

#[test]
fn an_end_without_a_task_is_asked_once_and_with_one_for_each() {
    let once = format!("{}{TWO}", probe("after = 'end'\nget = '/all'"));
    let each = format!("{}{TWO}", probe("after = 'end'\nget = '/tasks/{n}'"));
    let ending = |text: &str| {
        let (events, _) = run(text, |_, _| at_once(200)).play();
        order(&events).split_once("#2.4, ").unwrap().1.to_owned()
    };
    assert_eq!(ending(&once), "11.5 ? /all");
    assert_eq!(ending(&each), "11.5 ? /tasks/1, 11.5 ? /tasks/2");
}

#[test]
fn placeholders_are_filled_in_address_body_and_expectation() {
    let text = format!(
        "receiver.url = 'http://receiver.test/callback'\n{}{}",
        probe(
            "after = 'TaskStart'\npost = '/t/{task}/{n}/{task_id}/{stream_id}?a={n}'\n\
             send = { id = '{task_id}', list = ['{stream_id}', 1] }\n\
             body = { id = '{task_id}', n = '{n}' }\njson = { '/list/0' = '{stream_id}' }"
        ),
        TWO.replace("{n}.m3u8", "a b?{n}.m3u8").replace("10{n}", "id {n}/é")
    );
    let mut asked = Vec::new();
    let (told, _) = run(&text, |_, request| {
        if !request.url.contains("/t/") {
            return at_once(200);
        }
        asked.push((request.method.clone(), request.url.clone(), String::from_utf8(request.body.to_vec()).unwrap()));
        state(200, r#"{"id":"id 1/é","n":"1","list":["show-1"]}"#)
    })
    .judged();
    assert_eq!(
        asked[0],
        (
            Method::POST,
            "http://receiver.test/t/1/1/id%201%2F%C3%A9/show-1?a=1".to_owned(),
            r#"{"id":"id 1/é","list":["show-1",1]}"#.to_owned()
        )
    );
    let about = "probe POST /t/2/2/id%202%2F%C3%A9/show-2?a=2  task=id 2/é: ";
    assert_eq!(
        told,
        [
            format!("{about}body: id: expected \"id 2/é\", got \"id 1/é\""),
            format!("{about}body: n: expected \"2\", got \"1\""),
            format!("{about}/list/0: expected \"show-2\", got \"show-1\""),
        ]
    );
}

#[test]
fn a_probe_asks_at_the_address_of_the_callbacks_or_elsewhere() {
    let text = "
[[probe]]
after = 'TaskStart'
get = '/state'
[[probe]]
after = 'TaskStart'
get = 'http://127.0.0.1:9/elsewhere'
[[task]]
callback_url = 'http://127.0.0.2:8080/callbacks/1?secret=a'
[[task.step]]
event = 'TaskStart'
";
    let (events, _) = run(text, |_, _| at_once(200)).play();
    assert_eq!(order(&events), "0 TaskStart #1.1, 0 ? http://127.0.0.2:8080/state, 0 ? http://127.0.0.1:9/elsewhere");
}

/// A receiver that is ready so long after the callback, and how often it is asked and when.
fn polled(eventually: &str, ready_after: u64) -> (u32, f64, bool) {
    let text = format!(
        "[[task]]\n[[task.step]]\nevent = 'TaskStart'\n{}",
        probe(&format!("after = 'TaskStart'\nget = '/s'\nbody = {{ ready = true }}\n{eventually}"))
    );
    let mut asked = None;
    let (events, _) = run(&text, |_, request| {
        let now = tokio::time::Instant::now();
        let since = now - *asked.get_or_insert(now);
        let ready = request.method == Method::GET && since >= Duration::from_millis(ready_after);
        state(200, &format!("{{\"ready\":{ready}}}"))
    })
    .play();
    let probed = events.iter().find_map(|event| match event {
        Event::Probed { took, tries, complaints, .. } => Some((*tries, took.as_secs_f64(), complaints.is_empty())),
        _ => None,
    });
    probed.unwrap()
}

#[test]
fn eventually_is_asked_again_more_and_more_slowly_and_a_last_time_at_its_end() {
    assert_eq!(polled("", 0), (1, 0.0, true));
    assert_eq!(polled("", 1), (1, 0.0, false));
    assert_eq!(polled("eventually = '0s'", 1), (1, 0.0, false));
    // 20 ms, 40, 80, 160, 320, then every half a second.
    assert_eq!(polled("eventually = '5s'", 1), (2, 0.02, true));
    assert_eq!(polled("eventually = '5s'", 300), (5, 0.3, true));
    assert_eq!(polled("eventually = '5s'", 301), (6, 0.62, true));
    assert_eq!(polled("eventually = '5s'", 1000), (7, 1.12, true));
    assert_eq!(polled("eventually = '5s'", 4999), (15, 5.0, true));
    assert_eq!(polled("eventually = '5s'", 5001), (15, 5.0, false));
    assert_eq!(polled("eventually = '10ms'", 10), (2, 0.01, true));
}

#[test]
fn a_silent_receiver_is_asked_again_within_the_time_only() {
    let text = format!(
        "[[task]]\n[[task.step]]\nevent = 'TaskStart'\n{}",
        probe("after = 'TaskStart'\nget = '/s'\neventually = '30s'\nname = 'remembers'")
    );
    let mut tries = 0;
    let (told, summary) = run(&text, |_, request| match request.method {
        Method::GET => {
            tries += 1;
            Reply::silence()
        }
        _ => at_once(200),
    })
    .judged();
    let [complaint] = &told[..] else { panic!("{told:?}") };
    assert!(complaint.starts_with("probe remembers (GET /s)  task="), "{complaint}");
    // Twenty seconds, then what is left of the thirty.
    assert!(complaint.contains(": timeout: no answer within "), "{complaint}");
    assert_eq!((tries, summary.to_json().probes, summary.exit() as u8), (2, 1, 1));
}

#[test]
fn a_failing_probe_says_what_was_asked_what_came_and_how_they_differ() {
    let text = format!(
        "[[task]]\ntask_id = '7'\n[[task.step]]\nevent = 'TaskStart'\n{}{}",
        probe("after = 'TaskStart'\nget = '/tasks/{task_id}'\nbody = { state = 'running' }\nheaders = { x-a = 'b' }"),
        probe("after = 'end'\nget = '/count'\nname = 'nothing is left'\njson = { '/open' = 0 }\nwithin = '1s'"),
    );
    let receiver = |_, request: &Request| match request.url.rsplit('/').next().unwrap() {
        "7" => state(404, "{\"error\":\"no such task\"}\n"),
        "count" => Reply { after: Some(Duration::from_secs(2)), ..state(200, r#"{"open":1}"#) },
        _ => at_once(200),
    };
    assert_eq!(
        run(&text, receiver).judged().0,
        [
            "probe GET /tasks/7  task=7: expected status 200, got 404",
            "probe GET /tasks/7  task=7: body: state: expected \"running\", there is none",
            "probe GET /tasks/7  task=7: header x-a: expected \"b\", there is none",
            "probe nothing is left (GET /count): expected an answer within 1s, it took 2000ms",
            "probe nothing is left (GET /count): /open: expected 0, got 1",
        ]
    );
    let (events, _) = run(&text, receiver).play();
    let log: String = events.iter().map(pullpush::report::log::line).collect();
    let log = anstream::adapter::strip_str(&log).to_string();
    assert!(
        log.ends_with(
            "              ?   GET /tasks/7  task=7  not as expected in 0.0 ms\n              \
             =   404 {\"error\":\"no such task\"}\n              \
             ?   nothing is left (GET /count)  not as expected in 2000 ms\n              \
             =   200 {\"open\":1}\n"
        ),
        "{log}"
    );
}

#[test]
fn a_probe_may_expect_another_status_and_may_fail_to_connect() {
    let text = |keys: &str| {
        format!(
            "[[task]]\n[[task.step]]\nevent = 'TaskStart'\n{}",
            probe(&format!("after = 'end'\nget = '/s'\n{keys}"))
        )
    };
    let gone = |_, request: &Request| if request.method == Method::GET { state(404, "") } else { at_once(200) };
    assert_eq!(run(&text("status = [404, 410]"), gone).judged().0, [""; 0]);
    assert_eq!(run(&text(""), gone).judged().0, ["probe GET /s: expected status 200, got 404"]);
    let refused = |_, request: &Request| match request.method {
        Method::GET => Reply { after: Some(Duration::ZERO), outcome: Outcome::failed(FailureKind::Refused, "nobody") },
        _ => at_once(200),
    };
    assert_eq!(run(&text("status = 404"), refused).judged().0, ["probe GET /s: refused: nobody"]);
}

#[test]
fn a_stop_ends_the_asking_and_asks_no_more() {
    let text = format!(
        "{}{}{TWO}",
        probe("after = 'TaskStart'\nget = '/s'\neventually = '1m'\nstatus = 404"),
        probe("after = 'end'\nget = '/end'")
    );
    let mut stopped: Run<_> = run(&text, |_, _| at_once(200));
    stopped.stop_after = Some(Duration::from_secs(5));
    let (events, rest) = stopped.play();
    assert_eq!((order(&events), rest.not_started), ("0 TaskStart #1.1, 0.5 TaskStart #2.1".to_owned(), 6));
}
