//! Sequences of callbacks and what is remarkable about them.

use super::Kind::{ResetTaskConfig, TaskAlarm, TaskExit, TaskStart, VodSourceFileFinish, VodSourceFileStart};
use super::*;
use crate::time::Millis;

/// A callback of task `task` (empty: without an id) with this `msg`, which for files is the index.
fn seen(task: &str, kind: Kind, msg: &str) -> Seen {
    Seen {
        task_id: (!task.is_empty()).then(|| task.to_owned()),
        callback_event: Some(kind.name().to_owned()),
        source_urls: Some(vec!["http://a.test/1".to_owned()]),
        msg: Some(msg.to_owned()),
        index: msg.parse().ok(),
        ..Seen::default()
    }
}

/// The notes on callbacks (task, kind, msg) that arrive 100 ms after each other.
fn notes<const N: usize>(callbacks: [(&str, Kind, &str); N]) -> [Option<Note>; N] {
    let mut order = Order::default();
    let mut at = UnixMillis(0);
    callbacks.map(|(task, kind, msg)| {
        at = at.plus(Millis(100));
        order.observe(&seen(task, kind, msg), at).note
    })
}

/// The notes on callbacks of one task.
fn of_one<const N: usize>(callbacks: [(Kind, &str); N]) -> [Option<Note>; N] {
    notes(callbacks.map(|(kind, msg)| ("7", kind, msg)))
}

#[test]
fn the_documented_sequences_are_unremarkable() {
    let looped = [
        (TaskStart, "t1"),
        (VodSourceFileStart, "0"),
        (VodSourceFileFinish, "0"),
        (VodSourceFileStart, "1"),
        (VodSourceFileFinish, "1"),
        (VodSourceFileStart, "0"),
        (VodSourceFileFinish, "0"),
        (TaskExit, "t2"),
    ];
    assert_eq!(of_one(looped), [None; 8]);
    let one_file_looped = [
        (TaskStart, "t1"),
        (VodSourceFileStart, "0"),
        (VodSourceFileFinish, "0"),
        (VodSourceFileStart, "0"),
        (VodSourceFileFinish, "0"),
        (TaskExit, "t2"),
    ];
    assert_eq!(of_one(one_file_looped), [None; 6]);
    let unsubscribed_from_finishes = [
        (TaskStart, "t1"),
        (VodSourceFileStart, "0"),
        (VodSourceFileStart, "1"),
        (VodSourceFileStart, "0"),
        (VodSourceFileStart, "1"),
    ];
    assert_eq!(of_one(unsubscribed_from_finishes), [None; 5]);
    let broken_push = [
        (TaskStart, "t1"),
        (VodSourceFileStart, "3"),
        (TaskAlarm, "PushStreamFailed"),
        (TaskExit, "t2"),
        (TaskStart, "t3"),
        (VodSourceFileStart, "3"),
        (ResetTaskConfig, "{}"),
        (TaskExit, "t4"),
    ];
    assert_eq!(of_one(broken_push), [None; 8]);
}

#[test]
fn what_is_out_of_order_is_noted() {
    use Note::{ExitAgain, FinishWithoutStart, NotRunning, NotStartedFirst, StartAgain};
    assert_eq!(
        of_one([(VodSourceFileStart, "0"), (VodSourceFileFinish, "0"), (TaskExit, "t2")]),
        [Some(NotStartedFirst(VodSourceFileStart)), None, None]
    );
    assert_eq!(of_one([(TaskExit, "t1"), (TaskExit, "t2")]), [Some(NotStartedFirst(TaskExit)), Some(ExitAgain)]);
    assert_eq!(
        of_one([(TaskStart, "t1"), (VodSourceFileFinish, "1"), (VodSourceFileStart, "1")]),
        [None, Some(FinishWithoutStart(1)), None]
    );
    assert_eq!(
        of_one([(TaskStart, "t1"), (TaskExit, "t2"), (VodSourceFileStart, "0"), (VodSourceFileFinish, "0")]),
        [None, None, Some(NotRunning(VodSourceFileStart)), Some(NotRunning(VodSourceFileFinish))]
    );
    assert_eq!(of_one([(TaskStart, "t1"), (TaskStart, "t2")]), [None, Some(StartAgain)]);
}

#[test]
fn a_migration_leaves_the_task_running() {
    assert_eq!(
        of_one([
            (TaskStart, "t1"),
            (VodSourceFileStart, "0"),
            (TaskStart, "t2"),
            (TaskExit, "t3"),
            (VodSourceFileStart, "0"),
            (VodSourceFileFinish, "0"),
            (TaskExit, "t4"),
            (TaskExit, "t5"),
        ]),
        [None, None, Some(Note::StartAgain), None, None, None, None, Some(Note::ExitAgain)]
    );
}

#[test]
fn a_late_task_start_is_forgiven() {
    let callbacks = [
        (VodSourceFileStart, "0"),
        (TaskStart, "t1"),
        (VodSourceFileFinish, "0"),
        (VodSourceFileStart, "1"),
        (TaskStart, "t1"),
    ];
    let [first, rest @ ..] = of_one(callbacks);
    assert_eq!(first, Some(Note::NotStartedFirst(VodSourceFileStart)));
    assert_eq!(rest, [None, None, None, Some(Note::Repeated)]);
    let exited = [(VodSourceFileStart, "0"), (TaskExit, "t1"), (TaskStart, "t2"), (VodSourceFileStart, "0")];
    assert_eq!(of_one(exited)[1..], [None; 3]);
}

#[test]
fn repetitions_are_noted_and_change_nothing() {
    let twice = [
        (TaskStart, "t1"),
        (TaskStart, "t1"),
        (VodSourceFileStart, "0"),
        (VodSourceFileStart, "0"),
        (TaskStart, "t1"),
        (VodSourceFileFinish, "0"),
        (VodSourceFileFinish, "0"),
        (TaskAlarm, "FileEndEarly"),
        (TaskAlarm, "FileEndEarly"),
        (TaskExit, "t2"),
        (TaskExit, "t2"),
        (TaskStart, "t3"),
        (TaskExit, "t2"),
        (VodSourceFileStart, "0"),
    ];
    let repeated: Vec<bool> = of_one(twice).map(|note| note == Some(Note::Repeated)).into();
    let wanted = [0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0].map(|wanted| wanted == 1);
    assert_eq!(repeated, wanted);
    assert!(of_one(twice).into_iter().flatten().all(|note| note == Note::Repeated));
}

#[test]
fn the_first_file_may_take_two_seconds() {
    let mut order = Order::default();
    let mut note = |kind, msg, at| order.observe(&seen("7", kind, msg), UnixMillis(at)).note;
    assert_eq!(note(TaskStart, "t1", 1000), None);
    assert_eq!(note(VodSourceFileStart, "0", 3000), None);
    assert_eq!(note(VodSourceFileFinish, "0", 9000), None);
    assert_eq!(note(VodSourceFileStart, "1", 9000), None);
    assert_eq!(note(TaskExit, "t2", 10_000), None);
    assert_eq!(note(TaskStart, "t3", 11_000), None);
    assert_eq!(note(VodSourceFileStart, "1", 13_001), Some(Note::LateFirstFile(Millis(2001))));
}

#[test]
fn an_exit_without_an_id_is_that_of_the_only_running_task() {
    assert_eq!(
        notes([
            ("1", TaskStart, "t1"),
            ("", TaskExit, "t2"),
            ("", TaskExit, "t2"),
            ("", TaskExit, "t3"),
            ("1", VodSourceFileStart, "0"),
            ("1", TaskStart, "t4"),
            ("2", TaskStart, "t5"),
            ("2", TaskExit, "t6"),
            ("", TaskExit, "t7"),
            ("1", TaskExit, "t8"),
        ]),
        [
            None,
            None,
            Some(Note::Repeated),
            None,
            Some(Note::NotRunning(VodSourceFileStart)),
            None,
            None,
            None,
            None,
            Some(Note::ExitAgain)
        ]
    );
}

#[test]
fn an_exit_without_an_id_that_may_be_of_several_tasks_is_not_held_against_them() {
    let unjudged = [
        ("1", TaskStart, "t1"),
        ("2", TaskStart, "t1"),
        ("3", TaskStart, "t1"),
        ("", TaskExit, "t2"),
        ("", TaskExit, "t2"),
        ("1", TaskStart, "t3"),
        ("1", VodSourceFileStart, "0"),
        ("2", TaskStart, "t3"),
        ("3", VodSourceFileStart, "0"),
        ("3", TaskExit, "t4"),
    ];
    assert_eq!(notes(unjudged), [None; 10]);
    let certain_again = [
        ("1", TaskStart, "t1"),
        ("2", TaskStart, "t1"),
        ("", TaskExit, "t2"),
        ("1", TaskStart, "t3"),
        ("1", TaskStart, "t4"),
    ];
    assert_eq!(notes(certain_again)[4], Some(Note::StartAgain));
    let certain_of_nothing = [
        ("1", TaskStart, "t1"),
        ("2", TaskStart, "t1"),
        ("", TaskExit, "t2"),
        ("1", TaskStart, "t1"),
        ("1", TaskStart, "t3"),
    ];
    assert_eq!(notes(certain_of_nothing)[3..], [Some(Note::Repeated), None]);
    // The same exit: the first task's again, or the second's in the same millisecond.
    let same = [
        ("1", TaskStart, "t1"),
        ("", TaskExit, "t2"),
        ("2", TaskStart, "t3"),
        ("", TaskExit, "t2"),
        ("2", VodSourceFileStart, "0"),
        ("2", TaskStart, "t4"),
    ];
    assert_eq!(notes(same), [None, None, None, None, None, Some(Note::StartAgain)]);
}

#[test]
fn an_exit_without_an_id_that_comes_again_after_a_restart_is_a_repetition() {
    let stale = [
        ("1", TaskStart, "t1"),
        ("", TaskExit, "t2"),
        ("1", TaskStart, "t3"),
        ("", TaskExit, "t2"),
        ("1", VodSourceFileStart, "0"),
        ("", TaskExit, "t2"),
        ("", TaskExit, "t4"),
        ("1", VodSourceFileFinish, "0"),
    ];
    let repeated = Some(Note::Repeated);
    let over = Some(Note::NotRunning(VodSourceFileFinish));
    assert_eq!(notes(stale), [None, None, None, repeated, None, repeated, None, over]);
}

#[test]
fn what_cannot_be_told_is_not_judged() {
    let unknown = Seen { callback_event: Some("TaskPause".to_owned()), ..seen("7", TaskStart, "t1") };
    let mut order = Order::default();
    assert_eq!(order.observe(&unknown, UnixMillis(0)), Standing::default());
    assert_eq!(order.observe(&seen("", VodSourceFileStart, "0"), UnixMillis(0)), Standing::default());
    assert_eq!(order.observe(&seen("", TaskExit, "t"), UnixMillis(0)), Standing::default());
    assert_eq!(order.observe(&Seen::default(), UnixMillis(0)), Standing::default());
}

#[test]
fn an_exit_without_an_id_is_of_the_task_that_runs() {
    let mut order = Order::default();
    let mut task = |id: &str, kind, msg| order.observe(&seen(id, kind, msg), UnixMillis(0)).task;
    let first = task("1", TaskStart, "t1");
    assert!(first.is_some());
    assert_eq!([task("", TaskExit, "t2"), task("", TaskExit, "t2")], [first; 2]);
    let second = task("2", TaskStart, "t3");
    assert_ne!(first, second);
    assert_eq!(task("1", TaskStart, "t3"), first);
    assert_eq!(task("", TaskExit, "t4"), None);
}

#[test]
fn a_task_is_matched_by_its_newest_source_urls() {
    let mut order = Order::default();
    let mut note = |task: &str, kind, msg, url: &str| {
        let source_urls = Some(vec![url.to_owned()]);
        order.observe(&Seen { source_urls, ..seen(task, kind, msg) }, UnixMillis(0)).note
    };
    assert_eq!(note("1", TaskStart, "t1", "a"), None);
    assert_eq!(note("1", ResetTaskConfig, "{}", "b"), None);
    assert_eq!(note("", TaskExit, "t2", "a"), None);
    assert_eq!(note("1", VodSourceFileStart, "0", "b"), None);
    assert_eq!(note("", TaskExit, "t2", "b"), None);
    assert_eq!(note("1", VodSourceFileFinish, "0", "b"), Some(Note::NotRunning(VodSourceFileFinish)));

    assert_eq!(note("2", TaskStart, "t1", "c"), None);
    assert_eq!(note("3", TaskStart, "t1", "c"), None);
    assert_eq!(note("2", ResetTaskConfig, "{}", "d"), None);
    assert_eq!(note("", TaskExit, "t2", "c"), None);
    assert_eq!(note("3", TaskExit, "t3", "c"), Some(Note::ExitAgain));
}

#[test]
fn only_so_many_tasks_are_remembered() {
    let mut order = Order::remembering(2);
    let mut note = |task: &str, kind, msg| order.observe(&seen(task, kind, msg), UnixMillis(0)).note;
    for task in ["1", "2", "3"] {
        assert_eq!(note(task, TaskStart, "t1"), None);
    }
    assert_eq!(note("2", TaskExit, "t2"), None);
    assert_eq!(note("1", TaskExit, "t2"), Some(Note::NotStartedFirst(TaskExit)));
    assert_eq!(note("2", TaskExit, "t3"), Some(Note::NotStartedFirst(TaskExit)));
    assert_eq!((order.tasks.len(), order.ages.len()), (2, 2));
    assert_eq!(order.siblings.members(), 2);
}
