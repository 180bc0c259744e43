//! What people and programs read of a run: folds over its events.

pub mod audit;
pub mod card;
pub mod cases;
pub mod drift;
pub mod github;
pub mod html;
pub mod job;
pub mod junit;
pub mod lengths;
pub mod load;
pub mod log;
pub mod markdown;
pub mod ndjson;
pub mod plan;
pub mod style;
pub mod summary;
