//! `--report html` and `plan --format html`: what the page is told. How it looks is tested in a browser, in tests/browser.

use serde_json::Value;

use super::desk::{golden, is_described};
use super::{Answer, Desk, Receiver, VOD};

/// What a page is told.
fn model(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="model">"#).expect("a page with a model");
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// Compares the model of a page with a file under `tests/cli/html/`.
#[track_caller]
fn golden_model(name: &str, page: &str) {
    let mut model = model(page);
    is_described(&model, "report/html/page.js");
    model["version"] = "[VERSION]".into();
    golden(&format!("html/{name}"), serde_json::to_string_pretty(&model).unwrap() + "\n");
}

/// Two copies of a task whose push breaks, and something befalls each delivery of the second `[[task]]`.
const EVENTFUL: &str = r#"version = 1
seed = 7

[receiver]
retry = ["1s"]

[payload]
epoch = "2026-01-01T12:00:00Z"
profile = "complete"

[[task]]
source = "live"
count = 2
spacing = "3s"
task_id = "10{n}"
url = "rtmp://origin.test/live/a"
end = "30s"

[[task.incident]]
kind = "push-broken"
at = "5s"
lasts = "5s"

[[task]]
task_id = "200"
[[task.step]]
event = "TaskStart"
fault = { duplicate = { after = "300ms" } }
[[task.step]]
after = "1s"
event = "VodSourceFileStart"
fault = "drop"
[[task.step]]
after = "1s"
event = "VodSourceFileFinish"
fault = { corrupt = { kinds = ["bad-utf8"] } }
[[task.step]]
after = "1s"
event = "TaskExit"
fault = { delay = { by = "2s" } }
"#;

#[test]
fn a_run_as_the_page_is_told() {
    let desk = Desk::new().file("eventful.toml", EVENTFUL);
    desk.run("pullpush run eventful.toml --virtual --fail-first 4 --report html=r.html").exits(1);
    golden_model("run", &desk.read("r.html"));
}

#[test]
fn a_plan_as_the_page_is_told() {
    let desk = Desk::new().file("eventful.toml", EVENTFUL);
    golden_model("plan", &desk.run("pullpush plan eventful.toml --format html").exits(0).stdout);
}

#[test]
fn each_failure_has_its_command_and_the_first_is_the_printed_one() {
    let receiver = Receiver::answering(|n| Answer::Status(if n % 4 == 3 { 503 } else { 200 }));
    let scenario =
        VOD.replace("start_gap", "count = 3\nstart_gap").replace("118148", "{n}").replace("live/show", "{n}");
    let desk = Desk::new().file("three.toml", scenario);
    let flags = "--speed max --set receiver.retry=none --set receiver.ordering=strict --report html=r.html";
    let done = desk.run(format!("pullpush run three.toml --to {} {flags}", receiver.url)).exits(1);
    let model = model(&desk.read("r.html"));
    let scenario = &model["scenarios"][0];
    let failures = scenario["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 3);
    for (place, failure) in failures.iter().enumerate() {
        let task = &scenario["tasks"][failure["task"].as_u64().unwrap() as usize];
        let again = scenario["words"][task["again"].as_u64().unwrap() as usize].as_str().unwrap();
        assert!(again.contains(&format!("--only task={} ", task["task_id"].as_str().unwrap())), "{again}");
        assert!(place > 0 || done.again() == Some(again), "{again}");
        let delivery = &scenario["deliveries"][failure["delivery"].as_u64().unwrap() as usize];
        assert_eq!(delivery["end"], "given up");
    }
}

#[test]
fn scenarios_share_a_page_and_replay_writes_one_too() {
    let desk = Desk::new();
    desk.run("pullpush run vod.toml vod.toml --sink --speed max --journal j.ndjson --report html=r.html").exits(0);
    let told = model(&desk.read("r.html"));
    assert_eq!(told["scenarios"].as_array().unwrap().len(), 2);
    assert_eq!(told["scenarios"][1]["speed"], Value::Null);
    desk.run("pullpush replay j.ndjson --sink --speed max --report html=again.html")
        .exits(0)
        .says("written: again.html");
    assert_eq!(model(&desk.read("again.html"))["scenarios"][0]["name"], "j.ndjson");
}

#[test]
fn what_others_wrote_stays_inside_the_model() {
    let hostile = r"</script><script>alert(1)</script><!--\u2028";
    let receiver = Receiver::answering(|_| {
        let body = "</script><img src=x onerror=alert(1)>";
        Answer::Raw(format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    });
    let desk = Desk::new().file("hostile.toml", VOD.replace("118148", hostile));
    let to = receiver.url.replace("http://", "http://somebody:secret@");
    desk.run(format!("pullpush run hostile.toml --to {to} --speed max --set receiver.retry=none --report html=r.html"))
        .exits(1);
    let page = desk.read("r.html");
    assert_eq!(page.matches("</script>").count(), 3, "those of the events, of the model and of the program");
    assert_eq!(page.matches("<!--").count(), 0);
    assert!(!page.contains('\u{2028}'));
    assert!(!page.contains("secret"));
    let told = model(&page);
    assert!(told["scenarios"][0]["tasks"][0]["task_id"].as_str().unwrap().starts_with("</script><script>"));
    assert!(told.to_string().contains("<img src=x onerror=alert(1)>"));
}

/// More than a page has room for.
fn many() -> Desk {
    let many = VOD.replace("118148", "{n}").replace("start_gap", "count = 5500\nstart_gap").replace("live/show", "{n}");
    Desk::new().file("many.toml", many)
}

fn length(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[test]
fn a_plan_says_what_had_no_room() {
    let plan = model(&many().run("pullpush plan many.toml --format html").exits(0).stdout);
    assert_eq!(length(&plan["scenarios"][0]["deliveries"]), 20_000);
    assert_eq!(plan["scenarios"][0]["left_out"]["deliveries"], 2_000);
}

#[test]
fn a_run_says_what_had_no_room() {
    let desk = many();
    desk.run("pullpush run many.toml vod.toml --virtual --status 503 --set receiver.retry=none --report html=r.html")
        .exits(1);
    let page = desk.read("r.html");
    assert!(page.len() < 8 * 1024 * 1024, "{}", page.len());
    let told = model(&page);
    // The next one finds no room at all.
    assert_eq!(told["scenarios"][1]["deliveries"], Value::Array(vec![]));
    assert_eq!(told["scenarios"][1]["left_out"], serde_json::json!({ "deliveries": 4, "failures": 4 }));
    let scenario = &told["scenarios"][0];
    let counts = ["deliveries", "failures"].map(|what| {
        let left_out = scenario["left_out"][what].as_u64().unwrap();
        (length(&scenario[what]) as u64, left_out)
    });
    assert_eq!(counts, [(20_000, 2_000), (1_000, 21_000)]);
    assert_eq!(scenario["summary"]["given_up"], 22_000);
}

/// What no page and no report holds as it is: controls, marks of direction, and what is no letter.
const ODD: &str = "\u{1}\u{9b}\u{61c}\u{202e}\u{2067}\u{2028}\u{fdd0}\u{fffe}\u{1ffff}\u{feff}";

#[test]
fn odd_letters_are_written_out_wherever_they_are_shown() {
    let receiver = Receiver::answering(|_| {
        let body = format!("no{ODD}pe");
        Answer::Raw(format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    });
    let written: String = ODD.chars().map(|letter| format!("\\U{:08x}", u32::from(letter))).collect();
    let file = VOD
        .replace("118148", &written)
        .replace("rtmp://push.test/live/show", &format!("rtmp://push.test/live/{written}"));
    let step = format!(
        "[[task]]\nurl = \"http://m.test/\"\n[[task.step]]\nevent = \"Task{written}\"\n[[probe]]\nname = \"p{written}\"\nafter = \"end\"\nget = \"/x\"\nstatus = 200\nbody = {{ a = 1 }}\n"
    );
    let name = format!("odd{ODD}.toml").replace('\u{1}', "");
    let desk =
        Desk::new().file(&name, file + &step).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
    let files = "--report html=r.html --report junit=r.xml";
    let run = desk
        .run(format!("pullpush run 'odd'*.toml --to {} --speed max --set receiver.retry=none {files}", receiver.url))
        .exits(1);
    let plan = desk.run("pullpush plan 'odd'*.toml --format html").exits(0).stdout;
    let is_odd = |letter: char| ODD.contains(letter);
    for (what, text) in [
        ("the page of a run", desk.read("r.html")),
        ("the page of a plan", plan),
        ("JUnit", desk.read("r.xml")),
        ("the summary", desk.read("summary.md")),
        ("standard output", run.stdout.clone()),
    ] {
        let line = text.lines().find(|line| line.contains(is_odd));
        assert_eq!(line, None, "{what}");
        assert!(text.contains("\\u{fffe}"), "{what}");
    }
    // The name of a file that is annotated is the name that it has.
    let annotations = run.stderr.lines().filter_map(|line| line.split_once(",title=")).map(|(_, shown)| shown);
    let annotations: Vec<_> = annotations.collect();
    assert!(!annotations.is_empty() && annotations.iter().all(|shown| !shown.contains(is_odd)), "{annotations:?}");
    let told = model(&desk.read("r.html"));
    let task = told["scenarios"][0]["tasks"][0]["task_id"].as_str().unwrap();
    assert!(task.contains("\\u{1}\\u{9b}") && task.contains("\\u{fffe}\\u{1ffff}"), "{task}");
}
