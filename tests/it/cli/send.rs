//! `pullpush send`: one callback, by hand.

use super::{Desk, Receiver};

#[test]
fn without_an_address_the_body_is_printed() {
    let desk = Desk::new();
    let send = |flags: &str| desk.run(format!("pullpush send {flags} --epoch 2026-01-01T00:00:00Z"));
    send("TaskExit").golden("send/task-exit");
    send("TaskExit --set task.step.msg.code=-22 --set payload.key=testkey").golden("send/task-exit-signed");
    send("TaskStart --set task.task_id='\"7\"' --set task.to_url=rtmp://push.test/a/b").golden("send/task-start");
    send("VodSourceFileStart --set payload.profile=complete --set task.task_id='\"7\"'").golden("send/file-start");
    for event in ["TaskStart", "VodSourceFileStart", "VodSourceFileFinish", "TaskExit", "TaskAlarm", "ResetTaskConfig"]
    {
        send(event).exits(0).shows(&format!("\"callback_event\":\"{event}\""));
    }
}

#[test]
fn a_name_that_no_document_knows_is_sent_and_wondered_at() {
    let done = Desk::new().run("pullpush send TaskFoo --epoch 2026-01-01T00:00:00Z --set task.task_id='\"7\"'");
    done.golden("send/unknown");
    Desk::new().run("pullpush send \"Quote\\\"d \\\\ name\"").exits(0).shows(r#""callback_event":"Quote\"d \\ name""#);
    Desk::new().run("pullpush send").exits(2).says("<EVENT>");
    for event in ["taskexit", "TASKEXIT"] {
        let done = Desk::new().run(format!("pullpush send {event}")).exits(2);
        let said = format!("error: no callback is called `{event}`; did you mean `TaskExit`?\n");
        assert_eq!((done.stdout, done.stderr), (String::new(), said));
    }
}

#[test]
fn with_an_address_it_is_sent() {
    let receiver = Receiver::new();
    let flags = "--epoch 2026-01-01T00:00:00Z --set task.task_id='\"7\"' --set task.step.msg.code=-22";
    let desk = Desk::new();
    let done = desk.run(format!("pullpush send TaskExit {flags} --to {}", receiver.url)).exits(0);
    done.shows("─►  TaskExit -22").shows("1 callback planned").shows("  acknowledged  1\n");
    let printed = desk.run(format!("pullpush send TaskExit {flags}")).stdout;
    assert_eq!(receiver.next().text(), printed.trim_end());
    assert_eq!(receiver.rest().len(), 0);
}

#[test]
fn it_is_sent_once() {
    let done = Desk::new().run("pullpush send TaskStart --to http://127.0.0.1:1/ --format ndjson").exits(1);
    let last = done.objects().pop().unwrap();
    assert_eq!((&last["attempts"], &last["outcomes"]["refused"]), (&1.into(), &1.into()));
    let again = Desk::new().run("pullpush send TaskStart --to http://127.0.0.1:1/ --set 'receiver.retry=[\"1ms\"]'");
    again.exits(1).shows("2 attempts: refused ×2\n");
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let receiver = Receiver::new();
    for (flags, words) in [
        ("--set task.step.mgs.code=1", "unknown key `mgs`"),
        ("--set payload.profile=doc-2030", "`profile` cannot be `doc-2030`"),
        ("--epoch yesterday", "invalid value 'yesterday' for '--epoch <TIME>'"),
    ] {
        let done = Desk::new().run(format!("pullpush send TaskExit --to {} {flags}", receiver.url)).exits(2);
        assert_eq!(done.says(words).stdout, "");
    }
    assert_eq!(receiver.rest().len(), 0);
}
