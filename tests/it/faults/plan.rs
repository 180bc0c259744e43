//! The plan of each fault, to the letter.

use std::path::Path;

use pullpush::engine::settings::Addresses;
use pullpush::plan::Plan;
use pullpush::report::plan::{Planned, curl, ndjson, table};
use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::support::{EPOCH, RECEIVER, planned};

/// A step for each fault; `connection` and `signature` stand for all of their kinds.
const ALL: &str = "
[payload]
key = 'testkey'
[faults]
drop = 1
[[task]]
task_id = '118148'
to_url = 'rtmp://5000.livepush.myqcloud.com/live/a'
[[task.step]]
event = 'TaskStart'
[[task.step]]
at = '1s'
event = 'TaskStart'
fault = 'duplicate'
[[task.step]]
after = '1s'
event = 'TaskAlarm'
fault = { delay = { by = '4s' }, signature = { kinds = ['missing'] } }
[[task.step]]
after_answer = '1s'
event = 'ResetTaskConfig'
fault = 'msg-not-json'
[[task.step]]
after = '1s'
event = 'ResetTaskConfig'
fault = { corrupt = { kinds = ['wrong-content-type'] }, duplicate = { after = '0s' } }
[[task.step]]
after = '1s'
event = 'ResetTaskConfig'
fault = 'bad-utf8'
[[task.step]]
after = '2s'
event = 'TaskExit'
fault = { connection = { kinds = ['slow-body'] }, duplicate = { after = '1s', sends = 'new-attempt' } }
";

fn written(plan: &Plan, write: impl Fn(&Planned<'_>, &mut String)) -> String {
    let addresses = Addresses::new(None, RECEIVER.to_owned());
    let payload = &plan.scenario().payload;
    let mut text = String::new();
    for delivery in plan.deliveries() {
        write(&Planned { delivery: &delivery, payload, epoch: EPOCH, addresses: &addresses, due: None }, &mut text);
    }
    anstream::adapter::strip_str(&text).to_string()
}

/// Compares with a golden file; `SNAPSHOTS=overwrite` writes it anew.
fn assert_golden(file: &str, text: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans").join(file);
    let expected = Data::read_from(&path, Some(DataFormat::Text)).raw();
    Assert::new().action_env(DEFAULT_ACTION_ENV).eq(text, expected);
}

#[test]
fn each_fault_in_each_format() {
    assert_golden("faults.txt", written(&planned(ALL), table));
    assert_golden("faults.ndjson", written(&planned(ALL), ndjson));
    assert_golden("faults.sh", written(&planned(ALL), curl));
}

/// What the plan says is what the receiver gets, bodies of duplicates too.
#[test]
fn the_plan_is_what_is_sent() {
    for sends in ["same-bytes", "new-attempt"] {
        let text = format!(
            "payload = {{ key = 'testkey', profile = 'complete' }}\n{}",
            super::faults(&format!(
                "duplicate = {{ chance = 0.5, after = '2s', sends = '{sends}' }}\ndelay = {{ chance = 0.5, by = '0s..9s' }}\n\
                 corrupt = {{ chance = 0.5 }}\nsignature = {{ chance = 0.5 }}"
            ))
        ) + "count = 20\nspacing = '700ms'\nto_url = 'rtmp://p.test/live/{n}'\n";
        let plan = planned(&text);
        let addresses = Addresses::new(None, RECEIVER.to_owned());
        let payload = &plan.scenario().payload;
        let body =
            |delivery| Planned { delivery: &delivery, payload, epoch: EPOCH, addresses: &addresses, due: None }.body();
        let planned: Vec<_> = plan.deliveries().map(body).collect();
        let sent: Vec<_> = super::requests(&text).into_iter().map(|request| request.body.to_vec()).collect();
        assert!(planned.len() > 100 && planned == sent);
    }
}
