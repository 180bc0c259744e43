//! Loads in several parts: `--shard`, and `pullpush merge`, which makes one result of theirs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::load::{PATIENT, assert_adds_up, many};
use super::{Answer, Desk, Receiver};

const LOAD: &str = "--rate 300 --duration 200ms --set load.tasks=12";

/// A desk with `many.toml` and the results of a load in `count` parts: `0.json`, `1.json` …
fn in_parts(count: u64, receivers: &[&Receiver], flags: &str) -> (Desk, Vec<Value>) {
    let desk = Desk::new().file("many.toml", many());
    let results = (0..count).map(|index| {
        let to = &receivers[index as usize % receivers.len()].url;
        let line = format!("{LOAD} {PATIENT} {flags} --shard {index}/{count} --report json={index}.json --to {to}");
        let code = desk.run(format!("pullpush load many.toml {line}")).code;
        assert!(matches!(code, 0 | 1 | 4), "{code}");
        serde_json::from_str(&desk.read(&format!("{index}.json"))).unwrap()
    });
    let results = results.collect();
    (desk, results)
}

/// The numbers of a result that are added up, by their names.
fn counts(result: &Value) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    for name in ["planned", "sent", "dropped", "not_started", "late", "ok", "timeouts", "unfinished", "warm_up"] {
        counts.push((name.to_owned(), result[name].as_u64().unwrap()));
    }
    for name in ["http", "transport"] {
        let of_each = result[name].as_object().unwrap();
        counts.extend(of_each.iter().map(|(kind, count)| (format!("{name} {kind}"), count.as_u64().unwrap())));
    }
    for (event, quantiles) in result["corrected"].as_object().unwrap() {
        counts.push((event.clone(), quantiles["count"].as_u64().unwrap()));
    }
    counts
}

#[test]
fn the_sum_is_exact() {
    for count in [2, 3] {
        let (good, bad) =
            (Receiver::new(), Receiver::answering(|n| Answer::Status(if n % 3 == 0 { 500 } else { 200 })));
        let (desk, parts) = in_parts(count, &[&good, &bad], "--warm-up 50ms");
        let files: Vec<_> = (0..count).map(|index| format!("{index}.json")).collect();
        let done = desk.run(format!("pullpush merge {} --format json", files.join(" "))).exits(1);
        assert_eq!(done.stderr, "");
        let sum = done.result();
        assert_adds_up(&sum);
        assert_eq!((&sum["planned"], &sum["warm_up"]), (&45.into(), &15.into()));
        for (name, total) in counts(&sum) {
            let parts = parts.iter().flat_map(counts).filter(|(of, _)| *of == name).map(|(_, count)| count);
            assert_eq!(parts.sum::<u64>(), total, "{name}");
        }
        for latency in ["service", "start_delay"] {
            let longest = parts.iter().map(|part| part[latency]["max_us"].as_u64()).max().unwrap();
            assert_eq!(sum[latency]["max_us"].as_u64(), longest);
        }
        let shards: Vec<_> = (0..count).map(|index| Value::from(format!("{index}/{count}"))).collect();
        assert_eq!(sum["shards"], Value::Array(shards));
        // In any order, and step by step.
        let backwards: Vec<_> = files.iter().rev().map(String::as_str).collect();
        assert_eq!(desk.run(format!("pullpush merge {} --format json", backwards.join(" "))).stdout, done.stdout);
        desk.run("pullpush merge 1.json 0.json --report json=sum.json");
        let rest = files[2..].join(" ");
        assert_eq!(desk.run(format!("pullpush merge sum.json {rest} --format json")).stdout, done.stdout);
    }
}

#[test]
fn quantiles_are_those_of_all_together() {
    let receiver = Receiver::new();
    let (desk, _) = in_parts(2, &[&receiver], "");
    let sum = desk.run("pullpush merge 0.json 1.json --format json").exits(0).result();
    let histogram = |result: &Value| {
        let text = result["histograms"]["service"].as_str().unwrap();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
        let read = hdrhistogram::serialization::Deserializer::new().deserialize(&mut bytes.as_slice());
        let histogram: hdrhistogram::Histogram<u64> = read.unwrap();
        histogram
    };
    let mut together = histogram(&serde_json::from_str(&desk.read("0.json")).unwrap());
    together.add(histogram(&serde_json::from_str(&desk.read("1.json")).unwrap())).unwrap();
    assert_eq!(histogram(&sum), together);
    assert_eq!(sum["service"]["p50_us"], together.value_at_quantile(0.5));
}

#[test]
fn thresholds_are_judged_once() {
    let (good, bad) = (Receiver::new(), Receiver::answering(|_| Answer::Status(500)));
    let (desk, parts) = in_parts(2, &[&good, &bad], "--threshold 'errors<60%'");
    let met = |result: &Value| result["thresholds_met"][0]["met"].as_bool();
    assert_eq!(parts.iter().map(met).collect::<Vec<_>>(), [Some(true), Some(false)]);
    let done = desk.run("pullpush merge 0.json 1.json").exits(0);
    done.shows("met  errors<60%  50.000 %").shows(", shard 0/2, 1/2\n");
    let (desk, _) = in_parts(2, &[&good, &bad], "--threshold 'errors<50%'");
    desk.run("pullpush merge 0.json 1.json").exits(4).shows("NOT MET  errors<50%  50.000 %");
}

#[test]
fn a_part_that_is_not_there_is_told() {
    let receiver = Receiver::new();
    let (desk, _) = in_parts(3, &[&receiver], "");
    let done = desk.run("pullpush merge 2.json 0.json").exits(0);
    done.says("note: 2 of 3 shards are here: this is not the whole load\n").shows(", shard 0/3, 2/3\n");
}

#[test]
fn what_does_not_belong_together_is_not_added() {
    let receiver = Receiver::new();
    let (desk, _) = in_parts(2, &[&receiver], "");
    let other = |flags: &str| {
        let line = format!("{LOAD} {PATIENT} --shard 1/2 --report json=other.json --to {} {flags}", receiver.url);
        desk.run(format!("pullpush load many.toml {line}")).exits(0);
    };
    let edit = |edit: &str| drop(desk.run(format!("sed '{edit}' 1.json > other.json")).exits(0));
    let refused = |words: &str| {
        let done = desk.run("pullpush merge 0.json other.json").exits(2).says(&format!("error: other.json{words}"));
        assert_eq!(done.stdout, "");
    };
    other("--seed 8");
    refused(" cannot be added: its seed is 8, the first file's is 7\n");
    for flags in
        ["--set receiver.user_agent=a", "--max-in-flight 900", "--only task=1", "--max-requests 1000", "--speed 2x"]
    {
        other(flags);
        refused(" cannot be added: it is of another scenario, or other values were set\n");
    }
    desk.run("sed -i 's/show/shows/' many.toml").exits(0);
    other("");
    refused(" cannot be added: it is of another scenario, or other values were set\n");
    edit("s/\"late_after_us\":3600000000/\"late_after_us\":3600000001/");
    refused(" cannot be added: it is of another load\n");
    edit("s/\"digits\":3/\"digits\":2/");
    refused(" cannot be added: its histograms have 2 digits up to 3600000000 µs\n");
    edit("s/HISTF/HISTG/g");
    refused(" cannot be added: a histogram: ");
    edit("s/HISTF/!!/g");
    refused(" cannot be added: a histogram is no base64\n");
    edit("s/\"shards\":\\[\"1/\"shards\":[\"0/");
    refused(" cannot be added: shard 0/2 is there already\n");
    edit("s|\"1/2\"|\"1/3\"|");
    refused(" cannot be added: it is shard 1/3, the first file has shard 0/2\n");
    edit("s|\"1/2\"|\"2/2\"|");
    refused(" cannot be added: a shard is written i/n with i from 0 to n-1, such as 0/4; or auto\n");
    edit("s/\"schema_version\":1/\"schema_version\":2/");
    refused(": has schema version 2, this pullpush writes 1\n");
    edit("s/\"planned\"/\"plan\"/");
    refused(": is no result of pullpush load --report json=FILE: missing field `planned`");
    edit("s/^{/[/");
    refused(": is no result of pullpush load --report json=FILE: ");
    desk.run("rm other.json").exits(0);
    refused(": cannot be read: No such file or directory");
    // The same folder by another name is the same scenario.
    let (desk, _) = in_parts(1, &[&receiver], "");
    desk.run("sed -i 's|\"scenario\":\"many.toml\"|\"scenario\":\"/x/many.toml\"|; s|\"0/1\"|\"1/2\"|' 0.json")
        .exits(0);
    desk.run(format!(
        "pullpush load many.toml {LOAD} {PATIENT} --shard 0/2 --report json=1.json --to {}",
        receiver.url
    ))
    .exits(0);
    desk.run("pullpush merge 0.json 1.json").exits(0);
}

#[test]
fn parts_that_contradict_themselves_are_not_added() {
    let receiver = Receiver::new();
    let (desk, parts) = in_parts(2, &[&receiver], "--threshold 'rate>0'");
    let count = parts[1]["planned"].as_u64().unwrap();
    for (edit, words) in [
        (
            format!("s/\"planned\":{count}/\"planned\":7/"),
            format!("planned is 7, but sent {count} + dropped 0 + not_started 0 = {count}"),
        ),
        (
            format!("s/\"sent\":{count}/\"sent\":{}/", count + 1),
            format!("planned is {count}, but sent {} + dropped 0", count + 1),
        ),
        (
            "s/\"dropped\":0/\"dropped\":18446744073709551615/".to_owned(),
            format!("= {}\n", u128::from(u64::MAX) + u128::from(count)),
        ),
        (
            "s/\"timeouts\":0/\"timeouts\":1/".to_owned(),
            format!("sent is {count}, but ok {count} + timeouts 1 + unfinished 0 = {}", count + 1),
        ),
        (
            "s/\"http\":{}/\"http\":{\"500\":18446744073709551615}/".to_owned(),
            "status 500 18446744073709551615".to_owned(),
        ),
        ("s/\"http\":{}/\"http\":{\"200\":0}/".to_owned(), "http has status 200\n".to_owned()),
        ("s/\"late\":0/\"late\":1000/".to_owned(), format!("late is 1000, more than sent {count} + dropped 0\n")),
        ("s/\"late\":0/\"late\":1/".to_owned(), "late is 1, its lateness says 0 to 0\n".to_owned()),
        (format!("s/\"answered\":{count}/\"answered\":0/"), format!("answered is 0, less than ok {count}\n")),
        (
            format!("s/\"answered\":{count}/\"answered\":{}/", count + 1),
            format!("answered is {}, more than ok {count} + warm_up 0\n", count + 1),
        ),
        ("s/\"rate_per_s\":/\"rate_per_s\":9/".to_owned(), "rate_per_s is 9".to_owned()),
        ("s/\"met\":true/\"met\":false/".to_owned(), "thresholds_met is ".to_owned()),
        (
            "s/\"generator_healthy\":true/\"generator_healthy\":false/".to_owned(),
            "generator_healthy is false, its other numbers make true\n".to_owned(),
        ),
        (
            "s/\"corrected\":{\"T[A-Za-z]*\":\"HIST[^\"]*\"/\"corrected\":{/; s/{,/{/".to_owned(),
            "the histogram corrected is of ".to_owned(),
        ),
        ("s/\"service\":\"HIST[^\"]*\"/\"service\":\"\"/".to_owned(), "a histogram: ".to_owned()),
        ("s/\"service\":{\"count\":/\"service\":{\"count\":1/".to_owned(), "service is {".to_owned()),
        ("s/\"shards\":\\[\"1\\/2\"\\]/\"shards\":[]/".to_owned(), "it names no shard\n".to_owned()),
    ] {
        desk.run(format!("sed '{edit}' 1.json > other.json")).exits(0);
        assert_ne!(desk.read("other.json"), desk.read("1.json"), "{edit}");
        let done = desk
            .run("pullpush merge 0.json other.json")
            .exits(2)
            .says("error: other.json cannot be added: ")
            .says(&words);
        assert_eq!(done.stdout, "", "{edit}");
    }
    for (edit, number) in
        [("-1", "`-1`"), ("1.5", "`1.5`"), ("18446744073709551616", "1.8446744073709552e+19"), ("true", "`true`")]
    {
        desk.run(format!("sed 's/\"dropped\":0/\"dropped\":{edit}/' 1.json > other.json")).exits(0);
        let done = desk.run("pullpush merge 0.json other.json").exits(2);
        done.says("error: other.json: is no result of pullpush load --report json=FILE: invalid ").says(number);
    }
}

/// Each is true in itself.
#[test]
fn parts_that_are_more_than_can_be_counted_are_not_added() {
    let receiver = Receiver::new();
    let (desk, parts) = in_parts(2, &[&receiver], "");
    let most = u64::MAX - parts[1]["planned"].as_u64().unwrap();
    let not_started =
        format!("s/\"not_started\":0/\"not_started\":{most}/; s/\"planned\":[0-9]*/\"planned\":{}/", u64::MAX);
    for (edit, words) in [
        (not_started, format!("planned {} and ", u64::MAX)),
        (format!("s/\"warm_up\":0/\"warm_up\":{}/", u64::MAX), format!("warm_up {} and ", u64::MAX)),
    ] {
        desk.run(format!("sed '{edit}' 1.json > other.json && sed -i 's/\"warm_up\":0/\"warm_up\":1/' 0.json"))
            .exits(0);
        let done = desk.run("pullpush merge 0.json other.json").exits(2);
        done.says(&format!("error: other.json cannot be added: {words}"))
            .says(" of the others are more than can be counted\n");
    }
}

#[test]
fn array_jobs_say_which_part_is_theirs() {
    let load = "[load]\nrate = 100\nduration = \"200ms\"\ntasks = 12\n[[task]]";
    let desk = || Desk::new().file("load.toml", many().replace("[[task]]", load));
    let plan =
        |desk: &Desk, shard: &str| desk.run(format!("pullpush plan load.toml --load --shard {shard}")).exits(0).stdout;
    let kubernetes = desk().env("JOB_COMPLETION_INDEX", "2");
    assert_eq!(plan(&kubernetes, "auto/4"), plan(&desk(), "2/4"));
    kubernetes.run("pullpush plan load.toml --load --shard auto").exits(2).says("of how many; write auto/8");
    let slurm =
        desk().env("SLURM_ARRAY_TASK_ID", "4").env("SLURM_ARRAY_TASK_COUNT", "4").env("SLURM_ARRAY_TASK_MIN", "1");
    assert_eq!(plan(&slurm, "auto"), plan(&desk(), "3/4"));
    let line = format!("pullpush load load.toml --sink --shard auto {PATIENT} --format json");
    assert_eq!(slurm.run(line).exits(0).result()["shards"], Value::from(vec!["3/4"]));
}

#[test]
fn the_plans_of_the_parts_make_the_plan() {
    let load = "[load]\nrate = 300\nduration = \"1s\"\ntasks = 12\narrivals = \"poisson\"\n[[task]]";
    let desk = Desk::new().file("load.toml", many().replace("[[task]]", load));
    let plan =
        |flags: &str| desk.run(format!("pullpush plan load.toml --load --format ndjson {flags}")).exits(0).stdout;
    let whole = plan("");
    let parts: Vec<_> = (0..3).map(|index| plan(&format!("--shard {index}/3"))).collect();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let union: BTreeSet<_> = parts.iter().flat_map(|part| lines(part)).collect();
    assert_eq!(union, lines(&whole));
    assert_eq!(parts.iter().map(|part| part.lines().count()).sum::<usize>(), whole.lines().count());
    assert!(whole.lines().count() > 200);
}
