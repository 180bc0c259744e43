//! The files that `pullpush explore` writes: where, what is in them, and what is not.

use super::explore::FIVE;
use super::{Desk, VOD};
use crate::receivers::{Bug, Service};

/// Explores a file on a receiver that is not idempotent, and says so for what is typed.
fn line(service: &Service, more: &str) -> String {
    format!("pullpush explore five.toml --to {0}/callback --reset-url {0}/reset {more}", service.url)
}

#[test]
fn a_file_of_somebody_else_is_left_as_it_is() {
    let service = Service::with(Bug::NotIdempotent);
    let desk =
        Desk::new().file("five.toml", FIVE).file("mine.toml", "mine").file("short", "").file("five-shrunk.toml", FIVE);
    for more in ["--save mine.toml", "--save short", "--shrink", "--shrink --save vod.toml"] {
        let done = desk.run(line(&service, more)).exits(3);
        assert_eq!(done.stdout, "", "nothing is tried that could not be kept");
        done.says(": there is such a file, and pullpush did not write it; name another with --save\n");
    }
    desk.run(line(&service, "--save no/such/folder.toml")).exits(3).says("there is no such folder");
    desk.run(line(&service, "--save .")).exits(3);
    assert_eq!((desk.read("mine.toml").as_str(), desk.read("five.toml").as_str()), ("mine", FIVE));
}

#[test]
fn a_file_that_came_meanwhile_is_left_as_it_is() {
    let service = Service::with(Bug::NotIdempotent);
    let desk = Desk::new().file("five.toml", FIVE);
    let reset = format!("--reset-cmd 'pullpush send Reset --to {}/reset && echo mine > found.toml'", service.url);
    let line = format!("pullpush explore five.toml --to {}/callback {reset} --save found.toml", service.url);
    desk.run(line).exits(3).shows("fails  1 1 2 3 4 5  ").says("error: cannot write found.toml: there is such a file");
    assert_eq!(desk.read("found.toml"), "mine\n");
}

#[test]
fn its_own_is_written_again() {
    let service = Service::with(Bug::NotIdempotent);
    let desk = Desk::new().file("five.toml", FIVE);
    desk.run(line(&service, "--save found.toml")).exits(1);
    let first = desk.read("found.toml");
    desk.run(line(&service, "--save found.toml --seed 8")).exits(1).says("written: found.toml");
    assert_ne!(desk.read("found.toml"), first);
    desk.run("pullpush check found.toml --deny-warnings").exits(0);
}

#[test]
fn odd_names_are_written_for_a_shell() {
    let service = Service::with(Bug::NotIdempotent);
    let desk = Desk::new().file("five.toml", FIVE);
    desk.run("mkdir 'a b'").exits(0);
    for (save, told) in [("'a b/it'\\''s.toml'", "'a b/it'\\''s.toml'"), ("-x.toml", "./-x.toml")] {
        service.reset();
        let done = desk.run(line(&service, &format!("--save={save}"))).exits(1);
        let again = done.again().unwrap().split_once(" && ").unwrap().1;
        assert!(again.starts_with(&format!("pullpush run {told} --to ")), "{again}");
        service.reset();
        desk.bare().run(again).exits(1).shows("workers: expected 1, got 2\n");
    }
}

#[test]
fn a_reset_command_of_several_words_goes_first() {
    let service = Service::with(Bug::NotIdempotent);
    let desk = Desk::new().file("five.toml", FIVE);
    let reset = format!("pullpush send Reset --to {}/reset", service.url);
    for (reset, told) in
        [(reset.clone(), format!("{reset} && ")), (format!("{reset} # done"), format!("({reset} # done\n) && "))]
    {
        let line =
            format!("pullpush explore five.toml --to {}/callback --reset-cmd '{reset}' --save a.toml", service.url);
        let done = desk.run(line).exits(1).says(&format!("again: {told}pullpush run a.toml "));
        let again = done.stderr.split_once("again: ").unwrap().1;
        desk.run(again).exits(1).shows("workers: expected 1, got 2\n");
    }
}

#[test]
fn a_key_is_not_copied() {
    const KEY: &str = "Sup3rS3cr3tK3y";
    let service = Service::with(Bug::NotIdempotent);
    for (given, set, told) in [
        (format!("[payload]\nkey = \"{KEY}\""), "", "CALLBACK_KEY=… pullpush run found.toml "),
        (format!("payload.key = '{KEY}'\n[payload]"), "", ""),
        ("[payload]\nkey_env = \"OTHER\"".to_owned(), "", "&& pullpush run found.toml "),
        ("[payload]".to_owned(), "--set payload.key=Sup3rS3cr3tK3y", " --set 'payload.key=…' "),
    ] {
        if told.is_empty() {
            continue;
        }
        let desk = Desk::new().env("OTHER", KEY).file("five.toml", FIVE.replace("[payload]", &given));
        let done = desk.run(line(&service, &format!("--save found.toml {set}"))).exits(1);
        assert!(done.again().unwrap().contains(told), "{:?}", done.again());
        let file = desk.read("found.toml");
        assert!(![&done.stdout, &done.stderr, &file].iter().any(|text| text.contains(KEY)), "{file}");
        let again = done.again().unwrap().split_once(" && ").unwrap().1.replace('…', KEY);
        service.reset();
        desk.run(again).exits(1).shows("workers: expected 1, got 2\n");
    }
}

#[test]
fn what_was_set_is_in_the_file_or_in_the_command() {
    let service = Service::with(Bug::NotIdempotent);
    let desk = Desk::new().file("five.toml", FIVE);
    let sets =
        "--set task.1.app_id=7 --set 'task.step.1.body={a=1}' --set name=x --set seed=9 --set receiver.timeout=5s";
    let done = desk.run(line(&service, &format!("{sets} --save found.toml"))).exits(1);
    let again = done.again().unwrap().split_once(" && ").unwrap().1;
    let to = format!("--to {}/callback", service.url);
    let expected =
        format!("pullpush run found.toml {to} --set receiver.timeout=5s --epoch 2026-01-01T00:00:00.000Z --speed max");
    assert_eq!(again, expected);
    let file = desk.read("found.toml");
    assert!(
        file.contains("app_id = 7\n") && file.contains("body = { a = 1 }\n") && file.contains("seed = 9\n"),
        "{file}"
    );
    service.reset();
    desk.bare().run(again).exits(1).shows("workers: expected 1, got 2\n");
}

/// What fails under one order need not fail under another.
#[test]
fn the_order_it_was_found_under_is_in_the_file() {
    let service = Service::with(Bug::NotIdempotent);
    let bare = FIVE.replace("[receiver]\n", "").replace("retry = \"none\"\n", "");
    for (text, set, told) in [
        (FIVE.to_owned(), "", "[receiver]"),
        (FIVE.to_owned(), "--set receiver.ordering=strict", "\nordering = \"strict\"\n"),
        (FIVE.to_owned(), "--set receiver.ordering=free", "\nordering = \"free\"\n"),
        (bare.clone(), "", "[receiver]\nordering = \"first-attempt\"\n"),
        (format!("receiver.retry = 'none'\n{bare}"), "", "receiver.ordering = \"first-attempt\"\n"),
        (format!("receiver = {{ ordering = 'strict' }}\n{bare}"), "", "receiver = { ordering = \"strict\""),
    ] {
        let desk = Desk::new().file("five.toml", text);
        service.reset();
        let done = desk.run(line(&service, &format!("{set} --save found.toml"))).exits(1);
        let file = desk.read("found.toml");
        assert!(file.contains(told), "{told}: {file}");
        let again = done.again().unwrap().split_once(" && ").unwrap().1;
        service.reset();
        desk.bare().run(again).exits(1).shows("workers: expected 1, got 2\n");
    }
}

#[test]
fn bytes_of_another_file_are_not_written() {
    let service = Service::with(Bug::NotIdempotent);
    let raw = FIVE.replacen("event = \"TaskStart\"", "event = \"TaskStart\"\nbody_file = \"raw.json\"", 1);
    let desk = Desk::new().file("raw.json", "{}").file("five.toml", raw);
    let done = desk.run(line(&service, "--save found.toml")).exits(3).shows("fails  1 2 3 4 5  ");
    assert_eq!(
        done.stderr,
        "error: cannot write found.toml: a step with `body_file` is not written: its bytes are in another file\n"
    );
}

#[test]
fn everything_a_step_can_have_is_written() {
    let all = format!(
        "{}{}",
        VOD.replace(
            "[receiver]",
            "name = \"all\"\n# Of the receiver.\n[receiver]\nheaders = { \"X-A\" = \"b\" } # kept"
        )
        .replace("start_gap = \"1s\"\n", "callback_url = \"http://127.0.0.1:1/\"\n")
        .replace("source = \"vod\"\n", ""),
        r#"
[[task.step]]
at = "0s"
event = "TaskStart"
msg = { "a.b" = [1, 2.5, "x\ny", { c = true }] }
body = { region = "名 \"{n}\"" }
[[task.step]]
at = "1s"
event = "TaskAlarm"
msg = { type = "FileEndEarly" }
fault = { corrupt = { kinds = ["huge"] }, delay = { by = "3s" }, connection = { kinds = ["no-keep-alive"] } }
expect = { status = [200, "4xx"], within = "2s 500ms", body = { code = 0 }, json = { "/a/0" = "b" }, headers = { x-a = "b" } }
[[task.step]]
at = "2s"
event = "New"
fault = { drop = 1, duplicate = { sends = "new-attempt", after = "1ms" } }
"#
    );
    let service = Service::with(Bug::Correct);
    let desk = Desk::new().file("five.toml", &all);
    let done = desk.run(line(&service, "--save found.toml")).exits(1);
    super::desk::golden("explore/everything", desk.read("found.toml"));
    desk.run("pullpush plan five.toml --format ndjson > a; pullpush plan found.toml --format ndjson > b").exits(0);
    assert!(done.stdout.contains("fails  1 2  "), "{}", done.stdout);
    assert_eq!(desk.read("a"), desk.read("b"));
}
