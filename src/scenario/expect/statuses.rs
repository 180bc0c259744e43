//! Sets of HTTP statuses.

use std::fmt;

/// One status, or a hundred of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    /// `404`
    One(u16),
    /// `4xx`, by its first digit.
    Hundred(u16),
}

impl StatusClass {
    /// `404` or `4xx`
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(digit) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            return digit.parse().ok().filter(|digit| (1..=5).contains(digit)).map(Self::Hundred);
        }
        text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::One)
    }

    fn contains(self, status: u16) -> bool {
        match self {
            Self::One(one) => one == status,
            Self::Hundred(digit) => status / 100 == digit,
        }
    }
}

/// A set of statuses, in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<StatusClass>);

impl Statuses {
    /// These.
    pub fn new(classes: Vec<StatusClass>) -> Self {
        Self(classes)
    }

    /// This one only.
    pub fn one(status: u16) -> Self {
        Self(vec![StatusClass::One(status)])
    }

    /// Whether `status` is one of them.
    pub fn contain(&self, status: u16) -> bool {
        self.0.iter().any(|class| class.contains(status))
    }
}

/// `200 or 4xx`
impl fmt::Display for Statuses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, class) in self.0.iter().enumerate() {
            out.write_str(if index == 0 { "" } else { " or " })?;
            match class {
                StatusClass::One(status) => write!(out, "{status}")?,
                StatusClass::Hundred(digit) => write!(out, "{digit}xx")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let statuses = Statuses::new(["200", "4xx"].map(|text| StatusClass::parse(text).unwrap()).to_vec());
        assert_eq!(statuses.to_string(), "200 or 4xx");
        for (status, contained) in [(200, true), (201, false), (399, false), (400, true), (499, true), (500, false)] {
            assert_eq!(statuses.contain(status), contained, "{status}");
        }
        for text in ["", "xx", "0xx", "6xx", "99", "600", "two hundred"] {
            assert_eq!(StatusClass::parse(text), None, "{text}");
        }
    }
}
