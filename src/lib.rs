//! A local simulator of Tencent Cloud's relay-task (pull-push) callbacks.

pub mod callback;
pub mod dice;
pub mod sink;
pub mod time;
pub mod transport;
