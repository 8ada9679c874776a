//! The key that signs checkpoints: made at the first start, in a file of the user's alone, never sent.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tracing::{debug, warn};
use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::log::{Signer, VerifierKey};

use super::StoreError;

const FILE: &str = "signing.key";

/// Reads the key of a state directory, or makes one. What is in its place and is none is moved aside.
pub(super) fn load_or_make(state_dir: &Path) -> Result<Signer, StoreError> {
    let path = state_dir.join(FILE);
    let failed = |source| StoreError::File { path: path.clone(), source };
    match fs::read_to_string(&path) {
        Ok(text) => match Signer::parse(&text) {
            Ok(signer) => {
                close_to_others(&path).map_err(failed)?;
                return Ok(signer);
            }
            Err(error) => set_aside(&path, &error.to_string()).map_err(failed)?,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            set_aside(&path, "it is no text").map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    let signer = make()?;
    if write(&path, &signer.to_private_text()).map_err(failed)? {
        debug!(key = %signer.verifier(), "a key to sign checkpoints with was made");
        Ok(signer)
    } else {
        // Somebody else made one meanwhile.
        load_or_make(state_dir)
    }
}

/// Reads the public half of a state directory's key; none where there is no key.
pub(super) fn verifier(state_dir: &Path) -> Option<VerifierKey> {
    let text = fs::read_to_string(state_dir.join(FILE)).ok()?;
    Signer::parse(&text).ok().map(|signer| signer.verifier())
}

fn make() -> Result<Signer, StoreError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(Signer::from_seed(&seed))
}

fn set_aside(path: &Path, why: &str) -> io::Result<()> {
    let aside: PathBuf = path.with_extension(format!("key.damaged-{}", Timestamp::now().ms()));
    warn!(path = %path.display(), why, "the key is damaged, and is moved aside");
    fs::rename(path, aside)
}

/// Writes a key where none is, all of it or nothing; returns whether there was none.
fn write(path: &Path, text: &str) -> io::Result<bool> {
    let part = path.with_extension(format!("key.{}", RecordId::new()));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    match fs::hard_link(&part, path) {
        Ok(()) => fs::remove_file(&part)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&part)?;
            return Ok(false);
        }
        // Not every file system has links.
        Err(_) => fs::rename(&part, path)?,
    }
    // The name must survive as well: a ledger whose key is gone cannot be told from a forged one.
    path.parent().map_or(Ok(()), sync_dir)?;
    Ok(true)
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Directories cannot be synced here.
#[cfg(not(unix))]
fn sync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// Does nothing: the directory in the user's profile is what protects it.
#[cfg(not(unix))]
fn close_to_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(verifier(dir.path()), None);
        let made = load_or_make(dir.path()).unwrap().verifier();
        assert_eq!(load_or_make(dir.path()).unwrap().verifier(), made);
        assert_eq!(verifier(dir.path()), Some(made));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = dir.path().join(FILE);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            load_or_make(dir.path()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_no_key_is_moved_aside_and_kept() {
        for damaged in [&b"PRIVATE+KEY+a+b"[..], b"", b"\xff\xfe"] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE), damaged).unwrap();
            let made = load_or_make(dir.path()).unwrap().verifier();
            assert_eq!(verifier(dir.path()), Some(made));
            let kept = fs::read_dir(dir.path()).unwrap().flatten();
            let mut kept = kept.filter(|file| file.file_name() != FILE);
            assert_eq!(fs::read(kept.next().unwrap().path()).unwrap(), damaged);
        }
    }
}
