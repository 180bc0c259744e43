//! Several windows of faults: when they apply, to whom, and which of them counts.

use pullpush::plan::delivery::Delivery;

use super::{LIST, faults};
use crate::support::planned;

/// `task.number faults` of all whom something befalls.
fn fates(text: &str) -> String {
    let told =
        |it: Delivery| (!it.faults.is_clear()).then(|| format!("{}.{} {}", it.task.number, it.number, it.faults));
    let firsts = planned(text).deliveries().filter(|it| !it.is_duplicate());
    firsts.filter_map(told).collect::<Vec<_>>().join("; ")
}

/// The plan, callback by callback.
fn plan(text: &str) -> Vec<Delivery> {
    let plan = planned(text);
    plan.tasks().flat_map(|task| plan.lane(task)).collect()
}

/// All that is drawn; the task itself says how its faults are written.
fn drawn(all: &[Delivery]) -> Vec<impl PartialEq + std::fmt::Debug> {
    all.iter()
        .map(|it| (it.task.number, it.number, it.offset, it.happened, it.callback.clone(), it.faults, it.pass))
        .collect()
}

/// Six shows, one after the other, with everything that may go wrong.
const SHOWS: &str = "
[[task]]
count = 6
spacing = '1h'
source = 'vod'
loops = 30
to_url = 'rtmp://push.test/live/show-{n}'
files = [{ url = 'http://media.test/{n}/1.m3u8', duration = '1m' }]
";
const ALL: &str = "drop = 0.2\nduplicate = { chance = 0.3 }\ndelay = { chance = 0.2, by = '1s..9s' }\n\
                   corrupt = { chance = 0.3 }\nconnection = { chance = 0.2 }\n";

#[test]
fn a_window_is_about_what_happens_from_its_beginning_to_before_its_end() {
    // TaskStart at 0 s, VodSourceFileStart at 1 s, VodSourceFileFinish and TaskExit at 11 s.
    for (window, wanted) in [
        ("", "1.1 drop; 1.2 drop; 1.3 drop; 1.4 drop"),
        ("from = '1s'", "1.2 drop; 1.3 drop; 1.4 drop"),
        ("until = '1s'", "1.1 drop"),
        ("from = '1s'\nuntil = '11s'", "1.2 drop"),
        ("from = '1001ms'\nuntil = '11s'", ""),
        ("from = '11s'\nuntil = '11001ms'", "1.3 drop; 1.4 drop"),
    ] {
        assert_eq!(fates(&faults(&format!("{window}\ndrop = 1"))), wanted, "{window}");
    }
    // What counts is when it happens, not when it arrives.
    let late = faults("until = '1s'\ndelay = { chance = 1, by = '1h' }");
    assert_eq!(fates(&late), "1.1 delay by 1h");
}

#[test]
fn a_match_picks_by_task_and_by_callback() {
    let shows = SHOWS.replace("loops = 30\n", "");
    let two = format!(
        "{shows}[[task]]\nstart = '9h'\ntask_id = '77'\nstream_id = 'news'\nurl = 'rtmp://origin.test/news?a=b'\n\
         [[task.step]]\nevent = 'TaskStart'\n[[task.step]]\nevent = 'SourceSwitched'\n"
    );
    for (wanted, told) in [
        ("stream_id = 'show-3'", "3.1 drop; 3.2 drop; 3.3 drop; 3.4 drop"),
        ("stream_id = '*s', event = '*'", "7.1 drop; 7.2 drop"),
        ("task_id = '77', event = 'TaskStart'", "7.1 drop"),
        ("event = 'Source*'", "7.2 drop"),
        ("to_url = '*/show-2', event = 'Task*'", "2.1 drop; 2.4 drop"),
        ("source = 'http://media.test/[1]/*'", ""),
        ("source = 'http://media.test/5/*', event = 'VodSourceFile*'", "5.2 drop; 5.3 drop"),
        ("stream_id = 'news', task_id = '78'", ""),
        ("source = 'rtmp://*', event = '*Start'", "7.1 drop"),
    ] {
        let text = format!("[[faults]]\nmatch = {{ {wanted} }}\ndrop = 1\n{two}");
        assert_eq!(fates(&text), told, "{wanted}");
    }
}

#[test]
fn a_match_reads_the_target_that_a_task_has_at_the_time() {
    let text = "
[[faults]]
match = { stream_id = 'new' }
drop = 1
[[task]]
source = 'live'
url = 'rtmp://origin.test/a'
to_url = 'rtmp://push.test/live/old'
end = '1h'
[[task.incident]]
kind = 'modified'
at = '10m'
to_url = 'rtmp://push.test/live/new'
";
    let all: Vec<_> =
        planned(text).deliveries().map(|it| (it.task.sender("", None).stream_id == "new", it.faults.dropped)).collect();
    assert!(
        all.iter().all(|(is_new, dropped)| is_new == dropped)
            && all.contains(&(true, true))
            && all.contains(&(false, false)),
        "{all:?}"
    );
}

#[test]
fn of_each_fault_the_first_window_counts_that_says_something_about_it() {
    let text = format!(
        "
[[faults]]
from = '1s'
until = '2s'
drop = 0
delay = {{ chance = 1, by = '1s' }}
[[faults]]
match = {{ event = 'VodSourceFile*' }}
drop = 1
delay = {{ chance = 1, by = '2s' }}
[[faults]]
events = ['TaskExit']
delay = {{ chance = 1, by = '3s' }}
{LIST}
[[task.faults]]
match = {{ event = 'TaskExit' }}
delay = {{ chance = 1, by = '4s' }}
"
    );
    assert_eq!(fates(&text), "1.2 delay by 1s; 1.3 drop, delay by 2s; 1.4 delay by 4s");
    // A window in a single [faults], and a [task.faults] without one: nothing of the second is lost, in the window or out of it.
    let text =
        format!("[faults]\nuntil = '1s'\ndrop = 1\nduplicate = {{ chance = 1 }}\n{LIST}[task.faults]\ndrop = 0\n");
    assert_eq!(fates(&text), "1.1 duplicate after 300ms");
    // A step's own faults are all that befalls it, as ever.
    let text = "[[faults]]\ndrop = 1\n[[task]]\n[[task.step]]\nevent = 'TaskStart'\nfault = 'duplicate'\n";
    assert_eq!(fates(text), "1.1 duplicate after 300ms");
}

#[test]
fn a_window_changes_nothing_outside_of_it_and_moves_no_draw() {
    let plain = plan(&format!("[faults]\n{ALL}{SHOWS}"));
    assert!(plain.iter().filter(|it| !it.faults.is_clear()).count() > 100);
    // One table or a list of one is the same, and so is a window that is about everything.
    for whole in ["[[faults]]", "[[faults]]\nfrom = '0s'\nuntil = '1000h'", "[faults]\nmatch = { task_id = '*' }"] {
        let same = plan(&format!("{whole}\n{ALL}{SHOWS}"));
        assert_eq!(drawn(&same), drawn(&plain), "{whole}");
    }
    // A quiet hour: everything else is as it was.
    let quiet = "drop = 0\nduplicate = { chance = 0 }\ndelay = { chance = 0, by = '1s' }\ncorrupt = { chance = 0 }\nconnection = { chance = 0 }\n";
    let hushed = plan(&format!("[[faults]]\nfrom = '2h'\nuntil = '3h'\n{quiet}[[faults]]\n{ALL}{SHOWS}"));
    let fates = |all: &[Delivery]| -> std::collections::BTreeMap<_, _> {
        all.iter().map(|it| ((it.task.number, it.number), (it.happened, it.faults))).collect()
    };
    let (plain, hushed) = (fates(&plain), fates(&hushed));
    assert_eq!(plain.len(), hushed.len());
    let mut silenced = 0;
    for (key, (happened, faults)) in &plain {
        let hour = 3_600_000;
        if (2 * hour..3 * hour).contains(&happened.0) {
            assert!(hushed[key].1.is_clear(), "{key:?}");
            silenced += usize::from(!faults.is_clear());
        } else {
            assert_eq!(hushed[key], (*happened, *faults), "{key:?}");
        }
    }
    assert!(silenced > 20, "{silenced}");
}
