//! The answer of a receiver: whatever it is, it is an outcome.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pullpush::engine::transport::http::{HttpSettings, HttpTransport, SystemResolver};
use pullpush::engine::transport::{MAX_ANSWER_BODY, Outcome, Request, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());
static HTTP: LazyLock<HttpTransport> =
    LazyLock::new(|| HttpTransport::new(&HttpSettings::default(), Arc::new(SystemResolver)).unwrap());
static LISTENER: LazyLock<TcpListener> =
    LazyLock::new(|| RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap());

fuzz_target!(|bytes: &[u8]| {
    // On the runtime, and before it is busy.
    LazyLock::force(&LISTENER);
    RUNTIME.block_on(met(&*HTTP, bytes));
});

async fn met(transport: &impl Transport, answer: &[u8]) {
    let url = format!("http://{}/", LISTENER.local_addr().unwrap());
    let request = Request::post(url, "{}".into(), Duration::from_secs(5));
    let serving = async {
        let (mut stream, _) = LISTENER.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n{}") && stream.read_buf(&mut seen).await.is_ok_and(|read| read > 0) {}
        let _ = stream.write_all(answer).await;
        // Closed both ways before the next one is accepted: no connection is left over.
        let _ = stream.shutdown().await;
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0; 64])).await;
    };
    let (outcome, ()) = tokio::join!(transport.send(request), serving);
    match outcome {
        Outcome::Answered(answer) => {
            assert!((100..=999).contains(&answer.status) && answer.body.len() <= MAX_ANSWER_BODY);
        }
        Outcome::Failed(failure) => {
            assert!(["reset", "invalid answer"].contains(&failure.kind.word()), "{failure:?}");
        }
    }
}
