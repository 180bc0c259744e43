//! How JSON is written: what stands between its tokens, and which letters are escaped that need not be.

/// What stands between tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Spacing {
    /// Nothing.
    #[default]
    Compact,
    /// Nothing but line ends behind everything.
    NewlineBehind,
    /// White space.
    Spaced,
}

/// Kinds of escapes that nobody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Escape {
    /// `\/`
    Slash,
    /// `\u4e2d`
    NonAscii,
    /// `\u003c`, `\u003e`, `\u0026`, `\u0027`
    Html,
    /// Any other.
    Odd,
}

impl Escape {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Slash, Self::NonAscii, Self::Html, Self::Odd];

    /// What is done.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Slash => "write `/` as `\\/`",
            Self::NonAscii => "write letters beyond ASCII as `\\u…`",
            Self::Html => "write `<`, `>`, `&` or `'` as `\\u…`",
            Self::Odd => "escape letters that need no escape",
        }
    }
}

/// A text of JSON, but for what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Writing {
    pub(super) spacing: Spacing,
    /// One bit for each of [`Escape::ALL`].
    escapes: u8,
}

const _: () = assert!(Escape::ALL.len() <= u8::BITS as usize, "too few bits for all escapes");

impl Writing {
    /// How `json` is written, which is valid.
    pub(super) fn of(json: &str) -> Self {
        let inner = json.trim_end_matches(['\n', '\r']);
        let mut writing = Self::default();
        let mut letters = inner.bytes();
        let mut in_string = false;
        while let Some(letter) = letters.next() {
            match letter {
                b'"' => in_string = !in_string,
                b'\\' => writing.escapes |= escape(&mut letters).map_or(0, |escape| 1 << escape as u8),
                b' ' | b'\t' | b'\n' | b'\r' if !in_string => writing.spacing = Spacing::Spaced,
                _ => {}
            }
        }
        if inner.len() < json.len() && writing.spacing == Spacing::Compact {
            writing.spacing = Spacing::NewlineBehind;
        }
        writing
    }

    pub(super) fn escapes(self) -> impl Iterator<Item = Escape> {
        Escape::ALL.into_iter().filter(move |escape| self.escapes & 1 << *escape as u8 != 0)
    }
}

/// The escape behind a backslash, unless serde_json would write it so.
fn escape(letters: &mut impl Iterator<Item = u8>) -> Option<Escape> {
    match letters.next()? {
        b'/' => Some(Escape::Slash),
        b'u' => {
            let digits: Vec<u8> = letters.take(4).collect();
            let digits = std::str::from_utf8(&digits).ok()?;
            match u16::from_str_radix(digits, 16).ok()? {
                0x08 | 0x09 | 0x0a | 0x0c | 0x0d => Some(Escape::Odd),
                0x00..=0x1f => digits.contains(|digit: char| digit.is_ascii_uppercase()).then_some(Escape::Odd),
                0x26 | 0x27 | 0x3c | 0x3e => Some(Escape::Html),
                0x20..=0x7f => Some(Escape::Odd),
                _ => Some(Escape::NonAscii),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing() {
        for (json, spacing) in [
            (r#"{"a b":[1,"c d"]}"#, Spacing::Compact),
            (r#"{"a\"": 1}"#, Spacing::Spaced),
            ("{}\n", Spacing::NewlineBehind),
            ("{}\r\n", Spacing::NewlineBehind),
            ("{ }\n", Spacing::Spaced),
            (" {}", Spacing::Spaced),
            (r#"{"a\\":"\" "}"#, Spacing::Compact),
        ] {
            assert_eq!(Writing::of(json).spacing, spacing, "{json}");
        }
    }

    #[test]
    fn escapes() {
        for (json, escapes) in [
            (r#""\" \\ \n \t \b \f \r \u0000 \u001f /é""#, vec![]),
            (r#""http:\/\/""#, vec![Escape::Slash]),
            (r#""\u4e2d\ud83d\ude00""#, vec![Escape::NonAscii]),
            (r#""a\u0026b""#, vec![Escape::Html]),
            (r#""\u000a""#, vec![Escape::Odd]),
            (r#""\u001F""#, vec![Escape::Odd]),
            (r#""\u0041\/""#, vec![Escape::Slash, Escape::Odd]),
            (r#""\\/""#, vec![]),
        ] {
            assert_eq!(Writing::of(json).escapes().collect::<Vec<_>>(), escapes, "{json}");
        }
    }

    /// What serde_json writes needs no other word.
    #[test]
    fn what_pullpush_writes_is_plain() {
        let every: String = (0u8..=255).map(char::from).chain("\u{2028}名😀".chars()).collect();
        assert_eq!(Writing::of(&serde_json::json!({ &every: every }).to_string()), Writing::default());
    }
}
