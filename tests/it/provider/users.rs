//! What users do to a task, and how lists are counted and resumed.

use pullpush::callback::moment::Moment;
use pullpush::callback::payload::{Payload, Profile};
use pullpush::plan::Plan;
use pullpush::scenario::Source;
use pullpush::scenario::fault::AttemptFaults;
use pullpush::time::UnixMillis;
use serde_json::Value;

use super::{LIST, LIVE, incident, plan};
use crate::support::valid;

/// The exit of what a user asked for.
const EXIT: &str = "TaskExit -1414092869";

/// [`LIST`] with a `[service]` of these keys.
fn list_of(service: &str) -> String {
    LIST.replace("[[task]]", &format!("[service]\n{service}\n[[task]]"))
}

#[test]
fn loops_count_plays() {
    let once = plan(LIST, "");
    assert_eq!(plan(LIST, "loops = 0"), once);
    assert_eq!(plan(LIST, "loops = 1"), once);
    assert_eq!(
        plan(LIST, "loops = 2"),
        "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 FileStart [1], 121 FileFinish [1], \
         121 FileStart [0], 181 FileFinish [0], 181 FileStart [1], 241 FileFinish [1], 241 TaskExit 0"
    );
    assert_eq!(plan(LIST, "loops = -1\nend = \"65s\""), plan(LIST, "loops = 1\nend = \"65s\""));
}

#[test]
fn loops_can_be_read_as_repeats() {
    let repeats = list_of("loops = \"repeats\"");
    assert_eq!(plan(&repeats, "loops = 0"), plan(LIST, ""));
    assert_eq!(plan(&repeats, "loops = 1"), plan(LIST, "loops = 2"));
    assert_eq!(plan(&repeats, "loops = 2"), plan(LIST, "loops = 3"));
}

#[test]
fn a_list_resumes_at_the_break_point_with_the_file_or_from_its_beginning() {
    let broken = incident("kind = \"push-broken\"\nat = \"91s\"");
    let head = "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 FileStart [1], 91 TaskAlarm PushStreamFailed, \
                91 TaskExit -22, 101 TaskStart";
    let tails = [
        ("breakpoint", "102 FileStart [1], 132 FileFinish [1], 132 TaskExit 0"),
        ("file", "102 FileStart [1], 162 FileFinish [1], 162 TaskExit 0"),
        ("list", "102 FileStart [0], 162 FileFinish [0], 162 FileStart [1], 222 FileFinish [1], 222 TaskExit 0"),
    ];
    for (resume, tail) in tails {
        assert_eq!(plan(&list_of(&format!("resume = \"{resume}\"")), &broken), format!("{head}, {tail}"), "{resume}");
    }
    assert_eq!(plan(LIST, &broken), format!("{head}, {}", tails[0].1));
    // The interrupted play counts once, however it resumes.
    let twice = plan(&list_of("resume = \"list\""), &format!("loops = 2\n{broken}"));
    assert_eq!(twice.matches("FileFinish [1]").count(), 2);
}

#[test]
fn a_new_target_begins_the_count_of_loops_anew() {
    let moved = incident("kind = \"modified\"\nat = \"151s\"\nto_url = \"rtmp://other.test/live/b\"");
    // In the second of two plays: it goes on as the first of two.
    let plays = plan(LIST, &format!("loops = 2\n{moved}"));
    assert!(
        plays.contains(&format!(
            "121 FileStart [0], 151 ResetTaskConfig, 151 {EXIT}, 152 TaskStart, 153 FileStart [0], 183 FileFinish [0]"
        )),
        "{plays}"
    );
    assert_eq!(plays.matches("FileFinish [1]").count(), 3, "{plays}");
}

#[test]
fn a_restart_exits_and_starts() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"restarted\"\nat = \"1m\"")),
        format!("0 TaskStart, 60 {EXIT}, 61 TaskStart, 300 TaskExit 0")
    );
    assert_eq!(
        plan(LIVE, &incident("kind = \"restarted\"\nat = \"1m\"\nlasts = \"3s\"\nfirst = \"TaskStart\"\nexit = 7")),
        "0 TaskStart, 60 TaskStart, 63 TaskExit 7, 300 TaskExit 0"
    );
    assert_eq!(
        plan(LIST, &incident("kind = \"restarted\"\nat = \"31s\"")),
        format!(
            "0 TaskStart, 1 FileStart [0], 31 {EXIT}, 32 TaskStart, 33 FileStart [0], 63 FileFinish [0], \
             63 FileStart [1], 123 FileFinish [1], 123 TaskExit 0"
        )
    );
}

#[test]
fn a_restart_of_a_task_that_is_down_tries_at_once() {
    let down = incident("kind = \"source-down\"\nat = \"1m\"\nlasts = \"30s\"\nretry_every = \"20s\"");
    assert_eq!(
        plan(LIVE, &format!("{down}{}", incident("kind = \"restarted\"\nat = \"65s\""))),
        "0 TaskStart, 60 TaskExit -5, 65 TaskStart, 65 TaskExit -5, 85 TaskStart, 85 TaskExit -5, \
         105 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn a_pause_exits_once_and_starts_from_the_beginning() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"paused\"\nat = \"1m\"\nlasts = \"90s\"")),
        format!("0 TaskStart, 60 {EXIT}, 150 TaskStart, 300 TaskExit 0")
    );
    let paused = incident("kind = \"paused\"\nat = \"91s\"\nlasts = \"10m\"");
    assert_eq!(
        plan(LIST, &paused),
        format!(
            "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 FileStart [1], 91 {EXIT}, 691 TaskStart, \
             692 FileStart [0], 752 FileFinish [0], 752 FileStart [1], 812 FileFinish [1], 812 TaskExit 0"
        )
    );
    let resumed = plan(&list_of("resume_after_pause = \"breakpoint\""), &paused);
    assert!(resumed.ends_with("691 TaskStart, 692 FileStart [1], 722 FileFinish [1], 722 TaskExit 0"), "{resumed}");
}

#[test]
fn a_pause_without_a_length_is_for_good() {
    assert_eq!(plan(LIVE, &incident("kind = \"paused\"\nat = \"1m\"")), format!("0 TaskStart, 60 {EXIT}"));
    assert_eq!(
        plan(LIST, &incident("kind = \"paused\"\nat = \"31s\"\nlasts = \"forever\"")),
        format!("0 TaskStart, 1 FileStart [0], 31 {EXIT}")
    );
}

#[test]
fn a_task_that_is_down_says_no_second_exit_when_it_is_paused_stopped_or_deleted() {
    let down = incident("kind = \"source-down\"\nat = \"1m\"\nlasts = \"20s\"\nretry_every = \"15s\"");
    for kind in ["deleted", "stopped", "paused"] {
        let done = incident(&format!("kind = \"{kind}\"\nat = \"65s\""));
        assert_eq!(plan(LIVE, &format!("{down}{done}")), "0 TaskStart, 60 TaskExit -5", "{kind}");
    }
    // The source is still down when the pause is over, and then it is not.
    let pause = incident("kind = \"paused\"\nat = \"65s\"\nlasts = \"5s\"");
    assert_eq!(
        plan(LIVE, &format!("{down}{pause}")),
        "0 TaskStart, 60 TaskExit -5, 70 TaskStart, 70 TaskExit -5, 85 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn a_deleted_task_exits_once() {
    assert_eq!(
        plan(LIST, &incident("kind = \"deleted\"\nat = \"31s\"\nexit_after = \"2s\"")),
        format!("0 TaskStart, 1 FileStart [0], 33 {EXIT}")
    );
    let crashed = incident("kind = \"crash\"\nat = \"31s\"") + &incident("kind = \"deleted\"\nat = \"40s\"");
    assert_eq!(plan(LIST, &crashed), format!("0 TaskStart, 1 FileStart [0], 40 {EXIT}"));
    let paused = incident("kind = \"paused\"\nat = \"31s\"") + &incident("kind = \"deleted\"\nat = \"40s\"");
    assert_eq!(plan(LIST, &paused), format!("0 TaskStart, 1 FileStart [0], 31 {EXIT}"));
}

/// A change of [`LIST`] at 31 seconds, to a list of one file of half a minute.
fn exchange(keys: &str) -> String {
    let files = "[{ url = \"http://media.test/new.m3u8\", duration = \"30s\" }]";
    incident(&format!("kind = \"modified\"\nat = \"31s\"\nfiles = {files}\n{keys}"))
}

#[test]
fn a_new_list_begins_at_once() {
    let now = "0 TaskStart, 1 FileStart [0], 31 ResetTaskConfig, 31 FileStart [0], 61 FileFinish [0], 61 TaskExit 0";
    assert_eq!(plan(LIST, &exchange("")), now);
    assert_eq!(plan(LIST, &exchange("when = \"now\"")), now);
    assert_eq!(
        plan(&list_of("exchange_finishes = true"), &exchange("")),
        "0 TaskStart, 1 FileStart [0], 31 ResetTaskConfig, 31 FileFinish [0], 31 FileStart [0], 61 FileFinish [0], \
         61 TaskExit 0"
    );
}

#[test]
fn a_new_list_begins_after_the_file_and_what_is_left_of_the_old_is_not_played() {
    assert_eq!(
        plan(LIST, &exchange("when = \"after-file\"")),
        "0 TaskStart, 1 FileStart [0], 31 ResetTaskConfig, 61 FileFinish [0], 61 FileStart [0], 91 FileFinish [0], \
         91 TaskExit 0"
    );
    // A file that breaks off in between is played to its end first.
    let broken = incident("kind = \"push-broken\"\nat = \"41s\"");
    let plan = plan(&LIST.replace("2025", "2022"), &(exchange("when = \"after-file\"") + &broken));
    assert_eq!(
        plan,
        "0 TaskStart, 1 FileStart [0], 31 ResetTaskConfig, 41 TaskExit -22, 51 TaskStart, 52 FileStart [0], \
         72 FileFinish [0], 72 FileStart [0], 102 FileFinish [0], 102 TaskExit 0"
    );
}

#[test]
fn a_new_list_has_a_count_of_its_own() {
    let twice = plan(LIST, &exchange("loops = 2"));
    assert!(twice.ends_with("31 FileStart [0], 61 FileFinish [0], 61 FileStart [0], 91 FileFinish [0], 91 TaskExit 0"));
    // Its own `loops` is kept where the change names none.
    assert_eq!(plan(LIST, &format!("loops = 2\n{}", exchange(""))), twice);
}

#[test]
fn new_loops_do_not_count_the_running_play() {
    let change = |loops: i64| incident(&format!("kind = \"modified\"\nat = \"31s\"\nloops = {loops}"));
    for (loops, plays) in [(0, 1), (1, 2), (2, 3)] {
        let told = plan(LIST, &format!("loops = 9\n{}", change(loops)));
        assert_eq!(told.matches("FileFinish [1]").count(), plays, "loops = {loops}: {told}");
    }
    let endless = plan(LIST, &format!("end = \"500s\"\n{}", change(-1)));
    assert!(endless.ends_with("481 FileStart [0], 500 TaskExit 0"), "{endless}");
}

#[test]
fn a_new_end_leaves_the_push_alone() {
    let change = |end: &str| incident(&format!("kind = \"modified\"\nat = \"1m\"\nend = \"{end}\""));
    assert_eq!(plan(LIVE, &change("10m")), "0 TaskStart, 60 ResetTaskConfig, 600 TaskExit 0");
    assert_eq!(plan(LIVE, &change("90s")), "0 TaskStart, 60 ResetTaskConfig, 90 TaskExit 0");
    // What happens after the first end needs the second.
    let late = incident("kind = \"push-unstable\"\nat = \"8m\"");
    assert_eq!(
        plan(LIVE, &(change("10m") + &late)),
        "0 TaskStart, 60 ResetTaskConfig, 480 TaskAlarm PushStreamUnstable, 600 TaskExit 0"
    );
}

#[test]
fn everything_can_change_at_once() {
    let all = exchange("when = \"after-file\"\nloops = 2\nend = \"110s\"\nto_url = \"rtmp://other.test/live/b\"");
    assert_eq!(
        plan(LIST, &all),
        format!(
            "0 TaskStart, 1 FileStart [0], 31 ResetTaskConfig, 31 {EXIT}, 32 TaskStart, 33 FileStart [0], \
             63 FileFinish [0], 63 FileStart [0], 93 FileFinish [0], 93 FileStart [0], 110 TaskExit 0"
        )
    );
    let now = all.replace("after-file", "now");
    assert_eq!(
        plan(LIST, &now),
        format!(
            "0 TaskStart, 1 FileStart [0], 31 ResetTaskConfig, 31 {EXIT}, 32 TaskStart, 33 FileStart [0], \
             63 FileFinish [0], 63 FileStart [0], 93 FileFinish [0], 93 TaskExit 0"
        )
    );
}

#[test]
fn a_task_that_is_down_or_paused_takes_a_change_without_an_exit() {
    let target = incident("kind = \"modified\"\nat = \"65s\"\nto_url = \"rtmp://other.test/live/b\"");
    let down = incident("kind = \"source-down\"\nat = \"1m\"\nlasts = \"5s\"");
    assert_eq!(
        plan(LIVE, &(down + &target)),
        "0 TaskStart, 60 TaskExit -5, 65 ResetTaskConfig, 70 TaskStart, 300 TaskExit 0"
    );
    let paused = incident("kind = \"paused\"\nat = \"1m\"\nlasts = \"10s\"");
    assert_eq!(
        plan(LIVE, &(paused + &target)),
        format!("0 TaskStart, 60 {EXIT}, 65 ResetTaskConfig, 70 TaskStart, 300 TaskExit 0")
    );
}

#[test]
fn a_live_stream_can_get_another_source() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"modified\"\nat = \"1m\"\nurl = \"rtmp://other.test/live/a\"")),
        "0 TaskStart, 60 ResetTaskConfig, 300 TaskExit 0"
    );
}

/// Each callback with the last part of its first source and of its target, the file it is about and how long that plays.
fn bodies(tail: &str) -> Vec<String> {
    let text = LIST.replace("[[task]]", "[[task]]\nto_url = \"rtmp://a.test/live/a\"");
    let plan = Plan::new(valid(Source::new("test.toml", format!("{text}{tail}"))), 42);
    let last = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    let told = plan.deliveries().map(|delivery| {
        let moment = Moment { happened: UnixMillis(0), attempted: UnixMillis(0), epoch: UnixMillis(0) };
        let payload = Payload { profile: Profile::Complete, ..Payload::default() };
        let body: Value =
            serde_json::from_slice(&delivery.body(&payload, "", moment, AttemptFaults::default())).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let urls: Vec<String> = serde_json::from_str(&text(&body["source_urls"])).unwrap();
        let msg: Value = serde_json::from_str(&text(&body["msg"])).unwrap();
        let stream = text(&body["stream_id"]);
        assert_eq!(stream, last(&text(&body["to_url"])));
        let file = if msg["url"].is_null() {
            String::new()
        } else {
            format!(" {} {}", last(&text(&msg["url"])), msg["duration"])
        };
        format!("{} {} {stream}{file}", delivery.callback.name(), last(&urls[0]))
    });
    told.collect()
}

#[test]
fn a_change_is_told_from_its_reset_on_and_what_is_still_old_as_it_was() {
    let after_file = exchange("when = \"after-file\"\nto_url = \"rtmp://a.test/live/b\"");
    assert_eq!(
        bodies(&after_file),
        [
            "TaskStart 1.m3u8 a",
            "VodSourceFileStart 1.m3u8 a 1.m3u8 60",
            "ResetTaskConfig new.m3u8 b",
            "TaskExit 1.m3u8 a",
            "TaskStart 1.m3u8 b",
            "VodSourceFileStart 1.m3u8 b 1.m3u8 60",
            "VodSourceFileFinish 1.m3u8 b 1.m3u8 60",
            "VodSourceFileStart new.m3u8 b new.m3u8 30",
            "VodSourceFileFinish new.m3u8 b new.m3u8 30",
            "TaskExit new.m3u8 b",
        ]
    );
    assert_eq!(
        bodies(&exchange(""))[2..],
        [
            "ResetTaskConfig new.m3u8 a",
            "VodSourceFileStart new.m3u8 a new.m3u8 30",
            "VodSourceFileFinish new.m3u8 a new.m3u8 30",
            "TaskExit new.m3u8 a",
        ]
    );
}

#[test]
fn an_offset_leaves_the_duration_as_it_is() {
    assert_eq!(bodies("offset = \"20s\"")[1], "VodSourceFileStart 1.m3u8 a 1.m3u8 60");
}
