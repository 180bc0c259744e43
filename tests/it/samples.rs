//! The four published samples, byte for byte: planned, sent, and made directly.

use std::borrow::Cow;
use std::process::Command;

use pullpush::callback::Callback;
use pullpush::callback::body::{Sender, encode};
use pullpush::callback::codes;
use pullpush::callback::moment::Moment;
use pullpush::callback::overlay::Overlay;
use pullpush::callback::payload::Payload;
use pullpush::callback::sign::Key;
use pullpush::plan::Plan;
use pullpush::scenario::Source;
use pullpush::scenario::library::LIBRARY;
use pullpush::time::UnixMillis;

use crate::support::{Run, at_once, valid};

/// A sample: the n-th callback of the scenario, and its file.
struct Sample {
    place: usize,
    bytes: &'static str,
}

const TASK_START: Sample = Sample { place: 0, bytes: include_str!("../samples/TaskStart.json") };
const FILE_START: Sample = Sample { place: 1, bytes: include_str!("../samples/VodSourceFileStart.json") };
const FILE_FINISH: Sample = Sample { place: 2, bytes: include_str!("../samples/VodSourceFileFinish.json") };
const TASK_EXIT: Sample = Sample { place: 3, bytes: include_str!("../samples/TaskExit.json") };

impl Sample {
    /// The seed-document scenario plans these bytes, and sends them.
    #[track_caller]
    fn is_what_the_scenario_sends(&self) {
        assert_eq!(planned().get(self.place).map(String::as_str), Some(self.bytes), "planned");
        assert_eq!(sent().get(self.place).map(String::as_str), Some(self.bytes), "sent");
    }

    /// The callback has these bytes; signed, it has the same with `sign` and `t` at their alphabetical places.
    #[track_caller]
    fn is_what_is_made_of(&self, callback: &Callback, sender: &Sender<'_>, overlay: Option<&Overlay>) {
        let made =
            |payload: &Payload| String::from_utf8(encode(callback, sender, payload, ZERO, overlay, None)).unwrap();
        assert_eq!(made(&Payload::default()), self.bytes, "unsigned");
        let key = Key::new("testkey").unwrap();
        let sign = key.sign(600);
        let with_sign = self.bytes.replacen("\"source_urls\"", &format!("\"sign\":\"{sign}\",\"source_urls\""), 1);
        let signed = match with_sign.split_once("\"task_id\"") {
            Some((before, behind)) => format!("{before}\"t\":600,\"task_id\"{behind}"),
            None => format!("{},\"t\":600}}", with_sign.strip_suffix('}').unwrap()),
        };
        assert_eq!(made(&Payload { key: Some(key), ..Payload::default() }), signed, "signed");
    }
}

/// The instant of every time in the samples.
const ZERO: Moment = Moment::at(UnixMillis(0));

/// The bodies that `pullpush plan` shows for the seed-document scenario.
fn planned() -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullpush"));
    command.args(["plan", "scenarios/seed-document.toml", "--format", "ndjson"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let body = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["body"].as_str().unwrap().to_owned()
    };
    lines.lines().map(body).collect()
}

/// The bodies that a receiver gets of it.
fn sent() -> Vec<String> {
    let text = LIBRARY.iter().find(|shipped| shipped.name == "seed-document").unwrap().text;
    let mut bodies = Vec::new();
    let receiver = |_, request: &pullpush::engine::transport::Request| {
        bodies.push(String::from_utf8(request.body.to_vec()).unwrap());
        at_once(200)
    };
    Run::of(Plan::new(valid(Source::new("seed-document", text)), 42), receiver).play();
    bodies
}

/// The task of the samples; `source` differs from sample to sample, as they were masked by hand.
fn sender<'a>(task_id: &'a str, source: &'a str) -> Sender<'a> {
    Sender {
        copy: 1,
        app_id: 4,
        task_id: Cow::Borrowed(task_id),
        stream_id: Cow::Borrowed("testvod"),
        to_url: Cow::Borrowed("rtmp://5000.livepush.myqcloud.com/live/testvod"),
        callback_url: Cow::Borrowed("http://you.callback.url"),
        source_urls: vec![Cow::Borrowed(source)],
        file_duration_s: 14920,
    }
}

const FILE: &str = "http://yourURL.cn/live/normal_466247620*****3100448-upload-216b/playlist.m3u8";

#[test]
fn task_start() {
    TASK_START.is_what_the_scenario_sends();
    let source = "http://yourURL.cn/live/normal_230753472*****21162358-upload-45eb/playlist.m3u8";
    TASK_START.is_what_is_made_of(&Callback::TaskStart, &sender("118148", source), None);
}

#[test]
fn vod_source_file_start() {
    FILE_START.is_what_the_scenario_sends();
    // Its `msg.url` is not one of its `source_urls`: no callback says so by itself.
    let url = "http://remit-tx-ugcpub.douyucdn2.cn/live/normal_466247620*****3100448-upload-216b/playlist.m3u8";
    let overlay = Overlay { msg: [("url".to_owned(), url.into())].into_iter().collect(), ..Overlay::default() };
    let callback = Callback::VodSourceFileStart { index: 0 };
    FILE_START.is_what_is_made_of(&callback, &sender("118145", FILE), Some(&overlay));
}

#[test]
fn vod_source_file_finish() {
    FILE_FINISH.is_what_the_scenario_sends();
    FILE_FINISH.is_what_is_made_of(&Callback::VodSourceFileFinish { index: 0 }, &sender("118145", FILE), None);
}

#[test]
fn task_exit() {
    TASK_EXIT.is_what_the_scenario_sends();
    let source = "http://yourURL.cn/live/normal_230753472*****21162358-upload-4";
    let exit = Callback::TaskExit(codes::WRITE_PACKET_ERROR.exit());
    TASK_EXIT.is_what_is_made_of(&exit, &sender("118148", source), None);
}
