//! What the README shows is what the program says.

use serde_json::Value;

use super::{Desk, Receiver};

const README: &str = include_str!("../../../README.md");

/// A fenced block: its language, its text, and the name of a file in a comment above it.
struct Block {
    language: &'static str,
    text: String,
    file: Option<&'static str>,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = "";
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            let file = above.strip_prefix("<!-- ").and_then(|comment| comment.strip_suffix(" -->"));
            blocks.push(Block { language, text, file });
        }
        above = line;
    }
    blocks
}

/// A folder with all files of the README, and the scenarios of the project.
fn desk() -> Desk {
    let shipped = |desk: Desk, name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
        desk.file(&format!("scenarios/{name}"), std::fs::read(path).unwrap())
    };
    let desk = Desk::new().env("CALLBACK_KEY", "testkey").file("raw.json", "{}");
    desk.run("mkdir scenarios").exits(0);
    let desk = ["playlist.toml"].into_iter().fold(desk, shipped);
    blocks().into_iter().fold(desk, |desk, block| match block.file {
        Some(name) => desk.file(name, block.text),
        None => desk,
    })
}

#[test]
fn its_scenarios_are_valid() {
    let mut checked = 0;
    for (index, block) in blocks().into_iter().enumerate().filter(|(_, block)| block.language == "toml") {
        let name = block.file.map_or_else(|| format!("block-{index}.toml"), str::to_owned);
        if name == "typo.toml" {
            continue;
        }
        desk().file(&name, &block.text).run(format!("pullpush check {name}")).exits(0);
        checked += 1;
    }
    assert!(checked >= 2, "{checked}");
}

/// Commands that need somebody's receiver, or tell of the time, are only shown.
#[test]
fn its_output_is_the_programs() {
    let mut compared = 0;
    for block in blocks().into_iter().filter(|block| block.language == "console") {
        let (command, shown) = block.text.split_once('\n').unwrap();
        let command = command.strip_prefix("$ ").unwrap();
        if command.contains("--to") || command.contains("sink") {
            continue;
        }
        let done = desk().run(command);
        assert_eq!((done.stderr + &done.stdout).trim_end(), shown.trim_end(), "{command}");
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}

/// tests/receivers/run runs it.
#[test]
fn its_pytest_is_part_of_the_suite() {
    let suite = include_str!("../../receivers/flask/test_callbacks.py");
    let shown: Vec<_> = blocks().into_iter().filter(|block| block.language == "python").collect();
    assert!(!shown.is_empty() && shown.iter().all(|block| suite.contains(&block.text)));
}

/// The shipped load, so short that a test can wait for it, and content with whatever this machine can do meanwhile.
fn short_load() -> String {
    let text = include_str!("../../../scenarios/steady-load.toml");
    let short = text.replace("\"30s\"", "\"100ms\"").replace("\"2s\"", "\"10ms\"").replace("p99<250ms", "p99<1h");
    short.replace("[load]", "[load]\nlate_after = \"1h\"")
}

fn block(file: &str) -> String {
    blocks().into_iter().find(|block| block.file == Some(file)).unwrap().text
}

/// Whatever runs a command for each line of its input.
const PARALLEL: &str = "#!/bin/sh
while [ \"$1\" != pullpush ]; do shift; done
while read -r part; do sh -c \"$(echo \"$@\" | sed \"s/{}/$part/g\")\" < /dev/null; done
";

#[test]
fn its_recipe_for_several_machines_works() {
    let receiver = Receiver::new();
    let desk = Desk::new().file("steady-load.toml", short_load()).file("parallel", PARALLEL);
    let script = block("machines.sh").replace("http://receiver:8080/callback", &receiver.url).replace("+20 s", "-20 s");
    let desk = desk.file("machines.sh", script);
    let done = desk.run("chmod +x parallel && PATH=.:$PATH && sh -e ./machines.sh").exits(0);
    done.shows("seed 1, shard 0/4, 1/4, 2/4, 3/4\n  planned       45\n  sent          45\n  ok            45\n");
}

/// Lets a pod of the job run when it is asked for what it said, which is both of its streams.
const KUBECTL: &str = "#!/bin/sh
case \"$1\" in
    logs) JOB_COMPLETION_INDEX=${4##*=} sh ./pod.sh 2>&1 ;;
    *) echo \"$@\" >> kubectl.log ;;
esac
";

#[test]
fn its_indexed_job_works() {
    let job: Value = serde_json::from_str(&block("job.json")).unwrap();
    let spec = &job["spec"];
    assert_eq!((&job["apiVersion"], &job["kind"]), (&"batch/v1".into(), &"Job".into()));
    assert_eq!((&spec["completionMode"], &spec["backoffLimitPerIndex"]), (&"Indexed".into(), &0.into()));
    assert_eq!((&spec["completions"], &spec["parallelism"]), (&4.into(), &4.into()));
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never");
    let container = &pod["containers"][0];
    assert_eq!(container["volumeMounts"][0]["name"], pod["volumes"][0]["name"]);
    let words: Vec<_> = container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();

    let receiver = Receiver::new();
    let command = words.join(" ").replace("http://receiver:8080/callback", &receiver.url);
    let command = command.replace(&format!("{}/", container["volumeMounts"][0]["mountPath"].as_str().unwrap()), "");
    let desk = Desk::new().file("steady-load.toml", short_load()).file("kubectl", KUBECTL).file("pod.sh", command);
    let desk = desk.file("job.sh", block("job.sh"));
    let done = desk.run("chmod +x kubectl && PATH=.:$PATH && sh -e ./job.sh").exits(0);
    done.shows("seed 1, shard 0/4, 1/4, 2/4, 3/4\n  planned       45\n");
    assert_eq!(
        desk.read("kubectl.log"),
        "create configmap steady-load --from-file=steady-load.toml\ncreate -f job.json\n\
         wait --for=condition=Complete job/steady-load --timeout=10m\n"
    );
}

/// A text without numbers, units and the widths of its columns.
fn bare(text: &str) -> Vec<String> {
    let word = |word: &str| {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        (!bare.is_empty() && !["µs", "ms", "s"].contains(&bare)).then(|| bare.to_owned())
    };
    let line = |line: &str| line.split([' ', ',']).filter_map(word).collect::<Vec<_>>().join(" ");
    text.trim().lines().map(line).filter(|line| line != "late").collect()
}

#[test]
fn its_load_looks_like_one() {
    let shown = blocks().into_iter().find(|block| block.text.starts_with("$ pullpush load ")).unwrap().text;
    let (command, shown) = shown.split_once('\n').unwrap();
    let receiver = Receiver::new();
    let command = command.replace("$ ", "").replace("http://127.0.0.1:8080/callback", &receiver.url);
    let desk = desk().file("scenarios/steady-load.toml", short_load().replace("tasks = 120", "tasks = 2"));
    let done = desk.run(command).exits(0);
    assert_eq!(bare(&done.stdout), bare(&shown.replace("30s", "100ms").replace("p99<250ms", "p99<1h")));
}
