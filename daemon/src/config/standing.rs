//! The configuration in force: read again when a file changes, or when somebody asks for it.
//!
//! What cannot be used changes nothing: what was in force stays so, and why is told. Some keys count
//! from the next start on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::watch;
use tracing::{info, warn};

use super::file::{self, Print};
use super::{Config, Files, Loaded, watching};
use crate::logging;

/// How it stands with the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What is in force.
    pub(crate) loaded: Loaded,
    /// Keys of which the files say something else by now, which counts from the next start on.
    pub(crate) waiting: Vec<&'static str>,
    /// Why the files cannot be used as they are now.
    pub(crate) failing: Option<String>,
}

impl Standing {
    /// Returns what is in force of a configuration that was just read.
    pub(crate) fn of(loaded: Loaded) -> Self {
        Self { loaded, ..Self::default() }
    }

    /// Returns what is to be done.
    pub(crate) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// Returns what of the files does not count, or not yet: a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let failing = self.failing.iter().map(|why| format!("{why}; what was before is in force"));
        let waiting = self.waiting.iter().map(|key| format!("{key} counts from the next start on"));
        failing.chain(self.loaded.ignored.iter().cloned()).chain(waiting).collect()
    }
}

/// Keeps what is in force up to date from now on; it ends with the process.
///
/// It is told to look by the files, and by SIGHUP where there is such a thing.
pub(crate) fn start(files: Files, loaded: Loaded) -> watch::Receiver<Standing> {
    let (told, standing) = watch::channel(Standing::of(loaded.clone()));
    let paths = [files.managed.clone(), files.user.clone()];
    let keeper = Keeper { files, started: loaded.config, prints: None, told };
    let keeper = Arc::new(Mutex::new(keeper));
    on_hangup(Arc::clone(&keeper));
    let watch = move || watching::watch(&paths, || look(&keeper, false));
    let watched = thread::Builder::new().name("own-config".into()).spawn(watch);
    if let Err(error) = watched {
        warn!(%error, "changes of the configuration are not noticed before the next start");
    }
    standing
}

fn look(keeper: &Mutex<Keeper>, is_ordered: bool) {
    keeper.lock().unwrap_or_else(PoisonError::into_inner).look(is_ordered);
}

#[cfg(unix)]
fn on_hangup(keeper: Arc<Mutex<Keeper>>) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return warn!(%error, "SIGHUP is not heard"),
    };
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let keeper = Arc::clone(&keeper);
            // A file system that does not answer must not hold up the loop.
            drop(tokio::task::spawn_blocking(move || look(&keeper, true)));
        }
    });
}

#[cfg(not(unix))]
fn on_hangup(_keeper: Arc<Mutex<Keeper>>) {}

/// Whoever reads the files.
struct Keeper {
    files: Files,
    /// What the daemon was started with.
    started: Config,
    /// How the files were when they were read last; none before that.
    prints: Option<[Option<Print>; 2]>,
    told: watch::Sender<Standing>,
}

impl Keeper {
    /// Reads the files where they are not as they were, or where that is ordered.
    fn look(&mut self, is_ordered: bool) {
        let paths: [&PathBuf; 2] = [&self.files.managed, &self.files.user];
        let prints = Some(paths.map(|path| file::print(path)));
        if !is_ordered && (prints == self.prints || paths.iter().any(|path| file::is_young(path))) {
            return;
        }
        self.prints = prints;
        let read = Loaded::read(&self.files).map_err(|error| error.to_string());
        self.told.send_if_modified(|standing| {
            let now = match read {
                Ok(loaded) => self.started.standing(loaded),
                Err(why) => Standing { failing: Some(why), ..standing.clone() },
            };
            let is_news = now != *standing;
            if is_news {
                tell(&now);
                *standing = now;
            }
            is_news
        });
    }
}

fn tell(standing: &Standing) {
    match &standing.failing {
        Some(why) => warn!(why, "the configuration cannot be used: what was before is in force"),
        None => {
            logging::set_level(standing.config().level);
            let waiting = standing.waiting.join(", ");
            info!(next_start = waiting, "the configuration was read again");
        }
    }
}

impl Config {
    /// Returns what of a configuration is in force in a daemon that was started with this one.
    fn standing(&self, mut loaded: Loaded) -> Standing {
        let mut waiting = Vec::new();
        let Self { tier, poll_interval, weekly, programs, .. } = &mut loaded.config;
        let mut keep = |is_other: bool, key| {
            if is_other {
                waiting.push(key);
            }
        };
        keep(std::mem::replace(tier, self.tier) != self.tier, "launches.tier");
        let interval = std::mem::replace(poll_interval, self.poll_interval);
        keep(interval != self.poll_interval, "launches.poll-interval");
        let weekly = std::mem::replace(weekly, self.weekly.clone());
        weekly.other_keys(&self.weekly).into_iter().for_each(|key| keep(true, key));
        let programs = std::mem::replace(programs, self.programs.clone());
        keep(programs != self.programs, "agents");
        Standing { loaded, waiting, failing: None }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    /// Waits until it stands so.
    async fn settled(
        standing: &mut watch::Receiver<Standing>,
        wanted: impl FnMut(&Standing) -> bool,
    ) -> Standing {
        let waited = tokio::time::timeout(Duration::from_secs(20), standing.wait_for(wanted));
        waited.await.unwrap().unwrap().clone()
    }

    #[tokio::test]
    async fn what_can_change_does_and_an_error_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        // Not even the directory is there.
        let path = dir.path().join("config/trackway/config.toml");
        let files = Files::new(&dir.path().join("none"), path.clone());
        let mut standing = start(files.clone(), Loaded::read(&files).unwrap());
        assert_eq!(standing.borrow().config(), &Config::default());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = "[ledger]\nkeep = \"90d\"\n[launches]\ntier = \"poll\"\n[report]\nweekly = []\n";
        fs::write(&path, text).unwrap();
        let days = Duration::from_secs(90 * 86_400);
        let now = settled(&mut standing, |now| now.config().keep == Some(days)).await;
        assert_eq!(now.config().tier, Config::default().tier);
        assert_eq!(now.config().weekly, Config::default().weekly);
        assert_eq!(now.waiting, ["launches.tier", "report.weekly"]);
        assert_eq!(now.notes()[0], "launches.tier counts from the next start on");

        fs::write(&path, "[ledger]\nkep = \"1d\"\n").unwrap();
        let now = settled(&mut standing, |now| now.failing.is_some()).await;
        assert_eq!(now.config().keep, Some(days));
        assert!(now.failing.unwrap().contains("line 2"));

        fs::remove_file(&path).unwrap();
        let now = settled(&mut standing, |now| now.failing.is_none()).await;
        assert_eq!(now.config(), &Config::default());
        assert_eq!(now.notes(), [""; 0]);
    }

    #[test]
    fn a_file_is_read_again_where_that_is_ordered() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::new(dir.path(), dir.path().join("user.toml"));
        let (told, standing) = watch::channel(Standing::default());
        let mut keeper = Keeper { files, started: Config::default(), prints: None, told };
        keeper.look(false);
        assert!(!standing.has_changed().unwrap(), "nothing is there, as before");
        fs::write(dir.path().join("user.toml"), "[ledger]\nkeep = \"3d\"").unwrap();
        keeper.look(true);
        assert!(standing.has_changed().unwrap());
    }
}
