//! Which directories have been recorded already: once per launch, directory, way and quarter-hour.

use std::collections::HashSet;

use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::PathText;

use crate::store::TouchKey;

/// A quarter of an hour in milliseconds.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// The touches of the current quarter-hour.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    quarter: i64,
    keys: HashSet<(LaunchId, PathText, &'static str)>,
}

impl Touched {
    /// Begins with what a former run recorded.
    pub(crate) fn new(recovered: &[TouchKey]) -> Self {
        let quarter = recovered.iter().map(|key| key.quarter).max().unwrap_or_default();
        let current = recovered.iter().filter(|key| key.quarter == quarter);
        let keys = current.filter_map(|key| Some((key.launch, key.dir.clone(), known(&key.how)?)));
        Self { quarter, keys: keys.collect() }
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
        if quarter != self.quarter {
            // An event that comes late, or a clock set back, begins a quarter anew: at worst
            // something is recorded twice, which projections merge.
            self.quarter = quarter;
            self.keys.clear();
        }
        self.keys.insert((launch, dir.clone(), how))
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
