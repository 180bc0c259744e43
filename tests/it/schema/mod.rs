//! The JSON Schema of scenario files beside the reader itself: neither knows a key, a word or a default that the other does not.
//!
//! Both are asked about the same scenarios, and about the same scenarios with one thing changed: there is no second list.

mod bad;
mod corpus;
mod drift;
mod durations;
mod place;

use std::sync::LazyLock;

use boon::{Compiler, Schemas, ValidationError};
use pullpush::scenario::{SCHEMA, Source, check};
use serde_json::Value;

use corpus::{corpus, toml};

/// The schema as JSON.
static TEXT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap());

/// What the schema says of an instance.
fn validate(instance: &Value) -> Result<(), String> {
    static COMPILED: LazyLock<(Schemas, boon::SchemaIndex)> = LazyLock::new(|| compiled(&TEXT));
    let (schemas, index) = &*COMPILED;
    schemas.validate(instance, *index).map_err(|error: ValidationError<'_, '_>| error.to_string())
}

/// A schema that a validator has accepted as one.
pub(crate) fn compiled(schema: &Value) -> (Schemas, boon::SchemaIndex) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema.json", schema.clone()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
    (schemas, index)
}

/// The errors that the reader finds in a scenario: message and help of each.
fn errors(instance: &Value) -> Vec<(String, String)> {
    let checked = check(Source::new("a.toml", toml(instance)));
    let errors =
        checked.problems.into_iter().filter(|problem| problem.level == pullpush::scenario::problem::Level::Error);
    errors.map(|problem| (problem.message, problem.help.unwrap_or_default())).collect()
}

#[test]
fn every_scenario_that_the_reader_takes_is_valid() {
    let corpus = corpus();
    assert!(corpus.len() > 80, "{}", corpus.len());
    for (name, instance) in corpus {
        assert_eq!(errors(&instance), [], "{name}");
        validate(&instance).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
#[should_panic(expected = "is not valid against metaschema")]
fn what_is_no_schema_is_not_taken_for_one() {
    compiled(&serde_json::json!({ "$schema": TEXT["$schema"], "properties": { "version": { "type": "whole" } } }));
}
