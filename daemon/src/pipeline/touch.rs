//! Which directories have been recorded already: once per launch, directory, way and quarter-hour.

use std::collections::HashSet;

use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::PathText;

use crate::store::TouchKey;

/// A quarter of an hour in milliseconds.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// The touches of the last two quarter-hours that were heard of: the current one, and one for what
/// comes late.
#[derive(Debug, Default)]
pub(crate) struct Touched(Vec<(i64, HashSet<Key>)>);

type Key = (LaunchId, PathText, &'static str);

/// How many quarter-hours are remembered. Where one is heard of again after that, something is
/// recorded twice, which projections merge.
const REMEMBERED: usize = 2;

impl Touched {
    /// Begins with what a former run recorded.
    pub(crate) fn new(recovered: &[TouchKey]) -> Self {
        let quarter = recovered.iter().map(|key| key.quarter).max().unwrap_or_default();
        let current = recovered.iter().filter(|key| key.quarter == quarter);
        let keys = current.filter_map(|key| Some((key.launch, key.dir.clone(), known(&key.how)?)));
        Self(vec![(quarter, keys.collect())])
    }

    /// Whether a touch is the first of its kind in its quarter-hour.
    pub(crate) fn is_new(
        &mut self,
        launch: LaunchId,
        dir: &PathText,
        how: &'static str,
        at: Timestamp,
    ) -> bool {
        let quarter = at.ms().div_euclid(QUARTER_MS);
        let key = (launch, dir.clone(), how);
        if let Some((_, keys)) = self.0.iter_mut().find(|(known, _)| *known == quarter) {
            return keys.insert(key);
        }
        if self.0.len() == REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((quarter, HashSet::from([key])));
        true
    }
}

fn known(how: &str) -> Option<&'static str> {
    ["launch", "chdir", "command", "helper", "add-dir"].into_iter().find(|known| *known == how)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_new_again_in_the_next_quarter_hour() {
        let mut touched = Touched::default();
        let launch = LaunchId::default();
        let mut is_new = |dir: &str, how, ms| {
            touched.is_new(launch, &PathText::from_os(dir), how, Timestamp::from_ms(ms))
        };
        assert!(is_new("/a", "launch", 0));
        assert!(!is_new("/a", "launch", QUARTER_MS - 1));
        assert!(is_new("/a", "command", QUARTER_MS - 1));
        assert!(is_new("/b", "launch", QUARTER_MS - 1));
        assert!(is_new("/a", "launch", QUARTER_MS));
        assert!(!is_new("/a", "command", 1), "what comes late is known all the same");
    }

    #[test]
    fn what_a_former_run_recorded_is_not_new() {
        let launch = LaunchId::default();
        let dir = PathText::from_os("/a");
        let key = TouchKey { launch, dir: dir.clone(), how: "launch".into(), quarter: 4 };
        let mut touched = Touched::new(&[key]);
        assert!(!touched.is_new(launch, &dir, "launch", Timestamp::from_ms(4 * QUARTER_MS)));
    }
}
