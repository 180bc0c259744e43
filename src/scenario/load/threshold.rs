//! What must hold of a load run in the end: `p99<250ms`, `errors<1%`, `dropped==0`.

use std::fmt;
use std::str::FromStr;

/// A demand on one number of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As written.
    text: String,
    /// Which number.
    pub series: Series,
    /// How it is compared.
    pub relation: Relation,
    /// With what: microseconds, a share of 1, or a count.
    pub limit: f64,
}

/// A number of the result.
#[derive(Debug, Clone, PartialEq)]
pub enum Series {
    /// A quantile of a latency; 1 is the maximum.
    Latency {
        /// Which latency.
        which: Latency,
        /// Of which callback; `None`: of all.
        event: Option<String>,
        /// From 0 to 1.
        quantile: f64,
    },
    /// A count, or its share of what was planned.
    Count {
        /// What is counted.
        what: Counted,
        /// Whether the limit was written in percent.
        share: bool,
    },
    /// Requests answered in a second.
    Rate,
}

/// The lengths of time that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// done − due
    Corrected,
    /// done − sent
    Service,
    /// sent − due
    StartDelay,
    /// from due until a permit was free
    PermitWait,
    /// from then until sent
    Lateness,
}

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Everything that was sent and not answered with 200.
    Errors,
    /// Never sent, for want of a permit.
    Dropped,
    /// Those the generator was late with.
    Late,
    /// Not answered within the timeout.
    Timeouts,
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

impl Relation {
    const ALL: [(&str, Self); 5] =
        [("<=", Self::AtMost), (">=", Self::AtLeast), ("==", Self::Equal), ("<", Self::Less), (">", Self::More)];

    /// Whether it holds.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
            Self::More => value > limit,
            Self::AtLeast => value >= limit,
            Self::Equal => (value - limit).abs() < 1e-9,
        }
    }
}

/// The series that can be named, for whoever named another.
const SERIES: &str = "p50, p90, p99, p99.9, max (also service.p99, start.p99, wait.p99, lateness.p99, TaskExit.p99), errors, dropped, late, timeouts, rate";

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = Relation::ALL.iter().find_map(|(word, relation)| Some((text.split_once(word)?, *relation)));
        let Some(((name, limit), relation)) = split else {
            return Err(
                "a threshold is a number, <, <=, >, >= or ==, and a limit: p99<250ms, errors<1%, dropped==0".to_owned()
            );
        };
        let (name, limit) = (name.trim(), limit.trim());
        let share = limit.ends_with('%');
        let series = series(name, share)?;
        let limit = match &series {
            Series::Latency { .. } => humantime::parse_duration(limit)
                .map(|limit| limit.as_secs_f64() * 1e6)
                .map_err(|error| format!("`{limit}` is not a length of time: {error}; write {name}<250ms"))?,
            Series::Rate if share => return Err(format!("a rate has no share: write {name}>450")),
            Series::Count { .. } | Series::Rate => {
                number(limit).ok_or_else(|| format!("`{limit}` is not a number of 0 or more"))?
            }
        };
        Ok(Self { text: text.to_owned(), series, relation, limit })
    }
}

fn number(text: &str) -> Option<f64> {
    let (text, part) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent.trim(), 100.0));
    text.parse::<f64>().ok().map(|number| number / part).filter(|number| number.is_finite() && *number >= 0.0)
}

fn series(name: &str, share: bool) -> Result<Series, String> {
    let counted = |what| Ok(Series::Count { what, share });
    match name {
        "errors" => return counted(Counted::Errors),
        "dropped" => return counted(Counted::Dropped),
        "late" => return counted(Counted::Late),
        "timeouts" => return counted(Counted::Timeouts),
        "rate" => return Ok(Series::Rate),
        _ => {}
    }
    let unknown = || format!("there is no series `{name}`; there are {SERIES}");
    let (prefix, quantile) = match name.split_once('.') {
        // The dot of p99.9 is another one.
        Some((prefix, rest)) if !prefix.starts_with('p') || rest.starts_with('p') => (Some(prefix), rest),
        _ => (None, name),
    };
    let quantile = match quantile {
        "max" => 1.0,
        _ => {
            let percent: f64 = quantile.strip_prefix('p').and_then(|digits| digits.parse().ok()).ok_or_else(unknown)?;
            // Not 0.9990000000000001.
            Some((percent * 1e7).round() / 1e9).filter(|part| (0.0..1.0).contains(part)).ok_or_else(unknown)?
        }
    };
    let (which, event) = match prefix {
        None => (Latency::Corrected, None),
        Some("service") => (Latency::Service, None),
        Some("start") => (Latency::StartDelay, None),
        Some("wait") => (Latency::PermitWait, None),
        Some("lateness") => (Latency::Lateness, None),
        Some(event) if crate::callback::Kind::by_name(event).is_some() => (Latency::Corrected, Some(event.to_owned())),
        Some(_) => return Err(unknown()),
    };
    Ok(Series::Latency { which, event, quantile })
}

/// As written.
impl fmt::Display for Threshold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_demanded() {
        let latency =
            |which, event: Option<&str>, quantile| Series::Latency { which, event: event.map(str::to_owned), quantile };
        let count = |what, share| Series::Count { what, share };
        for (text, series, relation, limit) in [
            ("p99<250ms", latency(Latency::Corrected, None, 0.99), Relation::Less, 250_000.0),
            ("p99.9 <= 1s", latency(Latency::Corrected, None, 0.999), Relation::AtMost, 1e6),
            ("max<2s", latency(Latency::Corrected, None, 1.0), Relation::Less, 2e6),
            ("service.p50<1ms", latency(Latency::Service, None, 0.5), Relation::Less, 1000.0),
            ("wait.p99<1ms", latency(Latency::PermitWait, None, 0.99), Relation::Less, 1000.0),
            ("lateness.max<1ms", latency(Latency::Lateness, None, 1.0), Relation::Less, 1000.0),
            ("start.p99<1ms", latency(Latency::StartDelay, None, 0.99), Relation::Less, 1000.0),
            ("TaskExit.p99<1ms", latency(Latency::Corrected, Some("TaskExit"), 0.99), Relation::Less, 1000.0),
            ("errors<1%", count(Counted::Errors, true), Relation::Less, 0.01),
            ("dropped==0", count(Counted::Dropped, false), Relation::Equal, 0.0),
            ("rate>450", Series::Rate, Relation::More, 450.0),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            assert_eq!((threshold.series, threshold.relation), (series, relation), "{text}");
            assert!((threshold.limit - limit).abs() < 1e-6, "{text}: {}", threshold.limit);
        }
        for text in [
            "",
            "p99",
            "p99<",
            "p99<1",
            "p101<1s",
            "x<1s",
            "errors<-1",
            "errors<NaN",
            "Foo.p99<1s",
            "p99!1s",
            "rate>5%",
        ] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
