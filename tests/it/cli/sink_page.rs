//! The page of `pullpush sink`: where it is said to be, and what a browser is told.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::Desk;
use super::desk::{golden, is_described};
use super::running::Running;

/// A sink, and the address that it names for a browser.
fn start(desk: &Desk, flags: &str) -> (Running, String) {
    let mut sink = desk.start(format!("pullpush sink --listen 127.0.0.1:0 {flags}"));
    let said = sink.says("/ (open it in a browser to watch); Ctrl-C ends it\n");
    let address = said.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    (sink, address)
}

/// Sends a head and reads until `words`; somebody who leaves before the end.
fn ask(address: &str, head: &str, words: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{head}\r\nHost: {address}\r\n\r\n").unwrap();
    let mut told = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&told);
        if let Some(at) = text.find(words) {
            return text[..at + words.len()].to_owned();
        }
        match stream.read(&mut buffer).unwrap() {
            0 => panic!("never told: {words}\n{text}"),
            count => told.extend(&buffer[..count]),
        }
    }
}

/// An event without what the clock and the system chose.
fn without_chance(line: &str, address: &str) -> String {
    let line = line.replace(address, "[ADDRESS]").replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
    let words = line.split_inclusive([' ', ',', ':', '"', '\\', '-', '}']).map(|word| {
        let digits = word.chars().take_while(char::is_ascii_hexdigit).count();
        // A time in milliseconds or the name of a sink; ids of tasks are shorter.
        if digits >= 11 && word.len() == digits + 1 { format!("[TIME]{}", &word[digits..]) } else { word.to_owned() }
    });
    words.collect()
}

#[test]
fn a_browser_is_told_everything() {
    let desk = Desk::new();
    let (sink, address) = start(&desk, "--key testkey --fail-first 1");
    let to = format!("--to http://{address}/shows/7");
    let key = "--set payload.key=testkey";
    desk.run(format!("pullpush run vod.toml --speed max {to} {key} --epoch 2100-01-01T00:00:00Z")).exits(0);
    desk.run(format!("pullpush send TaskAlarm {to} --set task.task_id='\"a<b>\"' --epoch 2100-01-01T00:00:00Z"))
        .exits(1);
    let told = ask(
        &address,
        "GET /_pullpush/events HTTP/1.0",
        // The counts that follow the callbacks.
        "}}\n\nevent: counts\ndata: {\"received\":6,\"acknowledged\":4,\"refused\":1,\"failed_on_purpose\":1",
    );
    let (_, events) = told.split_once("\r\n\r\n").unwrap();
    for data in events.lines().filter_map(|line| line.strip_prefix("data: ")) {
        // The last line is not read to its end.
        let _ = serde_json::from_str(data).map(|data| is_described(&data, "sink/page/page.js"));
    }
    golden("sink/events", events.lines().map(|line| without_chance(line, &address) + "\n").collect());
    sink.signal("INT");
    sink.end().exits(130);
}

#[test]
fn the_page_is_where_it_is_said_to_be() {
    let desk = Desk::new();
    for (listen, before, after) in [
        ("127.0.0.1:0", "listening on http://127.0.0.1:", "/ (open it in a browser to watch); Ctrl-C ends it\n"),
        (
            "0.0.0.0:0",
            " (open http://127.0.0.1:",
            "/ in a browser to watch, as others who reach this machine can); Ctrl-C ends it\n",
        ),
    ] {
        let mut sink = desk.start(format!("pullpush sink --listen {listen}"));
        sink.says(before);
        let port = sink.says(after).trim_end_matches(after).rsplit(':').next().unwrap().to_owned();
        ask(&format!("127.0.0.1:{port}"), "GET / HTTP/1.1\r\nAccept: text/html", "<title>pullpush sink</title>");
        sink.signal("TERM");
        sink.end().exits(143);
    }
}

#[test]
fn without_a_page_there_is_none() {
    let desk = Desk::new();
    let mut sink = desk.start("pullpush sink --listen 127.0.0.1:0 --no-page");
    let said = sink.says("/; Ctrl-C ends it\n");
    let address = said.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    ask(&address, "GET / HTTP/1.1\r\nAccept: text/html", "\r\n\r\nThis is the built-in receiver");
    sink.signal("INT");
    let done = sink.end().exits(130);
    assert!(!done.stderr.contains("browser"), "{}", done.stderr);
}
