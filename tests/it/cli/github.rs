//! In a step of GitHub Actions: annotations beside lines, a page in the job's summary, and no command that somebody else wrote.

use super::desk::{Done, golden};
use super::{Answer, Desk, Receiver, VOD};

/// Two tasks, a simulated one and one of exact steps, and a question.
const BROKEN: &str = r#"version = 1
seed = 7
receiver.retry = "none"
payload.epoch = "2026-01-01T12:00:00Z"

[[task]]
source = "vod"
task_id = "118148"
files = [{ url = "http://media.test/1.m3u8", duration = "5s" }]
start_gap = "1s"

[[task]]
task_id = "5"

[[task.step]]
event = "TaskStart"

[[task.step]]
event = "TaskExit"
expect = { status = 400 }

[[probe]]
after = "end"
get = "/tasks"
"#;

/// A desk in a step of GitHub Actions.
fn desk() -> Desk {
    Desk::new().env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md").file("broken.toml", BROKEN)
}

/// What GitHub would obey.
fn commands(done: &Done) -> Vec<&str> {
    let lines = done.stdout.lines().chain(done.stderr.lines());
    lines.filter(|line| line.trim_start().starts_with("::") || line.contains("##[")).collect()
}

/// The places in the annotations.
fn places(done: &Done) -> Vec<String> {
    let properties = commands(done).into_iter().map(|line| line.split(",title=").next().unwrap().to_owned());
    properties.collect()
}

const FAILING: &str = "pullpush run broken.toml --virtual --fail-first 3 --status 503";

#[test]
fn failures_of_a_run() {
    let desk = desk();
    desk.run(FAILING).exits(1).golden("github/run");
    golden("github/run-summary", desk.read("summary.md"));
}

#[test]
fn elsewhere_there_are_none() {
    let desk = Desk::new().env("GITHUB_STEP_SUMMARY", "summary.md").file("broken.toml", BROKEN);
    assert_eq!(commands(&desk.run(FAILING).exits(1)), [""; 0]);
    assert_eq!(commands(&desk.run(format!("GITHUB_ACTIONS=false {FAILING}")).exits(1)), [""; 0]);
    desk.run("test -e summary.md").exits(1);
}

#[test]
fn paths_are_those_of_the_repository() {
    let desk = desk();
    let done =
        desk.run(format!("mkdir sub && cp broken.toml sub/ && cd sub && GITHUB_WORKSPACE=${{PWD%/sub}} {FAILING}"));
    let [first, second, third] = &places(&done.exits(1))[..] else { panic!("not three") };
    assert_eq!(first, "::error file=sub/broken.toml,line=6,col=1");
    assert_eq!(second, "::error file=sub/broken.toml,line=15,col=1");
    assert_eq!(third, "::error file=sub/broken.toml,line=18,col=1");
    // A workspace that the file is not in.
    let done = desk.run(format!("GITHUB_WORKSPACE=/nowhere {FAILING}")).exits(1);
    assert_eq!(places(&done)[0], "::error file=broken.toml,line=6,col=1");
}

#[test]
fn a_probe_has_a_line_too() {
    let receiver = Receiver::answering(|n| Answer::Status(if n == 6 { 404 } else { 200 }));
    let line = format!("pullpush run broken.toml --speed max --to {}", receiver.url);
    let done = desk().run(line + " --set task.2.step.2.expect.status=200").exits(1);
    assert_eq!(commands(&done).len(), 1);
    done.says("::error file=broken.toml,line=22,col=1,title=probe GET /tasks::expected status 200, got 404%0Aagain: ");
}

#[test]
fn several_scenarios_make_one_page() {
    let desk = desk();
    desk.run("pullpush run vod.toml 'broken.toml' --virtual --fail-first 1 --set receiver.retry=none").exits(1);
    desk.run("pullpush run vod.toml --virtual").exits(0);
    golden("github/several-summary", desk.read("summary.md"));
}

#[test]
fn a_run_that_is_stopped() {
    let desk = desk();
    let mut running = desk.start("pullpush run vod.toml --sink");
    running.shows("TaskStart");
    running.signal("INT");
    assert_eq!(commands(&running.end().exits(130)), [""; 0]);
    assert!(desk.read("summary.md").contains("\n| vod.toml | interrupted | 4 | "), "{}", desk.read("summary.md"));
}

#[test]
fn problems_of_a_scenario() {
    let desk = desk().file(
        "bad.toml",
        "version = 1\n[[task]]\nsource = \"vod\"\ntask_id = \"a\"\nfiles = [{ url = \"第\", duraton = \"20m\" }]\nend = \"30d\"\n",
    );
    let checked = desk.run("pullpush check bad.toml --set task.1.count=0").exits(2);
    checked.golden("github/check");
    let as_json = desk.run("pullpush check bad.toml --set task.1.count=0 --format json").exits(2);
    assert_eq!(commands(&as_json), commands(&checked));
    // Whatever reads a scenario.
    assert_eq!(places(&desk.run("pullpush plan bad.toml").exits(2))[0], "::error file=bad.toml,line=5,col=10");
    desk.run("pullpush run none.toml --sink")
        .exits(2)
        .says("::error title=pullpush::cannot read none.toml: No such file or directory (os error 2)\n");
}

#[test]
fn no_more_than_github_shows() {
    let desk = desk();
    let done = desk.run("pullpush run vod.toml --virtual --status 500 --set task.count=25 --set receiver.retry=none");
    let done = done.exits(1);
    assert_eq!(commands(&done).iter().filter(|line| line.starts_with("::error")).count(), 10);
    done.says("::error file=vod.toml,title=and 91 more::the log of this step tells them\n");
    let many = (0..50).map(|n| format!("key{n} = 1\n")).collect::<String>();
    let done = desk.file("many.toml", VOD.to_owned() + &many).run("pullpush check many.toml").exits(2);
    assert_eq!(commands(&done).len(), 10);
    done.says("::error file=many.toml,title=and 41 more::the log of this step tells them\n");
}

/// What a receiver may say to be heard by GitHub.
const COMMANDS: &str = "\\n::set-output name=a::b\\n ::add-mask::x\\r::error::y ##[add-mask]z";

#[test]
fn nobody_else_commands() {
    let hostile = || {
        Receiver::answering(|n| {
            let body = format!("{{\"code\":404,\"message\":\"{COMMANDS}\",\"::{COMMANDS}\":1}}");
            let status = if n % 2 == 0 { "200 ::error::x" } else { "404 ::error::x ##[error]" };
            let headers = "X: ::error::x ##[error]y\r\nLocation: ::error::x";
            Answer::Raw(format!("HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
        })
    };
    let file = BROKEN.replace("get = \"/tasks\"", "get = \"/tasks\"\nbody = { code = 1 }\nheaders = { X = \"y\" }");
    let file = file + "[expect]\nbody = { code = 0 }\nheaders = { X = \"y\" }\njson = { \"/message\" = 1 }\n";
    let desk = desk().file("hostile.toml", file.replace("task_id = \"5\"", &format!("task_id = \"{COMMANDS}\"")));
    for command in [
        "run hostile.toml --speed max",
        "run hostile.toml --speed max --format ndjson",
        "run hostile.toml --speed max --journal journal.ndjson",
        "explore hostile.toml --only task=2",
        "explore hostile.toml --shrink --save shrunk.toml",
        "contract --state /tasks/{task_id}",
        "contract --state /tasks/{task_id} --format json",
        "load hostile.toml --rate 100 --duration 50ms",
    ] {
        let receiver = hostile();
        let done = desk.run(format!("pullpush {command} --to {}", receiver.url));
        let mut obeyed = commands(&done);
        obeyed.retain(|line| !line.starts_with("::error ") && !line.starts_with("::warning "));
        assert_eq!(obeyed, [""; 0], "{command}");
        // They were said, and what pullpush says of them is not lost.
        let is_load = command.starts_with("load");
        assert!(is_load || format!("{}{}", done.stdout, done.stderr).contains("add-mask"), "{}", done.stdout);
        if command.contains("--format") {
            done.objects();
        }
    }
    let summary = desk.read("summary.md");
    assert!(!summary.lines().any(|line| line.trim_start().starts_with("::")), "{summary}");
}

#[test]
fn a_sink_obeys_nobody_either() {
    let desk = desk();
    let body = format!("{{\"callback_event\":\"{COMMANDS}\",\"task_id\":\"{COMMANDS}\",\"msg\":\"{COMMANDS}\"}}");
    let capture = format!("{{\"time\":\"2026-01-01T00:00:00Z\",\"body\":{}}}\n", serde_json::Value::from(body));
    let desk = desk.file("capture.ndjson", capture);
    for command in
        ["replay capture.ndjson --sink --retry none", "drift capture.ndjson", "drift capture.ndjson --format json"]
    {
        let done = desk.run(format!("pullpush {command}"));
        let mut obeyed = commands(&done);
        obeyed.retain(|line| !line.starts_with("::error "));
        assert_eq!(obeyed, [""; 0], "{command}");
        assert!(done.stdout.contains("add-mask"), "{}", done.stdout);
    }
}

#[test]
fn what_is_to_become_a_file_stays_as_it_is() {
    let desk = desk().file("odd.toml", VOD.replace("118148", "##[x]"));
    desk.run("pullpush plan odd.toml --format curl").exits(0).shows("##[x]");
    desk.run("pullpush send TaskStart --set 'task.task_id=\"##[x]\"'").exits(0).shows("##[x]");
    let done = desk.run("pullpush plan odd.toml --format ndjson").exits(0);
    assert_eq!(done.objects()[1]["task_id"], "##[x]");
}

#[test]
fn a_summary_that_cannot_be_written_changes_nothing() {
    let desk = desk().env("GITHUB_STEP_SUMMARY", "none/summary.md");
    desk.run("pullpush run vod.toml --virtual").exits(0).says(
        "warning: cannot write none/summary.md, the summary of this job: No such file or directory (os error 2)\n",
    );
    desk.run(FAILING).exits(1);
}

#[test]
fn rules_orders_and_thresholds() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let to = &receiver.url;
    let desk = desk();
    let done = desk.run(format!("pullpush contract --only live --to {to}")).exits(1);
    assert_eq!(commands(&done).len(), 1);
    done.says("::error title=contract%3A live::Answers 200 to a live stream, which has no files%0ATaskStart  task=");
    let done = desk.run(format!("pullpush explore broken.toml --only task=2 --to {to}")).exits(1);
    done.says(
        "::error file=broken.toml,title=fails in the order 1 2::TaskStart  task=5  #1: not acknowledged: status 500; answer: {\"code\":0}\n",
    );
    let done = desk.run(format!("pullpush explore broken.toml --shrink --to {to}")).exits(1);
    done.says("::error file=broken.toml,title=fails::");
    let task = "--set 'task=[{ step = [{ event = \"TaskStart\" }] }]'";
    let line = format!("pullpush load broken.toml --rate max --max-requests 5 {task}");
    let done = desk.run(format!("{line} --to {to}")).exits(1);
    done.says("::error file=broken.toml,title=not every answer was 200::0 of 5 were\n");
    let done = desk.run(format!("{line} --threshold 'errors<1%' --report json=part.json --to {to}")).exits(4);
    done.says("::error file=broken.toml,title=threshold not met::errors<1%25: 100.000 %25\n");
    let done = desk.run("pullpush merge part.json").exits(4);
    done.says("::error title=threshold not met::errors<1%25: 100.000 %25\n");
    let summary = desk.read("summary.md");
    let headings: Vec<_> = summary.lines().filter(|line| line.starts_with("### ")).collect();
    let load = "### pullpush load";
    assert_eq!(
        headings,
        ["### pullpush contract", "### pullpush explore", "### pullpush explore --shrink", load, load, load]
    );
    assert!(summary.contains("1 rule: 0 passed, 1 failed, 0 not judged"), "{summary}");
    assert!(summary.contains("1 order tried, 1 failed"), "{summary}");
    assert!(summary.contains("NOT MET  errors<1%"), "{summary}");
}
