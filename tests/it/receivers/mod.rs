//! A receiver as people write them, correct or with one of the bugs that are often seen.

mod service;

pub(crate) use service::{Bug, Call, Service, Whim, is_fresh, is_right};
