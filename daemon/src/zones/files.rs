//! The two files of rules: read, watched, and read again when they change.
//!
//! What cannot be used changes nothing that is in force, and says why; so that this holds for a daemon
//! that starts as well, the last text that could be used is kept in the state directory. A file that is
//! not there has no rules, whatever it had.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use tracing::{info, warn};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::ZoneFile;

use super::{InForce, Rules, Zones};
use crate::agents::disk;
use crate::config;
use crate::source::sessions::watch::{Scope, Watch, Watcher};

/// The name of both files.
pub(crate) const NAME: &str = "zones.toml";

/// The largest file that is read.
const MOST: u64 = 1 << 20;
/// How often files are looked at that cannot be watched.
const POLL: Duration = Duration::from_secs(10);
/// A file that has just become empty is about to be written.
const YOUNG: Duration = Duration::from_millis(500);

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
    let watched = thread::Builder::new().name("zones".into()).spawn(move || keeper.watch());
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

/// By what a file is known to be unchanged.
type Print = (u64, Option<SystemTime>, [u64; 4]);

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
        let read = read(&self.path, self.managed);
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

    /// Looks again whenever something happens where the files lie.
    fn watch(mut self) {
        let mut watcher = Watcher::open().ok();
        let (mut watched, mut seen) = (HashMap::new(), Vec::new());
        loop {
            let is_told = watcher.as_mut().is_some_and(|it| self.watch_dirs(it, &mut watched));
            // After that: what comes in between is told.
            self.look();
            let is_settled = self.files.iter().all(|file| !is_young(&file.path));
            let patience = match (is_settled, is_told) {
                (false, _) => Some(YOUNG),
                (true, true) => None,
                (true, false) => Some(POLL),
            };
            match &mut watcher {
                Some(watcher) => {
                    watcher.wait(patience);
                    watcher.take(&mut seen);
                    seen.clear();
                }
                None => thread::sleep(POLL),
            }
        }
    }

    /// Watches the directories in which the files lie or would come to lie, and no others; returns
    /// whether it can.
    fn watch_dirs(&self, watcher: &mut Watcher, watched: &mut HashMap<PathBuf, Watch>) -> bool {
        let wanted: BTreeSet<PathBuf> =
            self.files.iter().flat_map(|file| dirs(&file.path)).collect();
        watched.retain(|dir, watch| {
            let keep = wanted.contains(dir);
            if !keep {
                watcher.unwatch(*watch);
            }
            keep
        });
        let mut all = true;
        for dir in wanted {
            // Again each time: under the same name there may be another directory now.
            match watcher.watch(&dir, Scope::Saved) {
                Ok(watch) => drop(watched.insert(dir, watch)),
                Err(_) => all = false,
            }
        }
        all
    }
}

fn parse(text: &str, home: Option<&Path>) -> Result<Rules, String> {
    let resolve = |path: &Path| path.canonicalize().ok();
    Rules::parse(text, home, &resolve).map_err(|error| error.to_string())
}

/// Returns the nearest directory above a file that is there, and where a link leads.
fn dirs(path: &Path) -> Vec<PathBuf> {
    let nearest = path.ancestors().skip(1).find(|dir| dir.is_dir()).map(Path::to_owned);
    let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
    let target = target.and_then(|target| Some(target.parent()?.to_owned()));
    nearest.into_iter().chain(target).collect()
}

fn print(path: &Path) -> Option<Print> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok(), marks(&meta)))
}

#[cfg(unix)]
fn marks(meta: &Metadata) -> [u64; 4] {
    use std::os::unix::fs::MetadataExt as _;
    let owner = u64::from(meta.mode()) << 32 | u64::from(meta.uid());
    let changed = meta.ctime().cast_unsigned().rotate_left(32) ^ meta.ctime_nsec().cast_unsigned();
    [meta.dev(), meta.ino(), owner, changed]
}

#[cfg(not(unix))]
fn marks(_meta: &Metadata) -> [u64; 4] {
    [0; 4]
}

/// Whether a file is empty, and was changed a moment ago.
fn is_young(path: &Path) -> bool {
    let age = |meta: Metadata| meta.modified().ok()?.elapsed().ok();
    let empty = fs::metadata(path).ok().filter(|meta| meta.len() == 0);
    empty.and_then(age).is_some_and(|age| age < YOUNG)
}

/// Reads the text of a file; nothing where there is none.
fn read(path: &Path, managed: bool) -> Result<Option<String>, String> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    // Looked at before it is opened, because opening a device may already do something.
    if !meta.is_file() {
        return Err("it is no regular file".into());
    }
    let file = disk::open(path).map_err(|error| error.to_string())?;
    let meta = file.metadata().map_err(|error| error.to_string())?;
    let distrust = if managed { distrust(path, &meta) } else { config::distrust(&meta) };
    if let Some(why) = distrust {
        return Err(why);
    }
    if !meta.is_file() || meta.len() > MOST {
        return Err("it is larger than 1 MiB".into());
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST {
        return Err("it is larger than 1 MiB".into());
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "it is no text in UTF-8".into())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns why a file does not say what the machine wants: who is watched must not write it.
#[cfg(unix)]
fn distrust(path: &Path, file: &Metadata) -> Option<String> {
    let dir = path.parent().and_then(|dir| fs::metadata(dir).ok());
    let of_dir = dir.as_ref().and_then(|dir| not_roots("its directory", dir));
    not_roots("it", file).or(of_dir)
}

#[cfg(unix)]
fn not_roots(what: &str, meta: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let (owner, group, mode) = (meta.uid(), meta.gid(), meta.mode() & 0o7777);
    if owner != 0 {
        return Some(format!(
            "{what} belongs to user {owner} and not to root: the user could change it"
        ));
    }
    let is_open = mode & 0o002 != 0 || (mode & 0o020 != 0 && group != 0);
    is_open.then(|| {
        format!(
            "{what} can be written to by others than root (mode {mode:04o}); run `chmod go-w` on it"
        )
    })
}

/// Elsewhere the place is the administrator's.
#[cfg(not(unix))]
fn distrust(_path: &Path, _file: &Metadata) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn what_is_no_file_of_the_right_size_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        assert_eq!(read(&path, false), Ok(None));
        fs::create_dir(&path).unwrap();
        assert!(read(&path, false).unwrap_err().contains("no regular file"));
        fs::remove_dir(&path).unwrap();
        fs::write(&path, vec![b'#'; 10 << 20]).unwrap();
        assert!(read(&path, false).unwrap_err().contains("1 MiB"));
        fs::write(&path, b"\xff").unwrap();
        assert!(read(&path, false).unwrap_err().contains("UTF-8"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_the_machine_is_roots_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = dir.path().join(NAME);
        fs::write(&path, RULE).unwrap();
        let is_root = rustix::process::geteuid().is_root();
        for (mode, is_roots) in [(0o644, true), (0o600, true), (0o666, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = read(&path, true);
            assert_eq!(read.is_ok(), is_roots && is_root, "{mode:o}: {read:?}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(read(&path, true).is_err());
    }
}
