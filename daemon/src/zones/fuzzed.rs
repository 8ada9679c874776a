//! Files of rules, whatever is in them.

use std::path::Path;

use trackway_protocol::record::Repo;

use super::{Place, Rules, Touch};

/// Reads a file of rules and judges some places by it.
pub fn zone_rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let rules = match Rules::parse(text, Some(Path::new("/home/ann")), &|_| None) {
        Ok(rules) => rules,
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty() && !told.contains(char::is_control), "{told:?}");
            return;
        }
    };
    let repo = Repo {
        root: "/home/ann/src/llama-7".into(),
        remote: Some("git@git.example.com:acme/llama-7.git".into()),
        ..Repo::default()
    };
    for path in ["/", "/home/ann/src/llama-7/a.py", "/data/train"] {
        for repo in [None, Some(&repo)] {
            agree(&rules, &Place { path: Path::new(path), repo });
        }
    }
    for zone in rules.zones() {
        let literal = |path: &&String| path.starts_with('/') && !path.contains(['*', '?', '\\']);
        for path in zone.paths.iter().filter(literal) {
            let place = Place { path: Path::new(path), repo: None };
            let is_in = rules.all(&place).iter().any(|hit| hit.zone.name == zone.name);
            assert!(is_in, "{path:?} is in {:?}", zone.name);
            agree(&rules, &place);
        }
    }
}

/// What applies is one of those that match, and nothing where none does.
fn agree(rules: &Rules, place: &Place<'_>) {
    let all = rules.all(place);
    for touch in Touch::ALL {
        for agent in [None, Some("claude"), Some("codex")] {
            let about = all.iter().find(|hit| {
                let agents = &hit.zone.agents;
                let named = agent.is_none_or(|agent| agents.iter().any(|named| named == agent));
                hit.zone.touches.contains(&touch) && (agents.is_empty() || named)
            });
            let judged = rules.judge(place, agent, touch);
            assert_eq!(judged.map(|hit| &hit.zone.name), about.map(|hit| &hit.zone.name));
        }
    }
}
