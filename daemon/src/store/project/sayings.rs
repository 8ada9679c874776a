//! What different witnesses said of one launch or session, merged field by field.
//!
//! Most are told of by one record, or by two: what was said together shares its grounds,
//! so that they are stored once and not with every field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::register::{Grounds, Statement};

type Fields = BTreeMap<String, Value>;

/// The best that was said of each field.
///
/// Equal facts have equal text, in whatever order they were heard: the sayings are sorted by their
/// grounds, none is empty, and a field is in one of them only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sayings(Vec<Saying>);

/// What stands of that which was said on the same grounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Saying {
    #[serde(rename = "on")]
    grounds: Grounds,
    said: Fields,
}

impl Sayings {
    /// Keeps, field by field, the better of what was said and `body`, but for some fields.
    pub(super) fn hear(&mut self, grounds: Grounds, body: &impl Serialize, but: &[&str]) {
        for (group, fields) in groups(body, but) {
            let grounds = Grounds { known: !fields.contains_key("repo_unknown"), ..grounds };
            self.hear_group(grounds, &group, fields);
        }
    }

    /// Returns the value of one field.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.0.iter().find_map(|saying| saying.said.get(name))
    }

    /// Returns every field with its value.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|saying| &saying.said)
    }

    fn hear_group(&mut self, grounds: Grounds, name: &str, fields: Fields) {
        let of_group = |saying: &Saying| saying.said.keys().any(|field| group(field) == name);
        if let Some(index) = self.0.iter().position(of_group) {
            if !statement(grounds, &fields).is_better_than(&self.0[index].statement(name)) {
                return;
            }
            self.0[index].said.retain(|field, _| group(field) != name);
            self.0.retain(|saying| !saying.said.is_empty());
        }
        match self.0.binary_search_by_key(&grounds, |saying| saying.grounds) {
            Ok(index) => self.0[index].said.extend(fields),
            Err(index) => self.0.insert(index, Saying { grounds, said: fields }),
        }
    }
}

impl Saying {
    fn statement(&self, name: &str) -> Statement {
        let of_group = self.said.iter().filter(|(field, _)| group(field) == name);
        let fields = of_group.map(|(field, value)| (field.clone(), value.clone())).collect();
        statement(self.grounds, &fields)
    }
}

/// Of a `facts` column, no more than which fields were said.
#[derive(Deserialize)]
struct Facts<'a> {
    #[serde(borrow)]
    fields: Vec<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    said: BTreeMap<&'a str, &'a RawValue>,
}

/// Returns some fields of a `facts` column, those that are texts, as [`Sayings::field`] does. Nothing else of
/// it is understood: a report asks this of thousands.
pub(in super::super) fn texts<const N: usize>(
    facts: &str,
    names: [&str; N],
) -> serde_json::Result<[Option<String>; N]> {
    let facts: Facts<'_> = serde_json::from_str(facts)?;
    Ok(names.map(|name| {
        let value = facts.fields.iter().find_map(|each| each.said.get(name))?;
        serde_json::from_str(value.get()).ok()
    }))
}

fn statement(grounds: Grounds, fields: &Fields) -> Statement {
    Statement { grounds, value: Map::from_iter(fields.clone()).into() }
}

/// Returns the name of the fields that are said together or not at all: a path's bytes without its
/// text, or a repository beside the reason why it is unknown, would be nonsense.
fn group(field: &str) -> &str {
    match field {
        "exe_b64" => "exe",
        "cwd_b64" => "cwd",
        "repo_unknown" => "repo",
        other => other,
    }
}

fn groups(body: &impl Serialize, but: &[&str]) -> BTreeMap<String, Fields> {
    let body = serde_json::to_value(body).expect("a record's body has nothing but plain fields");
    let mut groups = BTreeMap::<_, Fields>::new();
    for (field, value) in body.as_object().cloned().into_iter().flatten() {
        if !but.contains(&field.as_str()) {
            groups.entry(group(&field).to_owned()).or_default().insert(field, value);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use trackway_protocol::ids::Timestamp;
    use trackway_protocol::record::Evidence;

    use super::*;

    #[test]
    fn texts_are_found_in_whichever_saying_they_are_and_nothing_else_is_a_text() {
        let mut fields = Sayings::default();
        for (at, body) in [
            (1, serde_json::json!({"mode": "print", "pid": 7, "tty": null})),
            (2, serde_json::json!({"cwd": "/a \"b\"\n"})),
        ] {
            let (known, evidence, update) = (true, Evidence::Kernel, false);
            let grounds = Grounds { known, evidence, update, at: Timestamp::from_ms(at) };
            fields.hear(grounds, &body, &[]);
        }
        let facts = serde_json::json!({"other": [1, {"said": {}}], "fields": fields}).to_string();
        let names = ["mode", "cwd", "pid", "tty", "agent"];
        let found = texts(&facts, names).unwrap();
        assert_eq!(found, names.map(|name| Some(fields.field(name)?.as_str()?.to_owned())));
        assert_eq!(found[1].as_deref(), Some("/a \"b\"\n"));
    }
}
