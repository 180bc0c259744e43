//! What asks many runs or recordings: contract, explore, replay, drift. Each returns data and prints nothing.

pub mod contract;
pub mod drift;
pub mod explore;
pub mod replay;
