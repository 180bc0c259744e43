//! A command while it runs: its output as it comes, and signals to it.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use super::desk::{Done, Folder};

/// Never waited for on the way to a test's success.
pub(super) const STUCK: Duration = Duration::from_secs(20);

/// A command that runs.
pub(super) struct Running {
    line: String,
    child: Child,
    stdout: Stream,
    stderr: Stream,
    /// Kept while it runs.
    _folder: Arc<Folder>,
}

impl Running {
    pub(super) fn start(folder: &Arc<Folder>, environment: &[(String, String)], line: &str) -> Self {
        Self::start_into(Stdio::piped(), folder, environment, line)
    }

    /// With another standard output.
    pub(super) fn start_into(
        stdout: Stdio,
        folder: &Arc<Folder>,
        environment: &[(String, String)],
        line: &str,
    ) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_pullpush")).parent().unwrap();
        let path = std::env::join_paths([program, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", path)
            // To read the system's certificates takes longer than all the rest, and no test goes there.
            .env("SSL_CERT_FILE", "/dev/null")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            // A group of its own, to be ended as one.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Stream::read(child.stdout.take());
        let stderr = Stream::read(child.stderr.take());
        Self { line: line.trim_start_matches("exec ").to_owned(), child, stdout, stderr, _folder: Arc::clone(folder) }
    }

    /// Waits for standard output to show `words`, after those that were waited for last; gives all up to them.
    #[track_caller]
    pub(super) fn shows(&mut self, words: &str) -> String {
        self.stdout.until(words).unwrap_or_else(|| self.never(words))
    }

    /// The same for standard error.
    #[track_caller]
    pub(super) fn says(&mut self, words: &str) -> String {
        self.stderr.until(words).unwrap_or_else(|| self.never(words))
    }

    /// Sends a signal by its name: `INT`.
    pub(super) fn signal(&self, name: &str) {
        kill(name, &self.child.id().to_string());
    }

    /// Sends a signal as somebody does who has lost patience.
    pub(super) fn signal_until_it_ends(&mut self, name: &str) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < STUCK, "{} takes no notice", self.line);
            self.signal(name);
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub(super) fn end(mut self) -> Done {
        if !(self.stdout.ends() && self.stderr.ends()) {
            self.never("its end");
        }
        let status = self.child.wait().unwrap();
        Done {
            line: self.line.clone(),
            // Ended by a signal that it did not catch: no exit code.
            code: status.code().unwrap_or_else(|| -status.signal().unwrap()),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }

    #[track_caller]
    fn never(&mut self, what: &str) -> ! {
        let Self { line, stdout, stderr, .. } = self;
        panic!("{line}\nnever came to: {what}\n{}[stderr]\n{}", stdout.text(), stderr.text())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            kill("KILL", &format!("-{}", self.child.id()));
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal to a process, or to the group of that number behind a dash; it may be gone already.
fn kill(signal: &str, whom: &str) {
    let command = format!("kill -s {signal} -- {whom}");
    Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status().unwrap();
}

/// What a stream said so far.
struct Stream {
    said: Vec<u8>,
    /// How much of it was waited for already.
    known: usize,
    more: Receiver<Vec<u8>>,
}

impl Stream {
    fn read(from: Option<impl Read + Send + 'static>) -> Self {
        let (sender, more) = channel();
        thread::spawn(move || {
            let mut from = from?;
            let mut buffer = [0; 64 * 1024];
            loop {
                match from.read(&mut buffer).unwrap() {
                    0 => return None::<()>,
                    count => sender.send(buffer[..count].to_vec()).ok()?,
                }
            }
        });
        Self { said: Vec::new(), known: 0, more }
    }

    /// Everything up to `words`, which come after those that were waited for last; nothing if they never come.
    fn until(&mut self, words: &str) -> Option<String> {
        loop {
            let new = &self.said[self.known..];
            if let Some(start) = new.windows(words.len()).position(|window| window == words.as_bytes()) {
                self.known += start + words.len();
                return Some(String::from_utf8_lossy(&self.said[..self.known]).into_owned());
            }
            let more = self.more.recv_timeout(STUCK).ok()?;
            self.said.extend(more);
        }
    }

    /// Whether it comes to an end.
    fn ends(&mut self) -> bool {
        loop {
            match self.more.recv_timeout(STUCK) {
                Ok(more) => self.said.extend(more),
                Err(error) => return error == RecvTimeoutError::Disconnected,
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }
}
