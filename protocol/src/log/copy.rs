//! Where checkpoints gather outside of the ledger: a file that notes are appended to.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Appends a note to a file, or to a file of its log's own in a directory, and waits until it is there.
/// Makes the file, for its owner alone, but no directory: what is not mounted shall not look as if it were.
///
/// Returns the file.
///
/// # Errors
///
/// Those of the file system. Half a note may be there then; readers step over it.
pub fn append_note(place: &Path, origin: &str, note: &str) -> io::Result<PathBuf> {
    let is_dir = place.as_os_str().as_encoded_bytes().ends_with(b"/")
        || fs::metadata(place).is_ok_and(|meta| meta.is_dir());
    let name = format!("{}.checkpoints", origin.replace(['/', '\\'], "-"));
    let path = if is_dir { place.join(name) } else { place.to_owned() };
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    // In one call: two that write at once shall not mix.
    file.write_all(format!("{note}\n").as_bytes())?;
    file.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Checkpoint, Hash, Notes, Signer};

    fn note(size: u64) -> String {
        let signer = Signer::from_seed(&[7; 32]);
        let origin = signer.verifier().name().to_owned();
        signer.sign(&Checkpoint { origin, size, root: Hash::of_nothing(), at: None }).to_string()
    }

    fn sizes(path: &Path) -> Vec<u64> {
        let text = fs::read_to_string(path).unwrap();
        Notes::of(&text).map(|note| note.unwrap().checkpoint().unwrap().size).collect()
    }

    #[test]
    fn notes_gather_in_a_file_or_in_a_log_s_own_file_of_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mine");
        for size in [1, 2] {
            assert_eq!(append_note(&file, "trackway/ab", &note(size)).unwrap(), file);
            let own = append_note(dir.path(), "trackway/ab", &note(size)).unwrap();
            assert_eq!(own, dir.path().join("trackway-ab.checkpoints"));
            assert_eq!(sizes(&own).last(), Some(&size));
        }
        assert_eq!(sizes(&file), [1, 2]);
    }

    #[test]
    fn what_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        for place in ["no/file", "no/"] {
            assert!(append_note(&dir.path().join(place), "o", &note(1)).is_err(), "{place}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
