//! `pullpush load`: what is typed, what is printed, how it ends.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;

use super::desk::{Done, golden};
use super::{Answer, Desk, Receiver, VOD};

/// Many tasks, each with an id of its own.
pub(super) fn many() -> String {
    VOD.replace("118148", "{n}").replace("[receiver]\n", "[receiver]\ntimeout = \"1m\"\n")
}

/// A desk with `many.toml`.
pub(super) fn desk() -> Desk {
    Desk::new().file("many.toml", many())
}

/// Whatever this machine is busy with meanwhile, nothing is late. Only for a few callbacks that have to go out in their time: of so few, one
/// that this machine was too busy for is too much. All others are judged as a user's are.
pub(super) const PATIENT: &str = "--set load.late_after=1h";

impl Done {
    /// The result that `--format json` prints.
    pub(super) fn result(&self) -> Value {
        serde_json::from_str(&self.stdout).expect(&self.stdout)
    }
}

/// Whether everything that was planned and everything that was sent is accounted for.
#[track_caller]
pub(super) fn assert_adds_up(result: &Value) {
    let count = |name: &str| result[name].as_u64().unwrap_or_else(|| panic!("{name} in {result:#}"));
    let sum = |name: &str| result[name].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>();
    assert_eq!(count("planned"), count("sent") + count("dropped") + count("not_started"), "{result:#}");
    let met = count("ok") + sum("http") + sum("transport") + count("timeouts");
    assert_eq!(count("sent"), met + count("unfinished"), "{result:#}");
    assert_eq!(result["corrected"]["all"]["count"].as_u64().unwrap(), met);
}

/// A text without times, its columns two spaces apart.
fn without_times(text: &str) -> String {
    let is_unit = |word: &&str| ["µs", "ms", "s"].contains(word);
    let line = |line: &str| {
        let columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
        let column = |column: &str| {
            let words: Vec<_> = column.split(' ').collect();
            let told = words.iter().enumerate().filter_map(|(index, word)| {
                let is_number = |word: &str| word.trim_end_matches(',').parse::<f64>().is_ok();
                match words.get(index + 1) {
                    Some(unit) if is_number(word) && is_unit(&unit.trim_end_matches([',', ';'])) => Some("[TIME]"),
                    _ if index > 0 && is_unit(&word.trim_end_matches([',', ';'])) && is_number(words[index - 1]) => {
                        None
                    }
                    Some(&"a") if words.get(index + 2) == Some(&"second,") => Some("[RATE]"),
                    _ if word.contains("127.0.0.1:") => Some("[URL]"),
                    _ => Some(word),
                }
            });
            told.collect::<Vec<_>>().join(" ")
        };
        columns.map(column).collect::<Vec<_>>().join("  ") + "\n"
    };
    text.lines().map(line).collect()
}

/// The same of a result as JSON.
fn without_measurements(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, field) in fields {
        let is_measured = name.ends_with("_us") && !["late_after_us", "max_us"].contains(&name.as_str());
        match field {
            Value::Number(_) if is_measured || name == "max_us" && *field != 3_600_000_000_u64 => {
                *field = "[TIME]".into()
            }
            Value::Number(_) if name == "rate_per_s" => *field = "[RATE]".into(),
            Value::String(text) if text.starts_with("HISTF") => *field = "[HISTOGRAM]".into(),
            Value::String(_) if name == "scenario_hash" => *field = "[MD5]".into(),
            Value::Array(items) => {
                for item in
                    items.iter_mut().filter(|item| item["threshold"].as_str().is_some_and(|it| it.starts_with('p')))
                {
                    item["value"] = "[TIME]".into();
                }
            }
            _ => without_measurements(field),
        }
    }
}

#[test]
fn the_result_for_people() {
    let failing = Receiver::answering(|n| Answer::Status(if n % 4 == 3 { 503 } else { 200 }));
    let thresholds =
        "--threshold 'p99<1h' --threshold 'errors<=30%' --threshold 'TaskExit.max<1us' --threshold 'TaskAlarm.p50<1s'";
    let line = format!("--rate 200 --duration 200ms --set load.tasks=4 {PATIENT} {thresholds}");
    let done = desk().run(format!("pullpush load many.toml {line} --to {}", failing.url)).exits(4);
    let Done { stdout, stderr, code, .. } = done;
    golden("load/human", without_times(&format!("{stdout}[stderr]\n{stderr}[exit {code}]\n")));
}

#[test]
fn the_result_for_programs() {
    let line = format!(
        "--rate 100 --duration 200ms {PATIENT} --threshold 'p99<1h' --threshold dropped==0 --report json=a.json"
    );
    let desk = desk();
    let done = desk.run(format!("pullpush load many.toml --sink {line} --format json")).exits(0);
    assert_eq!(done.stdout, desk.read("a.json"));
    let mut result = done.result();
    assert_adds_up(&result);
    without_measurements(&mut result);
    golden("load/json", serde_json::to_string_pretty(&result).unwrap() + "\n");
}

#[test]
fn everything_that_can_be_offered_can_be_typed() {
    let desk = desk();
    let line = |flags: &str| format!("pullpush load many.toml --sink {PATIENT} --format json {flags}");
    let planned = |flags: &str| {
        let result = desk.run(line(flags)).exits(0).result();
        assert_adds_up(&result);
        result["planned"].as_u64().unwrap()
    };
    assert_eq!(planned("--rate 200 --duration 100ms"), 20);
    assert_eq!(planned("--stages 100ms@200,100ms@200"), 30);
    assert_eq!(planned("--rate 200 --duration 100ms --warm-up 50ms"), 10);
    assert_eq!(planned("--rate 200 --duration 100ms --max-requests 7"), 7);
    assert_eq!(planned("--rate 200 --duration 100ms --shard 1/2"), 10);
    assert_eq!(planned("--rate 10 --duration 100ms --unit task --speed 100x"), 4);
    assert_eq!(planned("--rate max --max-requests 30 --max-in-flight 2 --on-saturation queue"), 30);
    let poisson = planned("--rate 1000 --duration 100ms --arrivals poisson");
    assert!((50..150).contains(&poisson), "{poisson}");
    // With one task a worker of two has nothing to do, and does not wait for it.
    assert_eq!(planned("--rate 100 --duration 100ms --set load.tasks=1"), 10);
    let soon = line("--rate 200 --duration 100ms --start-at 2001-01-01T00:00:00Z --wait-for 1s --threshold 'p99<1m'");
    desk.run(soon).exits(0);
}

#[test]
fn each_end_has_its_exit_code() {
    let desk = desk();
    let answering = |status| Receiver::answering(move |_| Answer::Status(status));
    let (good, bad) = (answering(200), answering(500));
    let line = |to: &Receiver, flags: &str| {
        format!("pullpush load many.toml --to {} --rate max --max-requests 5 {flags}", to.url)
    };
    let nobody = "pullpush load many.toml --to http://127.0.0.1:1/ --rate max --max-requests 5";
    for (line, code) in [
        (line(&good, ""), 0),
        (line(&bad, ""), 1),
        (nobody.to_owned(), 1),
        (line(&bad, "--threshold 'errors<=100%'"), 0),
        (line(&bad, "--threshold 'errors<100%'"), 4),
        (line(&good, "--threshold 'p50<1us'"), 4),
        (line(&good, "--threshold 'rate>1000000'"), 4),
        // One about nothing does not hold.
        (line(&good, "--threshold 'TaskAlarm.p50<1h'"), 4),
        (line(&bad, "--threshold 'p50<1us'"), 1),
        (line(&good, "--report json=missing/a.json"), 3),
        (line(&good, "--hdr missing/a.hlog"), 3),
        (format!("{nobody} --wait-for 1ms"), 3),
        (format!("{nobody} --only task=9"), 6),
    ] {
        let done = desk.run(&line).exits(code);
        let failed = matches!(code, 1 | 4 | 5);
        assert_eq!(done.again().is_some(), failed, "{line}\n{}", done.stderr);
    }
}

#[test]
fn a_rate_that_no_machine_keeps_makes_the_numbers_void() {
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let line = format!("--to {} --rate 10000000 --duration 5ms --set load.late_after=1ms", receiver.url);
    let done = desk().run(format!("pullpush load many.toml {line} --threshold 'p50<1us'")).exits(5);
    let done = done.shows("generator too slow: ").shows("or raise load.late_after");
    // It says so of itself; the receiver failed all the same, and the threshold.
    done.shows("status 500").shows("NOT MET  p50<1us");
}

#[test]
fn nothing_is_sent_unless_the_load_can_be_made() {
    let receiver = Receiver::new();
    let desk = desk().file("drawn.toml", many().replace("seed = 7", "")).file("none.toml", "version = 1");
    for (line, words) in [
        ("many.toml", "many.toml has no [load]: add --rate 500, or --rate max"),
        ("many.toml --duration 5s", "this load has no `rate`"),
        ("many.toml --rate 0", "`rate` must be more than 0"),
        ("many.toml --rate fast", "`rate` must be more than 0"),
        ("many.toml --rate max --stages 1s@5", "`stages` mean nothing beside rate = \"max\""),
        ("many.toml --rate 5 --duration soon", "`duration` is not a duration"),
        ("many.toml --rate 5 --threshold 'p99<5'", "`5` is not a length of time"),
        ("many.toml --rate 5 --threshold 'p98.5'", "a threshold is a number, <, <=, >, >= or ==, and a limit"),
        ("many.toml --rate 5 --max-in-flight 0", "`max_in_flight` is out of range"),
        ("many.toml --rate 5 --max-requests many", "invalid value 'many'"),
        ("many.toml --rate 5 --speed 0x", "write it like 60x or 0.5x"),
        ("many.toml --rate 5 --start-at noon", "invalid value 'noon'"),
        ("many.toml --rate 5 --report junit=a", "write json=FILE"),
        ("many.toml --rate 5 --report json=", "write json=FILE"),
        ("many.toml --rate 5 --shard 2/2", "a shard is written i/n with i from 0 to n-1, such as 0/4; or auto"),
        (
            "many.toml --rate 5 --shard 0/7",
            "120 tasks at once cannot be divided into 7 shards of whole tasks; add --set load.tasks=126",
        ),
        ("many.toml --rate 5 --shard 0/2 --max-in-flight 1", "1 requests at once cannot be divided into 2 shards"),
        ("many.toml --rate 5 --shard auto", "auto: neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set"),
        (
            "drawn.toml --rate 5 --shard 0/2",
            "the shards of a load need the same seed, and this one is drawn: add --seed 1",
        ),
        ("many.toml --rate 5 --sink", "the argument '--sink' cannot be used with '--to <URL>'"),
        ("none.toml --rate 5", "no `[[task]]`"),
        ("missing.toml --rate 5", "cannot read missing.toml"),
    ] {
        let done = desk.run(format!("pullpush load {line} --to {}", receiver.url)).exits(2).says(words);
        assert_eq!(done.stdout, "", "{line}");
    }
    desk.run("pullpush load many.toml --rate 5").exits(2).says("add --to URL, or --sink");
    let elsewhere = desk.run("pullpush load many.toml --rate 5 --to http://192.0.2.1/").exits(2);
    elsewhere.says("192.0.2.1 is neither on this machine nor on a private network");
    assert_eq!(receiver.rest().len(), 0);
}

#[test]
fn what_is_sent_is_the_plan() {
    let faults = "[faults]\ndrop = 0.2\nduplicate = { chance = 0.2, after = \"1s\" }\ncorrupt = { chance = 0.2, kinds = [\"truncated\"] }\n";
    let load = "[load]\nrate = 400\nduration = \"200ms\"\narrivals = \"poisson\"\ntasks = 12\nlate_after = \"1h\"\n";
    for (name, text) in [("plain", String::new()), ("faults", faults.to_owned())] {
        let desk = Desk::new().file("load.toml", many().replace("[[task]]", &format!("{load}{text}[[task]]")));
        let receiver = Receiver::new();
        let planned =
            desk.run(format!("pullpush plan load.toml --load --format ndjson --to {}", receiver.url)).exits(0);
        let mut planned: Vec<_> =
            planned.objects().iter().map(|line| line["body"].as_str().unwrap().to_owned()).collect();
        desk.run(format!("pullpush load load.toml --to {}", receiver.url)).exits(0);
        let mut sent: Vec<_> = receiver.rest().iter().map(|request| request.text().to_owned()).collect();
        assert!(sent.len() > 50, "{}", sent.len());
        planned.sort_unstable();
        sent.sort_unstable();
        assert_eq!(sent, planned, "{name}");
    }
}

#[test]
fn its_plan_is_printed_in_three_forms() {
    let text = many().replace("[[task]]", "[load]\nrate = 3\nduration = \"2s\"\ntasks = 2\n[[task]]");
    let desk = Desk::new().file("load.toml", text);
    desk.run("pullpush plan load.toml --load").golden("load/plan-table");
    desk.run("pullpush plan load.toml --load --format ndjson").golden("load/plan-ndjson");
    desk.run("pullpush plan load.toml --load --format curl --shard 1/2").golden("load/plan-curl");
    desk.run("pullpush plan load.toml --shard 1/2").exits(2).says("--load");
    let sets = "--set load.rate=500 --set load.duration=10s";
    desk.run("pullpush plan vod.toml --load").exits(2).says(&format!("there is no [load]: add {sets}\n"));
    desk.run(format!("pullpush plan vod.toml --load {sets} | wc -l")).shows("5000");
    desk.run("pullpush plan load.toml --load --set 'load.rate=\"max\"'")
        .exits(2)
        .says("a load at rate max has no plan");
    // Without it the file's own times are planned and played, once.
    desk.run("pullpush plan load.toml").exits(0).shows("00:00:06.000  TaskExit 0");
    desk.run("pullpush run load.toml --virtual").exits(0).shows("4 callbacks planned, seed 7");
}

#[test]
fn the_latencies_as_a_log_that_other_tools_read() {
    let desk = desk();
    let line = format!("pullpush load many.toml --sink --rate 200 --duration 200ms --set load.tasks=4 {PATIENT}");
    let result = desk.run(format!("{line} --format json --hdr a.hlog")).exits(0).result();
    let bytes = desk.bytes("a.hlog");
    let mut read = BTreeMap::new();
    for entry in IntervalLogIterator::new(&bytes) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let encoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, interval.encoded_histogram());
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut encoded.unwrap().as_slice()).unwrap();
        assert_eq!(interval.start_timestamp().as_millis(), 0);
        assert!(interval.duration().as_millis() >= 200);
        read.insert(interval.tag().map_or("all", |tag| tag.as_str()).to_owned(), histogram);
    }
    let told = result["corrected"].as_object().unwrap();
    assert_eq!(
        read.keys().collect::<Vec<_>>(),
        ["TaskExit", "TaskStart", "VodSourceFileFinish", "VodSourceFileStart", "all", "lateness", "permit_wait"]
    );
    let parts = ["permit_wait", "lateness"].map(|part| (part.to_owned(), &result[part]));
    for (event, quantiles) in told.iter().map(|(event, it)| (event.clone(), it)).chain(parts) {
        let event = &event;
        assert_eq!(read[event].len(), quantiles["count"].as_u64().unwrap(), "{event}");
        assert_eq!(read[event].max(), quantiles["max_us"].as_u64().unwrap(), "{event}");
    }
    assert_eq!(read["all"].len(), 40);
}

#[test]
fn the_same_again() {
    let desk = desk();
    let receiver = Receiver::answering(|_| Answer::Status(500));
    let flags = format!(
        "--only task=1 --to {} --rate 100 --duration 50ms --stages 50ms@100 --unit task --max-in-flight 9 --warm-up 10ms \
         --threshold 'errors<5%' --speed 100x --max-requests 3 --shard 0/2 --epoch 2026-02-03T04:05:06Z {PATIENT}",
        receiver.url
    )
    .replace("--duration 50ms ", "");
    let first = desk.run(format!("pullpush load many.toml --seed 9 {flags}")).exits(4);
    assert_eq!(first.again(), Some(format!("pullpush load many.toml --seed 9 {flags}").as_str()));
    let second = desk.bare().run(first.again().unwrap()).exits(4);
    assert_eq!(second.again(), first.again());
    let secrets = "--set payload.key=s3cret --to http://me:s3cret@127.0.0.1:1/";
    let done = desk.run(format!("pullpush load many.toml --rate max --max-requests 1 {secrets}")).exits(1);
    let again = "--to 'http://***@127.0.0.1:1/' --rate max --max-requests 1 --set 'payload.key=…'";
    assert!(done.again().unwrap().ends_with(again) && !done.stderr.contains("s3cret"), "{}", done.stderr);
}

#[test]
fn signatures_are_judged_by_the_clock_that_made_them() {
    let text = many().replace("[payload]\n", "[payload]\nkey = \"testkey\"\n").replace("2026-01", "2020-01");
    let desk = Desk::new().file("signed.toml", text);
    let line = "pullpush load signed.toml --sink --rate max --max-requests 10 --format json";
    assert_eq!(desk.run(line).exits(0).result()["ok"], 10);
}

#[test]
fn the_environment_gives_way_to_the_built_in_receiver() {
    let receiver = Receiver::new();
    let desk = desk().env("PULLPUSH_TO", &receiver.url);
    let line = "pullpush load many.toml --rate max --max-requests 5";
    let done = desk.run(format!("{line} --sink --threshold 'rate>1000000'")).exits(4);
    assert!(!done.again().unwrap().contains("--to"), "{}", done.stderr);
    assert_eq!(receiver.rest().len(), 0);
    desk.run(line).exits(0);
    assert_eq!(receiver.rest().len(), 5);
}

#[test]
fn what_a_run_would_judge_is_not_judged() {
    let probe = "[expect]\nwithin = \"1ms\"\n[[probe]]\nafter = \"end\"\nget = \"/\"\n[[task]]";
    let desk = Desk::new().file("probes.toml", many().replace("[[task]]", probe));
    let receiver = Receiver::new();
    let line = format!("pullpush load probes.toml --to {} --rate max --max-requests 5", receiver.url);
    desk.run(line)
        .exits(0)
        .says("note: a load asks no [[probe]] and judges no [expect]: an answer other than 200 is an error\n");
    assert!(receiver.rest().iter().all(|request| request.head.starts_with("POST ")));
}

/// A warning, because it is probably not meant.
#[test]
fn one_task_id_for_all_is_remarkable() {
    let line = "pullpush load vod.toml --sink --rate max --max-requests 2";
    Desk::new().run(line).exits(0).says("warning: a load makes many tasks of this one, all with this task_id");
}

#[test]
fn the_shipped_loads_can_be_made() {
    let desk = Desk::new();
    for (name, brief, planned) in [
        ("steady-load", "--duration 100ms --warm-up 20ms --threshold errors==0", 40),
        ("evening-rush", "--stages 100ms@100 --arrivals constant --threshold errors==0", 5),
    ] {
        let line = format!("pullpush init {name} && pullpush load {name}.toml --sink {brief} {PATIENT} --format json");
        let done = desk.run(line).exits(0);
        let (_, result) = done.stdout.split_once("{\"").unwrap();
        let result: Value = serde_json::from_str(&format!("{{\"{result}")).unwrap();
        assert_adds_up(&result);
        assert_eq!(result["planned"], planned, "{name}");
    }
}

#[cfg(feature = "https")]
#[test]
fn https_with_a_certificate_of_ones_own() {
    let authority = crate::https::Authority::new();
    let desk = desk().file("ca.pem", &authority.pem);
    let url = format!("https://{}/callback", authority.serve("127.0.0.1", |_| ()));
    let line = format!("pullpush load many.toml --to {url} --rate max --max-requests 5 --format json");
    let trusting = desk.run(format!("{line} --cacert ca.pem")).exits(0).result();
    assert_eq!((&trusting["sent"], &trusting["ok"]), (&5.into(), &5.into()));
    assert_eq!(desk.run(format!("{line} --insecure")).exits(0).result()["ok"], 5);
    let strict = desk.run(line).exits(1).result();
    assert_adds_up(&strict);
    assert_eq!(strict["transport"]["tls"], 5, "{strict:#}");
}
