//! Offsets, backups and slates.

use super::{LIST, LIVE, incident, plan};

/// A source that is down for 25 seconds.
const DOWN: &str = "kind = \"source-down\"\nat = \"1m\"\nlasts = \"25s\"";
const SLATE: &str = "slate = { url = \"http://media.test/slate.mp4\", duration = \"10s\" }\n";

/// `head` with `[service] backup_exits = true`.
fn exits(head: &str) -> String {
    head.replace("[[task]]", "[service]\nbackup_exits = true\n[[task]]")
}

#[test]
fn an_offset_shortens_the_first_file_of_the_first_round() {
    assert_eq!(
        plan(LIST, "offset = \"20s\"\nloops = 2"),
        "0 TaskStart, 1 FileStart [0], 41 FileFinish [0], 41 FileStart [1], 101 FileFinish [1], \
         101 FileStart [0], 161 FileFinish [0], 161 FileStart [1], 221 FileFinish [1], 221 TaskExit 0"
    );
    assert_eq!(
        plan(LIST, "offset = \"20s\"\nfile_index = 2"),
        "0 TaskStart, 1 FileStart [1], 41 FileFinish [1], 41 TaskExit 0"
    );
}

#[test]
fn what_befalls_a_file_with_an_offset_counts_from_the_beginning_of_the_file() {
    let early = |at: &str| incident(&format!("kind = \"file-ends-early\"\nfile = 1\n{at}"));
    let told = plan(LIST, &format!("offset = \"20s\"\n{}", early("at = \"30s\"")));
    assert!(told.contains("1 FileStart [0], 11 TaskAlarm FileEndEarly"), "{told}");
    let told = plan(LIST, &format!("offset = \"20s\"\n{}", early("")));
    assert!(told.contains("1 FileStart [0], 21 TaskAlarm FileEndEarly"), "{told}");
}

#[test]
fn a_broken_file_with_an_offset_resumes_where_it_was() {
    let broken = incident("kind = \"push-broken\"\nat = \"31s\"");
    let told = plan(LIST, &format!("offset = \"20s\"\n{broken}"));
    assert!(told.contains("41 TaskStart, 42 FileStart [0], 52 FileFinish [0]"), "{told}");
}

#[test]
fn a_backup_takes_over_without_a_word() {
    for backup in [
        "source = \"live\", url = \"rtmp://backup.test/live/a\"",
        "source = \"vod\", url = \"http://media.test/backup.mp4\", duration = \"1m\"",
    ] {
        assert_eq!(
            plan(LIVE, &format!("backup = {{ {backup} }}\n{}", incident(DOWN))),
            "0 TaskStart, 300 TaskExit 0",
            "{backup}"
        );
    }
}

#[test]
fn a_switch_can_exit_and_start_and_a_file_is_played_to_its_end_first() {
    let live = "backup = { source = \"live\", url = \"rtmp://backup.test/live/a\" }\n";
    assert_eq!(
        plan(&exits(LIVE), &format!("{live}{}", incident(DOWN))),
        "0 TaskStart, 60 TaskExit -5, 60 TaskStart, 90 TaskExit -5, 90 TaskStart, 300 TaskExit 0"
    );
    // Tried every 40 s, for so long is the file: back at 85 s, found at 100 s. And the exit takes its time.
    let vod = "backup = { source = \"vod\", url = \"http://media.test/b.mp4\", duration = \"20s\" }\n";
    assert_eq!(
        plan(&exits(LIVE), &format!("{vod}{}", incident(&format!("{DOWN}\nexit_after = \"2s\"\nexit = \"EPIPE\"")))),
        "0 TaskStart, 62 TaskExit -32, 62 TaskStart, 104 TaskExit -32, 104 TaskStart, 300 TaskExit 0"
    );
}

#[test]
fn a_slate_fills_the_gap_in_a_list() {
    // Down from 60 s, in the first file; the slate plays three times, and then the file goes on with its last second.
    assert_eq!(
        plan(LIST, &format!("{SLATE}{}", incident(DOWN))),
        "0 TaskStart, 1 FileStart [0], 90 FileStart [0], 91 FileFinish [0], 91 FileStart [1], 151 FileFinish [1], \
         151 TaskExit 0"
    );
    assert_eq!(
        plan(&exits(LIST), &format!("{SLATE}{}", incident(DOWN))),
        "0 TaskStart, 1 FileStart [0], 60 TaskExit -5, 60 TaskStart, 90 TaskExit -5, 90 TaskStart, 91 FileStart [0], \
         92 FileFinish [0], 92 FileStart [1], 152 FileFinish [1], 152 TaskExit 0"
    );
}

#[test]
fn a_stand_in_plays_until_the_end_if_the_source_never_comes_back() {
    let down = incident(&DOWN.replace("25s", "forever"));
    assert_eq!(plan(LIVE, &format!("{SLATE}{down}")), "0 TaskStart, 300 TaskExit 0");
    assert_eq!(plan(LIST, &format!("{SLATE}{down}")), "0 TaskStart, 1 FileStart [0], 121 TaskExit 0");
}

#[test]
fn a_push_that_breaks_while_a_slate_plays_goes_on_with_the_slate() {
    let broken = incident("kind = \"push-broken\"\nat = \"65s\"");
    assert_eq!(
        plan(LIST, &format!("{SLATE}{}{broken}", incident(DOWN))),
        "0 TaskStart, 1 FileStart [0], 65 TaskAlarm PushStreamFailed, 65 TaskExit -22, 75 TaskStart, \
         85 FileStart [0], 86 FileFinish [0], 86 FileStart [1], 146 FileFinish [1], 146 TaskExit 0"
    );
}

#[test]
fn a_second_push_tells_nothing() {
    assert_eq!(plan(LIST, "backup_to_url = \"rtmp://other.test/live/b\""), plan(LIST, ""));
}
