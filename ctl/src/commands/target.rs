//! A file that appears when it is complete. Whatever ends the program before that, nothing half
//! done takes its place, and where the system can keep a file without a name, nothing is left.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process;

#[cfg_attr(target_os = "linux", path = "unnamed/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unnamed/other.rs")]
mod unnamed;

/// A file that takes its name when it is complete. Dropped before that, it goes away.
pub(super) struct Target {
    pub(super) writer: BufWriter<File>,
    path: PathBuf,
    /// Its name in between; none for what is no ordinary file, such as a pipe.
    partial: Option<PathBuf>,
    /// Whether it still has no name at all, not even that one.
    unnamed: bool,
}

impl Target {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let ordinary = fs::metadata(&path).map_or(true, |meta| meta.is_file());
        let partial = ordinary.then(|| {
            let mut name = path.clone().into_os_string();
            name.push(format!(".{}.partial", process::id()));
            PathBuf::from(name)
        });
        let without_name = partial.as_deref().and_then(unnamed::beside);
        let unnamed = without_name.is_some();
        let file = match without_name {
            Some(file) => file,
            None => open(partial.as_ref().unwrap_or(&path), ordinary)?,
        };
        let writer = BufWriter::with_capacity(64 * 1024, file);
        Ok(Self { writer, path, partial, unnamed })
    }

    /// Whether it is a terminal.
    pub(super) fn terminal(&self) -> bool {
        self.writer.get_ref().is_terminal()
    }

    pub(super) fn complete(mut self) -> io::Result<()> {
        self.writer.flush()?;
        let Some(partial) = &self.partial else { return Ok(()) };
        let file = self.writer.get_ref();
        file.sync_all()?;
        if self.unnamed {
            // A name can be given only where there is none; the rename is what may replace.
            unnamed::name(file, partial)?;
        }
        fs::rename(partial, &self.path)?;
        self.partial = None;
        Ok(())
    }
}

fn open(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(new);
    owner_only(&mut options);
    options.open(path)
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            fs::remove_file(partial).ok();
        }
    }
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}
