//! The live log: both directions, one line each.

use std::fmt::Write;
use std::time::Duration;

use super::style::{BAD, DIM, GOOD, NOTE};
use crate::event::{Attempt, End, Event};
use crate::time::Millis;
use crate::transport::Outcome;

/// The width of the middle column.
const WIDTH: usize = 26;

/// The line of one event, with its newline; empty for what is said by another line already.
pub fn line(event: &Event) -> String {
    match event {
        Event::Sent { attempt, .. } => sent(attempt),
        Event::Met { attempt, done, outcome, retry_in } => met(attempt, *done, outcome, *retry_in),
        Event::Ended { subject, end: End::Interrupted } => {
            let gap = " ".repeat(12);
            format!(
                "{gap}  {NOTE}×   {:WIDTH$}{NOTE:#}  task={}  #{}\n",
                "interrupted", subject.task_id, subject.number
            )
        }
        Event::Ended { .. } => String::new(),
    }
}

fn sent(attempt: &Attempt) -> String {
    let mut line = start(attempt, "─►", &attempt.subject.callback);
    if attempt.number > 1 {
        let _ = write!(line, "  {NOTE}attempt {}{NOTE:#}", attempt.number);
    }
    if let Some(incident) = attempt.subject.incident {
        let _ = write!(line, "  {DIM}incident: {}{DIM:#}", incident.name());
    }
    line.push('\n');
    line
}

fn met(attempt: &Attempt, done: Duration, outcome: &Outcome, retry_in: Option<Millis>) -> String {
    let service_time = milliseconds(done.saturating_sub(attempt.sent));
    let (style, words) = match outcome {
        Outcome::Answered(answer) if answer.status == 200 => (GOOD, format!("200 in {service_time}")),
        Outcome::Answered(answer) => (BAD, format!("{} in {service_time}", answer.status)),
        Outcome::Failed(failure) => (BAD, format!("{} after {service_time}", failure.kind.word())),
    };
    let column = format!("{style}{words:WIDTH$}{style:#}");
    let at = attempt.due_at.plus(Millis::from_duration(done.saturating_sub(attempt.due)));
    let mut line =
        format!("{}  ◄─  {column}  task={}  #{}", at.clock(), attempt.subject.task_id, attempt.subject.number);
    match retry_in {
        Some(pause) => {
            let _ = write!(line, "  {NOTE}again in {pause}{NOTE:#}");
        }
        None if !outcome.is_acknowledged() => {
            let _ = write!(line, "  {BAD}given up{BAD:#}");
        }
        None => {}
    }
    if let Outcome::Failed(failure) = outcome {
        let _ = write!(line, "  {DIM}{}{DIM:#}", failure.detail);
    }
    line.push('\n');
    line
}

fn start(attempt: &Attempt, arrow: &str, middle: &str) -> String {
    let Attempt { subject, due_at, .. } = attempt;
    let at = due_at.plus(Millis::from_duration(attempt.start_delay()));
    format!("{}  {arrow}  {middle:WIDTH$}  task={}  #{}", at.clock(), subject.task_id, subject.number)
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
