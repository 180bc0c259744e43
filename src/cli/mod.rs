//! The command line: what was typed, and a command for each verb.

pub mod args;
pub mod command;
