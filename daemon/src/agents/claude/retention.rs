//! For how long claude keeps a session file.
//!
//! It sweeps by age when a session starts: `cleanupPeriodDays`, 30 where nothing says otherwise, and
//! no less than a day. Any of its settings files may say so, and which of them counts depends on
//! more than is known here; so the shortest time that one of them names is what is certain.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::source::sessions::read_small;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Where nothing says otherwise.
const DAYS: u64 = 30;
/// A settings file that says more is none.
const LONGEST: u64 = 4 << 20;

/// Returns for how long a session file of `home` is kept at least, by the settings of now; none
/// where one of them cannot be read. A day is certain in any case.
pub(super) fn keeps_for(home: &Path, cwd: Option<&Path>, managed: &Path) -> Option<Duration> {
    let mut days = DAYS;
    let project = cwd.map(|cwd| cwd.join(".claude"));
    let dirs = [Some(home), project.as_deref()].into_iter().flatten();
    let files =
        dirs.flat_map(|dir| ["settings.json", "settings.local.json"].map(|it| dir.join(it)));
    for file in files.chain([managed.join("managed-settings.json")]) {
        match period(&file) {
            Ok(Some(period)) => days = days.min(period),
            Ok(None) => {}
            Err(Unreadable) => return None,
        }
    }
    // Whoever administers the machine may have more files, which are looked for by nobody here.
    if managed.join("managed-settings.d").exists() {
        return None;
    }
    Some(DAY * u32::try_from(days.max(1)).unwrap_or(u32::MAX))
}

/// It is there, and what it says cannot be told.
struct Unreadable;

fn period(file: &Path) -> Result<Option<u64>, Unreadable> {
    if file.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let (_, text) = read_small(file, LONGEST, None).ok_or(Unreadable)?;
    let settings: Value = serde_json::from_slice(&text).map_err(|_| Unreadable)?;
    match settings.get("cleanupPeriodDays") {
        None => Ok(None),
        Some(days) => days.as_u64().map(Some).ok_or(Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_shortest_time_that_any_settings_name_is_certain() {
        let dir = tempfile::tempdir().unwrap();
        let (home, cwd, managed) =
            (dir.path().join("home"), dir.path().join("cwd"), dir.path().join("etc"));
        fs::create_dir_all(&home).unwrap();
        fs::create_dir_all(cwd.join(".claude")).unwrap();
        let days = || keeps_for(&home, Some(&cwd), &managed).map(|it| it.as_secs() / DAY.as_secs());
        assert_eq!(days(), Some(30));
        fs::write(home.join("settings.json"), r#"{"cleanupPeriodDays": 365}"#).unwrap();
        assert_eq!(days(), Some(30), "who else may have a say is not known");
        fs::write(cwd.join(".claude/settings.local.json"), r#"{"cleanupPeriodDays": 7}"#).unwrap();
        assert_eq!(days(), Some(7));
        fs::write(home.join("settings.json"), "{").unwrap();
        assert_eq!(days(), None, "what cannot be read may say anything");
    }
}
