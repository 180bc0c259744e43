//! A thread that writes to one file or stream. Whoever has something to write hands it over and goes on, however slow the reader is.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::yield_now;

/// How many bytes may wait to be written before a writer is full.
pub const FULL: usize = 8 * 1024 * 1024;
/// How few must be left before it is not full any more.
const ROOM: usize = FULL / 2;
/// The most bytes handed to the operating system at once.
const CHUNK: usize = 256 * 1024;
/// How long a line that nobody waits for may wait for more lines.
const GATHER: Duration = Duration::from_millis(2);
/// How often somebody who waits looks whether the process was asked to end.
const LOOK: Duration = Duration::from_millis(50);
/// How many looks at outputs that stand still there are, all together, once it was: a second.
const LOOKS: u32 = 20;
/// How many of them each output has at least.
const LEAST: u32 = 4;

/// Whether the process was asked to end.
static IS_ENDING: AtomicBool = AtomicBool::new(false);
/// How many looks there were since.
static LOOKED: AtomicU32 = AtomicU32::new(0);

/// From now on nobody waits long for a reader.
pub fn hurry() {
    IS_ENDING.store(true, Relaxed);
}

/// One output. Clones are the same output.
#[derive(Debug, Clone)]
pub struct Writer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is work for the thread.
    work: Condvar,
    /// Something was written.
    written: Condvar,
    /// The same, for those who may not block.
    moved: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Bytes that the thread has taken and not yet written.
    taken: usize,
    /// All bytes that were handed over so far, and those that were written.
    pushed: u64,
    done: u64,
    /// Both when it was last asked whether the writer is stuck.
    looked_at: (u64, u64),
    is_full: bool,
    /// Somebody waits for what is here.
    is_urgent: bool,
    /// What wakes the thread. To wake it costs a call of the system, so it is done only where it sleeps.
    sleep: Sleep,
    /// How many wait on their threads for something to be written.
    waiters: usize,
    /// Lines left out since the last that was written, and all.
    left_out: (u64, u64),
    /// A line that stands below everything else until it changes.
    status: String,
    status_changed: bool,
    end: Option<End>,
}

/// What the thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Sleep {
    /// It works.
    #[default]
    Not,
    /// Anything.
    Idle,
    /// More lines, or somebody in a hurry.
    Gathering,
}

/// Why nothing is written any more.
#[derive(Debug)]
enum End {
    Failed(ErrorKind, String),
    /// Its reader was too slow for a process that was asked to end.
    CutOff,
}

impl Writer {
    /// A writer with a thread of its own.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        let writer = Self(Arc::default());
        let shared = Arc::clone(&writer.0);
        let thread = std::thread::Builder::new().name("writer".to_owned());
        if let Err(error) = thread.spawn(move || shared.write_all(out)) {
            writer.0.lock().end = Some(End::Failed(error.kind(), error.to_string()));
        }
        writer
    }

    /// Hands over what may not be missing. It never waits: see [`Writer::is_full`].
    pub fn push(&self, text: &str) {
        let mut state = self.0.lock();
        state.tell_left_out();
        state.push(text);
        self.0.wake(&mut state, false);
    }

    /// Hands over a line that is left out, and counted, while the writer is full.
    pub fn offer(&self, line: &str) {
        let mut state = self.0.lock();
        if state.is_full && state.end.is_none() {
            state.left_out.0 += 1;
            state.left_out.1 += 1;
            return;
        }
        state.tell_left_out();
        state.push(line);
        self.0.wake(&mut state, false);
    }

    /// How many lines were left out.
    pub fn left_out(&self) -> u64 {
        self.0.lock().left_out.1
    }

    /// Whether nothing more should be begun that has to be written.
    pub fn is_full(&self) -> bool {
        self.0.lock().is_full
    }

    /// Whether nothing was written since this was asked last, though something waits.
    pub fn is_stuck(&self) -> bool {
        let mut state = self.0.lock();
        let now = (state.pushed, state.done);
        let before = std::mem::replace(&mut state.looked_at, now);
        before.1 == state.done && before.0 > state.done
    }

    /// Shows a text below everything else until there is another; nothing, if it is empty. For terminals.
    pub fn show(&self, status: String) {
        let mut state = self.0.lock();
        if state.status != status {
            state.status = status;
            state.status_changed = true;
            self.0.wake(&mut state, false);
        }
    }

    /// Ends when the writer is not full.
    pub async fn room(&self) {
        self.until(|state| !state.is_full).await;
    }

    /// Ends when everything that was handed over so far is written: false, if it never will be.
    pub async fn written(&self) -> bool {
        let pushed = self.0.lock().pushed;
        // Whoever else has something to write writes it first: then the thread is woken once for all.
        yield_now().await;
        {
            let mut state = self.0.lock();
            if state.done < pushed {
                self.0.wake(&mut state, true);
            }
        }
        self.until(|state| state.done >= pushed).await
    }

    /// Ends when nothing is written any more.
    pub async fn ended(&self) {
        self.until(|_| false).await;
    }

    /// Waits for room on this thread.
    pub fn wait_for_room(&self) {
        self.wait(|state| !state.is_full);
    }

    /// Waits on this thread until everything is written.
    pub fn finish(&self) {
        self.0.lock().tell_left_out();
        self.wait(|state| state.done == state.pushed && !state.status_changed);
    }

    /// Whether the reader has gone, or something else keeps everything from being written.
    pub fn is_closed(&self) -> bool {
        self.0.lock().end.is_some()
    }

    /// Whether its reader was too slow for a process that was asked to end.
    pub fn is_cut_off(&self) -> bool {
        matches!(self.0.lock().end, Some(End::CutOff))
    }

    /// What went wrong with writing.
    pub fn failure(&self) -> Option<(ErrorKind, String)> {
        match &self.0.lock().end {
            Some(End::Failed(kind, why)) => Some((*kind, why.clone())),
            _ => None,
        }
    }

    /// Until `done`, or false if nothing is written any more.
    async fn until(&self, done: impl Fn(&State) -> bool) -> bool {
        loop {
            // Made before the look, so that no change is missed.
            let moved = self.0.moved.notified();
            {
                let state = self.0.lock();
                if done(&state) || state.end.is_some() {
                    return state.end.is_none();
                }
            }
            moved.await;
        }
    }

    fn wait(&self, done: impl Fn(&State) -> bool) {
        let mut state = self.0.lock();
        self.0.wake(&mut state, true);
        state.waiters += 1;
        let mut looks = 0;
        while !done(&state) && state.end.is_none() {
            let (after, look) = self.0.written.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner);
            state = after;
            if look.timed_out() && IS_ENDING.load(Relaxed) {
                looks += 1;
                if LOOKED.fetch_add(1, Relaxed) >= LOOKS && looks >= LEAST {
                    state.close(End::CutOff);
                    self.0.moved.notify_waiters();
                }
            }
        }
        state.waiters -= 1;
    }
}

impl State {
    fn push(&mut self, text: &str) {
        if self.end.is_none() {
            self.waiting.extend_from_slice(text.as_bytes());
            self.pushed += text.len() as u64;
            self.is_full |= self.waiting.len() + self.taken >= FULL;
        }
    }

    /// Where lines are missing it is said how many.
    fn tell_left_out(&mut self) {
        let count = std::mem::take(&mut self.left_out.0);
        if count > 0 {
            let lines = if count == 1 { "line" } else { "lines" };
            self.push(&format!("… {count} {lines} left out: nobody read them in time\n"));
        }
    }

    fn close(&mut self, end: End) {
        self.end = Some(end);
        self.waiting = Vec::new();
        self.is_full = false;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread if it sleeps; while it gathers lines only somebody in a hurry does.
    fn wake(&self, state: &mut State, is_urgent: bool) {
        state.is_urgent |= is_urgent;
        if state.sleep == Sleep::Idle || (state.sleep == Sleep::Gathering && (state.is_urgent || state.is_full)) {
            state.sleep = Sleep::Not;
            self.work.notify_one();
        }
    }

    /// What the thread does.
    fn write_all(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        let mut shown = 0;
        while let Some(status) = self.take(&mut batch) {
            let erase = if shown == 0 { String::new() } else { format!("{ERASE}{}", UP.repeat(shown - 1)) };
            shown = status.lines().count();
            let mut result = out.write_all(erase.as_bytes());
            for chunk in batch.chunks(CHUNK) {
                result = result.and_then(|()| out.write_all(chunk)).and_then(|()| out.flush());
                self.is_written(chunk.len(), &result);
            }
            result = result.and_then(|()| out.write_all(status.as_bytes())).and_then(|()| out.flush());
            self.is_written(0, &result);
        }
    }

    /// Takes all that is there, once there is something, and gives the status that is to stand below it. None after the end.
    fn take(&self, batch: &mut Vec<u8>) -> Option<String> {
        let mut state = self.lock();
        state.taken = 0;
        batch.clear();
        while state.waiting.is_empty() && !state.status_changed && state.end.is_none() {
            state.sleep = Sleep::Idle;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.is_urgent && !state.is_full {
            state.sleep = Sleep::Gathering;
            let gathers = |state: &mut State| !state.is_urgent && !state.is_full && state.end.is_none();
            state = self.work.wait_timeout_while(state, GATHER, gathers).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.sleep = Sleep::Not;
        if state.end.is_some() {
            return None;
        }
        (state.is_urgent, state.status_changed) = (false, false);
        std::mem::swap(batch, &mut state.waiting);
        state.taken = batch.len();
        Some(state.status.clone())
    }

    fn is_written(&self, bytes: usize, result: &io::Result<()>) {
        let mut state = self.lock();
        state.taken -= bytes.min(state.taken);
        match result {
            Ok(()) => state.done += bytes as u64,
            Err(_) if state.end.is_some() => {}
            Err(error) => state.close(End::Failed(error.kind(), error.to_string())),
        }
        state.is_full &= state.waiting.len() + state.taken > ROOM;
        if state.waiters > 0 {
            self.written.notify_all();
        }
        drop(state);
        self.moved.notify_waiters();
    }
}

/// Takes a line away.
const ERASE: &str = "\r\u{1b}[2K";
/// Takes the line above away, too.
const UP: &str = "\u{1b}[A\u{1b}[2K";

#[cfg(test)]
mod tests;
