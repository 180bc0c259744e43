//! One thing changed in a scenario, and both are asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pullpush::callback::codes::CODES;
use serde_json::{Value, json};
use snapbox::{Data, assert_data_eq};

use super::place::{places, ways};
use super::{TEXT, errors, validate};

/// Words in backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn words(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The reader names its keys when it is shown one that it does not know.
#[test]
fn both_know_the_same_keys() {
    for (name, places) in places(3) {
        assert!(!places.is_empty(), "no scenario has a table of {name}");
        for place in places {
            let changed = place.with("qqqq", json!(1));
            let errors = errors(&changed);
            let known = errors.iter().find(|(message, _)| message.starts_with("unknown key `qqqq`"));
            let (_, help) = known.unwrap_or_else(|| panic!("{name} in {}: {errors:?}", place.scenario));
            let keys: BTreeSet<_> = place.properties().keys().cloned().collect();
            assert_eq!(quoted(help.strip_prefix("the keys here are ").unwrap()), keys, "{name}");
            assert!(validate(&changed).is_err(), "{name}");
        }
    }
}

/// The words of a property, and a value that is none of them.
fn enumerated(property: &'static Value) -> Option<(&'static Value, Value)> {
    ways(property).into_iter().find_map(|way| {
        let of_items = || ways(way.get("items")?).into_iter().find_map(|way| Some((way.get("enum")?, json!(["qqqq"]))));
        way.get("enum").map(|list| (list, json!("qqqq"))).or_else(of_items)
    })
}

/// The reader names its words when it is shown one that it does not know. There are other ways to write what is left out here.
#[test]
fn both_know_the_same_words() {
    let mut compared = 0;
    for (name, places) in places(usize::MAX) {
        for (key, property) in places[0].properties() {
            let Some((list, unknown)) = enumerated(property) else { continue };
            if ["retry", "exit", "event"].contains(&key.as_str()) {
                continue;
            }
            let known = places.iter().find_map(|place| {
                let errors = errors(&place.with(key, unknown.clone()));
                errors.into_iter().find_map(|(_, help)| Some(help.strip_prefix("it is one of ")?.to_owned()))
            });
            let known = known.unwrap_or_else(|| panic!("{name}.{key} takes any word"));
            assert_eq!(quoted(known.split(", or a table").next().unwrap()), words(list), "{name}.{key}");
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn exits_have_the_names_of_the_table() {
    let names = CODES.iter().flat_map(|code| [Some(code.name), code.alias]).flatten();
    let names = names.flat_map(|name| [Some(name), name.strip_prefix("AVERROR_")]).flatten();
    let names: BTreeSet<_> = names.map(str::to_owned).collect();
    assert_eq!(words(&TEXT["$defs"]["exit"]["anyOf"][0]["enum"]), names);
}

/// What is not said means the same as the default that is said.
#[test]
fn defaults_are_those_of_the_reader() {
    let scenario = |instance: &Value| {
        let text = super::toml(instance);
        pullpush::scenario::check(pullpush::scenario::Source::new("a.toml", text)).scenario
    };
    for (name, places) in places(100) {
        let Some(first) = places.first() else { continue };
        for (key, property) in first.properties() {
            let Some(default) = property.get("default") else { continue };
            let mut confirmed = 0;
            for place in places.iter().filter(|place| !place.table().contains_key(key)) {
                let said = scenario(&place.with(key, default.clone()));
                if said.is_some() {
                    assert_eq!(said, scenario(place.whole()), "{name}.{key} in {}", place.scenario);
                    confirmed += 1;
                }
                if confirmed == 5 {
                    break;
                }
            }
            assert!(confirmed > 0, "{name}.{key}: no scenario can show that {default} is the default");
        }
    }
}

/// Values of every type, and near every limit.
fn candidates(property: &'static Value) -> Vec<Value> {
    let mut values = vec![
        json!(true),
        json!(1),
        json!(0),
        json!(-1),
        json!(-2),
        json!(0.5),
        json!(1.5),
        json!(i64::MAX),
        json!(""),
        json!("x y"),
        json!("qqqq"),
        json!("5s"),
        json!("0s"),
        json!("0"),
        json!("1m 30s"),
        json!("1.5s"),
        json!("5"),
        json!("5 parsecs"),
        json!("-5s"),
        json!("forever"),
        json!("1s..2s"),
        json!("1s.."),
        json!("2s..1s"),
        json!("500"),
        json!("max"),
        json!("4xx"),
        json!("6xx"),
        json!("http://a.test/x"),
        json!("ftp://a.test"),
        json!("/tasks"),
        json!("//tasks"),
        json!("a.test"),
        json!("2026-01-01T00:00:00Z"),
        json!("2026-01-01"),
        json!("30s@50,1m@200"),
        json!("p99<250ms"),
        json!("TaskExit"),
        json!([]),
        json!(["5s"]),
        json!([5]),
        json!(["TaskExit"]),
        json!(["qqqq"]),
        json!([200]),
        json!([600]),
        json!(["p99"]),
        json!({}),
        json!({ "chance": 0.5 }),
        json!({ "chance": 2 }),
        json!([{}]),
    ];
    for way in ways(property) {
        for (key, step) in [("minimum", -1), ("maximum", 1)] {
            if let Some(limit) = way.get(key).and_then(Value::as_i64) {
                values.extend([json!(limit), json!(limit + step)]);
            }
        }
        values.extend(way.get("enum").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    values
}

/// What the schema refuses the reader refuses; what only the reader refuses is written down, each with its first example.
#[test]
fn whatever_the_schema_refuses_the_reader_refuses() {
    let mut unseen = BTreeMap::new();
    for (name, places) in places(usize::MAX) {
        // The smallest is soonest read.
        let Some(place) = places.iter().min_by_key(|place| place.whole().to_string().len()) else { continue };
        for (key, property) in place.properties() {
            for value in candidates(property) {
                let changed = place.with(key, value.clone());
                let errors = errors(&changed);
                if let Err(error) = validate(&changed) {
                    assert!(!errors.is_empty(), "{name}.{key} = {value} is fine, but: {error}");
                    continue;
                }
                // To look for a file is no matter of shape.
                for (message, _) in errors.into_iter().filter(|_| key != "body_file") {
                    unseen.entry((name.clone(), key.clone(), message)).or_insert_with(|| value.clone());
                }
            }
        }
    }
    let lines = unseen.into_iter().map(|((name, key, message), value)| format!("{name}.{key} = {value}: {message}\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/unseen.txt");
    assert_data_eq!(Data::text(lines.collect::<String>()).raw(), Data::read_from(&path, None).raw());
}
