//! One layer of a configuration: what a file said at a time, put together from its changes.

use std::collections::BTreeMap;

use serde_json::Value;
use trackway_protocol::ids::Timestamp;

use crate::configuration::catalogue::Scope;

/// One file, as it was at a time.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) scope: Scope,
    pub(crate) path: String,
    pub(crate) kind: String,
    /// The directory that it configures.
    pub(crate) dir: Option<String>,
    /// The top of the working tree that `dir` lies in, and of its main one.
    pub(crate) tops: Vec<String>,
    pub(super) is_readable: bool,
    pub(super) scalars: BTreeMap<String, Setting>,
    pub(super) members: BTreeMap<String, Vec<Setting>>,
}

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) value: Option<Value>,
    pub(crate) since: Timestamp,
}

impl Layer {
    pub(crate) fn new(scope: Scope, path: String, kind: String, dir: Option<String>) -> Self {
        let (tops, scalars, members) = Default::default();
        Self { scope, path, kind, dir, tops, is_readable: true, scalars, members }
    }

    /// Takes the next change, in their order.
    pub(crate) fn hear(
        &mut self,
        key: &str,
        what: &str,
        before: Option<Value>,
        after: Option<Value>,
        since: Timestamp,
    ) {
        if key == "@file" {
            self.is_readable = after.as_ref().and_then(Value::as_str) != Some("unreadable");
        }
        let of_key = self.members.get_mut(key);
        let one = |members: &mut Vec<Setting>| {
            let at = members.iter().position(|member| member.value == before);
            at.map(|at| members.remove(at))
        };
        match (what, of_key) {
            ("added", _) => {
                let members = self.members.entry(key.to_owned()).or_default();
                members.push(Setting { value: after, since });
            }
            ("removed", Some(members)) => drop(one(members)),
            ("changed", Some(members)) if !members.is_empty() => {
                one(members);
                members.push(Setting { value: after, since });
            }
            ("unset", _) => drop(self.scalars.remove(key)),
            ("set" | "changed", _) => {
                self.scalars.insert(key.to_owned(), Setting { value: after, since });
            }
            _ => {}
        }
    }

    /// Returns what it says.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        let scalars = self.scalars.iter().map(|(key, setting)| (&**key, setting));
        let members = self.members.iter();
        let members = members.flat_map(|(key, all)| all.iter().map(move |one| (&**key, one)));
        // That a file is there is no setting; that it cannot be read is a finding.
        scalars.chain(members).filter(|(key, setting)| {
            *key != "@file" || setting.value.as_ref().is_some_and(|value| value == "unreadable")
        })
    }

    pub(super) fn flag(&self, key: &str) -> Option<&Value> {
        self.scalars.get(key)?.value.as_ref()
    }
}
