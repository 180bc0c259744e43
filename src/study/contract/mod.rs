//! The contract: what a receiver of relay callbacks is held to.

pub mod rules;
