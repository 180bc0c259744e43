//! The live log: both directions, one line each.

use std::fmt::Write;
use std::time::Duration;

use super::style::{BAD, DIM, GOOD, NOTE};
use crate::engine::event::{Attempt, End, Event};
use crate::engine::judge::Complaint;
use crate::engine::transport::{FailureKind, Outcome};
use crate::scenario::fault::Faults;
use crate::scenario::probe::{About, Probe};
use crate::text::escaped;
use crate::time::{Millis, UnixMillis};

/// The width of the middle column.
const WIDTH: usize = 28;
/// Said of a request that the receiver closed a kept connection on; see [`Attempt::resent_after`].
const RESENT: &str = "sent again: the kept connection was closed";

/// The line of one event, with its newline; empty for what is said by another line already.
pub fn line(event: &Event) -> String {
    match event {
        Event::Sent { attempt, .. } => sent(attempt),
        Event::AttemptFinished { attempt, done, done_at, outcome, retry_in } => {
            met(attempt, *done, *done_at, outcome, *retry_in)
        }
        Event::Ended { subject, end: End::Interrupted } => {
            let gap = " ".repeat(12);
            format!(
                "{gap}  {NOTE}×   {:WIDTH$}{NOTE:#}  task={}  #{}\n",
                "interrupted",
                escaped(&subject.task_id),
                subject.number
            )
        }
        Event::Ended { subject, end: End::Dropped } => {
            let gap = " ".repeat(12);
            let column = format!("{NOTE}×   {:WIDTH$}{NOTE:#}", subject.callback);
            format!(
                "{gap}  {column}  task={}  #{}  {NOTE}fault: drop{NOTE:#}\n",
                escaped(&subject.task_id),
                subject.number
            )
        }
        Event::HeldUp { unfinished, .. } => format!(
            "{:12}  {NOTE}!   held up: {unfinished} callbacks wait for their next attempts, and no other begins before one of them is over{NOTE:#}\n",
            ""
        ),
        Event::Ended { .. } => String::new(),
        Event::Probed { probe, about, took, tries, resent, answer, complaints, .. } => {
            let mut line = probed(probe, about.as_ref(), *took, (*tries, *resent), complaints);
            if let Some(answer) = answer.as_ref().filter(|_| !complaints.is_empty()) {
                let _ = writeln!(line, "{:12}  =   {DIM}{answer}{DIM:#}", "");
            }
            line
        }
    }
}

/// What the receiver owed and did not do, below the line of the event.
pub fn complaint(complaint: &Complaint) -> String {
    format!("{:12}  {BAD}!   {}{BAD:#}\n", "", complaint.text)
}

fn probed(
    probe: &Probe,
    about: Option<&About>,
    took: Duration,
    (tries, resent): (u32, u32),
    complaints: &[String],
) -> String {
    let (style, word) = if complaints.is_empty() { (GOOD, "as expected") } else { (BAD, "not as expected") };
    let task = about.map(|about| format!("  task={}", escaped(&about.task_id))).unwrap_or_default();
    let tries = if tries == 1 { String::new() } else { format!(", {tries} tries") };
    let resent = if resent == 0 { String::new() } else { format!(", {RESENT}") };
    let took = milliseconds(took);
    let title = probe.title(about);
    format!("{:12}  ?   {title}{task}  {style}{word}{style:#} {DIM}in {took}{tries}{resent}{DIM:#}\n", "")
}

fn sent(attempt: &Attempt) -> String {
    let mut line = start(attempt, "─►", &attempt.subject.callback);
    if attempt.number > 1 {
        let _ = write!(line, "  {NOTE}attempt {}{NOTE:#}", attempt.number);
    }
    if attempt.duplicate.is_some() {
        let _ = write!(line, "  {NOTE}duplicate{NOTE:#}");
    }
    // That it comes twice shows when it does.
    let faults = Faults { duplicate: None, ..attempt.faults() };
    if !faults.is_clear() {
        let _ = write!(line, "  {NOTE}fault: {faults}{NOTE:#}");
    }
    if let Some(incident) = attempt.subject.incident {
        let _ = write!(line, "  {DIM}incident: {}{DIM:#}", incident.name());
    }
    line.push('\n');
    line
}

fn met(attempt: &Attempt, done: Duration, done_at: UnixMillis, outcome: &Outcome, retry_in: Option<Millis>) -> String {
    let service_time = milliseconds(done.saturating_sub(attempt.sent));
    let (style, words) = match outcome {
        Outcome::Answered(answer) if answer.status == 200 => (GOOD, format!("200 in {service_time}")),
        Outcome::Answered(answer) => {
            // Refusing what was spoilt on purpose is right.
            let style = if attempt.attempt_faults.is_spoilt() && answer.status < 500 { NOTE } else { BAD };
            (style, format!("{} in {service_time}", answer.status))
        }
        Outcome::Failed(failure) if failure.kind == FailureKind::OnPurpose => (NOTE, failure.kind.word().to_owned()),
        Outcome::Failed(failure) => (BAD, format!("{} after {service_time}", failure.kind.word())),
    };
    let column = format!("{style}{words:WIDTH$}{style:#}");
    let mut line = format!(
        "{}  ◄─  {column}  task={}  #{}",
        done_at.clock(),
        escaped(&attempt.subject.task_id),
        attempt.subject.number
    );
    if attempt.resent_after.is_some() {
        let _ = write!(line, "  {NOTE}{RESENT}{NOTE:#}");
    }
    match retry_in {
        Some(pause) => {
            let _ = write!(line, "  {NOTE}again in {pause}{NOTE:#}");
        }
        None if attempt.duplicate.is_some() || attempt.attempt_faults.is_spoilt() => {}
        None if !outcome.is_acknowledged() => {
            let _ = write!(line, "  {BAD}given up{BAD:#}");
        }
        None => {}
    }
    let why = match outcome {
        Outcome::Failed(failure) => Some(failure.detail.clone()),
        Outcome::Answered(answer) => answer.words().filter(|_| answer.status != 200),
    };
    if let Some(why) = why {
        let _ = write!(line, "  {DIM}{why}{DIM:#}");
    }
    line.push('\n');
    line
}

fn start(attempt: &Attempt, arrow: &str, middle: &str) -> String {
    let Attempt { subject, sent_at, .. } = attempt;
    format!("{}  {arrow}  {middle:WIDTH$}  task={}  #{}", sent_at.clock(), escaped(&subject.task_id), subject.number)
}

/// `16 ms`, `0.4 ms`, `20 s`
pub fn milliseconds(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        10_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_useful_number_of_digits() {
        for (micros, text) in [(0, "0.0 ms"), (420, "0.4 ms"), (16_400, "16 ms"), (20_000_000, "20.0 s")] {
            assert_eq!(milliseconds(Duration::from_micros(micros)), text);
        }
    }
}
