//! The signature: `sign = MD5(key + t)`, lower-case hex, as documented for the provider's other callbacks.

use std::cell::RefCell;
use std::fmt;

use md5::{Digest, Md5};

/// A signing key: at most 32 letters and digits (documented). It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

thread_local! {
    /// The last signature: under load thousands of attempts fall into one second, and have the same.
    static LAST: RefCell<Option<(Key, u64, String)>> = const { RefCell::new(None) };
}

/// Why a key cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing in it.
    #[error("a key has at least one letter or digit")]
    Empty,
    /// More than [`Key::MAX`] characters.
    #[error("a key has at most 32 letters and digits")]
    TooLong,
    /// Something that is neither an ASCII letter nor a digit.
    #[error("a key has only letters A-Z, a-z and digits")]
    NotAlphanumeric,
}

impl Key {
    /// The most characters the provider accepts.
    pub const MAX: usize = 32;

    /// A key, if the provider would accept it.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong, without repeating the key.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        if key.is_empty() {
            return Err(KeyError::Empty);
        }
        if key.len() > Self::MAX {
            return Err(KeyError::TooLong);
        }
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(KeyError::NotAlphanumeric);
        }
        Ok(Self(key.to_owned()))
    }

    /// The key in an environment variable.
    ///
    /// # Errors
    /// There is no such variable, or no key in it: in words.
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable's name is typed or in the scenario, so clap cannot read it"
    )]
    pub fn from_env(name: &str) -> Result<Self, String> {
        let value = std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?;
        Self::new(&value).map_err(|error| format!("the key in the environment variable {name}: {error}"))
    }

    /// `sign` for an expiry of `t` UNIX seconds.
    pub fn sign(&self, t: u64) -> String {
        LAST.with_borrow_mut(|last| match last {
            Some((key, at, sign)) if key == self && *at == t => sign.clone(),
            _ => {
                let sign = self.digest(t);
                *last = Some((self.clone(), t, sign.clone()));
                sign
            }
        })
    }

    fn digest(&self, t: u64) -> String {
        let digest = Md5::new().chain_update(&self.0).chain_update(t.to_string()).finalize();
        let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
        digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// Whether `sign` belongs to `t`. Hex in capitals is taken too.
    pub fn verify(&self, t: u64, sign: &str) -> bool {
        self.sign(t).eq_ignore_ascii_case(sign)
    }
}

/// How a signature is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSignature {
    /// It belongs to nothing.
    Wrong,
    /// It is right, and `t` is past.
    Expired,
    /// Neither `sign` nor `t`.
    Missing,
}

impl BadSignature {
    /// All of them, by the names scenarios use.
    pub const ALL: [(&str, Self); 3] = [("wrong", Self::Wrong), ("expired", Self::Expired), ("missing", Self::Missing)];

    /// The name scenarios use.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector() {
        let key = Key::new("testkey").unwrap();
        assert_eq!(key.sign(1_703_732_078), "7e686adf6045c49cee873dc7d8eb05af");
        assert!(key.verify(1_703_732_078, "7E686ADF6045C49CEE873DC7D8EB05AF"));
        assert!(!key.verify(1_703_732_079, "7e686adf6045c49cee873dc7d8eb05af"));
    }

    #[test]
    fn no_signature_is_that_of_another_key_or_time() {
        let (one, other) = (Key::new("a1").unwrap(), Key::new("a").unwrap());
        let made = [one.sign(2), one.sign(2), other.sign(2), other.sign(12), one.sign(3)];
        let digests = [one.digest(2), one.digest(2), other.digest(2), one.digest(2), one.digest(3)];
        assert_eq!(made, digests);
    }

    #[test]
    fn what_the_provider_refuses_is_refused() {
        assert_eq!(Key::new(""), Err(KeyError::Empty));
        assert_eq!(Key::new(&"k".repeat(33)), Err(KeyError::TooLong));
        assert_eq!(Key::new("key with spaces"), Err(KeyError::NotAlphanumeric));
        assert!(Key::new(&"k".repeat(32)).is_ok());
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", Key::new("secret").unwrap()), "Key(…)");
    }
}
