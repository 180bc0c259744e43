//! Durations as people write them, `"1m 30s"`, and what is wrong with those that are none.

use humantime::DurationError;

use crate::time::Millis;

/// The longest duration of a scenario.
const LONGEST: Millis = Millis::from_secs(366 * 24 * 3600);
/// How to write one.
pub(super) const HELP: &str = "write it like \"250ms\", \"90s\", \"1m 30s\" or \"2h\"";

/// Whole milliseconds, or why not.
pub(super) fn parse(text: &str) -> Result<Millis, String> {
    if text.contains("..") {
        return Err("no range is taken here".to_owned());
    }
    let duration = humantime::parse_duration(text).map_err(|error| reason(text, &error))?;
    if duration.subsec_nanos() % 1_000_000 != 0 {
        return Err("it is finer than a millisecond".to_owned());
    }
    let millis = Millis::from_duration(duration);
    if millis > LONGEST { Err(TOO_LONG.to_owned()) } else { Ok(millis) }
}

const TOO_LONG: &str = "it is longer than 366 days";

fn reason(text: &str, error: &DurationError) -> String {
    match error {
        DurationError::Empty => "it is empty".to_owned(),
        _ if text.trim_start().starts_with('-') => "it is negative".to_owned(),
        DurationError::UnknownUnit { unit, value, .. } if unit.is_empty() => format!("{value} of what?"),
        DurationError::UnknownUnit { unit, .. } => format!("`{unit}` is no unit of time"),
        DurationError::NumberExpected(_) => "a number is missing".to_owned(),
        DurationError::InvalidCharacter(at) => {
            let letter = text.get(*at..).and_then(|rest| rest.chars().next()).unwrap_or_default();
            format!("`{letter}` has no place in it")
        }
        // The other way to be too large for humantime is to be too fine.
        DurationError::NumberOverflow if text.contains('.') => "it is too long or too fine".to_owned(),
        DurationError::NumberOverflow => TOO_LONG.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_taken_and_a_millisecond_more_is_not() {
        assert_eq!(parse("366d"), Ok(LONGEST));
        assert_eq!(parse("366d 1ms"), Err(TOO_LONG.to_owned()));
        assert_eq!(parse("1.5s"), Ok(Millis(1500)));
        assert_eq!(parse("1ms 1us"), Err("it is finer than a millisecond".to_owned()));
    }
}
