//! The two files of rules: read, watched, and read again when they change.
//!
//! What cannot be used changes nothing that is in force, and says why; so that this holds for a daemon
//! that starts as well, the last text that could be used is kept in the state directory. A file that is
//! not there has no rules, whatever it had.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tracing::{info, warn};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::ZoneFile;

use super::{InForce, Rules, Zones};
use crate::config::file::{Print, Whose, is_young, print, read};
use crate::config::watching;

/// The name of both files.
pub(crate) const NAME: &str = "zones.toml";

/// Reads the rules of both files, and keeps what is in force up to date from now on.
///
/// It blocks until they are read: nothing is recorded before that.
pub(crate) fn start(
    [managed, user]: [PathBuf; 2],
    state_dir: &Path,
    home: Option<PathBuf>,
) -> Zones {
    let zones = Zones::default();
    let kept = |name| state_dir.join(name);
    let files = [
        File::new(managed, true, kept("zones-managed.toml")),
        File::new(user, false, kept("zones-user.toml")),
    ];
    let mut keeper = Keeper { files, home, zones: zones.clone() };
    keeper.look();
    // It holds nothing that somebody would wait for: it ends with the process.
    let paths = keeper.files.each_ref().map(|file| file.path.clone());
    let watch = move || watching::watch(&paths, || keeper.look());
    let watched = thread::Builder::new().name("zones".into()).spawn(watch);
    if let Err(error) = watched {
        warn!(%error, "changes of zones are not noticed before the next start");
    }
    zones
}

/// Whoever reads the files.
struct Keeper {
    files: [File; 2],
    home: Option<PathBuf>,
    zones: Zones,
}

struct File {
    path: PathBuf,
    managed: bool,
    /// Where the last text is kept that could be used.
    kept: PathBuf,
    /// How it was when it was read, if ever.
    print: Option<Print>,
    was_read: bool,
    rules: Arc<Rules>,
    state: State,
    since: Timestamp,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    InForce,
    #[default]
    Missing,
    Failing(String),
}

impl File {
    fn new(path: PathBuf, managed: bool, kept: PathBuf) -> Self {
        let (print, was_read, rules, state) = Default::default();
        let since = Timestamp::now();
        Self { path, managed, kept, print, was_read, rules, state, since }
    }

    /// Reads the file where it is not as it was; returns whether that changed anything.
    fn look(&mut self, home: Option<&Path>) -> bool {
        let print = print(&self.path);
        if print.is_some() && print == self.print {
            return false;
        }
        let whose = if self.managed { Whose::Machine } else { Whose::User };
        let read = read(&self.path, whose);
        if matches!(&read, Ok(Some(text)) if text.trim().is_empty() && is_young(&self.path)) {
            return false;
        }
        self.print = print;
        let is_first = !std::mem::replace(&mut self.was_read, true);
        let (state, rules) = match read {
            Ok(None) => {
                self.keep(None);
                (State::Missing, Some(Rules::default()))
            }
            Ok(Some(text)) => match parse(&text, home) {
                Ok(rules) => {
                    self.keep(Some(&text));
                    (State::InForce, Some(rules))
                }
                Err(why) => (State::Failing(why), self.kept(home).filter(|_| is_first)),
            },
            Err(why) => (State::Failing(why), self.kept(home).filter(|_| is_first)),
        };
        if let State::Failing(why) = &state
            && self.state != state
        {
            warn!(path = %self.path.display(), why, "rules of zones cannot be used");
        }
        if let Some(rules) = rules {
            if !(self.rules.is_empty() && rules.is_empty()) {
                let (path, zones) = (self.path.display(), rules.zones().len());
                info!(%path, zones, "rules of zones are in force");
            }
            self.rules = Arc::new(rules);
        }
        let is_new = is_first || self.state != state || state == State::InForce;
        if is_new {
            (self.state, self.since) = (state, Timestamp::now());
        }
        is_new
    }

    /// Keeps a text that can be used, or none.
    fn keep(&self, text: Option<&str>) {
        if fs::read_to_string(&self.kept).ok().as_deref() == text {
            return;
        }
        let part = self.kept.with_extension("part");
        let kept = match text {
            Some(text) => fs::write(&part, text).and_then(|()| fs::rename(&part, &self.kept)),
            None => fs::remove_file(&self.kept),
        };
        if let Err(error) = kept {
            warn!(%error, "rules of zones are not kept for the next start");
        }
    }

    /// Returns the rules that a former daemon could use last.
    fn kept(&self, home: Option<&Path>) -> Option<Rules> {
        parse(&fs::read_to_string(&self.kept).ok()?, home).ok()
    }

    fn row(&self) -> ZoneFile {
        let (state, reason) = match &self.state {
            State::InForce => ("in-force", None),
            State::Missing => ("missing", None),
            State::Failing(why) => ("failing", Some(why.clone())),
        };
        ZoneFile {
            path: self.path.to_string_lossy().into_owned(),
            managed: self.managed,
            state: state.to_owned(),
            zones: self.rules.zones().len() as u64,
            since: self.since,
            reason,
        }
    }
}

impl Keeper {
    /// Reads what has changed.
    fn look(&mut self) {
        let home = self.home.as_deref();
        let changed = self.files.each_mut().map(|file| file.look(home));
        let rows = self.files.iter().map(File::row).collect();
        let [managed, user] = &self.files;
        let (managed, user) = (Arc::clone(&managed.rules), Arc::clone(&user.rules));
        let in_force = changed.contains(&true).then(|| Arc::new(InForce { managed, user }));
        self.zones.put(in_force, rows);
    }
}

fn parse(text: &str, home: Option<&Path>) -> Result<Rules, String> {
    let resolve = |path: &Path| path.canonicalize().ok();
    Rules::parse(text, home, &resolve).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RULE: &str = "[[zone]]\nname = \"a\"\npaths = [\"/a\"]\n";

    /// Waits until the files are so.
    fn settled(zones: &Zones, wanted: impl Fn(&ZoneFile) -> bool) -> ZoneFile {
        let begin = std::time::Instant::now();
        loop {
            let user = zones.files().swap_remove(1);
            if wanted(&user) {
                return user;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{user:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn rules_are_in_force_as_their_file_is_and_stay_while_it_cannot_be_used() {
        let dir = tempfile::tempdir().unwrap();
        // Not even the directory is there.
        let path = dir.path().join("config/trackway/zones.toml");
        let managed = dir.path().join("none/zones.toml");
        let begin = || start([managed.clone(), path.clone()], dir.path(), None);
        let zones = begin();
        assert!(zones.in_force().is_empty());
        assert_eq!(
            zones.files().iter().map(|it| &it.state[..]).collect::<Vec<_>>(),
            ["missing"; 2]
        );
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, RULE).unwrap();
        settled(&zones, |file| file.state == "in-force" && file.zones == 1);
        fs::write(&path, "[[zone]]\nnam = 1\n").unwrap();
        let failing = settled(&zones, |file| file.state == "failing");
        assert!(failing.zones == 1 && failing.reason.unwrap().contains("line 2"));
        assert_eq!(zones.in_force().user.zones()[0].name, "a");
        // Another daemon is told the same.
        let next = begin();
        assert_eq!(next.files()[1].state, "failing");
        assert_eq!(next.in_force().user.zones()[0].name, "a");
        let other = path.with_extension("new");
        fs::write(&other, RULE.replace("\"a\"", "\"b\"")).unwrap();
        fs::rename(&other, &path).unwrap();
        settled(&zones, |file| file.state == "in-force");
        assert_eq!(zones.in_force().user.zones()[0].name, "b");
        fs::remove_file(&path).unwrap();
        settled(&zones, |file| file.state == "missing" && file.zones == 0);
        assert!(zones.in_force().is_empty());
        // What is gone is not remembered.
        fs::write(&path, "nonsense").unwrap();
        assert!(begin().in_force().is_empty());
    }
}
