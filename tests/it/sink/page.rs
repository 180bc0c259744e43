//! The page of the sink as it goes over the wire.

use pullpush::time::UnixMillis;

use super::*;

const HTML: &str = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n";
const HOST: &str = "Host: 127.0.0.1\r\n";

/// How many callbacks are kept.
const KEPT: usize = 2000;

fn with_page(limits: Limits) -> Server {
    let sink = Sink::default();
    let page = Arc::new(Page::new(&sink, UnixMillis(0xbe9)));
    Server::start_with(sink, limits, Some(page))
}

/// The answer to a GET.
async fn get(server: &Server, path: &str, headers: &str) -> String {
    server.exchange(format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").as_bytes()).await
}

/// Somebody who watches, and says that the last event was this one.
struct Watcher {
    client: Client,
    told: String,
}

impl Watcher {
    async fn of(server: &Server, last: Option<&str>) -> Self {
        Self::at(server, "/_pullpush/events", last).await
    }

    async fn at(server: &Server, path: &str, last: Option<&str>) -> Self {
        let mut client = server.connect().await;
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        // To a client of HTTP/1.0 it is told without chunks.
        client.send(format!("GET {path} HTTP/1.0\r\n{HOST}{last}\r\n").as_bytes()).await;
        Self { client, told: String::new() }
    }

    /// Waits until that was told; gives all up to it that was not asked for before.
    async fn hears(&mut self, words: &str) -> String {
        loop {
            if let Some(at) = self.told.find(words) {
                return self.told.drain(..at + words.len()).collect();
            }
            let mut bytes = Vec::new();
            assert_ne!(within(self.client.0.read_buf(&mut bytes)).await.unwrap(), 0, "ended after {}", self.told);
            self.told.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

/// How many events of callbacks there are in it, and their ids.
fn ids(told: &str) -> Vec<&str> {
    told.lines().filter_map(|line| line.strip_prefix("id: ")).collect()
}

#[tokio::test]
async fn it_is_for_browsers_and_at_the_root_only() {
    let server = with_page(Limits::default());
    let page = get(&server, "/", &format!("{HOST}{HTML}")).await;
    assert_eq!(status(&page), 200);
    let policy = "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ";
    for header in ["content-type: text/html; charset=utf-8\r\n", "cache-control: no-store\r\n", policy] {
        assert!(page.contains(header), "{page}");
    }
    assert!(page.contains("\r\n\r\n<!doctype html>\n"));
    for (path, headers) in
        [("/", "Host: sink\r\nAccept: */*\r\n"), ("/", HOST), ("/callback", HTML), ("/page.js", HOST)]
    {
        assert!(get(&server, path, headers).await.contains("\r\n\r\nThis is the built-in receiver"), "{path}");
    }
    let head = server.exchange(format!("HEAD / HTTP/1.1\r\nConnection: close\r\n{HOST}{HTML}\r\n").as_bytes()).await;
    assert!(head.contains("text/html") && head.ends_with("\r\n\r\n"), "{head}");
    // What is posted is a callback, wherever it comes.
    let posted = post(&format!("Connection: close\r\n{HTML}"), START);
    let posted = String::from_utf8(posted).unwrap().replace("/callback", "/_pullpush/events");
    assert!(server.exchange(posted.as_bytes()).await.ends_with("{\"code\":0}"));
    assert_eq!(server.stop().ended().await.received, 1);
}

#[tokio::test]
async fn without_a_page_there_is_the_hint() {
    let server = Server::of(Misbehaviour::default());
    for path in ["/", "/_pullpush/events"] {
        assert!(get(&server, path, &format!("{HOST}{HTML}")).await.contains("\r\n\r\nThis is the built-in receiver"));
    }
}

#[tokio::test]
async fn it_has_every_file_that_it_names_and_names_nobody_elses() {
    let server = with_page(Limits::default());
    let mut known = vec!["page.html".to_owned()];
    let mut at = 0;
    while let Some(name) = known.get(at).cloned() {
        at += 1;
        let answer = get(&server, &format!("/_pullpush/{name}"), HOST).await;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("nosniff"), "{name}: {head}");
        // The name of SVG's elements is no address.
        let elsewhere = text.matches("://").count() - text.matches("\"http://www.w3.org/2000/svg\"").count();
        assert_eq!(elsewhere, 0, "{name}");
        let named =
            text.split(['"', '\'']).filter_map(|word| word.strip_prefix("/_pullpush/").or(word.strip_prefix("./")));
        for name in named.filter(|name| *name != "events") {
            if !known.iter().any(|other| other == name) {
                known.push(name.to_owned());
            }
        }
    }
    assert_eq!(known.len(), 4, "{known:?}");
    assert_eq!(status(&get(&server, "/_pullpush/none.js", HOST).await), 404);
}

#[tokio::test]
async fn under_a_name_that_somebody_elses_site_may_have_it_is_not_shown() {
    let server = with_page(Limits::default());
    for path in ["/", "/_pullpush/page.js", "/_pullpush/events"] {
        let answer = get(&server, path, &format!("Host: evil.test\r\n{HTML}")).await;
        assert_eq!(status(&answer), 403, "{path}");
        assert!(answer.contains("Open it as http://127.0.0.1:PORT/"), "{answer}");
    }
    // Its callbacks are taken: services know their receiver by a name.
    let answer = server.exchange(&post("Connection: close\r\n", START)).await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn a_watcher_hears_what_has_come_and_what_comes() {
    let server = with_page(Limits::default());
    server.post(START).await;
    let mut watcher = Watcher::of(&server, None).await;
    let told = watcher.hears("\"received\":1,").await;
    assert!(told.contains("content-type: text/event-stream\r\n") && told.contains("\nretry: 500\n"), "{told}");
    assert_eq!(ids(&watcher.hears("\nevent: counts\n").await), ["be9-1"]);
    server.post(b"second").await;
    let told = watcher.hears("\nevent: counts\n").await;
    assert_eq!(ids(&told), ["be9-2"]);
    assert!(told.contains("\"body\":\"second\"") && told.contains("\"result\":\"refused\""), "{told}");
}

#[tokio::test]
async fn who_listens_again_has_the_last_id_in_the_query_until_it_knows_a_later_one() {
    let server = with_page(Limits::default());
    for _ in 0..3 {
        server.post(START).await;
    }
    for (last, expected) in [(None, vec!["be9-2", "be9-3"]), (Some("be9-2"), vec!["be9-3"])] {
        let mut watcher = Watcher::at(&server, "/_pullpush/events?be9-1", last).await;
        watcher.hears("\nevent: counts\n").await;
        assert_eq!(ids(&watcher.hears("\nevent: counts\n").await), expected, "{last:?}");
    }
}

#[tokio::test]
async fn who_comes_back_hears_only_what_is_new() {
    let server = with_page(Limits::default());
    for _ in 0..3 {
        server.post(START).await;
    }
    // The last two: one of another sink that listened here before, and one that has not come yet.
    for (last, expected) in [
        ("be9-2", vec!["be9-3"]),
        ("be9-0", vec!["be9-1", "be9-2", "be9-3"]),
        ("nonsense", vec!["be9-1", "be9-2", "be9-3"]),
        ("abc-2", vec!["be9-1", "be9-2", "be9-3"]),
        ("be9-4", vec!["be9-1", "be9-2", "be9-3"]),
    ] {
        let mut watcher = Watcher::of(&server, Some(last)).await;
        watcher.hears("\nevent: counts\n").await;
        assert_eq!(ids(&watcher.hears("\nevent: counts\n").await), expected, "{last}");
    }
}

#[tokio::test]
async fn what_is_not_text_goes_over_as_it_is() {
    let server = with_page(Limits::default());
    server.post(b"a\xff<b>\n").await;
    let told = Watcher::of(&server, None).await.hears("\"reception\"").await;
    assert!(told.contains("\"body_base64\":\"Yf88Yj4K\""), "{told}");
}

/// Posts so many callbacks on one connection.
async fn post_many(server: &Server, count: usize, body: &[u8]) {
    let mut client = server.connect().await;
    for _ in 0..count {
        client.send(&post("", body)).await;
        client.read_ok().await;
    }
}

#[tokio::test]
async fn the_last_are_kept() {
    let server = with_page(Limits::default());
    post_many(&server, KEPT + 3, START).await;
    let mut watcher = Watcher::of(&server, None).await;
    let told = watcher.hears(&format!("\nid: be9-{}\n", KEPT + 3)).await;
    let ids = ids(&told);
    // Their numbers tell how many came before.
    assert_eq!((ids[0], ids.len()), ("be9-4", KEPT));
}

#[tokio::test]
async fn who_does_not_listen_holds_nobody_up() {
    let server = with_page(Limits { grace: FOREVER, ..Limits::default() });
    let deaf = Watcher::of(&server, None).await;
    // Far more than sockets and buffers hold.
    let large = [START, &[b' '; 64 * 1024]].concat();
    post_many(&server, 400, &large).await;
    assert_eq!(server.stop().ended().await.acknowledged, 400);
    drop(deaf);
}

#[tokio::test]
async fn a_watcher_does_not_keep_the_sink_from_ending() {
    let server = with_page(Limits { grace: FOREVER, ..Limits::default() });
    let mut watcher = Watcher::of(&server, None).await;
    watcher.hears("\nevent: hello\n").await;
    let stopping = server.stop();
    watcher.client.read_to_end().await;
    stopping.ended().await;
}

#[tokio::test]
async fn whoever_asks_for_events_of_an_ending_sink_is_sent_away() {
    let server = with_page(Limits { grace: FOREVER, ..Limits::default() });
    let mut late = server.connect().await;
    late.send(format!("GET /_pullpush/events HTTP/1.1\r\n{HOST}").as_bytes()).await;
    // By now that has been read: it came before.
    server.post(START).await;
    let stopping = server.stop();
    // The listener is gone before the connections hear of the end.
    while TcpStream::connect(stopping.address).await.is_ok() {}
    late.send(b"\r\n").await;
    let answer = late.read_to_end().await;
    assert_eq!(status(&answer), 503, "{answer}");
    stopping.ended().await;
}
