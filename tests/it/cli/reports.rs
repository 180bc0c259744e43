//! `--report`: files for other programs.

use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;

use super::{Answer, Desk, Receiver, VOD};

/// Two tasks; the second one's exit is answered with 500. And where the second one's callbacks go.
fn half_failing(flags: &str) -> (Desk, String) {
    let (good, bad) = (Receiver::new(), Receiver::answering(|n| Answer::Status(if n == 3 { 500 } else { 200 })));
    let task = VOD.split_once("[[task]]").unwrap().1;
    let first = format!("{task}callback_url = \"{}\"\n", good.url);
    let second =
        format!("{task}callback_url = \"{}\"\n", bad.url).replace("118148", "2").replace("live/show", "live/2");
    let head = VOD.split_once("[[task]]").unwrap().0;
    let two = format!("{head}[[task]]{}[[task]]{second}", first.replace("118148", "1"));
    let desk = Desk::new().file("two.toml", two);
    desk.run(format!("pullpush run two.toml --speed max --set receiver.retry=none {flags}"))
        .exits(1)
        .says("written: r.");
    (desk, bad.url)
}

#[test]
fn junit_has_a_suite_for_each_scenario_and_a_case_for_each_task() {
    let (desk, bad) = half_failing("--report junit=r.xml");
    let report = Report::deserialize_from_str(&desk.read("r.xml")).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0));
    let suite = &report.test_suites[0];
    assert_eq!(suite.name.as_str(), "two.toml");
    let names: Vec<_> = suite.test_cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["task 1", "task 2"]);
    let TestCaseStatus::NonSuccess { message, description, .. } = &suite.test_cases[1].status else {
        panic!("{:?}", suite.test_cases[1]);
    };
    assert_eq!(
        message.as_ref().unwrap().as_str(),
        format!("TaskExit 0  task=2  #4  to {bad}: not acknowledged: status 500; answer: {{\"code\":0}}")
    );
    assert!(description.as_ref().unwrap().as_str().contains("again: pullpush run two.toml --seed 7"));
}

#[test]
fn a_transport_error_is_an_error() {
    let desk = Desk::new();
    let nobody = "http://127.0.0.1:1/";
    desk.run(format!("pullpush run vod.toml --to {nobody} --speed max --set receiver.retry=none --report junit=r.xml"))
        .exits(1);
    let report = Report::deserialize_from_str(&desk.read("r.xml")).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (1, 0, 1));
}

#[test]
fn what_xml_cannot_hold_is_not_lost() {
    let odd = VOD.replace("118148", r"\u0001\u001b]]>&<a>\uFFFE");
    let desk = Desk::new().file("odd.toml", odd);
    desk.run("pullpush run odd.toml --virtual --report junit=r.xml").exits(0);
    let report = Report::deserialize_from_str(&desk.read("r.xml")).unwrap();
    assert_eq!(report.test_suites[0].test_cases[0].name.as_str(), r"task \u{1}\u{1b}]]>&<a>\u{fffe}");
}

#[test]
fn json_tells_the_same() {
    let (desk, bad) = half_failing("--report json=r.json");
    let report: Value = serde_json::from_str(&desk.read("r.json")).unwrap();
    let scenario = &report["scenarios"][0];
    assert_eq!(scenario["summary"]["acknowledged"], 7);
    assert_eq!(scenario["tasks"][0]["complaints"], Value::Array(vec![]));
    assert_eq!(scenario["tasks"][1]["deliveries"], 4);
    assert_eq!(
        scenario["tasks"][1]["complaints"][0],
        format!("TaskExit 0  task=2  #4  to {bad}: not acknowledged: status 500; answer: {{\"code\":0}}")
    );
}

#[test]
fn several_scenarios_and_several_files() {
    let desk = Desk::new();
    desk.run("pullpush run vod.toml vod.toml --sink --speed max --report junit=r.xml --report json=r.json").exits(0);
    let report = Report::deserialize_from_str(&desk.read("r.xml")).unwrap();
    assert_eq!((report.test_suites.len(), report.tests, report.failures), (2, 2, 0));
}

#[test]
fn a_report_that_cannot_be_written_is_known_before() {
    let receiver = Receiver::new();
    let run = format!("pullpush run vod.toml --to {} --speed max", receiver.url);
    Desk::new().run(format!("{run} --report junit=no/such/folder")).exits(3).says("cannot write no/such/folder");
    Desk::new().run(format!("{run} --report html=no/such/page")).exits(3).says("cannot write no/such/page");
    Desk::new().run(format!("{run} --report pdf=r.pdf")).exits(2).says("write junit=FILE, json=FILE or html=FILE");
    assert!(receiver.rest().is_empty());
}
