//! What the simulated service says, incident by incident: one expression per case.

use pullpush::plan::Plan;
use pullpush::scenario::Source;

use crate::support::valid;

mod machine;
mod sources;
mod users;

/// The head of a list of two files, one minute each, that start exactly one second after their task.
const LIST: &str = r#"
version = 1
payload.profile = "doc-2025"
[[task]]
source = "vod"
start_gap = "1s"
files = [{ url = "http://media.test/1.m3u8", duration = "1m" }, { url = "http://media.test/2.m3u8", duration = "1m" }]
"#;

/// A live stream of five minutes.
const LIVE: &str = r#"
version = 1
payload.profile = "doc-2025"
[[task]]
source = "live"
url = "rtmp://origin.test/live/a"
end = "5m"
"#;

/// The plan as `offset callback, …`, with seconds only where they are whole.
#[track_caller]
fn plan(head: &str, tail: &str) -> String {
    let planned = Plan::new(valid(Source::new("test.toml", format!("{head}{tail}"))), 42).deliveries();
    let words = planned.map(|delivery| {
        let millis = delivery.offset.0;
        let offset =
            if millis % 1000 == 0 { format!("{}", millis / 1000) } else { format!("{:.3}", millis as f64 / 1e3) };
        format!("{offset} {}", delivery.callback.to_string().replace("VodSourceFile", "File"))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// An incident's table.
fn incident(keys: &str) -> String {
    format!("[[task.incident]]\n{keys}\n")
}

#[test]
fn a_list_plays_file_by_file() {
    assert_eq!(
        plan(LIST, ""),
        "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 FileStart [1], 121 FileFinish [1], 121 TaskExit 0"
    );
}

#[test]
fn a_pause_between_files_is_a_setting() {
    assert_eq!(
        plan(LIST, "file_gap = \"2s\""),
        "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 63 FileStart [1], 123 FileFinish [1], 123 TaskExit 0"
    );
}

#[test]
fn loops_begin_again_at_the_first_file() {
    assert_eq!(
        plan(LIST, "loops = 2\nfile_index = 2"),
        "0 TaskStart, 1 FileStart [1], 61 FileFinish [1], 61 FileStart [0], 121 FileFinish [0], \
         121 FileStart [1], 181 FileFinish [1], 181 TaskExit 0"
    );
}

#[test]
fn the_end_cuts_a_file_without_finishing_it() {
    assert_eq!(plan(LIST, "end = \"30s\""), "0 TaskStart, 1 FileStart [0], 30 TaskExit 0");
}

#[test]
fn a_file_that_ends_with_its_task_is_finished() {
    assert_eq!(plan(LIST, "end = \"61s\""), "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 TaskExit 0");
}

#[test]
fn an_end_after_the_list_changes_nothing() {
    assert_eq!(plan(LIST, "end = \"1h\""), plan(LIST, ""));
}

#[test]
fn the_natural_exit_is_a_setting() {
    assert_eq!(plan(LIVE, "exit = { code = 7, message = \"done\" }"), "0 TaskStart, 300 TaskExit 7");
}

#[test]
fn live_and_picture_have_no_files() {
    assert_eq!(plan(LIVE, ""), "0 TaskStart, 300 TaskExit 0");
    assert_eq!(plan(&LIVE.replace("\"live\"", "\"picture\""), ""), "0 TaskStart, 300 TaskExit 0");
}

#[test]
fn a_subscription_filters() {
    assert_eq!(
        plan(LIST, "callback_events = [\"TaskStart\", \"VodSourceFileFinish\"]"),
        "0 TaskStart, 61 FileFinish [0], 121 FileFinish [1]"
    );
}

#[test]
fn a_broken_push_exits_starts_and_resumes_the_same_file() {
    assert_eq!(
        plan(LIST, &incident("kind = \"push-broken\"\nat = \"31s\"")),
        "0 TaskStart, 1 FileStart [0], 31 TaskAlarm PushStreamFailed, 31 TaskExit -22, 41 TaskStart, \
         42 FileStart [0], 72 FileFinish [0], 72 FileStart [1], 132 FileFinish [1], 132 TaskExit 0"
    );
}

#[test]
fn older_profiles_have_no_alarms() {
    assert_eq!(
        plan(&LIVE.replace("2025", "2024"), &incident("kind = \"push-broken\"\nat = \"31s\"")),
        "0 TaskStart, 31 TaskExit -22, 41 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn a_source_that_is_down_exits_at_every_retry() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"source-down\"\nat = \"1m\"\nlasts = \"25s\"\nexit = \"ETIMEDOUT\"")),
        "0 TaskStart, 60 TaskExit -110, 70 TaskStart, 70 TaskExit -110, 80 TaskStart, 80 TaskExit -110, \
         90 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn the_exit_can_take_a_while() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"source-down\"\nat = \"1m\"\nlasts = \"15s\"\nexit_after = \"2s\"")),
        "0 TaskStart, 62 TaskExit -5, 72 TaskStart, 74 TaskExit -5, 84 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn forever_is_until_the_end() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"source-down\"\nat = \"1m\"\nlasts = \"forever\"\nretry_every = \"2m\"")),
        "0 TaskStart, 60 TaskExit -5, 180 TaskStart, 180 TaskExit -5"
    );
    // Without an end: until the list would have played.
    assert_eq!(
        plan(LIST, &incident("kind = \"source-down\"\nat = \"1m\"\nlasts = \"forever\"\nretry_every = \"40s\"")),
        "0 TaskStart, 1 FileStart [0], 60 TaskExit -5, 100 TaskStart, 100 TaskExit -5"
    );
}

#[test]
fn forever_is_until_a_task_would_have_been_over_that_was_held_up_before() {
    let broken =
        |file, lasts| format!("kind = \"push-broken\"\nfile = {file}\nlasts = \"{lasts}\"\nretry_every = \"2m\"");
    assert_eq!(
        plan(LIST, &[incident(&broken(1, "2m")), incident(&broken(2, "forever").replace("2m", "10s"))].concat()),
        "0 TaskStart, 1 FileStart [0], 31 TaskAlarm PushStreamFailed, 31 TaskExit -22, 151 TaskStart, \
         152 FileStart [0], 182 FileFinish [0], 182 FileStart [1], 212 TaskAlarm PushStreamFailed, 212 TaskExit -22, \
         222 TaskStart, 222 TaskExit -22, 232 TaskStart, 232 TaskExit -22"
    );
}

#[test]
fn a_dead_source_does_not_say_goodbye_twice() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"source-down\"\nat = \"4m\"\nlasts = \"10m\"\nretry_every = \"50s\"")),
        "0 TaskStart, 240 TaskExit -5, 290 TaskStart, 290 TaskExit -5"
    );
}

#[test]
fn a_migration_starts_before_it_exits() {
    let exit = "-1414092869";
    assert_eq!(
        plan(LIVE, &incident("kind = \"migration\"\nat = \"1m\"")),
        format!("0 TaskStart, 60 TaskStart, 61 TaskExit {exit}, 300 TaskExit 0")
    );
    assert_eq!(
        plan(LIVE, &incident("kind = \"migration\"\nat = \"1m\"\nfirst = \"TaskExit\"\nlasts = \"3s\"")),
        format!("0 TaskStart, 60 TaskExit {exit}, 63 TaskStart, 300 TaskExit 0")
    );
    assert_eq!(
        plan(LIST, &incident("kind = \"migration\"\nat = \"31s\"\nlasts = \"500ms\"")),
        format!(
            "0 TaskStart, 1 FileStart [0], 31 TaskStart, 31.500 TaskExit {exit}, 32 FileStart [0], \
             62 FileFinish [0], 62 FileStart [1], 122 FileFinish [1], 122 TaskExit 0"
        )
    );
}

#[test]
fn a_file_that_cannot_be_pulled_is_skipped() {
    assert_eq!(
        plan(LIST, &incident("kind = \"file-failed\"\nfile = 1")),
        "0 TaskStart, 1 TaskAlarm PullFileFailed, 1 FileStart [1], 61 FileFinish [1], 61 TaskExit 0"
    );
    assert_eq!(
        plan(LIST, &incident("kind = \"file-failed\"\nfile = 1\nat = \"10s\"")),
        "0 TaskStart, 1 FileStart [0], 11 TaskAlarm PullFileFailed, 11 FileStart [1], 71 FileFinish [1], 71 TaskExit 0"
    );
    assert_eq!(
        plan(LIST, &incident("kind = \"file-failed\"\nfile = 1\nexit = \"ENOENT\"")),
        "0 TaskStart, 1 TaskAlarm PullFileFailed, 1 TaskExit -2, 11 TaskStart, 12 FileStart [1], \
         72 FileFinish [1], 72 TaskExit 0"
    );
    assert_eq!(
        plan(LIST, &incident("kind = \"file-failed\"\nfile = 2")),
        "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 TaskAlarm PullFileFailed, 61 TaskExit 0"
    );
    assert_eq!(
        plan(LIST, &incident("kind = \"file-failed\"\nfile = 2\nexit = \"ENOENT\"")),
        "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 TaskAlarm PullFileFailed, 61 TaskExit -2"
    );
    assert_eq!(
        plan(LIST, &incident("kind = \"file-failed\"\nfile = 2\nat = \"10s\"\nexit = \"ENOENT\"\nexit_after = \"2s\"")),
        "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 FileStart [1], 71 TaskAlarm PullFileFailed, 73 TaskExit -2"
    );
}

#[test]
fn a_file_that_ends_early_is_finished_early() {
    assert_eq!(
        plan(LIST, &incident("kind = \"file-ends-early\"\nfile = 1")),
        "0 TaskStart, 1 FileStart [0], 31 TaskAlarm FileEndEarly, 31 FileFinish [0], 31 FileStart [1], \
         91 FileFinish [1], 91 TaskExit 0"
    );
}

#[test]
fn shaky_streams_only_alarm() {
    assert_eq!(
        plan(
            LIVE,
            &(incident("kind = \"pull-unstable\"\nat = \"1m\"") + &incident("kind = \"push-unstable\"\nat = \"2m\""))
        ),
        "0 TaskStart, 60 TaskAlarm PullFileUnstable, 120 TaskAlarm PushStreamUnstable, 300 TaskExit 0"
    );
}

#[test]
fn a_stopped_task_exits_once() {
    assert_eq!(
        plan(LIST, &incident("kind = \"stopped\"\nat = \"90s\"")),
        "0 TaskStart, 1 FileStart [0], 61 FileFinish [0], 61 FileStart [1], 90 TaskExit -1414092869"
    );
}

#[test]
fn a_modified_task_exits_only_for_a_new_target() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"modified\"\nat = \"1m\"")),
        "0 TaskStart, 60 ResetTaskConfig, 300 TaskExit 0"
    );
    assert_eq!(
        plan(LIVE, &incident("kind = \"modified\"\nat = \"1m\"\nto_url = \"rtmp://other.test/live/b\"")),
        "0 TaskStart, 60 ResetTaskConfig, 60 TaskExit -1414092869, 61 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn a_crash_says_nothing() {
    assert_eq!(
        plan(LIVE, &incident("kind = \"crash\"\nat = \"1m\"\nlasts = \"20s\"")),
        "0 TaskStart, 80 TaskStart, 300 TaskExit 0"
    );
    assert_eq!(plan(LIVE, &incident("kind = \"crash\"\nat = \"1m\"\nlasts = \"forever\"")), "0 TaskStart");
}

#[test]
fn what_falls_into_a_downtime_waits_for_its_end() {
    let both =
        incident("kind = \"crash\"\nat = \"1m\"\nlasts = \"1m\"") + &incident("kind = \"push-broken\"\nat = \"90s\"");
    assert_eq!(
        plan(LIVE, &both),
        "0 TaskStart, 120 TaskStart, 120 TaskAlarm PushStreamFailed, 120 TaskExit -22, 130 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn a_task_that_is_down_can_be_stopped() {
    let both =
        incident("kind = \"crash\"\nat = \"1m\"\nlasts = \"3m\"") + &incident("kind = \"stopped\"\nat = \"90s\"");
    assert_eq!(plan(LIVE, &both), "0 TaskStart, 90 TaskExit -1414092869");
}

#[test]
fn steps_are_played_as_they_stand() {
    let steps = r#"
version = 1
[[task]]
start = "10s"
[[task.step]]
event = "TaskStart"
[[task.step]]
after = "5s"
event = "TaskExit"
msg = { code = -5 }
[[task.step]]
at = "7s"
event = "TaskPaused"
[[task.step]]
after_answer = "2s"
event = "VodSourceFileFinish"
"#;
    assert_eq!(plan(steps, ""), "10 TaskStart, 15 TaskExit -5, 17 TaskPaused, 19 FileFinish [0]");
}

/// Ninety years of files that nobody is told of.
#[test]
fn a_long_silence_can_be_cut_short() {
    let text = "[[task]]\nsource = \"vod\"\nloops = 1000000000\ncallback_events = [\"TaskExit\"]\n\
                files = [{ url = \"http://media.test/1\", duration = \"1s\" }]\n";
    let plan = crate::support::planned(text);
    let cutoff = plan.cutoff().clone();
    let cutting = std::thread::spawn(move || cutoff.cut());
    assert_eq!(plan.count(usize::MAX), 0);
    cutting.join().unwrap();
}

#[test]
fn a_start_is_drawn_from_its_range_and_moves_nothing_else() {
    let vod = |start: &str| {
        format!(
            "[[task]]\nsource = \"vod\"\nstart = \"{start}\"\nfiles = [{{ url = \"http://media.test/1\", duration = \"1s\" }}]\n"
        )
    };
    let starts = |text: &str, seed: u64| -> Vec<u64> {
        let source = Source::new("test.toml", format!("version = 1\n{text}"));
        Plan::new(valid(source), seed).tasks().map(|task| task.start().0).collect()
    };
    // A plain one draws nothing; both ends of a range come.
    assert_eq!(starts(&vod("5s"), 1), [5000]);
    let drawn: std::collections::BTreeSet<_> = (0..200).flat_map(|seed| starts(&vod("1s..1003ms"), seed)).collect();
    assert!(drawn.into_iter().eq(1000..=1003));
    // What one task draws is no matter of another's, nor of its own life.
    for seed in 0..50 {
        let both = starts(&format!("{}{}", vod("0s..10m"), vod("1h")), seed);
        assert_eq!(both, [starts(&vod("0s..10m"), seed)[0], 3_600_000]);
        let life = |text: &str| -> Vec<_> {
            let source = Source::new("test.toml", format!("version = 1\n{text}"));
            let deliveries = Plan::new(valid(source), seed).deliveries();
            deliveries
                .map(|delivery| (delivery.offset.minus(delivery.task.start()), delivery.callback.to_string()))
                .collect()
        };
        assert_eq!(life(&vod("0s..10m")), life(&vod("0s")));
    }
}
