//! What people and programs read of a run: folds over its events.

pub mod audit;
pub mod card;
pub mod cases;
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

/// The JSON Schema (draft 2020-12) of a run's report as JSON.
pub const SCHEMA: &str = include_str!("schema.json");
/// The JSON Schema (draft 2020-12) of a load's result as JSON.
pub const LOAD_SCHEMA: &str = include_str!("load.json");
