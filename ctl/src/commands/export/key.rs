//! The key that paths are hashed with.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::error::Error;

/// Of fewer bytes it could be guessed.
const LEAST: usize = 16;
/// No key is longer; a device never ends.
const MOST: u64 = 64 * 1024;

/// Reads the key in a file. A line end after it is none of its own: editors add one.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut key = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut key));
    read.map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    key.truncate(key.trim_ascii_end().len());
    if key.len() < LEAST || key.len() as u64 > MOST {
        let what = format!("the key in {} has {} bytes", path.display(), key.len());
        let hint =
            "it has at least 16, and no more than 65536: `head -c 32 /dev/urandom | base64 > FILE`";
        return Err(Error::Usage { what, hint });
    }
    Ok(key)
}

/// Makes a key that nobody else has.
pub(super) fn random() -> Result<Vec<u8>, Error> {
    let mut key = vec![0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::NoKey(io::Error::other(error)))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &[u8]) -> Result<Vec<u8>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        read(file.path())
    }

    #[test]
    fn a_key_is_what_is_in_the_file_without_the_line_end() {
        assert_eq!(of(b"0123456789abcdef\r\n").unwrap(), b"0123456789abcdef");
        assert_eq!(of(&[7; 40]).unwrap(), [7; 40]);
    }

    #[test]
    fn a_key_that_is_too_short_or_never_ends_is_refused() {
        for content in [&b""[..], b"0123456789abcde\n", &[7; 65_537]] {
            assert!(matches!(of(content), Err(Error::Usage { .. })));
        }
        assert!(matches!(read(Path::new("/no/such/key")), Err(Error::Unreadable { .. })));
    }

    #[test]
    fn no_two_random_keys_are_the_same() {
        assert_ne!(random().unwrap(), random().unwrap());
    }
}
