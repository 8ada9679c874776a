//! The published JSON Schema is that of the types, and what is made keeps to it. `UPDATE=1` writes it
//! anew.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use trackway_protocol::report::{Absence, Report};
use trackway_report::sample;

#[test]
fn the_published_schema_of_reports_is_that_of_the_type() {
    assert_published::<Report>("report-1.json");
}

#[test]
fn the_published_schema_of_absences_is_that_of_the_type() {
    assert_published::<Absence>("absence-1.json");
}

#[test]
fn the_invented_report_says_what_the_schema_says() {
    let report = serde_json::to_value(sample::report()).unwrap();
    assert_eq!(problems(&schema::<Report>(), &report), [""; 0]);
    let is_flat = schema::<Report>()["$defs"]["DayUse"]["properties"]["responses"].is_object();
    assert!(is_flat, "responses and tokens stand beside the date");
}

#[test]
fn an_empty_report_keeps_to_the_schema() {
    let report = serde_json::to_value(Report::default()).unwrap();
    assert_eq!(problems(&schema::<Report>(), &report), [""; 0]);
}

#[test]
fn an_answer_about_a_touch_says_what_the_schema_says() {
    let touch = json!({"launch": null, "session": "s", "agent": "codex", "path": "/r/a",
        "how": ["read"], "first_at": "2026-11-17T09:00:00.000Z",
        "last_at": "2026-11-17T09:01:00.000Z", "evidence": "transcript"});
    let report = sample::report();
    let absence = Absence {
        touches: vec![serde_json::from_value(touch).unwrap()],
        time: report.unknown.time,
        out_of_sight: vec![serde_json::from_value(json!("other-hosts")).unwrap()],
        ..Absence::default()
    };
    let absence = serde_json::to_value(absence.sealed()).unwrap();
    assert_eq!(problems(&schema::<Absence>(), &absence), [""; 0]);
}

#[test]
fn what_is_too_much_or_missing_or_wrong_is_noticed() {
    let schema = schema::<Report>();
    let report = serde_json::to_value(sample::report()).unwrap();
    for (at, spoilt, expected) in [
        ("/days/0/date", json!(3), "/days/0/date is not of string"),
        ("/range/week", json!({}), "/range/week is none of its kinds"),
        ("/seq", json!(-1), "/seq is less than 0"),
        ("/zones/0/severity", json!("huge"), "/zones/0/severity is none of its kinds"),
        ("/hours/0", json!([1]), "/hours/0 has another length"),
        ("/prices", json!({"date": "d"}), "/prices has no own"),
        ("/before/totals/tokens", json!({"more": 1}), "/before is none of its kinds"),
        ("/totals/tokens/more", json!(1), "/totals/tokens/more is not described"),
    ] {
        let mut report = report.clone();
        let (parent, key) = at.rsplit_once('/').unwrap();
        match report.pointer_mut(parent).unwrap() {
            Value::Array(values) => values[key.parse::<usize>().unwrap()] = spoilt,
            object => object[key] = spoilt,
        }
        let problems = problems(&schema, &report);
        assert!(problems.iter().any(|problem| problem == expected), "{problems:?}");
    }
}

/// Returns the schema of what is written.
fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

#[track_caller]
fn assert_published<T: JsonSchema>(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
    let text = serde_json::to_string_pretty(&schema::<T>()).expect("it is JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the directory is there");
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    // A checkout may have other ends of lines.
    assert!(published.lines().eq(text.lines()), "{name} is of yesterday: UPDATE=1 writes it anew");
}

fn problems(root: &Value, value: &Value) -> Vec<String> {
    let mut check = Check { root, problems: Vec::new() };
    check.value(root, value, "");
    check.problems
}

const FORM: &str = "schemas have this form";

/// A value beside its schema. What a schema leaves open is a problem as well: reports say no more
/// than is described.
struct Check<'s> {
    root: &'s Value,
    problems: Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        for (keyword, says) in schema.as_object().expect(FORM) {
            match keyword.as_str() {
                "$ref" => {
                    let name = says.as_str().expect(FORM).strip_prefix('#').expect(FORM);
                    self.value(self.root.pointer(name).expect(FORM), value, at);
                }
                "type" if !is_of(says, value) => {
                    let kind = says.as_str().unwrap_or("its kinds");
                    let is = if says.is_array() { "is none" } else { "is not" };
                    self.problem(format!("{at} {is} of {kind}"));
                }
                "anyOf" | "oneOf" => {
                    let fits = |kind: &Value| {
                        let mut check = Check { root: self.root, problems: Vec::new() };
                        check.value(kind, value, at);
                        check.problems.is_empty()
                    };
                    if !says.as_array().expect(FORM).iter().any(fits) {
                        self.problem(format!("{at} is none of its kinds"));
                    }
                }
                "const" if says != value => self.problem(format!("{at} is not {says}")),
                "enum" if !says.as_array().expect(FORM).contains(value) => {
                    self.problem(format!("{at} is none of {says}"));
                }
                "minimum" if value.as_f64() < says.as_f64() && value.is_number() => {
                    self.problem(format!("{at} is less than {says}"));
                }
                "minItems" | "maxItems" if value.as_array().map(Vec::len) != length(says) => {
                    self.problem(format!("{at} has another length"));
                }
                "items" => {
                    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(says, value, &format!("{at}/{index}"));
                    }
                }
                "properties" => self.keys(schema, value, at),
                "type" | "const" | "enum" | "minimum" | "minItems" | "maxItems" | "required"
                | "title" | "description" | "format" | "$schema" | "$defs" => {}
                other => panic!("{at}: the schema says {other}"),
            }
        }
    }

    fn keys(&mut self, schema: &Value, value: &Value, at: &str) {
        let Some(object) = value.as_object() else { return };
        let properties = schema["properties"].as_object().expect(FORM);
        let required =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let has: BTreeSet<&str> = object.keys().map(String::as_str).collect();
        for missing in required.filter(|key| !has.contains(key)) {
            self.problem(format!("{at} has no {missing}"));
        }
        for (key, value) in object {
            match properties.get(key) {
                Some(schema) => self.value(schema, value, &format!("{at}/{key}")),
                None => self.problem(format!("{at}/{key} is not described")),
            }
        }
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

fn length(says: &Value) -> Option<usize> {
    says.as_u64().and_then(|length| length.try_into().ok())
}

fn is_of(kinds: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().expect(FORM) {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("the schema says {other}"),
    };
    kinds.as_array().map_or_else(|| is(kinds), |kinds| kinds.iter().any(is))
}
