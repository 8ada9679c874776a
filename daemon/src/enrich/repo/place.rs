//! Where a repository is: the way up from a directory, `.git` files, shared directories.

use std::fs;
use std::path::{Path, PathBuf};

use super::RepoError;
use super::file::{self, Kind};
use super::reference::Reference;
use crate::event::os_string;

/// How many directories are looked at: the one asked for, and those above it.
pub(super) const MAX_LEVELS: usize = 64;

/// Where the parts of a repository are.
pub(super) struct Place {
    /// What belongs to one working tree alone, `HEAD` first of all.
    pub(super) git_dir: PathBuf,
    /// What linked working trees share; `git_dir` itself where there are none.
    pub(super) common_dir: PathBuf,
    /// Whether `git_dir` belongs to a linked working tree.
    pub(super) is_linked: bool,
    /// What is checked out.
    pub(super) head: Reference,
    /// The directory in which `.git` was found; absent where the way up met the repository itself.
    beside: Option<PathBuf>,
}

impl Place {
    /// Returns the top directory of the working tree, or of the repository where it has none.
    pub(super) fn root(&self, is_bare: bool) -> Result<PathBuf, RepoError> {
        match &self.beside {
            Some(dir) if !is_bare => Ok(dir.clone()),
            _ => self.main(is_bare),
        }
    }

    /// Returns the top directory of the main working tree, as far as the repository's own tells, which
    /// else stands for it.
    pub(super) fn main(&self, is_bare: bool) -> Result<PathBuf, RepoError> {
        let path = &self.common_dir;
        let canonical = fs::canonicalize(path)
            .map_err(|source| RepoError::Unreadable { path: path.clone(), source })?;
        match canonical.parent() {
            Some(parent) if !is_bare && canonical.ends_with(".git") => Ok(parent.to_owned()),
            _ => Ok(canonical),
        }
    }
}

/// Looks for a repository in `dir`, which is canonical, and above it.
pub(super) fn discover(dir: &Path) -> Result<Option<Place>, RepoError> {
    let mut device = None;
    for (level, dir) in dir.ancestors().enumerate() {
        if level == MAX_LEVELS {
            return Err(RepoError::TooDeep);
        }
        // Asking in a directory of automounts for `.git` would try to mount one.
        let Some(status) = file::status(dir)? else { return Err(RepoError::Gone) };
        if *device.get_or_insert(status.device) != status.device {
            return Ok(None);
        }
        if let Some(place) = in_directory(dir)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

fn in_directory(dir: &Path) -> Result<Option<Place>, RepoError> {
    let dot_git = dir.join(".git");
    let found = match file::status(&dot_git)?.map(|status| status.kind) {
        Some(Kind::File) => Some(follow(&dot_git, dir)?),
        Some(Kind::Directory) => repository(dot_git)?,
        _ => None,
    };
    match found {
        Some(place) => Ok(Some(Place { beside: Some(dir.to_owned()), ..place })),
        None => repository(dir.to_owned()),
    }
}

/// Follows a `.git` file, as submodules and linked working trees have it.
fn follow(dot_git: &Path, dir: &Path) -> Result<Place, RepoError> {
    let dangling = || RepoError::Dangling(dot_git.to_owned());
    let bytes = file::read(dot_git)?.ok_or_else(dangling)?;
    let target = bytes.strip_prefix(b"gitdir: ").map(without_line_end).ok_or_else(dangling)?;
    if target.is_empty() {
        return Err(dangling());
    }
    repository(dir.join(os_string(target)))?.ok_or_else(dangling)
}

/// Recognises a repository by what git asks of one: `HEAD`, `objects` and `refs`.
fn repository(git_dir: PathBuf) -> Result<Option<Place>, RepoError> {
    let head = git_dir.join("HEAD");
    let Some(status) = file::link_status(&head)? else { return Ok(None) };
    let common_dir = common_dir(&git_dir)?;
    let is_linked = common_dir.is_some();
    let common_dir = common_dir.unwrap_or_else(|| git_dir.clone());
    if !file::is_directory(&common_dir.join("objects"))?
        || !file::is_directory(&common_dir.join("refs"))?
    {
        return Ok(None);
    }
    // Last, since any directory may have a file of this name, and it need not be readable.
    let Some(head) = Reference::read(&head, &status)? else { return Ok(None) };
    Ok(Some(Place { git_dir, common_dir, is_linked, head, beside: None }))
}

fn common_dir(git_dir: &Path) -> Result<Option<PathBuf>, RepoError> {
    let bytes = file::read(&git_dir.join("commondir"))?;
    Ok(bytes.map(|bytes| git_dir.join(os_string(without_line_end(&bytes)))))
}

fn without_line_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r'] = bytes {
        bytes = rest;
    }
    bytes
}
