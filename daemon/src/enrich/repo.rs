//! The repository of a directory, read by hand: nothing is run, no setting of the repository is
//! obeyed, and nothing that lies in it can make the reader wait.
//!
//! [`find`] decides as `git rev-parse` would. Where that fails but the repository is plain, it goes on:
//! inside `.git`, the working tree beside it is the root, as `git worktree list` has it.
//!
//! # Limits
//!
//! * `core.worktree` is ignored: a repository does not decide where the agent was.
//! * Of a repository's settings only its own `config` is read; `include` and `includeIf` in it are not
//!   followed. Of the user's and the system's, only `insteadOf` counts ([`settings`]).
//! * A path with links in it and the directory that they lead to are two remotes. Only `..` is resolved,
//!   on the disk, which may be slow like all else here.
//! * A repository without a remote is another one after it was moved.
//! * Where the repository lies apart from its main working tree (`--separate-git-dir`, a submodule), its
//!   own directory stands for that, as in `git worktree list`.
//! * Branch and commit are absent where references are kept as reftable; a commit is absent too
//!   where its reference is broken. Neither keeps root and remote from being known.
//! * As with git, a repository does not reach into file systems mounted below it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use trackway_protocol::record::{PathText, Repo};

mod config;
mod file;
#[cfg(all(any(fuzzing, test), target_os = "linux"))]
pub(crate) mod fuzzed;
pub(crate) mod lookup;
mod packed;
mod place;
mod reference;
mod settings;
mod syntax;
pub(crate) mod url;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use config::Config;
use place::Place;
use settings::Settings;

/// Why the repository of a directory is unknown. Names paths, never what a file contains.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RepoError {
    /// The directory was deleted or renamed since.
    #[error("the directory no longer exists")]
    Gone,
    /// The operating system refused.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// A directory, a device or a pipe is where a file should be.
    #[error("{} is no regular file", .0.display())]
    NotAFile(PathBuf),
    /// Larger than any such file has reason to be.
    #[error("{} is larger than {} bytes", .0.display(), file::MAX_LENGTH)]
    TooLarge(PathBuf),
    /// A `.git` file that is malformed, or names no repository.
    #[error("{} points to no repository", .0.display())]
    Dangling(PathBuf),
    /// The directory lies deeper than is looked.
    #[error("no repository in the nearest {} directories", place::MAX_LEVELS)]
    TooDeep,
}

/// Finds the repository that `dir` lies in. Touches the disk, and may wait as long as a dead network
/// file system lets it.
fn find(dir: &Path, settings: &Settings) -> Result<Option<Repo>, RepoError> {
    let dir = fs::canonicalize(dir).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => RepoError::Gone,
        _ => RepoError::Unreadable { path: dir.to_owned(), source },
    })?;
    place::discover(&dir)?.map(|place| describe(&place, settings)).transpose()
}

fn describe(place: &Place, settings: &Settings) -> Result<Repo, RepoError> {
    let config = Config::of(place, settings)?;
    let root = place.root(config.is_bare())?;
    let main = place.main(config.is_main_bare())?;
    let head = reference::resolve(place);
    let branch = head.branch.as_deref();
    // Remotes are added in the main working tree: a path counts from there in the linked ones too.
    let top = if place.is_linked { &main } else { &root };
    let shown = |address| url::without_credentials(&url::absolute(address, top));
    let (remote, upstream) =
        (config.remote(branch).and_then(shown), config.upstream().and_then(shown));
    let main = (main != root).then(|| PathText::from_os(main));
    let root = PathText::from_os(root);
    Ok(Repo {
        root: root.text,
        root_b64: root.b64,
        main_b64: main.as_ref().and_then(|main| main.b64.clone()),
        main: main.map(|main| main.text),
        remote,
        upstream,
        branch: branch.map(|name| String::from_utf8_lossy(name).into_owned()),
        commit: head.commit,
    })
}
