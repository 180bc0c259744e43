//! A day in virtual time.

use std::time::Duration;

use pullpush::engine::event::{End, Event};
use pullpush::engine::player::Rest;
use pullpush::plan::Plan;
use pullpush::scenario::Source;

use crate::support::{Run, at_once, valid};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// One second of start gap, then rounds of a minute in two files until the day is over.
const ENDLESS: &str = r#"
version = 1
[[task]]
source = "vod"
loops = -1
end = "24h"
start_gap = "1s"
files = [{ url = "http://media.test/1.m3u8", duration = "40s" }, { url = "http://media.test/2.m3u8", duration = "20s" }]
"#;

#[test]
fn an_endless_loop_of_a_day_plays_to_its_end() {
    let plan = Plan::new(valid(Source::new("day.toml", ENDLESS)), 42);
    let (events, rest) = Run::of(plan, |_, _| at_once(200)).play();
    let sent = |wanted: &str| {
        let same = |event: &&Event| matches!(event, Event::Sent { attempt, .. } if attempt.subject.callback == wanted);
        events.iter().filter(same).count()
    };
    // 1439 whole rounds fit behind the first second; the last one is cut in its second file.
    assert_eq!(
        ["TaskStart", "VodSourceFileStart [0]", "VodSourceFileFinish [0]", "VodSourceFileStart [1]"].map(sent),
        [1, 1440, 1440, 1440]
    );
    assert_eq!(["VodSourceFileFinish [1]", "TaskExit 0"].map(sent), [1439, 1]);
    let ended = |event: &&Event| matches!(event, Event::Ended { end: End::Acknowledged, .. });
    assert_eq!(events.iter().filter(ended).count(), 1 + 1440 * 3 + 1439 + 1);
    assert_eq!(rest, Rest { not_started: 0, at_least: false, stopped: Duration::ZERO });
    let last = events.iter().rev().find_map(|event| match event {
        Event::Sent { attempt, .. } => Some((attempt.subject.callback.as_str(), attempt.sent)),
        _ => None,
    });
    assert_eq!(last, Some(("TaskExit 0", DAY)));
}
