//! Being told of changes: directories are watched, not files.
//!
//! On Linux by inotify itself: its kinds of events, its queue overflow and its limits are what the
//! follower reacts to, and a library that hides them for portability leaves less to react to. Where
//! there is nothing of the kind every directory counts as unwatched, and is looked at from time to
//! time.

use std::ffi::OsString;

#[cfg(target_os = "linux")]
#[path = "watch/linux.rs"]
mod imp;
#[cfg(not(target_os = "linux"))]
#[path = "watch/other.rs"]
mod imp;
pub(crate) use imp::{Wake, Watcher};

/// A watched directory.
pub(crate) type Watch = i32;

/// What is wanted of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything that happens to the files in it.
    Files,
    /// Only which names there are: for directories above the session files.
    Names,
    /// Which names there are, and what is written to them.
    Writes,
    /// Which names there are, when a file was written to its end, and permissions.
    Saved,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Something happened to a name.
    Name(Watch, OsString, Change),
    /// The directory itself was moved, deleted or unmounted.
    Gone(Watch),
    /// The kernel's queue ran over: anything may have happened.
    Overflow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The file has other content, or other permissions.
    Content,
    /// The name is new, or stands for something else.
    Appeared,
    /// It was moved away, perhaps to where we see it again.
    Left,
    /// It was deleted.
    Deleted,
}

/// Why a directory is not watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The user has no more watches: `fs.inotify.max_user_watches`.
    Watches,
    /// The user has no more queues, `fs.inotify.max_user_instances`, or no descriptors; or the
    /// system has nothing of the kind.
    Queues,
    /// The directory cannot be watched: gone, unreadable, or a file system without it.
    Directory,
}

impl Refused {
    /// Returns what can be done about it.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Watches => "raise fs.inotify.max_user_watches",
            Self::Queues => {
                "nothing tells of changes; on Linux raise fs.inotify.max_user_instances"
            }
            Self::Directory => "a directory cannot be watched; it is looked at from time to time",
        }
    }
}
