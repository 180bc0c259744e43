//! Looking for disorder that a receiver cannot stand, and for the smallest cause of a failure: pure, nothing is sent here.

pub mod ddmin;
pub mod disorder;
pub mod script;
pub mod sequence;
pub mod write;
