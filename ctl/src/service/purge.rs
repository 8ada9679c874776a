//! What `--purge` removes: by name, because a directory that the user chose may hold more than ours.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ServiceError;
use super::installed;
use super::site::Site;

/// Names in the state directory; a `*` stands for anything.
const STATE: [&str; 13] = [
    "ledger.db*",
    "ledger.damaged",
    "signing.key*",
    "set-aside-*/ledger.d*",
    "set-aside-*/signing.key",
    "trackwayd.*",
    "paused",
    "paused.part",
    "reports/trackway-*",
    "reports/.part",
    "run/trackwayd.sock",
    "zones-*.toml",
    "zones-*.part",
];
/// Directories in it, which go if nothing is left in them.
const DIRS: [&str; 3] = ["run", "reports", "set-aside-*"];

/// Removes the ledger, its keys and the configuration; tells each file, and which directories stay.
pub(crate) fn purge(site: &Site, tell: &mut dyn FnMut(String)) -> Result<(), ServiceError> {
    let state_dir = &site.places.state_dir;
    let config = &site.places.config;
    let mut paths: Vec<_> = STATE.iter().flat_map(|pattern| matching(state_dir, pattern)).collect();
    let beside = ["zones.toml", "prices.toml"].map(|name| config.with_file_name(name));
    paths.push(config.clone());
    paths.extend(beside);
    for path in paths.iter().filter(|path| !path.is_dir() || path.is_symlink()) {
        if installed::remove(path)? {
            tell(format!("Removed {}", path.display()));
        }
    }
    let below = DIRS.iter().flat_map(|pattern| matching(state_dir, pattern));
    below.for_each(|dir| drop(fs::remove_dir(dir)));
    for dir in [state_dir.clone(), site.config_home.join("trackway")] {
        if left_in(&dir) {
            tell(format!("Kept {}: it holds files that are not Trackway's", dir.display()));
        } else {
            fs::remove_dir(&dir).ok();
        }
    }
    Ok(())
}

/// Whether there is anything but the list of what was installed, which goes last.
fn left_in(dir: &Path) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name() != "installed")
}

/// Returns what is there by a pattern of names.
fn matching(dir: &Path, pattern: &str) -> Vec<PathBuf> {
    let (name, rest) = pattern.split_once('/').map_or((pattern, None), |(a, b)| (a, Some(b)));
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let fits = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|it| fits(it, name));
    let mut paths: Vec<_> = entries.filter(fits).map(|entry| entry.path()).collect();
    paths.sort_unstable();
    match rest {
        None => paths,
        Some(rest) => paths.iter().flat_map(|path| matching(path, rest)).collect(),
    }
}

fn fits(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((before, after)) => {
            let middle = name.len().checked_sub(before.len() + after.len());
            middle.is_some() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_goes_by_name_and_what_is_not_stays() {
        let dir = tempfile::tempdir().unwrap();
        let mut site = Site::usual();
        site.config_home = dir.path().join("config");
        site.places.config = dir.path().join("config/trackway/config.toml");
        site.places.state_dir = dir.path().join("state");
        let state = &site.places.state_dir;
        for name in [
            "ledger.db",
            "ledger.db-wal",
            "signing.key",
            "trackwayd.lock",
            "paused",
            "zones-x.toml",
            "run/trackwayd.sock",
            "set-aside-1/ledger.db",
            "reports/2026-W47.html",
            "mine",
        ] {
            let path = state.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::create_dir_all(dir.path().join("config/trackway")).unwrap();
        fs::write(&site.places.config, "x").unwrap();
        let mut told = Vec::new();
        purge(&site, &mut |line| told.push(line)).unwrap();
        let left: Vec<_> = matching(state, "*");
        assert_eq!(left, [state.join("mine"), state.join("reports")]);
        assert!(!dir.path().join("config/trackway").exists());
        assert_eq!(told.len(), 10, "{told:?}");
        assert!(told[9].starts_with("Kept ") && told[9].contains("state"), "{told:?}");
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("zones-a.toml", "zones-*.toml") && fits("ledger.db", "ledger.db*"));
        assert!(!fits("zones-toml", "zones-*.toml") && !fits("x.toml", "zones-*.toml"));
        assert!(!fits("zones-.tom", "zones-*.toml") && fits("run", "run"));
    }
}
