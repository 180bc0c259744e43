//! What a `[[task.step]]` lays over the body the service would have sent.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::template::fill;
use crate::time::Millis;

/// Fields that replace or join those of a body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overlay {
    /// Laid over the object inside `msg`; new keys come last.
    pub msg: Map<String, Value>,
    /// Laid over the outer object; new keys find their alphabetical place.
    pub body: Map<String, Value>,
    /// The whole body, as it is: nothing else is used then, and nothing is signed.
    pub raw: Option<Bytes>,
    /// Of a whole body only: its times are told anew, and it is signed anew.
    pub restamp: bool,
    /// Of a whole body only: how long after its event it goes out.
    pub late: Millis,
}

impl Overlay {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.raw.is_none() && self.msg.is_empty() && self.body.is_empty()
    }

    /// About how many bytes it adds to a body, or is.
    pub fn weight(&self) -> usize {
        let written = |fields: &Map<String, Value>| {
            if fields.is_empty() {
                0
            } else {
                fields.iter().map(|(key, value)| key.len() + value.to_string().len()).sum()
            }
        };
        self.raw.as_ref().map_or_else(|| written(&self.msg) + written(&self.body), Bytes::len)
    }

    /// Lays `fields`, filled for `copy`, over `object`.
    pub(super) fn lay(fields: &Map<String, Value>, copy: u64, object: &mut Map<String, Value>) {
        for (key, value) in fields {
            let mut value = value.clone();
            fill(&mut value, copy);
            object.insert(key.clone(), value);
        }
    }
}
