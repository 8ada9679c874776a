//! The repository of a directory, for a loop that cannot wait.
//!
//! [`find`] runs on a thread of its own. One that does not come back (a dead network file system
//! holds it) is left behind, and counted: after a few of them no more are started.
//!
//! Whoever owns the runtime has to shut it down in the background, since such a thread never ends.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{self, JoinHandle};
use tokio::time::{Instant, timeout};
use trackway_protocol::record::Repo;

use super::settings::Settings;
use super::{RepoError, find};

/// How long one lookup may take.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long an answer stands: an agent's many execs in one directory are one lookup.
const FRESH: Duration = Duration::from_secs(2);
/// How long a directory that did not answer is left alone.
const PAUSE: Duration = Duration::from_secs(30);
/// How many lookups may be left behind.
const MAX_STUCK: usize = 4;
/// How many answers are kept.
const MAX_ANSWERS: usize = 1024;

const NO_ANSWER: &str = "a file system does not answer";

/// What a lookup found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The repository.
    Repo(Repo),
    /// The directory lies in none.
    None,
    /// Why it is not known.
    Unknown(String),
}

/// Looks up repositories at once, for a thread that may wait.
pub(crate) struct Find(Settings);

impl Find {
    pub(crate) fn new() -> Self {
        Self(Settings::of_user())
    }

    /// Returns the repository of a directory, or why it is not known. Touches the disk, and may wait
    /// as long as a dead network file system lets it.
    pub(crate) fn repo(&self, dir: &Path) -> Found {
        find(dir, &self.0).into()
    }
}

type Answer = Result<Option<Repo>, RepoError>;

/// Looks up repositories, remembers them for a moment, and never waits long.
pub(crate) struct Lookup {
    find: Arc<dyn Fn(&Path) -> Answer + Send + Sync>,
    /// Each with the time at which it is forgotten.
    answers: HashMap<PathBuf, (Found, Instant)>,
    stuck: Vec<JoinHandle<Answer>>,
}

impl Lookup {
    /// Returns a lookup that has found nothing yet.
    pub(crate) fn new() -> Self {
        let settings = Settings::of_user();
        Self::with(move |dir| find(dir, &settings))
    }

    fn with(find: impl Fn(&Path) -> Answer + Send + Sync + 'static) -> Self {
        Self { find: Arc::new(find), answers: HashMap::new(), stuck: Vec::new() }
    }

    /// Returns the repository of a directory, or why it is not known, within a fraction of a second.
    pub(crate) async fn repo(&mut self, dir: &Path) -> Found {
        let now = Instant::now();
        if let Some((found, until)) = self.answers.get(dir)
            && *until > now
        {
            return found.clone();
        }
        self.stuck.retain(|lookup| !lookup.is_finished());
        if self.stuck.len() == MAX_STUCK {
            return Found::Unknown(NO_ANSWER.to_owned());
        }
        let (found, lasts) = self.look(dir).await;
        self.make_room();
        self.answers.insert(dir.to_owned(), (found.clone(), Instant::now() + lasts));
        found
    }

    async fn look(&mut self, dir: &Path) -> (Found, Duration) {
        let (find, owned_dir) = (Arc::clone(&self.find), dir.to_owned());
        let mut lookup = task::spawn_blocking(move || find(&owned_dir));
        match timeout(PATIENCE, &mut lookup).await {
            Ok(Ok(answer)) => (answer.into(), FRESH),
            Ok(Err(_)) => (Found::Unknown("the lookup failed".to_owned()), FRESH),
            Err(_) => {
                self.stuck.push(lookup);
                (Found::Unknown(NO_ANSWER.to_owned()), PAUSE)
            }
        }
    }

    fn make_room(&mut self) {
        if self.answers.len() < MAX_ANSWERS {
            return;
        }
        let now = Instant::now();
        self.answers.retain(|_, (_, until)| *until > now);
        if self.answers.len() < MAX_ANSWERS {
            return;
        }
        let oldest = self.answers.iter().min_by_key(|(_, (_, until))| *until);
        if let Some(dir) = oldest.map(|(dir, _)| dir.clone()) {
            self.answers.remove(&dir);
        }
    }
}

impl From<Answer> for Found {
    fn from(answer: Answer) -> Self {
        match answer {
            Ok(Some(repo)) => Self::Repo(repo),
            Ok(None) => Self::None,
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};

    use tokio::sync::Notify;
    use tokio::time::advance;

    use super::*;

    /// A finder that counts, and a directory `stuck…` of which it waits until it is released.
    struct Disk {
        calls: AtomicUsize,
        stuck: Notify,
        release: Mutex<mpsc::Receiver<()>>,
    }

    impl Disk {
        fn new() -> (Arc<Self>, mpsc::Sender<()>, Lookup) {
            let (release, released) = mpsc::channel();
            let disk = Arc::new(Self {
                calls: AtomicUsize::new(0),
                stuck: Notify::new(),
                release: Mutex::new(released),
            });
            let lookup = Lookup::with({
                let disk = Arc::clone(&disk);
                move |dir| disk.find(dir)
            });
            (disk, release, lookup)
        }

        fn find(&self, dir: &Path) -> Answer {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let name = dir.to_str().unwrap();
            if name.starts_with("/stuck") {
                self.stuck.notify_one();
                // Fails where the sender is gone: that releases all.
                self.release.lock().unwrap().recv().ok();
            }
            match name {
                "/none" => Ok(None),
                "/gone" => Err(RepoError::Gone),
                "/panic" => panic!("on purpose"),
                root => Ok(Some(Repo { root: root.to_owned(), ..Repo::default() })),
            }
        }

        fn calls(&self) -> usize {
            self.calls.load(Ordering::Relaxed)
        }

        /// Asks for a directory that does not answer, and lets the patience for it run out.
        async fn ask_stuck(&self, lookup: &mut Lookup, dir: &str) -> Found {
            let run_out = async {
                self.stuck.notified().await;
                advance(PATIENCE).await;
            };
            tokio::join!(lookup.repo(Path::new(dir)), run_out).0
        }
    }

    fn repo(root: &str) -> Found {
        Found::Repo(Repo { root: root.to_owned(), ..Repo::default() })
    }

    fn no_answer() -> Found {
        Found::Unknown(NO_ANSWER.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_stands_for_two_seconds() {
        let (disk, _release, mut lookup) = Disk::new();
        assert_eq!(lookup.repo(Path::new("/a")).await, repo("/a"));
        assert_eq!(lookup.repo(Path::new("/none")).await, Found::None);
        advance(FRESH - Duration::from_millis(1)).await;
        assert_eq!(lookup.repo(Path::new("/a")).await, repo("/a"));
        assert_eq!(lookup.repo(Path::new("/none")).await, Found::None);
        assert_eq!(disk.calls(), 2);
        advance(Duration::from_millis(1)).await;
        assert_eq!(lookup.repo(Path::new("/a")).await, repo("/a"));
        assert_eq!(disk.calls(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_unknown_and_says_why() {
        let (_disk, _release, mut lookup) = Disk::new();
        let gone = Found::Unknown("the directory no longer exists".to_owned());
        assert_eq!(lookup.repo(Path::new("/gone")).await, gone);
        let failed = Found::Unknown("the lookup failed".to_owned());
        assert_eq!(lookup.repo(Path::new("/panic")).await, failed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_directory_that_does_not_answer_is_left_alone_for_a_while() {
        let (disk, release, mut lookup) = Disk::new();
        assert_eq!(disk.ask_stuck(&mut lookup, "/stuck").await, no_answer());
        release.send(()).unwrap();
        advance(PAUSE - Duration::from_millis(1)).await;
        assert_eq!(lookup.repo(Path::new("/stuck")).await, no_answer());
        assert_eq!(disk.calls(), 1);
        advance(Duration::from_millis(1)).await;
        release.send(()).unwrap();
        assert_eq!(lookup.repo(Path::new("/stuck")).await, repo("/stuck"));
    }

    #[tokio::test(start_paused = true)]
    async fn after_four_lookups_left_behind_no_more_are_started_until_one_ends() {
        let (disk, release, mut lookup) = Disk::new();
        for dir in ["/stuck1", "/stuck2", "/stuck3", "/stuck4"] {
            assert_eq!(disk.ask_stuck(&mut lookup, dir).await, no_answer());
        }
        assert_eq!(lookup.repo(Path::new("/a")).await, no_answer());
        assert_eq!(disk.calls(), 4);
        release.send(()).unwrap();
        while !lookup.stuck.iter().any(JoinHandle::is_finished) {
            task::yield_now().await;
        }
        assert_eq!(lookup.repo(Path::new("/a")).await, repo("/a"));
        drop(release);
    }

    #[tokio::test(start_paused = true)]
    async fn old_answers_make_room_for_new_ones() {
        let (disk, _release, mut lookup) = Disk::new();
        for number in 0..MAX_ANSWERS + 10 {
            lookup.repo(Path::new(&format!("/{number}"))).await;
            advance(Duration::from_micros(10)).await;
        }
        assert_eq!(lookup.answers.len(), MAX_ANSWERS);
        let calls = disk.calls();
        lookup.repo(Path::new("/10")).await;
        assert_eq!(disk.calls(), calls);
        lookup.repo(Path::new("/9")).await;
        assert_eq!(disk.calls(), calls + 1);
    }
}
