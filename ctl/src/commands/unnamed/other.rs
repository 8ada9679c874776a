//! Files without a name, where there are none: what is not complete has a name of its own.

use std::fs::File;
use std::io;
use std::path::Path;

pub(super) fn beside(_: &Path) -> Option<File> {
    None
}

pub(super) fn name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
