//! Records of zones in words.

use trackway_protocol::record::{ZoneAcknowledged, ZoneEntered};

use super::super::text::known;
use super::super::{View, clean, zones};

pub(super) fn entered(entered: &ZoneEntered, view: &View) -> String {
    let ZoneEntered { severity, how, path, .. } = entered;
    let managed = if entered.managed { ", managed" } else { "" };
    let (agent, deed) = (known(entered.agent.as_deref()), zones::deed(how));
    let (path, pattern) = (view.path(path), clean(&entered.pattern));
    let zone = clean(&entered.zone);
    format!("{zone} ({severity}{managed}): {agent} {deed} {path}, matches {pattern}")
}

pub(super) fn acknowledged(acknowledged: &ZoneAcknowledged) -> String {
    let note = acknowledged.note.as_ref().map(|note| format!(": {}", clean(note)));
    let (zone, note) = (clean(&acknowledged.zone), note.unwrap_or_default());
    format!("{zone}: an entry was acknowledged{note}")
}

#[cfg(test)]
mod tests {
    use trackway_protocol::ids::RecordId;
    use trackway_protocol::record::Risk;

    use super::*;

    #[test]
    fn an_entry_is_told_with_who_where_and_by_which_pattern() {
        let entry = ZoneEntered {
            zone: "training".into(),
            severity: Risk::High,
            agent: Some("claude".into()),
            how: "read".into(),
            path: "/home/ann/src/llama-7/x".into(),
            pattern: "~/src/llama-*".into(),
            ..ZoneEntered::default()
        };
        let told = |entry: &ZoneEntered| entered(entry, &View::plain());
        assert_eq!(
            told(&entry),
            "training (high): claude read ~/src/llama-7/x, matches ~/src/llama-*"
        );
        let unknown = ZoneEntered { managed: true, agent: None, how: "launch".into(), ..entry };
        assert!(told(&unknown).starts_with("training (high, managed): ? was in ~/src"));
    }

    #[test]
    fn that_somebody_looked_is_told_with_what_they_said() {
        let entry = RecordId::new();
        let seen = ZoneAcknowledged { entry, zone: "training".into(), note: Some("a\x1b".into()) };
        assert_eq!(acknowledged(&seen), "training: an entry was acknowledged: a\\x1b");
        let silent = ZoneAcknowledged { note: None, ..seen };
        assert_eq!(acknowledged(&silent), "training: an entry was acknowledged");
    }
}
