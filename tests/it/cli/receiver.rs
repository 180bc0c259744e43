//! A receiver that notes what really comes and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use super::running::STUCK;

/// What a request is answered with.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// These bytes, and the end of the connection.
    AndClose(String),
    /// These bytes, and the end of the connection when the next request is there, which is not read.
    Last(String),
    /// This status and `{"code":0}`.
    Status(u16),
    /// These bytes.
    Raw(String),
    /// 200, but not before the test says so.
    Held,
}

/// A request as it came.
#[derive(Debug)]
pub(super) struct Request {
    /// Number of the connection it came on, from 0.
    pub(super) connection: usize,
    /// The request line and the headers, one a line.
    pub(super) head: String,
    /// Exactly.
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The body as text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `callback_event`
    pub(super) fn event(&self) -> String {
        self.json()["callback_event"].as_str().unwrap().to_owned()
    }
}

/// A receiver on a free loopback port, for as long as the tests run.
pub(super) struct Receiver {
    /// `http://127.0.0.1:PORT/callback`
    pub(super) url: String,
    requests: mpsc::Receiver<Request>,
    release: Sender<()>,
}

impl Receiver {
    /// Answers all with 200.
    pub(super) fn new() -> Self {
        Self::answering(|_| Answer::Status(200))
    }

    /// Answers request `n`, from 0, as told.
    pub(super) fn answering(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), answer)
    }

    /// The same on a listener that is there already.
    pub(super) fn on(listener: TcpListener, answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        let (release, released) = channel();
        let part =
            Arc::new(Part { answer: Box::new(answer), count: Mutex::new(0), released: Mutex::new(released), sender });
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let part = Arc::clone(&part);
                // A client that goes away, goes away.
                thread::spawn(move || part.serve(connection, stream.unwrap()));
            }
        });
        Self { url, requests, release }
    }

    /// Waits for the next request.
    #[track_caller]
    pub(super) fn next(&self) -> Request {
        self.requests.recv_timeout(STUCK).expect("no request came")
    }

    /// Whatever else has come by now.
    pub(super) fn rest(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }

    /// Lets one held request have its answer.
    pub(super) fn release(&self) {
        self.release.send(()).unwrap();
    }
}

struct Part {
    answer: Box<dyn Fn(usize) -> Answer + Send + Sync>,
    count: Mutex<usize>,
    released: Mutex<mpsc::Receiver<()>>,
    sender: Sender<Request>,
}

impl Part {
    /// Answers the requests of one connection; ends when the client closes it.
    fn serve(&self, connection: usize, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let request = read(connection, &mut reader)?;
            let number = {
                let mut count = self.count.lock().unwrap();
                *count += 1;
                // Noted before it is answered, and in order. A test that has ended needs no notes.
                let _ = self.sender.send(request);
                *count - 1
            };
            let answer = match (self.answer)(number) {
                Answer::Status(status) => with_status(status),
                Answer::Raw(bytes) => bytes,
                Answer::AndClose(bytes) => {
                    reader.get_mut().write_all(bytes.as_bytes()).ok()?;
                    return None;
                }
                Answer::Last(bytes) => {
                    reader.get_mut().write_all(bytes.as_bytes()).ok()?;
                    reader.get_mut().peek(&mut [0]).ok()?;
                    return None;
                }
                Answer::Held => {
                    self.released.lock().unwrap().recv().ok()?;
                    with_status(200)
                }
            };
            reader.get_mut().write_all(answer.as_bytes()).ok()?;
        }
    }
}

fn with_status(status: u16) -> String {
    let body = if status == 204 { "" } else { r#"{"code":0}"# };
    format!("HTTP/1.1 {status} As Told\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn read(connection: usize, reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.replace("\r\n", "\n").trim_end().to_owned();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { connection, head, body })
}
